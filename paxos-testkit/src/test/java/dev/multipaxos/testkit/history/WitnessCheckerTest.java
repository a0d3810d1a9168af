package dev.multipaxos.testkit.history;

import static dev.multipaxos.testkit.history.Samples.COUNTER;
import static dev.multipaxos.testkit.history.Samples.MAP;
import static dev.multipaxos.testkit.history.Samples.NONE;
import static dev.multipaxos.testkit.history.Samples.get;
import static dev.multipaxos.testkit.history.Samples.put;
import static dev.multipaxos.testkit.history.Samples.some;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.testkit.history.KeyValue.Command;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Anomalies that were planted. Columns: client, invoked, returned, command, answer; id, slot, index, time. */
class WitnessCheckerTest {

    private final LogWitness log = new LogWitness();
    private final Scene<Integer, Integer> counter = new Scene<>();
    private final Scene<Command<String, Integer>, Optional<Integer>> map = new Scene<>();

    private List<String> ofCounter() {
        return new WitnessChecker<>(COUNTER).violations(counter.history(), log);
    }

    private List<String> ofMap() {
        return new WitnessChecker<>(MAP).violations(map.history(), log);
    }

    @Test
    void a_log_that_explains_everything_is_accepted() {
        map.answered(1, 1, 6, put("x", 1), NONE)
                .answered(2, 2, 5, put("x", 2), some(1))
                .answered(1, 7, 8, get("x"), some(2))
                .answered(2, 3, 4, get("x"), some(1))
                .answered(3, 1, 2, get("y"), NONE);
        log.executed(1, 4, 0, 2);
        log.executed(2, 4, 1, 3);
        log.executed(1, 4, 0, 9); // another replica, later
        log.readAfter(3, 4);
        log.readAfter(4, 4, 0);
        log.readAfter(5, 0);
        assertThat(ofMap()).isEmpty();
    }

    @Test
    void a_stale_read_is_found() {
        map.answered(1, 1, 2, put("x", 1), NONE).answered(2, 3, 4, get("x"), NONE);
        log.executed(1, 1, 0);
        log.readAfter(2, 0);
        assertThat(ofMap())
                .containsExactly("real time: #1 client 1 [1, 2] Put[key=x, value=1] -> Optional.empty in slot 1 index 0"
                        + " returned before the call of #2 client 2 [3, 4] Get[key=x] -> Optional.empty behind slot 0,"
                        + " but stands behind it");
    }

    @Test
    void a_read_that_looked_at_the_right_place_and_saw_something_else_is_found() {
        map.answered(1, 1, 2, put("x", 1), NONE).answered(2, 3, 4, get("x"), NONE);
        log.executed(1, 1, 0);
        log.readAfter(2, 1);
        assertThat(ofMap())
                .containsExactly("answers: #2 client 2 [3, 4] Get[key=x] -> Optional.empty behind slot 1"
                        + " should have been answered Optional[1]");
    }

    @Test
    void a_read_that_changes_something_is_found() {
        counter.answered(1, 1, 2, 1, 1);
        log.readAfter(1, 0);
        assertThat(ofCounter())
                .containsExactly(
                        "answers: #1 client 1 [1, 2] 1 -> 1 behind slot 0 is no read, it changes the state from 0 to 1");
    }

    @Test
    void a_lost_update_is_found() {
        counter.answered(1, 1, 4, 1, 1).answered(2, 2, 3, 1, 1);
        log.executed(1, 1, 0);
        log.executed(2, 1, 1);
        assertThat(ofCounter())
                .containsExactly("answers: #2 client 2 [2, 3] 1 -> 1 in slot 1 index 1 should have been answered 2");
    }

    @Test
    void an_answered_command_that_is_not_in_the_log_is_found() {
        counter.answered(1, 1, 2, 1, 1).answered(2, 3, 4, 0, 0);
        log.readAfter(2, 0);
        assertThat(ofCounter())
                .containsExactly("exactly once: #1 client 1 [1, 2] 1 -> 1 was answered, but was not executed");
    }

    @Test
    void a_command_that_was_applied_twice_is_found_even_if_nobody_saw_its_effect() {
        counter.answered(1, 1, 2, 1, 1);
        log.executed(1, 1, 0);
        log.executed(1, 3, 0);
        assertThat(ofCounter())
                .containsExactly("exactly once: #1 client 1 [1, 2] 1 -> 1 was executed in slot 1 index 0 and again in"
                        + " slot 3 index 0");
    }

    @Test
    void a_command_of_unknown_outcome_takes_effect_late_or_never_but_not_twice() {
        counter.unknown(1, 1, 2, 1).unknown(1, 3, 4, 1).answered(2, 5, 6, 0, 0).answered(2, 7, 8, 0, 1);
        log.readAfter(3, 0);
        log.executed(1, 1, 0, 7);
        log.readAfter(4, 1);
        assertThat(ofCounter()).isEmpty();

        log.executed(1, 2, 0, 9);
        assertThat(ofCounter()).singleElement().asString().startsWith("exactly once: #1 client 1 [1, 2] 1 unknown was");
    }

    @Test
    void a_read_of_unknown_outcome_needs_no_place() {
        counter.unknown(1, 1, 2, 0).unknown(1, 3, 4, 0);
        log.readAfter(1, 0);
        assertThat(ofCounter()).isEmpty();
    }

    @Test
    void the_phantom_of_a_failed_call_is_found_before_anybody_reads_it() {
        counter.notExecuted(1, 1, 2, 1);
        log.executed(1, 1, 0);
        assertThat(ofCounter())
                .containsExactly("definite failure: #1 client 1 [1, 2] 1 not executed was executed in slot 1 index 0");
    }

    @Test
    void writes_that_do_not_overlap_keep_their_order() {
        map.answered(1, 1, 2, put("x", 1), NONE).answered(2, 3, 4, put("y", 1), NONE);
        log.executed(1, 2, 0);
        log.executed(2, 1, 0);
        assertThat(ofMap())
                .singleElement()
                .asString()
                .startsWith("real time: #1 ")
                .contains("the call of #2 ");
    }

    @Test
    void a_command_of_unknown_outcome_keeps_behind_those_that_returned_before_it() {
        counter.answered(1, 1, 2, 1, 2).unknown(2, 3, 4, 1);
        log.executed(2, 1, 0);
        log.executed(1, 2, 0);
        assertThat(ofCounter())
                .singleElement()
                .asString()
                .startsWith("real time: #1 ")
                .contains("the call of #2 ");
    }

    @Test
    void a_read_from_the_future_is_found() {
        map.answered(1, 1, 2, get("x"), some(1)).answered(2, 3, 4, put("x", 1), NONE);
        log.executed(2, 1, 0);
        log.readAfter(1, 1);
        assertThat(ofMap())
                .singleElement()
                .asString()
                .startsWith("real time: #1 ")
                .contains("the call of #2 ");
    }

    @Test
    void a_command_that_nobody_asked_for_is_found() {
        log.executed(7, 1, 0);
        assertThat(ofCounter()).containsExactly("validity: nobody asked for #7, which was executed in slot 1 index 0");
    }

    @Test
    void a_command_that_was_executed_before_it_was_asked_for_or_after_it_was_answered_is_found() {
        counter.answered(1, 5, 6, 1, 1).answered(2, 5, 6, 1, 2);
        log.executed(1, 1, 0, 4);
        log.executed(2, 1, 1, 7);
        assertThat(ofCounter())
                .containsExactly(
                        "validity: #1 client 1 [5, 6] 1 -> 1 was executed in slot 1 index 0 at 4, before it was asked for",
                        "real time: #2 client 2 [5, 6] 1 -> 2 was answered before it was executed in slot 1 index 1 at 7");
    }

    @Test
    void two_commands_at_one_position_are_found() {
        counter.answered(1, 1, 4, 1, 1).answered(2, 2, 3, 1, 2);
        log.executed(1, 1, 0);
        log.executed(2, 1, 0);
        assertThat(ofCounter()).containsExactly("exactly once: #1 and #2 were both executed in slot 1 index 0");
    }

    @Test
    void a_test_fails_with_all_violations() {
        counter.answered(1, 1, 2, 1, 1).answered(2, 3, 4, 1, 1);
        assertThatThrownBy(() -> new WitnessChecker<>(COUNTER).check(counter.history(), log))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll("#1 client 1", "#2 client 2");
        log.executed(1, 1, 0);
        log.executed(2, 1, 1);
        assertThatThrownBy(() -> new WitnessChecker<>(COUNTER).check(counter.history(), log))
                .hasMessageContaining("should have been answered 2");
    }
}
