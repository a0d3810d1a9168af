package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Value;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DiagramTest {

    private static final Ballot BALLOT = new Ballot(1, 1);
    private static final Message ACCEPT =
            new Message.Accept(BALLOT, 7, new Value.Batch(1, Bytes.wrap(new byte[] {1, 2})), 6);

    @Test
    void it_is_well_formed_and_shows_every_message_that_arrives_in_a_small_run() {
        Trace trace = new Trace(3, Integer.MAX_VALUE, step -> {});
        new Simulation(3, SimulationConfig.parse("nodes=3,faults=none,force=KILL"))
                .traced(trace::add)
                .run(150);

        String svg = Diagram.draw(trace, "a <small> run & its \"end\"", null, Integer.MAX_VALUE);

        mustBeWellFormed(svg);
        List<Step.Arrived> shown = new ArrayList<>();
        for (Step step : trace.steps()) {
            if (step instanceof Step.Arrived arrived
                    && !(arrived.message() instanceof Message.Heartbeat)
                    && !(arrived.message() instanceof Message.Holds)
                    && !(arrived.message() instanceof Message.HeartbeatAck)) {
                shown.add(arrived);
            }
        }
        assertThat(shown).hasSizeGreaterThan(5);
        for (Step.Arrived arrived : shown) {
            assertThat(svg).contains("<title>" + Svg.escape(MessageText.full(arrived.message())) + "</title>");
        }
    }

    @Test
    void a_message_is_an_arrow_from_the_row_where_it_leaves_to_the_row_where_it_arrives() {
        String svg = draw(
                new Step.Sent(1, 10, 1, 1, 2, ACCEPT),
                new Step.AtNode(2, 20, 2, Step.Kind.EXECUTE, "executes 6"),
                new Step.Arrived(3, 30, 1, 1, 2, ACCEPT, false));

        assertThat(svg)
                .contains("<g class=\"choose\"><title>Accept 1.1 slot 7 = v")
                .contains("<line x1=\"295.0\" y1=\"77.0\" x2=\"665.0\" y2=\"115.0\"/>")
                .contains("executes 6</text>")
                .contains(">#3</text>");
    }

    @Test
    void what_is_lost_repeated_crashed_and_forced_is_marked() {
        String svg = draw(
                new Step.AtNode(1, 5, 1, Step.Kind.FORCED, "has forced 1 records"),
                new Step.Sent(1, 10, 1, 1, 2, ACCEPT),
                new Step.Arrived(2, 20, 1, 1, 2, ACCEPT, false),
                new Step.Arrived(3, 30, 1, 1, 2, ACCEPT, true),
                new Step.Sent(4, 40, 2, 1, 2, new Message.Holds(6)),
                new Step.AtNode(5, 50, 2, Step.Kind.CRASH, "loses power"),
                new Step.Lost(6, 60, 2, 1, 2, new Message.Holds(6), "node 2 is down"),
                new Step.World(7, 70, "strike 1: KILL, node 2"));

        assertThat(svg)
                .contains("<circle class=\"forced\"")
                .contains("<g class=\"choose again\">")
                .contains("<path class=\"crash\"")
                .contains("<path class=\"lost\"")
                .contains(": node 2 is down</text>")
                .contains("<rect class=\"band\"");
    }

    @Test
    void heartbeats_that_say_nothing_new_are_counted_only() {
        Step[] steps = new Step[40];
        Message beat = new Message.Heartbeat(BALLOT, 6, 0, 0);
        for (int i = 0; i < 20; i++) {
            steps[2 * i] = new Step.Sent(2L * i, i, i, 1, 2, beat);
            steps[2 * i + 1] = new Step.Arrived(2L * i + 1, i, i, 1, 2, beat, false);
        }

        assertThat(draw(steps)).containsOnlyOnce("<title>Heartbeat").contains("⋯ 19 messages that say nothing new");
    }

    @Test
    void a_window_begins_with_what_the_nodes_were_doing_before() {
        Trace trace = new Trace(2, 2, step -> {});
        trace.add(new Step.AtNode(1, 1, 1, Step.Kind.START, "starts"));
        trace.add(new Step.AtNode(2, 2, 1, Step.Kind.LEAD, "leads"));
        trace.add(new Step.AtNode(3, 3, 1, Step.Kind.EXECUTE, "executes 1"));
        trace.add(new Step.AtNode(4, 4, 1, Step.Kind.EXECUTE, "executes 2"));

        String svg = Diagram.draw(trace, "the end", null, 10);

        assertThat(trace.lines()).hasSize(2).first().asString().endsWith("node 1  ✓ executes 1");
        assertThat(svg)
                .contains("<line class=\"leads\"")
                .contains("<line class=\"down\"")
                .doesNotContain("starts");
    }

    private static String draw(Step... steps) {
        Trace trace = new Trace(2, 1_000, step -> {});
        for (Step step : steps) {
            trace.add(step);
        }
        String svg = Diagram.draw(trace, "drawn", null, Integer.MAX_VALUE);
        mustBeWellFormed(svg);
        return svg;
    }

    /** Every element is closed where it must be, and what is between them is escaped. */
    private static void mustBeWellFormed(String svg) {
        Deque<String> open = new ArrayDeque<>();
        Matcher tags =
                Pattern.compile("<(/?)(\\w+)((?: [\\w:-]+=\"[^\"<]*\")*)(/?)>").matcher(svg);
        int end = 0;
        while (tags.find()) {
            String between = svg.substring(end, tags.start());
            assertThat(between.replaceAll("&(amp|lt|gt|quot);", "")).doesNotContain("<", "&", ">");
            if (!tags.group(1).isEmpty()) {
                assertThat(tags.group(2)).isEqualTo(open.pop());
            } else if (tags.group(4).isEmpty()) {
                open.push(tags.group(2));
            }
            end = tags.end();
        }
        assertThat(open).isEmpty();
        assertThat(svg.substring(end)).isBlank();
    }
}
