package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Message;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A space–time diagram of the last steps of a run: nodes are lines, time runs down, messages are arrows from where they leave to
 * where they arrive. Rows are events, not time: dense moments stay legible. A heartbeat that says what the last one said, its
 * answer, and what is lost over and over, are only counted.
 */
final class Diagram {

    private static final double LEFT = 110;
    private static final double RIGHT = 110;
    private static final double COLUMN_MIN = 235;
    private static final double COLUMN_MAX = 400;
    private static final double WIDTH_MIN = 960;
    private static final double CHAR = 6.4;
    private static final double ROW = 19;
    private static final double THIN_ROW = 14;
    private static final double HEAD = 58;
    private static final int LABEL_CHARS_MAX = 64;
    private static final int QUIET_MIN = 5; // fewer wait for the next ones

    private static final String STYLE = """
            text { font: 10.5px 'DejaVu Sans', Verdana, sans-serif; fill: #1f2328; paint-order: stroke; stroke: #fff; stroke-width: 3px; stroke-linejoin: round }
            .page { fill: #fff; stroke: #d0d7de }
            .title { font-size: 12.5px; font-weight: bold } .name { font-size: 13px; font-weight: bold } .time, .quiet { fill: #8c959f; font-size: 9px }
            .up { stroke: #424a53; stroke-width: 1.4 } .leads { stroke: #9a6700; stroke-width: 5; opacity: .55 }
            .down { stroke: #afb8c1; stroke-width: 1.4; stroke-dasharray: 2 5 } .paused { stroke: #fff; stroke-width: 3; stroke-dasharray: 5 5 }
            .forcing { stroke: #0a7ea4; stroke-width: 5; opacity: .35 } .forced { fill: #0a7ea4 }
            .band { fill: #fff1d6 } .band-text { fill: #9a6700; font-weight: bold } .failed { fill: #ffd8d3 } .failed-text { fill: #b3261e; font-weight: bold }
            .crash { stroke: #b3261e; stroke-width: 2.4; fill: none } .crash-text { fill: #b3261e; font-weight: bold } .lead-text { fill: #7d5300; font-weight: bold }
            g line, line.stub { stroke-width: 1.1; fill: none } g polygon { stroke: none }
            .elect line { stroke: #1f6feb } .elect polygon, text.elect { fill: #1f6feb } .choose line { stroke: #1a7f37 } .choose polygon, text.choose { fill: #1a7f37 }
            .fetch line { stroke: #8250df } .fetch polygon, text.fetch { fill: #8250df } .reject line { stroke: #bc4c00 } .reject polygon, text.reject { fill: #bc4c00 }
            .beat line { stroke: #8c959f } .beat polygon, text.beat { fill: #6e7781 } .again line { stroke-dasharray: 5 3 } .before line { stroke-dasharray: 1 3 }
            .lost { stroke: #b3261e; stroke-width: 1.8; fill: none } .stub { stroke: #b3261e; stroke-dasharray: 3 2 } .open { stroke: #afb8c1; stroke-width: 1 }
            """;

    /** Where a message left. */
    private record Origin(Step.Sent sent, double y) {}

    private final Trace trace;
    private final List<Step> steps;
    private final String title;
    private final @Nullable Violation violation;
    private final Set<Long> quietFlights = new HashSet<>();
    private final Map<Long, Origin> origins = new HashMap<>(); // by flight
    private final Set<Long> landed = new HashSet<>(); // flights that have arrived or are lost
    private final double column;
    private final double width;
    private final Lifeline[] lines;
    private final Svg behind = new Svg();
    private final Svg front = new Svg();
    private final Svg arrows = new Svg();

    private double y = HEAD;
    private long event = -1; // that of the row
    private boolean rowIsFresh; // nothing is written in it yet
    private int quiet; // steps not shown since the last row

    private Diagram(Trace trace, String title, @Nullable Violation violation) {
        this.trace = trace;
        this.steps = trace.steps();
        this.title = title;
        this.violation = violation;
        this.lines = new Lifeline[trace.nodes() + 1];
        double room = (WIDTH_MIN - LEFT - RIGHT) / trace.nodes();
        this.column = Math.max(COLUMN_MIN, Math.min(COLUMN_MAX, room));
        this.width = Math.max(WIDTH_MIN, LEFT + column * trace.nodes() + RIGHT);
    }

    /**
     * Draws the end of a run.
     *
     * @param trace its last steps
     * @param title what it is
     * @param violation how it ended; null if it ended well
     * @param rowsMax about how many rows
     * @return an SVG document
     */
    static String draw(Trace trace, String title, @Nullable Violation violation, int rowsMax) {
        return new Diagram(trace, title, violation).draw(rowsMax);
    }

    private String draw(int rowsMax) {
        findQuiet();
        int first = firstShown(rowsMax);
        for (int node = 1; node <= trace.nodes(); node++) {
            lines[node] = new Lifeline(x(node), HEAD, trace.standing(node, first));
        }
        for (Step step : steps.subList(first, steps.size())) {
            if (isQuiet(step)) {
                quiet += step instanceof Step.Sent ? 0 : 1;
            } else {
                show(step);
            }
        }
        sayQuiet();
        return finish();
    }

    private double x(int node) {
        return LEFT + column * (node - 0.5);
    }

    // ---- what is shown ----

    /**
     * A message is quiet if it says what the last one of its kind on its way said, and is a heartbeat, the answer to one, a Holds, or lost.
     */
    private void findQuiet() {
        Map<List<Object>, Message> last = new HashMap<>();
        Set<Long> repeats = new HashSet<>();
        for (Step step : steps) {
            if (step instanceof Step.Sent sent) {
                Message message = sent.message();
                if (message.equals(last.put(List.of(sent.from(), sent.to(), message.getClass()), message))) {
                    repeats.add(sent.flight());
                    if (kind(message).equals("beat")) {
                        quietFlights.add(sent.flight());
                    }
                }
            } else if (step instanceof Step.Lost lost && repeats.contains(lost.flight())) {
                quietFlights.add(lost.flight());
            }
        }
    }

    private boolean isQuiet(Step step) {
        return step instanceof Step.OfMessage that && quietFlights.contains(that.flight());
    }

    private boolean takesRow(Step step) {
        return !isQuiet(step) && !(step instanceof Step.Sent);
    }

    private int firstShown(int rowsMax) {
        int rows = 0;
        int first = steps.size();
        while (first > 0 && rows < rowsMax) {
            rows += takesRow(steps.get(--first)) ? 1 : 0;
        }
        while (first > 0
                && first < steps.size()
                && steps.get(first - 1).event() == steps.get(first).event()) {
            first++; // begin with a whole event
        }
        return first;
    }

    // ---- rows ----

    /** Begins a row for a step, unless its event has one in which nothing is written. */
    private void row(Step step) {
        if (step.event() == event && rowIsFresh) {
            return;
        }
        if (quiet >= QUIET_MIN) {
            sayQuiet();
        }
        y += ROW;
        boolean failing = violation != null && step.event() == violation.event();
        if (failing) {
            behind.box("failed", 0, y - ROW / 2, width, ROW);
        }
        if (step.event() != event) {
            behind.text("time", "end", LEFT - 46, y + 3, Long.toString(step.micros()) + " µs");
            behind.text("time", "end", LEFT - 6, y + 3, "#" + step.event());
        }
        event = step.event();
        rowIsFresh = true;
    }

    private void sayQuiet() {
        if (quiet > 0) {
            y += THIN_ROW;
            behind.text("quiet", "start", LEFT + 4, y + 3, "⋯ " + quiet + " messages that say nothing new");
            quiet = 0;
            event = -1;
        }
    }

    private void show(Step step) {
        if (step instanceof Step.Sent sent) {
            if (sent.event() != event) {
                row(sent);
            }
            origins.put(sent.flight(), new Origin(sent, y));
            lines[sent.from()].actsAt(y);
        } else if (step instanceof Step.Arrived arrived) {
            row(arrived);
            rowIsFresh = false;
            arrive(arrived);
        } else if (step instanceof Step.Lost lost) {
            row(lost);
            rowIsFresh = false;
            lose(lost);
        } else if (step instanceof Step.World world) {
            row(world);
            rowIsFresh = false;
            behind.box("band", LEFT, y - ROW / 2 + 1, width - LEFT, ROW - 2);
            front.text("band-text", "start", LEFT + 6, y + 4, cut(world.what()));
        } else if (step instanceof Step.AtNode at) {
            showAtNode(at);
        }
    }

    private void showAtNode(Step.AtNode at) {
        double x = x(at.node());
        Lifeline line = lines[at.node()];
        switch (at.kind()) {
            case FORCE -> {
                if (at.event() != event) {
                    row(at);
                }
                line.forces(y);
                return;
            }
            case FORCED -> {
                row(at);
                line.forced(y);
                front.dot("forced", x, y, 4);
                return; // what the disk has let go leaves from this row
            }
            default -> row(at);
        }
        rowIsFresh = false;
        line.actsAt(y);
        String kind = "what";
        switch (at.kind()) {
            case CRASH -> {
                line.turns(y, at.kind());
                front.cross("crash", x, y);
                kind = "crash-text";
            }
            case START, STOP, LEAD, STEP_DOWN -> {
                line.turns(y, at.kind());
                kind = at.kind() == Step.Kind.LEAD || at.kind() == Step.Kind.STEP_DOWN ? "lead-text" : kind;
            }
            case PAUSE -> line.pauses(y);
            default -> {}
        }
        String mark = at.kind() == Step.Kind.CRASH ? "" : at.kind().mark() + " ";
        front.text(kind, "start", x + 9, y + 4, cut(mark + at.what()));
    }

    // ---- messages ----

    private static String kind(Message message) {
        if (message instanceof Message.Accept || message instanceof Message.Accepted) {
            return "choose";
        } else if (message instanceof Message.Heartbeat
                || message instanceof Message.HeartbeatAck
                || message instanceof Message.Holds) {
            return "beat";
        } else if (message instanceof Message.CatchUpRequest || message instanceof Message.CatchUpReply) {
            return "fetch";
        }
        return message instanceof Message.Rejected ? "reject" : "elect";
    }

    private void arrive(Step.Arrived arrived) {
        Origin origin = origins.get(arrived.flight());
        landed.add(arrived.flight());
        String kind = kind(arrived.message());
        double to = x(arrived.to());
        double side = Math.signum(x(arrived.from()) - to);
        String words = MessageText.full(arrived.message());
        if (origin == null) {
            arrows.arrow(kind + " before", to + side * 0.4 * column, y - ROW * 0.7, to, y, words);
        } else {
            String again = arrived.again() ? " again" : "";
            arrows.arrow(kind + again, x(arrived.from()), origin.y(), to, y, words);
        }
        lines[arrived.to()].actsAt(y);
        label(kind, to, side, (arrived.again() ? "again: " : "") + MessageText.brief(arrived.message()));
    }

    /** Under the end of the arrow, on the side from which it comes. */
    private void label(String kind, double x, double side, String words) {
        front.text(kind, side < 0 ? "end" : "start", x + side * 10, y + 9, cut(words));
    }

    private void lose(Step.Lost lost) {
        Origin origin = origins.get(lost.flight());
        landed.add(lost.flight());
        double from = x(lost.from());
        double side = Math.signum(x(lost.to()) - from);
        String kind = kind(lost.message());
        String words = MessageText.brief(lost.message()) + ": " + lost.why();
        if (origin == null || origin.sent().event() == lost.event()) {
            double end = from + side * 0.2 * column;
            front.line("stub", from, y - ROW * 0.4, end, y).cross("lost", end, y);
            front.text(kind, side > 0 ? "start" : "end", end + side * 8, y + 4, cut(words));
        } else {
            double end = x(lost.to()) - side * 0.1 * column;
            front.line("stub", from, origin.y(), end, y).cross("lost", end, y);
            label(kind, end, -side, words);
        }
    }

    private static String cut(String words) {
        return words.length() <= LABEL_CHARS_MAX ? words : words.substring(0, LABEL_CHARS_MAX - 1) + "…";
    }

    // ---- the page ----

    private String finish() {
        Svg page = new Svg();
        page.text("title", "start", 8, 18, title);
        if (violation != null) {
            sayViolation("✕ " + violation.what());
        }
        double bottom = y + ROW;
        for (Origin origin : origins.values()) {
            if (!landed.contains(origin.sent().flight())) {
                onItsWay(origin);
            }
        }
        for (int node = 1; node <= trace.nodes(); node++) {
            lines[node].draw(behind, bottom);
            page.text("name", "middle", x(node), HEAD - 12, "node " + node);
            page.text("name", "middle", x(node), bottom + 16, "node " + node);
        }
        legend(page, bottom + 38);
        return page.with(behind).with(arrows).with(front).document(width, bottom + 48, STYLE);
    }

    /** In as many rows as it takes. */
    private void sayViolation(String what) {
        y += ROW / 2;
        int room = (int) (width / CHAR) - 4;
        for (int from = 0; from < what.length(); from += room) {
            y += ROW;
            behind.box("failed", 0, y - ROW / 2, width, ROW);
            front.text("failed-text", "start", 8, y + 4, what.substring(from, Math.min(what.length(), from + room)));
        }
    }

    /** Sent, and neither arrived nor lost when the picture ends. */
    private void onItsWay(Origin origin) {
        double from = x(origin.sent().from());
        double side = Math.signum(x(origin.sent().to()) - from);
        arrows.line("open", from, origin.y(), from + side * 0.16 * column, origin.y() + 8);
    }

    private static void legend(Svg page, double y) {
        double x = 8;
        String[][] words = {
            {"elect", "■ election"},
            {"choose", "■ choosing"},
            {"beat", "■ heartbeats, holds"},
            {"fetch", "■ catch-up"},
            {"reject", "■ rejection"},
            {"crash-text", "✕ crash, lost"},
            {"lead-text", "┃ leads"},
            {"quiet", "▮ • force · - - again · v1a2: a value · ≤9: chosen up to 9"}
        };
        for (String[] entry : words) {
            page.text(entry[0], "start", x, y, entry[1]);
            x += 7.2 * entry[1].length() + 8;
        }
    }
}
