package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Unknown;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReplayTest {

    private static final Ballot FIRST = new Ballot(1, 1);
    private static final Ballot SECOND = new Ballot(2, 2);

    private final List<Long> executed = new ArrayList<>();

    private Replay replay(long done, long trimmedUpTo) {
        return new Replay(done, trimmedUpTo, (slot, value) -> executed.add(slot));
    }

    private static Record.Accepted vote(long slot, Ballot ballot) {
        return new Record.Accepted(slot, ballot, value("v" + slot));
    }

    @Test
    void a_value_that_is_missing_without_a_reason_is_a_contradiction() {
        Replay replay = replay(0, 2);
        replay.record(vote(3, FIRST));
        replay.record(vote(5, FIRST));
        assertThatThrownBy(() -> replay.record(new Record.ChosenUpTo(5)))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("slot 4");
    }

    @Test
    void a_trimmed_journal_without_its_snapshot_is_executed_from_nowhere_and_keeps_what_is_open() {
        Replay replay = replay(0, 5_000_000_000L);
        replay.record(vote(5_000_000_001L, FIRST));
        replay.record(vote(5_000_000_003L, FIRST));
        replay.record(new Record.ChosenUpTo(5_000_000_001L));
        Durable durable = replay.finish();
        assertThat(executed).isEmpty();
        assertThat(durable.executed()).isZero();
        assertThat(durable.isRebuilding()).isTrue();
        assertThat(durable.base()).isEqualTo(5_000_000_001L);
        assertThat(durable.entries()).extracting(Entry::slot).containsExactly(5_000_000_003L);
    }

    @Test
    void a_tail_that_was_kept_is_executed_behind_an_older_snapshot() {
        Replay replay = replay(7, 9);
        for (long slot = 6; slot <= 10; slot++) {
            replay.record(vote(slot, FIRST));
        }
        Durable durable = replay.finish();
        assertThat(executed).containsExactly(8L, 9L);
        assertThat(durable.isRebuilding()).isFalse();
        assertThat(durable.base()).isEqualTo(9);
        assertThat(durable.entries()).hasSize(1);
    }

    @Test
    void an_older_vote_does_not_stand_in_for_the_one_that_is_lost() {
        Replay replay = replay(0, 0);
        replay.record(vote(1, FIRST));
        replay.record(new Record.Accepted(2, FIRST, value("old")));
        replay.damaged(2, 2, SECOND);
        replay.record(new Record.ChosenUpTo(2));
        replay.record(vote(3, SECOND));
        Durable durable = replay.finish();
        assertThat(executed).containsExactly(1L);
        assertThat(durable.executed()).isEqualTo(1);
        assertThat(durable.base()).isEqualTo(2);
        assertThat(durable.unknown()).isEmpty();
        assertThat(replay.lost()).isEqualTo(SlotRanges.of(2, 2));
    }

    @Test
    void above_the_mark_a_slot_is_unknown_until_a_later_record_tells_it() {
        Replay replay = replay(0, 0);
        replay.record(vote(1, FIRST));
        replay.record(vote(2, FIRST));
        replay.record(new Record.Chosen(3, value("c")));
        replay.damaged(1, 6, SECOND);
        replay.record(vote(4, new Ballot(3, 3)));
        replay.record(new Record.Chosen(5, value("d")));
        Durable durable = replay.finish();
        assertThat(durable.promised()).isEqualTo(new Ballot(3, 3));
        assertThat(durable.unknown()).containsExactly(new Unknown(1, 2, SECOND), new Unknown(6, 6, SECOND));
        assertThat(durable.entries()).extracting(Entry::slot).containsExactly(3L, 4L, 5L);
    }

    @Test
    void what_is_lost_below_what_is_executed_is_missed_by_nobody() {
        Replay replay = replay(3, 0);
        replay.damaged(1, 3, SECOND);
        replay.damaged(0, 0, new Ballot(5, 1));
        Durable durable = replay.finish();
        assertThat(durable.isRebuilding()).isFalse();
        assertThat(durable.unknown()).isEmpty();
        assertThat(durable.promised()).isEqualTo(new Ballot(5, 1));
    }

    @Test
    void a_vote_from_before_a_snapshot_was_installed_is_not_executed_in_its_place() {
        Replay replay = replay(0, 0); // the snapshot of slot 5 is damaged
        replay.record(vote(1, FIRST));
        replay.record(new Record.ChosenUpTo(1));
        replay.record(vote(2, FIRST)); // lost against another value, which this node never saw
        replay.record(new Record.Installed(5));
        replay.record(vote(6, SECOND));
        replay.record(new Record.ChosenUpTo(6));
        Durable durable = replay.finish();
        assertThat(executed).containsExactly(1L);
        assertThat(durable.executed()).isEqualTo(1);
        assertThat(durable.base()).isEqualTo(6);
    }

    @Test
    void nor_is_it_when_the_record_of_the_snapshot_is_lost() {
        Replay replay = replay(0, 5);
        replay.record(vote(1, FIRST));
        replay.record(new Record.ChosenUpTo(1));
        replay.record(vote(2, FIRST));
        replay.damaged(0, 0, FIRST); // the snapshot of slot 5 was installed
        replay.record(vote(6, SECOND));
        replay.record(new Record.ChosenUpTo(6));
        Durable durable = replay.finish();
        assertThat(executed).containsExactly(1L);
        assertThat(durable.base()).isEqualTo(6);
    }
}
