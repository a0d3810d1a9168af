package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Retention;
import org.junit.jupiter.api.Test;

class JournalHoldTest {
    private static final Retention RETENTION =
            Retention.defaults().withSnapshotEveryBytes(1_000).withKeepBytes(500);

    @Test
    void eight_times_what_a_trim_leaves_is_held() {
        JournalHold hold = new JournalHold(RETENTION);
        for (long position = 1_000; position <= 100_000; position += 1_000) {
            hold.passed(position / 100, position); // a slot is 100 bytes here
            long held = position - 100 * Math.max(0, hold.lowest(position, 0) - 1);
            assertThat(held).isBetween(Math.min(position, 12_000), 13_000L);
        }
    }

    @Test
    void more_is_held_behind_a_large_snapshot() {
        JournalHold hold = new JournalHold(RETENTION);
        hold.passed(10, 1_000);
        assertThat(hold.lowest(1_000 + 40_000, 10_000)).isZero();
        assertThat(hold.lowest(1_001 + 40_000, 10_000)).isEqualTo(11);
    }

    @Test
    void snapshots_that_come_one_after_the_other_push_nobody_off() {
        JournalHold hold = new JournalHold(RETENTION);
        for (int i = 1; i <= 100; i++) {
            hold.passed(i, 1_000 + i);
        }
        assertThat(hold.lowest(13_001, 0)).isZero();
        assertThat(hold.lowest(13_002, 0)).as("it is the bytes that count").isEqualTo(2);
    }

    @Test
    void with_snapshots_on_demand_nobody_is_let_go_of() {
        JournalHold hold = new JournalHold(RETENTION.withSnapshotEveryBytes(0));
        hold.passed(10, 1_000);
        assertThat(hold.lowest(1L << 40, 1)).isZero();
    }
}
