package dev.multipaxos.testkit.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import dev.multipaxos.testkit.sim.Fault;
import dev.multipaxos.testkit.sim.Result;
import dev.multipaxos.testkit.sim.SimulationConfig;
import dev.multipaxos.testkit.sim.Violation;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;

/** What JUnit makes of a {@link ClusterTest}. */
class ClusterTestTest {

    /** The tests that are run by those below. */
    static class Written {
        @ClusterTest(seeds = 4, first = 100, events = 500)
        void right(ClusterSimulation cluster) {
            assertThat(cluster.run(new Sums(false)).seed()).isEqualTo(cluster.seed());
        }

        @ClusterTest(seeds = 40, events = 1_500, failuresMax = 2)
        void superstitious(ClusterSimulation cluster) {
            cluster.run(new Sums(true));
        }

        @ClusterTest(
                seed = {7, 5},
                events = 300)
        void replayed(ClusterSimulation cluster) {
            cluster.run(new Sums(false));
        }

        @ClusterTest(failuresMax = 1)
        void empty(ClusterSimulation cluster) {
            assertThat(cluster.seed()).isPositive();
        }

        @ClusterTest(seeds = 0, events = -1)
        void wrong(ClusterSimulation cluster) {
            cluster.run(new Sums(false));
        }
    }

    /** One that has something to do before each seed. */
    static class Prepared {
        private long seed;

        @BeforeEach
        void remember(ClusterSimulation cluster) {
            seed = cluster.seed();
        }

        @ClusterTest(seeds = 2, events = 300)
        void right(ClusterSimulation cluster) {
            assertThat(seed).isEqualTo(cluster.seed());
            cluster.run(new Sums(false));
        }
    }

    private static EngineExecutionResults run(Class<?> type, String test, Map<String, String> properties) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectMethod(type, test, ClusterSimulation.class.getName()))
                .configurationParameters(properties)
                .execute();
    }

    private static List<String> seeds(EngineExecutionResults results) {
        return results.testEvents()
                .started()
                .map(event -> event.getTestDescriptor().getDisplayName())
                .toList();
    }

    private static List<Throwable> failures(EngineExecutionResults results) {
        return results.allEvents().failed().stream()
                .map(ClusterTestTest::thrown)
                .toList();
    }

    private static Throwable thrown(Event failed) {
        return failed.getRequiredPayload(TestExecutionResult.class)
                .getThrowable()
                .orElseThrow();
    }

    @Test
    void each_seed_is_a_test_that_is_named_for_it() {
        EngineExecutionResults results = run(Written.class, "right", Map.of());

        assertThat(seeds(results)).containsExactly("seed 100", "seed 101", "seed 102", "seed 103");
        assertThat(failures(results)).isEmpty();
    }

    @Test
    void a_failure_is_one_line_with_the_seed_and_its_replay_and_the_replay_fails_alike() {
        EngineExecutionResults results = run(Written.class, "superstitious", Map.of());

        Throwable first = failures(results).get(0);
        Matcher line = Pattern.compile("seed=(\\d+) .*event=\\d+: apply must not throw: slot \\d+, 13: node \\d.* threw"
                        + " java.lang.IllegalStateException: thirteen, and more; replay:"
                        + " -Dtest='ClusterTestTest\\$Written#superstitious' -Dmultipaxos.simulation.seed=(\\d+),"
                        + " or @ClusterTest\\(seed = (\\d+)\\)")
                .matcher(first.getMessage());
        assertThat(line.matches()).as(first.getMessage()).isTrue();
        assertThat(line.group(2)).isEqualTo(line.group(1)).isEqualTo(line.group(3));
        assertThat(first).isInstanceOf(AssertionError.class).hasRootCauseMessage("thirteen,\n and more");

        EngineExecutionResults again = run(Written.class, "superstitious", Map.of(ClusterTestPlan.SEED, line.group(2)));
        assertThat(seeds(again)).containsExactly("seed " + line.group(1));
        assertThat(failures(again))
                .singleElement()
                .satisfies(failure -> assertThat(failure).hasMessage(first.getMessage()));
    }

    @Test
    void after_so_many_failures_no_seed_is_run() {
        EngineExecutionResults results = run(Written.class, "superstitious", Map.of());

        assertThat(failures(results)).hasSize(2);
        assertThat(thrown(results.testEvents()
                        .finished()
                        .list()
                        .get(seeds(results).size() - 1)))
                .hasMessageContaining("thirteen");
    }

    @Test
    void properties_say_which_seeds_and_how_long() {
        assertThat(seeds(run(Written.class, "right", Map.of(ClusterTestPlan.SEEDS, "2", ClusterTestPlan.FIRST, "9"))))
                .containsExactly("seed 9", "seed 10");
        assertThat(failures(run(Written.class, "superstitious", Map.of(ClusterTestPlan.EVENTS, "3000"))))
                .allSatisfy(failure -> assertThat(failure)
                        .hasMessageEndingWith(", events = 3000)")
                        .hasMessageContaining(" -Dmultipaxos.simulation.events=3000, or "));
    }

    @Test
    void fresh_seeds_are_others_each_time() {
        Map<String, String> fresh = Map.of(ClusterTestPlan.FIRST, ClusterTestPlan.FRESH);

        List<String> once = seeds(run(Written.class, "right", fresh));
        assertThat(once).hasSize(4).doesNotContainAnyElementsOf(seeds(run(Written.class, "right", fresh)));
    }

    @Test
    void the_annotation_can_name_the_seeds_to_replay() {
        assertThat(seeds(run(Written.class, "replayed", Map.of()))).containsExactly("seed 7", "seed 5");
    }

    @Test
    void the_cluster_is_there_before_each_test() {
        assertThat(failures(run(Prepared.class, "right", Map.of()))).isEmpty();
    }

    @Test
    void a_test_that_does_not_run_its_cluster_fails() {
        assertThat(failures(run(Written.class, "empty", Map.of())))
                .singleElement()
                .satisfies(failure -> assertThat(failure).hasMessageContaining("the test has shown nothing"));
    }

    @Test
    void all_that_is_wrong_with_the_numbers_is_said_at_once() {
        assertThat(failures(run(Written.class, "wrong", Map.of(ClusterTestPlan.SEED, "many"))))
                .singleElement()
                .satisfies(failure -> assertThat(failure)
                        .hasMessageContaining("seed must be a number, not 'many'")
                        .hasMessageContaining("seeds must be at least 1, not 0")
                        .hasMessageContaining("events must be at least 1, not -1"));
    }

    @Test
    void a_replay_tells_what_was_drawn_and_the_last_events() {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);

        assertThatThrownBy(() -> {
                    for (long seed = 1; seed <= 20; seed++) {
                        new ClusterSimulation(seed, 1_500, out).run(new Sums(true));
                    }
                })
                .isInstanceOf(Violation.class);

        List<String> lines = said.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines.get(0)).startsWith("seed=1 drew ");
        assertThat(lines).hasSizeGreaterThan(20);
    }

    @Test
    void only_what_was_allowed_goes_wrong() {
        Result calm = new ClusterSimulation(1, 2_000, null).nodes(3, 3).faults().run(new Sums(false));
        assertThat(calm.crashes()).as("but for those before the end").isLessThanOrEqualTo(1);

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        for (long seed = 1; seed <= 20; seed++) {
            new ClusterSimulation(seed, 1, new PrintStream(said, true, StandardCharsets.UTF_8))
                    .nodes(5, 5)
                    .faults(Fault.LOSS, Fault.KILL, Fault.PAUSE)
                    .without(Fault.KILL)
                    .run(new Sums(false));
        }
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("voters=5", "LOSS", "PAUSE")
                .doesNotContain("KILL", "POWER", "voters=3");

        SimulationConfig config = SimulationConfig.parse("nodes=2..2,faults=DRIFT");
        said.reset();
        new ClusterSimulation(1, 1, new PrintStream(said, true, StandardCharsets.UTF_8))
                .config(config)
                .run(new Sums(false));
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("voters=2");
    }
}
