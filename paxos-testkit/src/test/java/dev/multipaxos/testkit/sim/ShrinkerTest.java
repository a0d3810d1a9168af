package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ShrinkerTest {

    private static final Set<Fault> DRAWN = EnumSet.of(Fault.LOSS, Fault.KILL, Fault.PAUSE);
    private static final int STRIKES = 30;

    @Test
    void all_that_is_not_needed_goes() {
        List<String> said = new ArrayList<>();
        Violation found = violation(new Reproduction(1, SimulationConfig.DEFAULT, 5_000), 700, "agreement: slot 3");

        Violation smallest = new Shrinker(ShrinkerTest::needsKillAndTwoStrikes, found, said::add).shrink();

        assertThat(smallest.reproduction())
                .hasToString("seed=1 config=nodes=3,without=LOSS+PAUSE,skip=1..4+6..16+18..30,commands=8 events=37");
        assertThat(said).isNotEmpty().last().asString().endsWith(smallest.reproduction() + " event=37");
    }

    /** Fails at event 37 if a node is killed by the strikes 5 and 17, of three nodes or more, with eight commands. */
    private static @Nullable Violation needsKillAndTwoStrikes(Reproduction run) {
        SimulationConfig config = run.config();
        boolean fails = run.events() >= 37
                && config.sizeMax() >= 3
                && !config.without().contains(Fault.KILL)
                && !config.skipped().contains(5)
                && !config.skipped().contains(17)
                && config.commandsMax() >= 8;
        return fails ? violation(run, 37, "agreement: slot 4") : null;
    }

    @Test
    void another_check_that_fails_is_no_reproduction_and_nor_is_a_later_event() {
        Violation found = violation(new Reproduction(1, SimulationConfig.DEFAULT, 500), 100, "agreement: slot 3");

        Violation smallest = new Shrinker(
                        run -> run.config().commandsMax() < 10
                                ? violation(run, 50, "validity: nobody asked")
                                : violation(run, run.config().without().isEmpty() ? 100 : 101, "agreement: slot 5"),
                        found,
                        line -> {})
                .shrink();

        assertThat(smallest.check()).isEqualTo("agreement");
        assertThat(smallest.reproduction().config().without()).isEmpty();
        assertThat(smallest.reproduction().config().commandsMax()).isEqualTo(10);
        assertThat(smallest.event()).isEqualTo(100);
    }

    @Test
    void what_is_seen_after_the_healing_is_sought_with_fewer_events_before_it() {
        Function<Reproduction, @Nullable Violation> stuck =
                run -> run.events() >= 123 ? violation(run, run.events() + 50, "liveness: within 9 ms") : null;
        Violation found =
                violation(new Reproduction(1, SimulationConfig.DEFAULT, 5_000), 5_050, "liveness: within 7 ms");

        assertThat(new Shrinker(stuck, found, line -> {})
                        .shrink()
                        .reproduction()
                        .events())
                .isEqualTo(123);
    }

    @Test
    void it_ends_however_long_it_may_go_on() {
        Violation found = violation(new Reproduction(1, SimulationConfig.DEFAULT, 1_000_000), 1_000_000, "order: x");
        Shrinker shrinker = new Shrinker(run -> null, found, line -> {});

        assertThat(shrinker.shrink()).isSameAs(found);
        assertThat(shrinker.runs()).isBetween(1, 20);
    }

    @Test
    void a_planted_bug_is_found_in_a_smaller_run_each_time_the_same() {
        Violation found = null;
        for (long seed = 1; found == null; seed++) {
            found = broken(new Reproduction(seed, SimulationConfig.DEFAULT, 5_000));
        }

        Violation smallest = new Shrinker(ShrinkerTest::broken, found, line -> {}).shrink();

        assertThat(smallest.reproduction().events()).isEqualTo(smallest.event()).isLessThanOrEqualTo(found.event());
        assertThat(smallest.scene().faults().size() + smallest.scene().nodes())
                .isLessThanOrEqualTo(
                        found.scene().faults().size() + found.scene().nodes());
        assertThat(broken(smallest.reproduction())).hasMessage(smallest.getMessage());
        assertThat(new Shrinker(ShrinkerTest::broken, found, line -> {}).shrink())
                .hasMessage(smallest.getMessage());
    }

    private static @Nullable Violation broken(Reproduction run) {
        try {
            new Simulation(run.seed(), run.config(), PlantedBug.VOTES_FORGOTTEN.sabotage()).run(run.events());
            return null;
        } catch (Violation e) {
            return e;
        }
    }

    private static Violation violation(Reproduction run, long event, String what) {
        Set<Fault> faults = EnumSet.copyOf(DRAWN);
        faults.removeAll(run.config().without());
        Violation.Scene scene =
                new Violation.Scene("drew", run.config().sizeMax(), new TreeSet<>(faults), STRIKES, 500, null);
        return new Violation(run, event, what, scene, new AssertionError(what));
    }
}
