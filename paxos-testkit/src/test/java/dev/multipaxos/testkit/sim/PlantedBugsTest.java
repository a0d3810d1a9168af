package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The simulation finds what it must: each bug that is planted, within a stated number of seeds. */
class PlantedBugsTest {

    private static final int SEEDS_MAX = 400;
    private static final long EVENTS = 5_000;

    @ParameterizedTest
    @EnumSource
    void a_planted_bug_is_caught(PlantedBug bug) {
        Violation first = null;
        int caught = 0;
        int seed = 0;
        while (caught < 2 && seed < SEEDS_MAX) {
            seed++;
            try {
                new Simulation(seed, SimulationConfig.DEFAULT, bug.plant()).run(EVENTS);
            } catch (Violation e) {
                caught++;
                first = first == null ? e : first;
            }
        }
        assertThat(caught)
                .as("seeds of the first %d that catch %s", SEEDS_MAX, bug)
                .isEqualTo(2);
        assertThat(first).hasMessageContaining(bug.check());
    }
}
