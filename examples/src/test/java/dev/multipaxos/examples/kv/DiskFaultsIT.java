package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.examples.kv.demo.Ledger;
import dev.multipaxos.examples.kv.demo.Load;
import dev.multipaxos.examples.kv.demo.ServerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real processes on a real disk that dies, or fails, at a chosen system call. */
class DiskFaultsIT {
    private static final int KILLS = Integer.getInteger("disk.kills", 10);
    private static final int SYNC_MAX = 60; // the first few belong to the start, the rest to the load
    private static final int OUTSTANDING = 2;
    private static final int MORE = 100;

    @RegisterExtension
    private final KvCluster cluster = KvCluster.onThisMachine();

    private final Appends appends = new Appends(2_000_000);
    private final Ledger ledger = new Ledger(appends.size());

    @BeforeEach
    void needsStrace() {
        Strace.assumeWorks();
    }

    @Test
    void killed_at_any_of_their_syncs_the_servers_lose_no_acknowledged_write_and_repeat_none() {
        SplittableRandom random = new SplittableRandom(KILLS);
        cluster.start();
        try (Load load = cluster.load(appends, ledger, OUTSTANDING)) {
            for (int kill = 1; kill <= KILLS; kill++) {
                KvCluster.awaitMore(ledger, load, MORE);
                int victim = 1 + kill % cluster.addresses().size();
                ServerProcess server = cluster.server(victim);
                server.kill();
                server.startUnder(Strace.killingAtSync(1 + random.nextInt(SYNC_MAX)));
                await("the last sync of server " + victim)
                        .atMost(KvCluster.PATIENCE)
                        .until(() -> !server.isAlive());
                assertThat(server.exitCode()).as("exit code after SIGKILL").isEqualTo(128 + 9);
                server.start();
                cluster.awaitCaughtUp(victim);
            }
            KvCluster.finish(load);
        }
        assertThat(ledger.acknowledged()).isGreaterThan(KILLS * MORE);
        cluster.verify(appends, ledger);
    }

    @ParameterizedTest
    @CsvSource({"'fsync,fdatasync',EIO", "'fsync,fdatasync',ENOSPC", "'write,writev,pwrite64,pwritev',EIO"})
    void a_server_whose_disk_fails_once_stops_with_a_named_error_and_is_back_after_a_restart(String calls, String error)
            throws IOException {
        cluster.expectErrors("IO_FAILED");
        int leader = cluster.start();
        ServerProcess server = cluster.server(leader);
        try (Load load = cluster.load(appends, ledger, OUTSTANDING)) {
            KvCluster.awaitMore(ledger, load, MORE);
            Path journal = Strace.journal(cluster.data(leader));
            Strace.failOnce(server, journal, calls, error, cluster.directory().resolve("strace-" + leader + ".log"));
            await("the end of server " + leader).atMost(KvCluster.PATIENCE).until(() -> !server.isAlive());
            assertThat(server.exitCode()).isEqualTo(Kv.FAILED);
            assertThat(server.output())
                    .contains("server " + leader + " has stopped: IO_FAILED")
                    .contains(journal.getFileName().toString());
            cluster.awaitLeaderOtherThan(leader);
            KvCluster.awaitMore(ledger, load, MORE);
            server.start();
            cluster.awaitCaughtUp(leader);
            KvCluster.finish(load);
        }
        cluster.verify(appends, ledger);
    }
}
