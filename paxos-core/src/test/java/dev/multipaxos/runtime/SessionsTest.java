package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.DurableStateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.runtime.Sessions.Verdict;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionsTest {

    private static final int WINDOW = 64;
    private static final int ANSWERS_BYTES = 10_000;
    private final Sessions sessions = new Sessions(new SessionRules(1_000, WINDOW, 3, ANSWERS_BYTES));
    private long slot;

    private void batch(long stamp, long... touched) {
        sessions.beginBatch(++slot, stamp);
        for (long session : touched) {
            sessions.touch(session);
        }
        sessions.expire();
    }

    private Verdict judge(long session, long sequence, long acknowledgedBelow) {
        return sessions.judge(session, sequence, acknowledgedBelow);
    }

    private void execute(long session, long sequence, long acknowledgedBelow) {
        execute(session, sequence, acknowledgedBelow, Bytes.utf8("answer " + sequence));
    }

    private void execute(long session, long sequence, long acknowledgedBelow, Bytes answer) {
        assertThat(judge(session, sequence, acknowledgedBelow)).isEqualTo(Verdict.EXECUTE);
        sessions.answer(session, sequence, answer);
    }

    private Bytes remembered(long session, long sequence) {
        return sessions.remembered(session, sequence);
    }

    private static Bytes bytes(int length) {
        return Bytes.wrap(new byte[length]);
    }

    @Test
    void ids_are_never_given_twice() {
        batch(0);
        long first = sessions.open();
        long second = sessions.open();
        batch(0);
        long third = sessions.open();
        assertThat(first).isPositive();
        assertThat(second).isNotIn(first, third);
        assertThat(third).isNotEqualTo(first);
        assertThat(sessions.count()).isEqualTo(3);
    }

    @Test
    void a_repeated_command_gets_its_answer_again() {
        batch(0);
        long session = sessions.open();
        execute(session, 1, 1);
        assertThat(judge(session, 1, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(remembered(session, 1)).isEqualTo(Bytes.utf8("answer 1"));
    }

    @Test
    void commands_may_come_in_any_order_within_the_window() {
        batch(0);
        long session = sessions.open();
        for (long sequence = WINDOW; sequence >= 1; sequence--) {
            execute(session, sequence, 1);
        }
        for (long sequence = 1; sequence <= WINDOW; sequence++) {
            assertThat(judge(session, sequence, 1)).isEqualTo(Verdict.REPEATED);
            assertThat(remembered(session, sequence)).isEqualTo(Bytes.utf8("answer " + sequence));
        }
    }

    @Test
    void below_the_floor_a_command_is_refused_as_acknowledged() {
        batch(0);
        long session = sessions.open();
        execute(session, 1, 1);
        execute(session, 2, 2);
        assertThat(judge(session, 1, 1)).isEqualTo(Verdict.ACKNOWLEDGED);
        assertThat(judge(session, 2, 1)).isEqualTo(Verdict.REPEATED);
    }

    @Test
    void a_command_that_was_given_up_is_not_executed_later() {
        batch(0);
        long session = sessions.open();
        execute(session, 9, 9);
        assertThat(judge(session, 8, 1)).isEqualTo(Verdict.ACKNOWLEDGED);
    }

    @Test
    void a_command_beyond_the_window_is_void() {
        batch(0);
        long session = sessions.open();
        assertThat(judge(session, WINDOW + 1, 1)).isEqualTo(Verdict.OUTSIDE_WINDOW);
        execute(session, WINDOW, 1);
        execute(session, WINDOW + 1, 2);
    }

    @Test
    void a_floor_that_jumps_far_forgets_every_answer_below() {
        batch(0);
        long session = sessions.open();
        for (long sequence = 1; sequence <= WINDOW; sequence++) {
            execute(session, sequence, 1);
        }
        execute(session, 1_000_000, 1_000_000);
        assertThat(judge(session, 1_000_001, 1_000_000)).isEqualTo(Verdict.EXECUTE);
        assertThat(judge(session, 1_000_000, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(judge(session, 999_999, 1)).isEqualTo(Verdict.ACKNOWLEDGED);
    }

    @Test
    void a_session_expires_by_log_time_and_its_commands_are_void() {
        batch(0);
        long session = sessions.open();
        batch(1_000);
        assertThat(sessions.count()).isEqualTo(1);
        batch(1_001);
        assertThat(sessions.count()).isZero();
        assertThat(judge(session, 1, 1)).isEqualTo(Verdict.EXPIRED);
        assertThat(sessions.keepAlive(session)).isFalse();
        assertThat(sessions.close(session)).isFalse();
    }

    @Test
    void a_session_with_a_command_in_the_batch_does_not_expire_in_it() {
        batch(0);
        long used = sessions.open();
        long idle = sessions.open();
        batch(5_000, used);
        assertThat(judge(used, 1, 1)).isEqualTo(Verdict.EXECUTE);
        assertThat(judge(idle, 1, 1)).isEqualTo(Verdict.EXPIRED);
        batch(6_000);
        assertThat(sessions.keepAlive(used)).isTrue();
    }

    @Test
    void log_time_never_goes_back() {
        batch(5_000);
        batch(3_000);
        assertThat(sessions.logTimeMillis()).isEqualTo(5_000);
    }

    @Test
    void when_there_are_too_many_the_one_idle_longest_goes() {
        batch(0);
        long first = sessions.open();
        long second = sessions.open();
        long third = sessions.open();
        batch(10, first);
        sessions.open();
        assertThat(sessions.count()).isEqualTo(3);
        assertThat(sessions.keepAlive(second)).isFalse();
        assertThat(sessions.keepAlive(first)).isTrue();
        assertThat(sessions.keepAlive(third)).isTrue();
    }

    @Test
    void a_session_that_was_closed_is_gone() {
        batch(0);
        long session = sessions.open();
        assertThat(sessions.close(session)).isTrue();
        assertThat(judge(session, 1, 1)).isEqualTo(Verdict.EXPIRED);
    }

    @Test
    void when_the_answers_are_too_many_bytes_the_session_with_most_of_them_goes() {
        batch(0);
        long small = sessions.open();
        long greedy = sessions.open();
        long asking = sessions.open();
        execute(small, 1, 1, bytes(100));
        execute(greedy, 1, 1, bytes(3_000));
        execute(greedy, 2, 1, bytes(3_000));
        execute(asking, 1, 1, bytes(3_000));
        assertThat(sessions.count()).isEqualTo(3);
        execute(asking, 2, 1, bytes(1_000));
        assertThat(judge(greedy, 3, 1)).isEqualTo(Verdict.EXPIRED);
        assertThat(judge(small, 1, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(judge(asking, 1, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(judge(asking, 2, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(sessions.answerBytes()).isEqualTo(100 + 3_000 + 1_000 + 3 * Sessions.ANSWER_OVERHEAD_BYTES);
    }

    @Test
    void of_two_sessions_with_as_many_bytes_the_one_with_the_lower_id_goes() {
        batch(0);
        long first = sessions.open();
        long second = sessions.open();
        long third = sessions.open();
        execute(second, 1, 1, bytes(4_000));
        execute(first, 1, 1, bytes(4_000)); // used later
        execute(third, 1, 1, bytes(3_000));
        assertThat(judge(first, 1, 1)).isEqualTo(Verdict.EXPIRED);
        assertThat(judge(second, 1, 1)).isEqualTo(Verdict.REPEATED);
    }

    @Test
    void an_answer_larger_than_all_may_be_ends_only_its_own_session() {
        batch(0);
        long small = sessions.open();
        long greedy = sessions.open();
        execute(small, 1, 1);
        execute(greedy, 1, 1, bytes(ANSWERS_BYTES));
        assertThat(sessions.keepAlive(greedy)).isFalse();
        assertThat(judge(small, 1, 1)).isEqualTo(Verdict.REPEATED);
    }

    @Test
    void an_empty_answer_is_not_free() {
        batch(0);
        long session = sessions.open();
        execute(session, 1, 1, Bytes.EMPTY);
        assertThat(sessions.answerBytes()).isEqualTo(Sessions.ANSWER_OVERHEAD_BYTES);
    }

    @Test
    void what_was_acknowledged_expired_closed_or_evicted_counts_no_more() {
        batch(0);
        long session = sessions.open();
        execute(session, 1, 1, bytes(100));
        execute(session, 2, 1, bytes(10));
        execute(session, 3, 2, Bytes.EMPTY);
        assertThat(sessions.answerBytes()).isEqualTo(10 + 2 * Sessions.ANSWER_OVERHEAD_BYTES);
        sessions.close(session);
        assertThat(sessions.answerBytes()).isZero();

        execute(sessions.open(), 1, 1, bytes(100));
        batch(5_000);
        assertThat(sessions.answerBytes()).isZero();

        execute(sessions.open(), 1, 1, bytes(100));
        for (int others = 0; others < 3; others++) {
            sessions.open();
        }
        assertThat(sessions.answerBytes()).isZero();
    }

    @Test
    void an_answer_that_is_a_part_of_a_larger_array_does_not_keep_that_array() {
        batch(0);
        long session = sessions.open();
        Bytes command = Bytes.utf8("a command that is answered with a part of itself");
        execute(session, 1, 1, command.slice(2, 7));
        assertThat(judge(session, 1, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(remembered(session, 1)).isEqualTo(Bytes.utf8("command"));
        assertThat(remembered(session, 1).array()).isNotSameAs(command.array());
    }

    @Test
    void the_highest_numbers_that_a_client_may_choose_are_numbers_like_others() throws IOException {
        batch(0);
        long session = sessions.open();
        execute(session, 1, 1);
        execute(session, Long.MAX_VALUE - 1, Long.MAX_VALUE - 1);
        execute(session, Long.MAX_VALUE, Long.MAX_VALUE - 1);
        assertThat(judge(session, Long.MAX_VALUE, 1)).isEqualTo(Verdict.REPEATED);

        ByteArrayOutputStream written = new ByteArrayOutputStream();
        sessions.capture().writeTo(written);
        Sessions restored = new Sessions(new SessionRules(1_000, WINDOW, 3, ANSWERS_BYTES));
        restored.restore(new SnapshotPart.Header(1, 0, 0, 1, 1), new ByteArrayInputStream(written.toByteArray()));
        assertThat(restored.answerBytes()).isEqualTo(sessions.answerBytes());
    }

    @Test
    void an_old_acknowledgement_far_below_the_floor_takes_no_answer_out_of_the_state_machines_own_store()
            throws WireException {
        sessions.track(); // as for a state machine with its own store
        batch(0);
        long session = sessions.open();
        execute(session, 1L << 33, 1L << 33);
        List<DurableStateMachine.Entry> stored = new ArrayList<>(sessions.takeChanges());

        batch(0, session);
        assertThat(judge(session, 1L << 33, 1)).isEqualTo(Verdict.REPEATED);
        stored.addAll(sessions.takeChanges());

        Map<Bytes, Bytes> store = new HashMap<>();
        for (DurableStateMachine.Entry entry : stored) {
            if (entry.value() == null) {
                store.remove(entry.key());
            } else {
                store.put(entry.key(), entry.value());
            }
        }
        Sessions restarted = new Sessions(new SessionRules(1_000, WINDOW, 3, ANSWERS_BYTES));
        restarted.track();
        restarted.restore(store.entrySet().stream()
                .map(entry -> new DurableStateMachine.Entry(entry.getKey(), entry.getValue()))
                .toList());
        restarted.beginBatch(++slot, 0);
        assertThat(restarted.judge(session, 1L << 33, 1))
                .as("else it is executed a second time behind a restart, by this member only")
                .isEqualTo(Verdict.REPEATED);
    }

    @ParameterizedTest
    @ValueSource(longs = {(1L << 31) + 1, (1L << 32) - 5, Long.MAX_VALUE - WINDOW})
    void what_an_old_acknowledgement_says_changes_nothing_wherever_the_floor_is(long floor) {
        sessions.track();
        batch(0);
        long session = sessions.open();
        for (long sequence = floor; sequence < floor + 16; sequence++) {
            execute(session, sequence, floor);
        }
        sessions.takeChanges();

        assertThat(judge(session, floor, 0)).isEqualTo(Verdict.REPEATED);
        assertThat(sessions.takeChanges()).noneMatch(entry -> entry.value() == null);
    }

    private WeakReference<byte[]> answered(long session, long sequence, int length) {
        byte[] answer = new byte[length];
        execute(session, sequence, 1, Bytes.wrap(answer));
        return new WeakReference<>(answer);
    }

    @Test
    @Timeout(60)
    void an_answer_that_is_not_remembered_is_not_reachable() {
        sessions.track(); // as for a state machine with its own store
        batch(0);
        long closed = sessions.open();
        WeakReference<byte[]> ofClosed = answered(closed, 1, 10);
        long greedy = sessions.open();
        WeakReference<byte[]> ofGreedy = answered(greedy, 1, ANSWERS_BYTES);
        long session = sessions.open();
        WeakReference<byte[]> acknowledged = answered(session, 1, 10);
        assertThat(judge(session, 1, 1)).isEqualTo(Verdict.REPEATED);
        assertThat(remembered(session, 1).length()).isEqualTo(10);
        WeakReference<byte[]> expired = answered(session, 2, 10);
        sessions.takeChanges();

        sessions.close(closed);
        assertThat(judge(session, 2, 2)).isEqualTo(Verdict.REPEATED);
        sessions.takeChanges();
        Garbage.await(ofClosed);
        Garbage.await(ofGreedy);
        Garbage.await(acknowledged);
        batch(5_000);
        sessions.takeChanges();
        Garbage.await(expired);
        assertThat(sessions.count()).isZero();
    }
}
