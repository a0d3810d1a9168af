package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulationConfigTest {

    @Test
    void what_is_written_is_read_again() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 1_000; i++) {
            int sizeMin = 1 + random.nextInt(9);
            TreeSet<Integer> skipped = new TreeSet<>();
            for (int strike = 1; strike < 40; strike++) {
                if (random.nextInt(1 + i % 5) == 0 && i % 3 != 0) {
                    skipped.add(strike);
                }
            }
            SimulationConfig config = new SimulationConfig(
                    sizeMin,
                    sizeMin + random.nextInt(10 - sizeMin),
                    List.copyOf(some(random)),
                    some(random),
                    some(random),
                    skipped,
                    random.nextBoolean() ? Long.MAX_VALUE : random.nextInt(1_000),
                    random.nextInt(10));

            assertThat(SimulationConfig.parse(config.toString())).isEqualTo(config);
        }
        assertThat(SimulationConfig.parse("default")).isEqualTo(SimulationConfig.DEFAULT);
        assertThat(SimulationConfig.DEFAULT).hasToString("default");
    }

    private static Set<Fault> some(SplittableRandom random) {
        int each = random.nextInt(5);
        List<Fault> all = new ArrayList<>(Arrays.asList(Fault.values()));
        all.removeIf(fault -> random.nextInt(4) >= each);
        Set<Fault> some = EnumSet.noneOf(Fault.class);
        some.addAll(all);
        return some;
    }

    @Test
    void all_faults_but_some_may_be_drawn() {
        assertThat(SimulationConfig.parse("faults=-PAUSE-loss").faults())
                .hasSize(Fault.values().length - 2)
                .doesNotContain(Fault.PAUSE, Fault.LOSS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nodes                | 'nodes' has no '='; possible are nodes=3",
                "nodes=0..3           | nodes=0..3: must be a number or a range within 1..9",
                "nodes=5..3           | nodes=5..3: must be",
                "nodes=many           | nodes: 'many' is no number",
                "size=3               | unknown 'size'; possible are nodes=3",
                "nodes=3,nodes=4      | 'nodes=4' is said twice",
                "faults=RAIN+LOSS     | no fault is named 'RAIN'; there are LOSS DUPLICATION",
                "skip=1..2..3         | skip: '2..3' is no number",
                "commands=-1          | commands: '-1' is no number"
            })
    void what_is_wrong_is_said_with_what_is_possible(String text, String said) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SimulationConfig.parse(text))
                .withMessageStartingWith(said);
    }

    @Test
    void what_is_forced_goes_wrong_and_what_is_left_out_changes_no_other_draw() {
        SimulationConfig forced = SimulationConfig.parse("faults=none,force=LOSS");
        Swarm with = Swarm.draw(new SplittableRandom(4), SimulationConfig.DEFAULT, 4, 18);
        Swarm without = Swarm.draw(new SplittableRandom(4), SimulationConfig.DEFAULT.withWithout(with.faults()), 4, 18);

        assertThat(Swarm.draw(new SplittableRandom(4), forced, 4, 18).faults()).containsExactly(Fault.LOSS);
        assertThat(with.faults()).isNotEmpty();
        assertThat(without.faults()).isEmpty();
        assertThat(without.without()).isEqualTo(with.faults());
        assertThat(without.parameters()).isEqualTo(with.parameters());
        assertThat(without.chaosMicros()).isEqualTo(with.chaosMicros());
    }

    @Test
    void a_strike_that_is_skipped_leaves_the_others_where_they_are() {
        SimulationConfig chaotic = SimulationConfig.parse("nodes=3,faults=none,force=KILL+PARTITION");

        List<String> all = strikes(chaotic);
        List<String> some = strikes(SimulationConfig.parse(chaotic + ",skip=2+3"));

        List<String> expected = new ArrayList<>(all);
        expected.subList(1, 3).clear();
        assertThat(all).hasSizeGreaterThan(5);
        int both = Math.min(expected.size(), some.size()); // events are counted, not time: one run may be longer
        assertThat(some.subList(0, both)).isEqualTo(expected.subList(0, both));
    }

    private static List<String> strikes(SimulationConfig config) {
        List<String> strikes = new ArrayList<>();
        new Simulation(11, config)
                .traced(step -> {
                    if (step instanceof Step.World world && world.what().startsWith("strike ")) {
                        strikes.add(world.micros() + " " + world.what());
                    }
                })
                .run(20_000);
        return strikes;
    }
}
