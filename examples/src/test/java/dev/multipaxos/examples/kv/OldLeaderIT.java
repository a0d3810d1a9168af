package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.Consistency;
import dev.multipaxos.PaxosException;
import dev.multipaxos.transport.netty.PaxosClient;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A leader that was replaced without noticing must not answer as if it still led. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "needs all of 127.0.0.0/8 on this machine, and signals")
class OldLeaderIT {
    private static final Duration SHORT = Duration.ofSeconds(1);
    private static final int READS = 5;

    @RegisterExtension
    private final KvCluster cluster = KvCluster.withNetworkToCut();

    @Test
    void a_leader_that_is_cut_off_answers_no_linearizable_read_until_it_is_back() {
        int old = cluster.start();
        put(old, "old");
        assertThat(answer(old)).isEqualTo("old");

        cluster.isolate(old);
        assertThat(read(old)).as("before the others have a new leader").isNull();
        put(newLeader(old), "new");
        for (int i = 0; i < READS; i++) {
            assertThat(read(old)).as("read %d", i).isNull();
        }
        try (PaxosClient<KvCommand, KvAnswer> client = cluster.client(KvCluster.PATIENCE, old)) {
            assertThat(value(client.read(Consistency.LOCAL, new KvCommand.Get("key"))))
                    .as("what it holds, and would say")
                    .isEqualTo("old");
        }

        cluster.heal();
        assertThat(answer(old)).isEqualTo("new");
    }

    @Test
    void a_leader_that_slept_through_its_replacement_wakes_up_with_no_old_answer() {
        int old = cluster.start();
        try (PaxosClient<KvCommand, KvAnswer> toOld = cluster.client(KvCluster.PATIENCE, old)) {
            put(old, "old");
            assertThat(value(toOld.read(Consistency.LINEARIZABLE, new KvCommand.Get("key"))))
                    .isEqualTo("old");

            cluster.server(old).signal("STOP");
            put(newLeader(old), "new");
            CompletableFuture<KvAnswer> asked = toOld.read(Consistency.LINEARIZABLE, new KvCommand.Get("key"));
            cluster.server(old).signal("CONT");
            assertThat(value(asked)).isEqualTo("new");
        }
    }

    private int newLeader(int old) {
        return await("a leader among the others")
                .atMost(KvCluster.PATIENCE)
                .until(
                        () -> cluster.others(old).stream()
                                .flatMap(id -> cluster.survey().status(id).stream())
                                .filter(status -> status.member().leads())
                                .map(status -> status.member().node())
                                .findFirst()
                                .orElse(0),
                        leader -> leader != 0);
    }

    private void put(int leader, String value) {
        try (PaxosClient<KvCommand, KvAnswer> client = cluster.client(KvCluster.PATIENCE, leader)) {
            assertThat(client.propose(new KvCommand.Put("key", value)).join()).isInstanceOf(KvAnswer.Written.class);
        }
    }

    /** The value that a linearizable read at this server finds, which is asked until it answers. */
    private String answer(int server) {
        return await("an answer").atMost(KvCluster.PATIENCE).until(() -> read(server), Objects::nonNull);
    }

    /** The value that a linearizable read at this server finds; null if it does not answer. */
    private @Nullable String read(int server) {
        try (PaxosClient<KvCommand, KvAnswer> client = cluster.client(SHORT, server)) {
            return value(client.read(Consistency.LINEARIZABLE, new KvCommand.Get("key")));
        } catch (CompletionException e) {
            assertThat(e).hasCauseInstanceOf(PaxosException.Unavailable.class);
            return null;
        }
    }

    private static String value(CompletableFuture<KvAnswer> answer) {
        return ((KvAnswer.Found) answer.join()).value();
    }
}
