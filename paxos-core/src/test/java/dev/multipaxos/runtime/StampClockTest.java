package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StampClockTest {

    private long wall = 1_000_000;
    private long monotonic = 500;
    private final StampClock clock = new StampClock(() -> wall, () -> monotonic);

    private void pass(long millis) {
        wall += millis;
        monotonic += millis;
    }

    @Test
    void a_stamp_is_the_wall_clock() {
        assertThat(clock.stamp()).isEqualTo(1_000_000);
        pass(70_000);
        assertThat(clock.stamp()).isEqualTo(1_070_000);
    }

    @Test
    void a_jump_ahead_is_held_back() {
        wall += 3_600_000;
        assertThat(clock.stamp()).isEqualTo(1_005_000);
        pass(10_000);
        assertThat(clock.stamp()).isBetween(1_015_000L, 1_015_200L);
    }

    @Test
    void a_small_step_and_a_slow_correction_are_followed() {
        wall += 4_000;
        assertThat(clock.stamp()).isEqualTo(1_004_000);
        for (int i = 0; i < 1_000; i++) {
            pass(1_000);
            wall += 9; // 9 s in 1,000 s
            assertThat(clock.stamp()).isEqualTo(wall);
        }
    }

    @Test
    void a_jump_back_is_followed() {
        wall -= 60_000;
        assertThat(clock.stamp()).isEqualTo(940_000);
    }
}
