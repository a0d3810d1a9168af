package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A bounded sample of what {@code bin/simulate} runs for hours. {@code -Dsimulation.seeds=N} and {@code -Dsimulation.first=S}
 * choose another one.
 */
class SimulationTest {

    private static final long EVENTS = 5_000;

    @Test
    void no_seed_breaks_safety_and_a_healed_cluster_goes_on() {
        long first = Long.getLong("simulation.first", 1);
        long seeds = Long.getLong("simulation.seeds", 100);
        long choices = 0;
        long elections = 0;
        long crashes = 0;
        for (long seed = first; seed < first + seeds; seed++) {
            Result result = new Simulation(seed, SimulationConfig.DEFAULT).run(EVENTS);
            choices += result.choices();
            elections += result.elections();
            crashes += result.crashes();
        }
        assertThat(choices).as("the faults must let something be chosen").isGreaterThan(seeds * 20);
        assertThat(elections).as("leaders must change").isGreaterThan(seeds);
        assertThat(crashes).as("nodes must crash").isGreaterThan(seeds);
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

    @Test
    void the_command_says_how_many_seeds_ran() {
        String said = command("--seeds", "2", "--first", "1", "--events", "1000");

        assertThat(said).startsWith("0: ").contains("2 seeds, ").contains("no violation; first seed 1");
    }

    @Test
    void the_command_replays_a_seed() {
        assertThat(command("--seed", "1", "--events", "1000"))
                .startsWith("0: ")
                .contains("seed=1 drew Swarm[")
                .contains("Result[seed=1");
    }

    @Test
    void the_command_says_what_it_does_not_understand() {
        assertThat(command("--seeds", "many")).startsWith("2: ").contains("--seeds needs a number, not 'many'");
        assertThat(command("--seeds", "0")).startsWith("2: ").contains("--seeds must be at least 1");
        assertThat(command("--time", "60")).startsWith("2: ").contains("such as 60s");
        assertThat(command("--what", "60")).startsWith("2: ").contains("unknown option --what");
        assertThat(command("--help")).startsWith("0: ").contains("--events N");
    }

    private static String command(String... arguments) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
        int code = Simulate.run(arguments, out, out);
        return code + ": " + said.toString(StandardCharsets.UTF_8);
    }
}
