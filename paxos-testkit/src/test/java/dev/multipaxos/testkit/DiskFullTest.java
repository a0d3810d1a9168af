package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Consistency;
import dev.multipaxos.NodeListener;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DiskSpace.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whole nodes whose disks are nearly full, and are freed. */
@Timeout(120)
class DiskFullTest {

    private static final DiskSpace LOW = new DiskSpace(Level.LOW, 2_000);
    private static final DiskSpace FULL = new DiskSpace(Level.FULL, 1_000);

    private static void fill(Cluster cluster, int id) {
        set(cluster, id, FULL);
    }

    private static void free(Cluster cluster, int id) {
        set(cluster, id, DiskSpace.PLENTY);
    }

    private static void set(Cluster cluster, int id, DiskSpace space) {
        cluster.disk(id).pretend(space);
        Cluster.await(() -> cluster.node(id).status().disk().equals(space));
    }

    private static void isRefused(PaxosNode<Long, Long> node) {
        Cluster.await(
                () -> { // the loop may not have heard yet what the status tells
                    try {
                        node.propose(1_000L, Duration.ofMillis(1)).join();
                        return false;
                    } catch (CompletionException e) {
                        return e.getCause() instanceof PaxosException.DiskFull;
                    }
                });
        assertThatThrownBy(() -> node.propose(1_000L).join())
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        PaxosException.DiskFull.class,
                        e -> assertThat(e.mayHaveBeenApplied()).isFalse())
                .hasMessageContaining("1000 bytes are left")
                .hasMessageContaining("free space");
    }

    private static long read(Cluster cluster, int id) {
        return cluster.node(id)
                .read(Consistency.LINEARIZABLE, () -> cluster.counter(id).sum)
                .join();
    }

    @Test
    void a_leader_whose_disk_is_full_lets_another_lead_and_writes_go_on() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int old = cluster.awaitLeader();
            cluster.node(old).propose(1L).join();
            fill(cluster, old);

            Cluster.await(() -> {
                int leader = cluster.node(old).status().leader();
                return leader != 0 && leader != old;
            });
            int next = cluster.awaitLeader();
            long stored = cluster.disk(old).durablePosition();
            assertThat(cluster.node(next).propose(2L).join()).isEqualTo(3);
            assertThat(read(cluster, next)).isEqualTo(3);
            isRefused(cluster.node(old));
            assertThat(cluster.disk(old).durablePosition() - stored)
                    .as("promises and marks are small, values are not taken")
                    .isLessThan(1_000);

            free(cluster, old);
            assertThat(read(cluster, old)).isEqualTo(3);
            Cluster.await(() -> accepts(cluster.node(old)));
        }
    }

    @Test
    void a_node_whose_disk_has_little_room_takes_a_snapshot_and_keeps_no_tail() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int id = cluster.awaitLeader();
            for (int i = 0; i < 20; i++) {
                cluster.node(id).propose(1L).join();
            }
            long executed = cluster.node(id).status().executedSlot();
            assertThat(cluster.node(id).status().snapshotSlot())
                    .as("nothing has grown so far")
                    .isZero();
            set(cluster, id, LOW);
            Cluster.await(() -> cluster.node(id).status().snapshotSlot() >= executed);
            Cluster.await(() -> cluster.disk(id).trimmedUpTo(1) >= executed);
            assertThat(cluster.node(id).propose(1L).join()).isEqualTo(21);
        }
    }

    private static boolean accepts(PaxosNode<Long, Long> node) {
        try {
            node.propose(1L).join();
            return true;
        } catch (CompletionException e) {
            assertThat(e).hasCauseInstanceOf(PaxosException.DiskFull.class);
            return false;
        }
    }

    @Test
    void a_follower_whose_disk_is_full_takes_no_values_and_catches_up_when_there_is_room() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            int follower = cluster.follower(leader);
            fill(cluster, follower);
            isRefused(cluster.node(follower));
            long executed = cluster.node(follower).status().executedSlot();
            for (int i = 0; i < 20; i++) {
                cluster.node(leader).propose(1L).join();
            }
            assertThat(cluster.node(leader).status().isLeader()).isTrue();
            assertThat(cluster.node(follower).status().executedSlot()).isEqualTo(executed);

            free(cluster, follower);
            assertThat(read(cluster, follower)).isEqualTo(20);
        }
    }

    @Test
    void a_node_whose_disk_is_full_still_votes_for_a_leader() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            int follower = cluster.follower(leader);
            int third = 6 - leader - follower;
            fill(cluster, follower);
            isRefused(cluster.node(follower));
            cluster.crash(leader);
            Cluster.await(() -> cluster.node(third).status().isLeader());
        }
    }

    @Test
    void when_all_disks_are_full_commands_are_refused_until_there_is_room_and_nothing_is_lost() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            for (int i = 0; i < 30; i++) {
                cluster.node(1 + i % 3).propose(1L).join();
            }
            for (int id = 1; id <= 3; id++) {
                fill(cluster, id);
            }
            for (int id = 1; id <= 3; id++) {
                isRefused(cluster.node(id));
                assertThat(cluster.node(id).status().isLeader()).isFalse();
                int node = id;
                assertThat(cluster.node(id)
                                .read(Consistency.LOCAL, () -> cluster.counter(node).sum)
                                .join())
                        .isLessThanOrEqualTo(30);
            }
            for (int id = 1; id <= 3; id++) {
                free(cluster, id);
            }
            for (int id = 1; id <= 3; id++) {
                assertThat(read(cluster, id)).isEqualTo(30);
            }
            Cluster.await(() -> accepts(cluster.node(1)));
        }
    }

    @Test
    void a_node_alone_refuses_commands_and_serves_reads_while_its_disk_is_full() {
        try (Cluster cluster = new Cluster(1).startAll()) {
            cluster.node(1).propose(4L).join();
            fill(cluster, 1);
            isRefused(cluster.node(1));
            assertThat(read(cluster, 1)).isEqualTo(4);
            free(cluster, 1);
            Cluster.await(() -> accepts(cluster.node(1)));
        }
    }

    @Test
    void a_node_that_starts_on_a_full_disk_does_not_lead() {
        try (Cluster cluster = new Cluster(3)) {
            cluster.disk(1).pretend(FULL);
            cluster.startAll();
            assertThat(cluster.awaitLeader()).isNotEqualTo(1);
            isRefused(cluster.node(1));
        }
    }

    @Test
    void listeners_hear_of_each_level_once() {
        List<DiskSpace> heard = new CopyOnWriteArrayList<>();
        try (Cluster cluster = new Cluster(1)) {
            cluster.listener = new NodeListener() {
                @Override
                public void diskSpaceChanged(DiskSpace space) {
                    heard.add(space);
                }
            };
            cluster.startAll();
            for (DiskSpace next : List.of(LOW, FULL, new DiskSpace(Level.FULL, 900), DiskSpace.PLENTY)) {
                set(cluster, 1, next);
                cluster.node(1)
                        .read(Consistency.LINEARIZABLE, () -> 0) // so that the loop has turned since
                        .join();
            }
            assertThat(heard).containsExactly(LOW, FULL, DiskSpace.PLENTY);
        }
    }
}
