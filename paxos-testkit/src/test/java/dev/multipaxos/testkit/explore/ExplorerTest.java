package dev.multipaxos.testkit.explore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

class ExplorerTest {

    private static Result explore(Bounds bounds, Sabotage sabotage) {
        return new Explorer(bounds, sabotage).run(1_000_000, Long.MAX_VALUE, progress -> {});
    }

    private static void assertFinishedAndRight(Bounds bounds, long statesMin) {
        Result result = explore(bounds, Sabotage.NONE);
        assertThat(result.violation())
                .as("%s", String.join("\n", result.trace()))
                .isNull();
        assertThat(result.finished()).isTrue();
        assertThat(result.states()).as("%s", result).isGreaterThan(statesMin);
    }

    @Test
    void two_leaders_one_slot_and_a_crash_are_right_in_every_state() {
        assertFinishedAndRight(new Bounds(3, 2, 2, 1, 1, 1, false, true), 4_000);
    }

    @Test
    void two_slots_of_two_leaders_are_right_in_every_state() {
        assertFinishedAndRight(new Bounds(3, 2, 2, 2, 2, 0, false, true), 10_000);
    }

    @Test
    void two_slots_in_a_window_of_one_are_right_in_every_state() {
        assertFinishedAndRight(new Bounds(3, 1, 2, 2, 1, 0, false, true), 1_000);
    }

    @Test
    void three_ballots_are_right_in_every_state() {
        assertFinishedAndRight(new Bounds(3, 2, 3, 1, 1, 0, false, true), 10_000);
    }

    @Test
    void a_slow_disk_and_a_crash_do_no_harm() {
        assertFinishedAndRight(new Bounds(3, 1, 2, 1, 1, 1, true, true), 3_000);
    }

    @Test
    void without_the_reduction_the_same_is_right() {
        assertFinishedAndRight(new Bounds(2, 2, 2, 1, 1, 0, false, false), 300);
    }

    @Test
    void who_stops_at_a_limit_does_not_say_that_it_finished() {
        Result result = new Explorer(new Bounds(3, 2, 2, 1, 1, 1, false, true), Sabotage.NONE)
                .run(500, Long.MAX_VALUE, progress -> {});
        assertThat(result.finished()).isFalse();
        assertThat(result.violation()).isNull();
        assertThat(result).asString().startsWith("not finished");
    }

    @Test
    void the_states_are_the_same_each_time() {
        Bounds bounds = new Bounds(3, 1, 1, 1, 1, 1, false, true);
        Result once = explore(bounds, Sabotage.NONE);
        Result again = explore(bounds, Sabotage.NONE);
        assertThat(again.states()).isEqualTo(once.states());
        assertThat(again.transitions()).isEqualTo(once.transitions());
        assertThat(again.depth()).isEqualTo(once.depth());
    }

    @ParameterizedTest
    @EnumSource
    void a_planted_bug_is_found_with_a_short_trace(PlantedBug bug) {
        Result result = explore(bug.bounds(), bug.plant());
        assertThat(result.violation()).as("%s", result).startsWith(bug.check());
        assertThat(result.trace()).isNotEmpty();
        assertThat(result.depth()).isLessThanOrEqualTo(bug.stepsMax());
    }

    @Test
    void the_command_says_how_it_ended() {
        StringWriter out = new StringWriter();
        int code = Explore.commandLine()
                .setOut(new PrintWriter(out))
                .execute("--proposers", "1", "--ballots", "1", "--slots", "1", "--crashes", "0");
        assertThat(code).isZero();
        assertThat(out.toString()).contains("FINISHED");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--proposers | 4 | explore: there must be 1 to 3 proposers, not 4",
                "--ballots | many | explore: Invalid value for option '--ballots': 'many' is not an int",
                "--acceptors | 8 | explore: there must be 1 to 7 acceptors, not 8"
            })
    void the_command_refuses_numbers_that_make_no_sense_in_one_line(String option, String value, String line) {
        StringWriter err = new StringWriter();
        CommandLine command = Explore.commandLine().setErr(new PrintWriter(err, true));
        assertThat(command.execute(option, value)).isEqualTo(2);
        assertThat(err.toString().lines()).containsExactly(line);
    }
}
