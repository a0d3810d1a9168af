package dev.multipaxos.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.NodeStatus;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosException.StorageRefused;
import dev.multipaxos.PaxosException.StorageRefused.Reason;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.storage.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whose storage may vote: the first start, a wiped disk, a twin, an old copy ({@code docs/protocol.md} §8, Identity). */
@Timeout(120)
class IdentityTest {

    private static final Duration SOON = Duration.ofMillis(100);

    @TempDir
    Path place;

    private static void assertStops(PaxosNode<Long, Long> node, Reason reason, String... parts) {
        Cluster.await(() -> node.status().failure() != null);
        assertThat(node.status().failure())
                .isInstanceOfSatisfying(
                        StorageRefused.class,
                        refused -> assertThat(refused.reason()).isEqualTo(reason))
                .satisfies(refused -> assertThat(refused.getMessage()).contains(List.of(parts)));
        assertThatThrownBy(() -> node.propose(1L).join())
                .hasCauseInstanceOf(PaxosException.NodeStopped.class)
                .hasRootCauseInstanceOf(StorageRefused.class);
    }

    private static void assertServes(PaxosNode<Long, Long> node, long sum) {
        assertThat(node.propose(1L).join()).isEqualTo(sum);
    }

    // ---- the first start

    @Test
    void the_first_start_of_three_needs_all_three_once() {
        try (Cluster cluster = new Cluster(3)) {
            PaxosNode<Long, Long> one = cluster.start(1);
            PaxosNode<Long, Long> two = cluster.start(2);
            Cluster.await(() -> one.status().awaitedFounders().equals(List.of(3))
                    && two.status().awaitedFounders().equals(List.of(3)));
            assertThatThrownBy(() -> one.propose(1L, SOON).join())
                    .hasCauseInstanceOf(PaxosException.Unavailable.class)
                    .hasMessageContaining("awaitedFounders");
            for (NodeStatus waiting : List.of(one.status(), two.status())) {
                assertThat(waiting.ballot()).as("nobody campaigned").isEqualTo(Ballot.ZERO);
                assertThat(waiting.leader()).isZero();
            }
            cluster.start(3);
            assertServes(one, 1);
            Cluster.await(() -> cluster.nodes.values().stream()
                    .allMatch(node -> node.status().awaitedFounders().isEmpty()));

            cluster.crash(3);
            assertServes(two, 2);
            cluster.crash(1);
            cluster.crash(2);
            cluster.start(1);
            assertServes(cluster.start(2), 3); // confirmation is durable: the third is not asked again
        }
    }

    @Test
    void the_first_start_of_five_needs_four() {
        try (Cluster cluster = new Cluster(5)) {
            PaxosNode<Long, Long> one = cluster.start(1);
            cluster.start(2);
            cluster.start(3);
            Cluster.await(() -> one.status().awaitedFounders().equals(List.of(4, 5)));
            assertThatThrownBy(() -> one.propose(1L, SOON).join()).hasCauseInstanceOf(PaxosException.Unavailable.class);
            cluster.start(4);
            assertServes(one, 1);
            assertServes(cluster.start(5), 2);
        }
    }

    @Test
    void a_founder_that_crashes_while_it_waits_goes_on_waiting() {
        try (Cluster cluster = new Cluster(3)) {
            PaxosNode<Long, Long> one = cluster.start(1);
            cluster.start(2);
            Cluster.await(() -> one.status().awaitedFounders().equals(List.of(3)));
            cluster.crash(1);
            cluster.crash(2);
            cluster.start(3);
            PaxosNode<Long, Long> again = cluster.start(1);
            Cluster.await(() -> again.status().awaitedFounders().equals(List.of(2)));
            assertServes(cluster.start(2), 1);
        }
    }

    @Test
    void the_first_start_goes_on_though_frames_are_lost() {
        try (Cluster cluster = new Cluster(3)) {
            cluster.network.lose(0.5);
            cluster.startAll();
            Cluster.await(() -> cluster.nodes.values().stream()
                    .allMatch(node -> node.status().awaitedFounders().isEmpty()));
        }
    }

    @Test
    void a_single_node_asks_nobody() {
        try (Cluster cluster = new Cluster(1)) {
            PaxosNode<Long, Long> alone = cluster.start(1);
            assertThat(alone.status().awaitedFounders()).isEmpty();
            assertServes(alone, 1);
        }
    }

    // ---- a wiped disk

    @Test
    void a_wiped_disk_stops_its_node_and_the_others_go_on() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int other = cluster.awaitLeader();
            int wiped = cluster.follower(other);
            assertServes(cluster.node(wiped), 1);
            cluster.crash(wiped);
            cluster.disks.put(wiped, new MemoryStorage());
            PaxosNode<Long, Long> forgetful = cluster.start(wiped);
            assertStops(
                    forgetful,
                    Reason.LOST_MEMORY,
                    "node " + wiped + " has lost its memory: remove it and add a new one");
            assertThat(forgetful.status().ballot()).as("it promised nothing").isEqualTo(Ballot.ZERO);
            assertServes(cluster.node(other), 2);
        }
    }

    @Test
    void two_wiped_disks_of_three_do_not_become_a_cluster_of_their_own() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            assertServes(cluster.node(1), 1);
            for (int wiped = 2; wiped <= 3; wiped++) {
                cluster.crash(wiped);
                cluster.disks.put(wiped, new MemoryStorage());
            }
            cluster.crash(1);
            PaxosNode<Long, Long> two = cluster.start(2);
            PaxosNode<Long, Long> three = cluster.start(3);
            Cluster.await(() -> two.status().awaitedFounders().equals(List.of(1))
                    && three.status().awaitedFounders().equals(List.of(1)));
            assertThatThrownBy(() -> two.propose(1L, SOON).join()).hasCauseInstanceOf(PaxosException.Unavailable.class);
            cluster.start(1);
            assertStops(two, Reason.LOST_MEMORY, "has lost its memory");
            assertStops(three, Reason.LOST_MEMORY, "has lost its memory");
        }
    }

    // ---- a twin

    @Test
    void a_twin_with_another_directory_stops_and_the_first_goes_on() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int node = cluster.follower(cluster.awaitLeader());
            PaxosNode<Long, Long> first = cluster.node(node);
            assertServes(first, 1);
            LocalTransport firstsEnd = requireNonNull(cluster.transports.get(node));
            cluster.network.down(firstsEnd); // the twin takes the place where the others look for the node
            try (PaxosNode<Long, Long> twin = cluster.start(node, new MemoryStorage())) {
                assertStops(twin, Reason.LOST_MEMORY, "started twice");
            }
            cluster.network.up(firstsEnd);
            cluster.nodes.put(node, first);
            assertThat(first.status().failure()).isNull();
            assertServes(first, 2);
        }
    }

    // ---- an old copy

    private FileStorage directory(String name) {
        return FileStorage.at(place.resolve(name));
    }

    /** Three nodes, the third over a directory, that have executed a command. */
    private void foundWithDirectory(Cluster cluster) {
        PaxosNode<Long, Long> one = cluster.start(1);
        PaxosNode<Long, Long> two = cluster.start(2);
        assertServes(cluster.start(3, directory("node")), 1);
        Cluster.awaitFounded(one, two);
    }

    private void copy(String from, String to) {
        Path source = place.resolve(from);
        Path target = place.resolve(to);
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(source.relativize(file).toString()));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void stop(Cluster cluster, int node) {
        requireNonNull(cluster.nodes.remove(node)).close();
    }

    @Test
    void a_directory_that_is_restored_from_an_old_copy_stops_its_node() {
        try (Cluster cluster = new Cluster(3)) {
            foundWithDirectory(cluster);
            stop(cluster, 3);
            copy("node", "backup");
            PaxosNode<Long, Long> goesOn = cluster.start(3, directory("node"));
            assertServes(goesOn, 2);
            stop(cluster, 3);

            PaxosNode<Long, Long> restored = cluster.start(3, directory("backup"));
            assertStops(restored, Reason.OLD_COPY, "old copy", "add a new one", "another life 2");
            stop(cluster, 3);
            assertServes(cluster.node(1), 3);
            assertServes(cluster.start(3, directory("node")), 4); // the right one is welcome
        }
    }

    @Test
    void an_old_copy_is_known_to_peers_that_were_restarted_by_the_lives_that_they_have_seen() {
        try (Cluster cluster = new Cluster(3)) {
            foundWithDirectory(cluster);
            stop(cluster, 3);
            copy("node", "backup");
            for (int life = 2; life <= 4; life++) {
                assertServes(cluster.start(3, directory("node")), life);
                stop(cluster, 3);
            }
            for (int peer = 1; peer <= 2; peer++) {
                cluster.crash(peer);
                cluster.start(peer);
            }
            assertStops(cluster.start(3, directory("backup")), Reason.OLD_COPY, "life");
        }
    }

    @Test
    void of_a_directory_and_its_copy_that_both_run_one_stops() {
        try (Cluster cluster = new Cluster(3)) {
            foundWithDirectory(cluster);
            stop(cluster, 3);
            copy("node", "copy");
            PaxosNode<Long, Long> original = cluster.start(3, directory("node"));
            assertServes(original, 2);
            LocalTransport originalsEnd = requireNonNull(cluster.transports.get(3));
            cluster.network.down(originalsEnd);
            try (PaxosNode<Long, Long> copied = cluster.start(3, directory("copy"))) {
                assertStops(copied, Reason.OLD_COPY, "another process runs on a copy");
            }
            cluster.network.up(originalsEnd);
            cluster.nodes.put(3, original);
            assertServes(original, 3);
        }
    }

    @Test
    void nodes_that_are_killed_again_and_again_are_never_taken_for_old_copies() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            for (int kills = 1; kills <= 30; kills++) {
                assertServes(cluster.node(1 + kills % 3), kills);
                cluster.crash(1 + kills % 3);
                cluster.start(1 + kills % 3);
            }
            cluster.nodes
                    .values()
                    .forEach(node -> assertThat(node.status().failure()).isNull());
        }
    }
}
