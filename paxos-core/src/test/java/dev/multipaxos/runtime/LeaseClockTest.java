package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.wire.LeaseLimit;
import org.junit.jupiter.api.Test;

/** One life after the other: what is awaited, and what is said of it in the journal, and when. */
class LeaseClockTest {

    private static final TimeSource STILL = new TimeSource() {
        @Override
        public long nanoTime() {
            return -5;
        }

        @Override
        public long currentTimeMillis() {
            return 0;
        }
    };

    @Test
    void the_first_life_waits_too_as_damage_may_have_made_it_look_like_the_first() {
        LeaseClock clock = new LeaseClock(STILL, 400, 0);
        assertThat(clock.awaited()).isEqualTo(400);
        assertThat(clock.toNote(399)).isNull();
        assertThat(clock.toNote(400)).isEqualTo(new LeaseLimit(400));
        assertThat(clock.toNote(401)).as("once").isNull();
    }

    @Test
    void shorter_leases_are_recorded_when_the_longer_ones_are_over_and_none_are_too() {
        LeaseClock shorter = new LeaseClock(STILL, 100, 400);
        assertThat(shorter.awaited()).isEqualTo(400);
        assertThat(shorter.toNote(399)).as("a crash now has to wait for 400").isNull();
        assertThat(shorter.toNote(400)).isEqualTo(new LeaseLimit(100));

        LeaseClock none = new LeaseClock(STILL, 0, 100);
        assertThat(none.awaited()).isEqualTo(100);
        assertThat(none.toNote(99)).isNull();
        assertThat(none.toNote(100)).isEqualTo(new LeaseLimit(0));
    }

    @Test
    void longer_leases_are_awaited_at_their_own_length() {
        LeaseClock clock = new LeaseClock(STILL, 400, 100);
        assertThat(clock.awaited()).isEqualTo(400);
        assertThat(clock.toNote(399)).isNull();
    }

    @Test
    void without_leases_nothing_is_awaited_or_said() {
        LeaseClock clock = new LeaseClock(STILL, 0, 0);
        assertThat(clock.awaited()).isZero();
        assertThat(clock.toNote(0)).isNull();
        assertThat(clock.isHeld()).isFalse();
    }
}
