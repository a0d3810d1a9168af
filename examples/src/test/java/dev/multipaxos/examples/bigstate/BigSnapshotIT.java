package dev.multipaxos.examples.bigstate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.Consistency;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.transport.netty.PaxosClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A state of 200 MB in processes of 64 MB each: written, sent, installed and read back as a stream. */
class BigSnapshotIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int HEAP_MIB = 64;
    private static final int STATE_MIB = 200;
    private static final int UNTHROTTLED_MIB = 1_024;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void a_snapshot_three_times_as_large_as_the_heap_is_taken_sent_installed_and_restored() throws IOException {
        try (BigCluster cluster = new BigCluster(directory, HEAP_MIB, STATE_MIB, UNTHROTTLED_MIB)) {
            cluster.start();
            try (PaxosClient<Bytes, Long> client = cluster.client(1, 2);
                    PaxosClient<Bytes, Long> late = cluster.client(BigCluster.AWAY)) {
                client.propose(Bytes.wrap(new byte[1])).join();
                cluster.server(BigCluster.AWAY).kill();
                long executed = cluster.outgrowJournals(client);
                cluster.server(BigCluster.AWAY).start();
                await("the installation").atMost(PATIENCE).until(() -> {
                    assertThat(cluster.server(BigCluster.AWAY).isAlive())
                            .as(
                                    "member %d, which says %s",
                                    BigCluster.AWAY,
                                    cluster.server(BigCluster.AWAY).output())
                            .isTrue();
                    return SnapshotLatency.isInstalled(cluster);
                });
                assertThat(late.read(Consistency.LINEARIZABLE, Bytes.EMPTY).join())
                        .isEqualTo(executed);

                cluster.server(BigCluster.AWAY).kill(); // and from its own disk
                cluster.server(BigCluster.AWAY).start();
                assertThat(late.read(Consistency.LINEARIZABLE, Bytes.EMPTY).join())
                        .isEqualTo(executed);
            }
        }
    }
}
