package dev.multipaxos.testkit.history;

import static dev.multipaxos.testkit.history.Samples.COUNTER;
import static dev.multipaxos.testkit.history.Samples.MAP;
import static dev.multipaxos.testkit.history.Samples.NONE;
import static dev.multipaxos.testkit.history.Samples.QUEUE;
import static dev.multipaxos.testkit.history.Samples.change;
import static dev.multipaxos.testkit.history.Samples.get;
import static dev.multipaxos.testkit.history.Samples.put;
import static dev.multipaxos.testkit.history.Samples.remove;
import static dev.multipaxos.testkit.history.Samples.some;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Anomalies that were planted, each beside its neighbour that is none. Columns: client, invoked, returned, command, answer. */
class LinearizabilityCheckerTest {

    private static Scene<KeyValue.Command<String, Integer>, Optional<Integer>> map() {
        return new Scene<>();
    }

    private static Verdict<?, ?> verdict(Scene<KeyValue.Command<String, Integer>, Optional<Integer>> scene) {
        return new LinearizabilityChecker<>(MAP).check(scene.history());
    }

    private static Verdict<Integer, Integer> counter(Scene<Integer, Integer> scene) {
        return new LinearizabilityChecker<>(COUNTER).check(scene.history());
    }

    private static void assertBlames(Verdict<?, ?> verdict, Long... ids) {
        assertThat(verdict.kind()).as(verdict.message()).isEqualTo(Verdict.Kind.NOT_LINEARIZABLE);
        assertThat(verdict.operations().stream().map(Operation::id)).containsExactly(ids);
    }

    private static void assertExplains(Verdict<?, ?> verdict, Long... ids) {
        assertThat(verdict.kind()).as(verdict.message()).isEqualTo(Verdict.Kind.LINEARIZABLE);
        assertThat(verdict.operations().stream().map(Operation::id)).containsExactly(ids);
    }

    @Test
    void an_empty_history_is_linearizable() {
        assertExplains(verdict(map()));
    }

    @Test
    void a_stale_read_is_found_and_blamed_with_the_two_writes_that_it_mixes_up() {
        assertBlames(
                verdict(map().answered(1, 1, 2, put("y", 7), NONE)
                        .answered(1, 3, 4, put("x", 1), NONE)
                        .answered(2, 5, 6, get("x"), some(1))
                        .answered(1, 7, 8, put("x", 2), some(1))
                        .answered(2, 9, 10, get("x"), some(1))
                        .answered(3, 11, 12, get("x"), some(2))),
                4L,
                5L);
    }

    @Test
    void a_read_beside_a_write_sees_the_old_or_the_new_value_and_no_later_one_the_old() {
        Scene<KeyValue.Command<String, Integer>, Optional<Integer>> scene = map().answered(1, 1, 2, put("x", 1), NONE)
                .answered(1, 3, 10, put("x", 2), some(1))
                .answered(2, 4, 5, get("x"), some(1))
                .answered(3, 6, 7, get("x"), some(2));
        assertExplains(verdict(scene), 1L, 3L, 2L, 4L);
        assertBlames(verdict(scene.answered(2, 8, 9, get("x"), some(1))), 3L, 4L, 5L);
    }

    @Test
    void a_lost_update_is_found() {
        Scene<Integer, Integer> scene = new Scene<>();
        scene.answered(1, 1, 4, 1, 1).answered(2, 2, 3, 1, 1);
        assertBlames(counter(scene), 1L, 2L);
    }

    @Test
    void a_write_that_was_acknowledged_and_is_gone_is_found() {
        assertBlames(verdict(map().answered(1, 1, 2, put("x", 1), NONE).answered(2, 3, 4, get("x"), NONE)), 1L, 2L);
    }

    @Test
    void a_command_that_was_applied_twice_is_found() {
        assertBlames(
                counter(new Scene<Integer, Integer>().answered(1, 1, 2, 1, 1).answered(1, 3, 4, 0, 2)), 2L);
    }

    @Test
    void a_call_of_unknown_outcome_may_take_effect_late_or_never() {
        assertExplains(
                counter(new Scene<Integer, Integer>()
                        .unknown(1, 1, 2, 1)
                        .answered(2, 3, 4, 0, 0)
                        .answered(2, 5, 6, 0, 1)),
                2L,
                1L,
                3L);
        assertExplains(counter(new Scene<Integer, Integer>().unknown(1, 1, 2, 1).answered(2, 3, 4, 0, 0)), 2L);
    }

    @Test
    void a_call_of_unknown_outcome_may_not_take_effect_twice_nor_be_undone_nor_before_it_was_made() {
        assertBlames(
                counter(new Scene<Integer, Integer>()
                        .unknown(1, 1, 2, 1)
                        .answered(2, 3, 4, 0, 1)
                        .answered(2, 5, 6, 0, 2)),
                3L);
        assertBlames(
                counter(new Scene<Integer, Integer>()
                        .unknown(1, 1, 2, 1)
                        .answered(2, 3, 4, 0, 1)
                        .answered(2, 5, 6, 0, 0)),
                2L,
                3L);
        assertBlames(
                counter(new Scene<Integer, Integer>().answered(2, 1, 2, 0, 1).unknown(1, 3, 4, 1)), 1L);
    }

    @Test
    void the_phantom_of_a_failed_call_is_found_and_named() {
        Verdict<?, ?> verdict = verdict(map().answered(1, 1, 2, put("x", 1), NONE)
                .notExecuted(2, 3, 4, put("x", 2))
                .answered(3, 5, 6, get("x"), some(2)));
        assertBlames(verdict, 3L);
        assertThat(verdict.message())
                .contains("All is explained if these were executed, though their callers were told not")
                .containsPattern("#2 +client 2 .*Put\\[key=x, value=2].*not executed");
    }

    @Test
    void a_failed_call_that_left_no_trace_is_left_out() {
        assertExplains(
                verdict(map().answered(1, 1, 2, put("x", 1), NONE)
                        .notExecuted(2, 3, 4, put("x", 2))
                        .answered(3, 5, 6, get("x"), some(1))),
                1L,
                3L);
    }

    @Test
    void writes_that_do_not_overlap_keep_their_order() {
        assertBlames(
                new LinearizabilityChecker<>(QUEUE)
                        .check(new Scene<Integer, Integer>()
                                .answered(1, 1, 2, 7, 7)
                                .answered(2, 3, 4, 8, 8)
                                .answered(3, 5, 6, 0, 8)
                                .answered(3, 7, 8, 0, 7)
                                .history()),
                1L,
                3L);
        assertExplains(
                new LinearizabilityChecker<>(QUEUE)
                        .check(new Scene<Integer, Integer>()
                                .answered(1, 1, 3, 7, 7)
                                .answered(2, 2, 4, 8, 8)
                                .answered(3, 5, 6, 0, 8)
                                .answered(3, 7, 8, 0, 7)
                                .history()),
                2L,
                1L,
                3L,
                4L);
    }

    @Test
    void a_read_from_the_future_is_found() {
        assertBlames(verdict(map().answered(1, 1, 2, get("x"), some(1)).answered(2, 3, 4, put("x", 1), NONE)), 1L);
    }

    @Test
    void a_value_that_nobody_wrote_is_found() {
        assertBlames(verdict(map().answered(1, 1, 4, put("x", 1), NONE).answered(2, 2, 3, get("x"), some(2))), 2L);
    }

    @Test
    void two_callers_cannot_both_win_a_compare_and_set() {
        assertBlames(
                verdict(map().answered(1, 1, 4, change("lock", NONE, 1), NONE)
                        .answered(2, 2, 3, change("lock", NONE, 2), NONE)),
                1L,
                2L);
        assertExplains(
                verdict(map().answered(1, 1, 4, change("lock", NONE, 1), some(2))
                        .answered(2, 2, 3, change("lock", NONE, 2), NONE)
                        .answered(2, 5, 6, remove("lock"), some(2))),
                2L,
                1L,
                3L);
    }

    @Test
    void operations_at_one_time_overlap() {
        assertExplains(verdict(map().answered(1, 1, 2, put("x", 1), NONE).answered(2, 2, 3, get("x"), NONE)), 2L, 1L);
    }

    @Test
    void orders_of_partitions_are_merged_into_one_that_keeps_real_time() {
        assertExplains(
                verdict(map().answered(1, 1, 9, put("x", 1), NONE)
                        .answered(2, 2, 3, put("y", 1), NONE)
                        .answered(2, 4, 5, get("x"), NONE)
                        .answered(2, 6, 7, get("y"), some(1))),
                2L,
                3L,
                1L,
                4L);
    }

    @Test
    void a_counter_example_is_a_table_that_can_be_read() {
        Verdict<?, ?> verdict = verdict(map().answered(1, 1, 2, put("x", 1), NONE)
                .unknown(3, 2, 9, put("x", 3))
                .answered(1, 3, 6, put("x", 2), some(1))
                .answered(2, 7, 8, get("x"), some(1)));
        assertThat(verdict.message().lines().map(String::strip))
                .containsExactly(
                        "NOT LINEARIZABLE: no order explains these answers on x, whatever others did",
                        "#3  client 1          3        6      |-|       Put[key=x, value=2]  -> Optional[1]",
                        "#4  client 2          7        8          |-|   Get[key=x]  -> Optional[1]",
                        "Others (2):",
                        "#1  client 1          1        2  |-|           Put[key=x, value=1]  -> Optional.empty",
                        "#2  client 3          2        9    |-------->  Put[key=x, value=3]  unknown");
        assertThatThrownBy(verdict::orThrow).isInstanceOf(AssertionError.class).hasMessage(verdict.message());
    }

    /** Each order of the writes that overlap leads to a configuration of its own, and none to the answer. */
    private static Scene<KeyValue.Command<String, Integer>, Optional<Integer>> hard(int writes) {
        Scene<KeyValue.Command<String, Integer>, Optional<Integer>> scene = map();
        for (int i = 0; i < writes; i++) {
            scene.unknown(i, 1, 2, put("x", i));
        }
        return scene.answered(writes, 3, 4, get("x"), some(-1));
    }

    @Test
    void a_search_that_is_too_hard_ends_undecided_and_says_what_was_hard() {
        Verdict<?, ?> verdict = verdict(hard(40));
        assertThat(verdict.kind()).isEqualTo(Verdict.Kind.UNDECIDED);
        assertThat(verdict.steps()).isEqualTo(LinearizabilityChecker.STEPS_MAX);
        assertThat(verdict.message())
                .startsWith("UNDECIDED: 250000 steps were not enough for partition x, 41 operations, 40 of them"
                        + " without an answer");
        assertThatThrownBy(verdict::orThrow).isInstanceOf(AssertionError.class);
        assertBlames(verdict(hard(8)), 9L);
    }

    @Test
    void a_partition_that_is_wrong_decides_though_another_is_too_hard() {
        assertBlames(verdict(hard(40).answered(1, 5, 6, get("y"), some(1))), 42L);
    }

    @Test
    void equal_commands_of_unknown_outcome_are_not_told_apart() {
        Scene<Integer, Integer> scene = new Scene<>();
        for (int i = 0; i < 60; i++) {
            scene.unknown(i, i, i + 1, 1);
        }
        Verdict<Integer, Integer> verdict = counter(scene.answered(100, 100, 101, 0, 61));
        assertBlames(verdict, 61L);
        assertThat(verdict.steps()).isLessThan(1_000);
    }
}
