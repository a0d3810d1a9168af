package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A bounded sample of what {@code bin/simulate} runs for hours. {@code -Dsimulation.seeds=N} and {@code -Dsimulation.first=S}
 * choose another one.
 */
class SimulationTest {

    private static final long EVENTS = 10_000;

    @Test
    void no_seed_breaks_safety_and_a_healed_cluster_goes_on() {
        long first = Long.getLong("simulation.first", 1);
        long seeds = Long.getLong("simulation.seeds", 100);
        Coverage coverage = new Coverage();
        long choices = 0;
        long elections = 0;
        long crashes = 0;
        for (long seed = first; seed < first + seeds; seed++) {
            Result result = new Simulation(seed, SimulationConfig.DEFAULT).run(EVENTS);
            choices += result.choices();
            elections += result.elections();
            crashes += result.crashes();
            coverage.add(result.coverage());
        }
        assertThat(choices).as("the faults must let something be chosen").isGreaterThan(seeds * 20);
        assertThat(elections).as("leaders must change").isGreaterThan(seeds);
        assertThat(crashes).as("nodes must crash").isGreaterThan(seeds);
        assertThat(coverage.missing()).as("points that were never hit").isEmpty();
    }

    @Test
    void the_same_seed_does_the_same_again_and_another_does_not() {
        for (long seed = 1; seed <= 5; seed++) {
            Result once = new Simulation(seed, SimulationConfig.DEFAULT).run(EVENTS);
            Result again =
                    new Simulation(seed, SimulationConfig.DEFAULT).traced().run(EVENTS);
            Result other = new Simulation(seed + 100, SimulationConfig.DEFAULT).run(EVENTS);

            assertThat(again).isEqualTo(once);
            assertThat(other.traceHash()).isNotEqualTo(once.traceHash());
        }
    }

    @Test
    void without_faults_a_leader_stays() {
        SimulationConfig config = new SimulationConfig(3, 3, List.of());

        for (long seed = 1; seed <= 10; seed++) {
            Result result = new Simulation(seed, config).run(EVENTS);

            assertThat(result.elections()).as("seed %d", seed).isLessThanOrEqualTo(3);
            assertThat(result.crashes()).as("crashes but those before the end").isLessThanOrEqualTo(1);
        }
    }
}
