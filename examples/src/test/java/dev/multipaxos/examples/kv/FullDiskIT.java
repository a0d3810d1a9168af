package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.examples.kv.demo.Ledger;
import dev.multipaxos.examples.kv.demo.Load;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A real file system that is filled, and freed again, under real servers. */
class FullDiskIT {
    private static final int FILE_SYSTEM_MIB = 128;
    private static final long LEFT_BYTES =
            6 << 20; // less than four segments of 4 MiB, where the server stops taking values
    private static final int OUTSTANDING = 2;
    private static final int MORE = 500;
    private static final String FULL = "the disk is nearly full";
    private static final String AGAIN = "the disk has room again";

    @RegisterExtension
    private final KvCluster cluster = KvCluster.onThisMachine("--segment-mib", "4");

    private final Appends appends = new Appends(2_000_000);
    private final Ledger ledger = new Ledger(appends.size());

    @Test
    void a_leader_whose_disk_is_full_lets_another_lead_and_is_back_when_there_is_room() throws IOException {
        try (SmallFileSystem disk = SmallFileSystem.mount(cluster.data(1), FILE_SYSTEM_MIB)) {
            cluster.start();
            try (Load load = cluster.load(appends, ledger, OUTSTANDING)) {
                KvCluster.awaitMore(ledger, load, MORE);
                disk.fill(LEFT_BYTES);
                await("server 1 that knows of its disk")
                        .atMost(KvCluster.PATIENCE)
                        .until(() -> cluster.server(1).output().contains(FULL));
                cluster.awaitLeaderOtherThan(1);
                KvCluster.awaitMore(ledger, load, MORE);
                assertThat(cluster.server(1).isAlive()).as("server 1 runs").isTrue();

                disk.free();
                await("server 1 that knows of its room")
                        .atMost(KvCluster.PATIENCE)
                        .until(() -> cluster.server(1).output().contains(AGAIN));
                cluster.awaitCaughtUp(1);
                KvCluster.finish(load);
            }
            cluster.verify(appends, ledger);
            cluster.server(1).kill();
        }
    }

    @Test
    void with_all_disks_full_nothing_is_acknowledged_and_with_room_again_all_goes_on() throws IOException {
        try (SmallFileSystem first = SmallFileSystem.mount(cluster.data(1), FILE_SYSTEM_MIB);
                SmallFileSystem second = SmallFileSystem.mount(cluster.data(2), FILE_SYSTEM_MIB);
                SmallFileSystem third = SmallFileSystem.mount(cluster.data(3), FILE_SYSTEM_MIB)) {
            cluster.start();
            try (Load load = cluster.load(appends, ledger, OUTSTANDING)) {
                KvCluster.awaitMore(ledger, load, MORE);
                first.fill(LEFT_BYTES);
                second.fill(LEFT_BYTES);
                third.fill(LEFT_BYTES);
                for (int id : cluster.addresses().keySet()) {
                    await("server " + id + " that knows of its disk")
                            .atMost(KvCluster.PATIENCE)
                            .until(() -> cluster.server(id).output().contains(FULL));
                }
                first.free();
                second.free();
                third.free();
                KvCluster.awaitMore(ledger, load, MORE);
                KvCluster.finish(load);
            }
            cluster.verify(appends, ledger);
            cluster.addresses().keySet().forEach(id -> cluster.server(id).kill());
        }
    }
}
