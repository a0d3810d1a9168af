package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Consistency;
import dev.multipaxos.testkit.history.LinearizabilityChecker;
import dev.multipaxos.testkit.history.Recorder;
import dev.multipaxos.testkit.history.Specification;
import dev.multipaxos.testkit.history.Specification.Step;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The example of {@code docs/linearizability.md}. */
class CounterHistoryTest {

    // tag::example
    /** Adds, and answers the sum; to add 0 is to read. */
    private static final Specification<Long, Long, Long> COUNTER =
            Specification.of(0L, (sum, delta) -> new Step<>(sum + delta, sum + delta));

    @Test
    void a_replicated_counter_is_linearizable_while_its_leader_dies() {
        Recorder<Long, Long> recorder = new Recorder<>();
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            for (int round = 0; round < 20; round++) {
                List<CompletableFuture<Long>> calls = new ArrayList<>();
                cluster.nodes.forEach((id, node) -> {
                    calls.add(recorder.record(id, 1L, () -> node.propose(1L)));
                    calls.add(recorder.record(
                            id, 0L, () -> node.read(Consistency.LINEARIZABLE, () -> cluster.counter(id).sum)));
                });
                if (round == 10) {
                    cluster.crash(leader); // what it was asked for has an unknown outcome
                }
                calls.forEach(call -> call.exceptionally(failure -> -1L).join());
            }
        }
        new LinearizabilityChecker<>(COUNTER).check(recorder.history()).orThrow();
    }
    // end::example

    @Test
    void the_example_in_the_documentation_is_this_one() throws IOException {
        String source = Files.readString(Path.of("src/test/java/dev/multipaxos/testkit/CounterHistoryTest.java"));
        String example = source.substring(
                        source.indexOf("// tag::example\n") + 16, source.indexOf("    // end::example"))
                .stripTrailing()
                .stripIndent();
        assertThat(Files.readString(Path.of("../docs/linearizability.md"))).contains(example);
    }
}
