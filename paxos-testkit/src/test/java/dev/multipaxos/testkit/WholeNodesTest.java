package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.NodeStatus;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.storage.FileStorage;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class WholeNodesTest {

    @Test
    void a_single_node_executes_commands_and_reads() {
        try (Cluster cluster = new Cluster(1).startAll()) {
            PaxosNode<Long, Long> node = cluster.node(1);
            assertThat(node.propose(2L).join()).isEqualTo(2);
            assertThat(node.propose(3L).join()).isEqualTo(5);
            assertThat(node.read(Consistency.LINEARIZABLE, () -> cluster.counter(1).sum)
                            .join())
                    .isEqualTo(5);
            assertThat(node.read(Consistency.LOCAL, () -> cluster.counter(1).sum)
                            .join())
                    .isEqualTo(5);
        }
    }

    @Test
    void a_node_says_whether_its_storage_could_read_past_the_cache() {
        try (Cluster cluster = new Cluster(1)) {
            DurableStorage disk = cluster.disk(1);
            assertThat(cluster.start(1, disk).status().readsPastCache()).isTrue();
            cluster.crash(1);
            DurableStorage next = cluster.disk(1);
            DurableStorage cached = (DurableStorage) Proxy.newProxyInstance(
                    DurableStorage.class.getClassLoader(),
                    new Class<?>[] {DurableStorage.class},
                    (proxy, method, arguments) ->
                            method.getName().equals("readsPastCache") ? false : method.invoke(next, arguments));
            assertThat(cluster.start(1, cached).status().readsPastCache()).isFalse();
        }
    }

    @Test
    void every_node_takes_commands_and_each_is_executed_everywhere_once() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            List<CompletableFuture<Long>> calls = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                calls.add(cluster.node(1 + i % 3).propose(1L));
            }
            calls.forEach(CompletableFuture::join);
            for (int id = 1; id <= 3; id++) {
                int node = id;
                assertThat(cluster.node(id)
                                .read(Consistency.LINEARIZABLE, () -> cluster.counter(node).applied)
                                .join())
                        .isEqualTo(300);
            }
        }
    }

    @Test
    void another_node_leads_when_the_leader_dies_and_the_old_one_comes_back_with_its_log() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            cluster.node(leader).propose(7L).join();
            cluster.crash(leader);
            int next = cluster.awaitLeader();
            assertThat(next).isNotEqualTo(leader);
            assertThat(cluster.node(next).propose(1L).join()).isEqualTo(8);
            cluster.start(leader);
            assertThat(cluster.node(leader)
                            .read(Consistency.LINEARIZABLE, () -> cluster.counter(leader).sum)
                            .join())
                    .isEqualTo(8);
            assertThat(cluster.node(leader).status().bootCount()).isEqualTo(2);
        }
    }

    @Test
    void all_nodes_crash_and_nothing_acknowledged_is_lost() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            for (int i = 0; i < 50; i++) {
                cluster.node(1 + i % 3).propose(1L).join();
            }
            for (int id = 1; id <= 3; id++) {
                cluster.crash(id);
            }
            cluster.startAll();
            assertThat(cluster.node(2)
                            .read(Consistency.LINEARIZABLE, () -> cluster.counter(2).sum)
                            .join())
                    .isEqualTo(50);
            assertThat(cluster.node(1).propose(1L).join()).isEqualTo(51);
        }
    }

    @Test
    void commands_are_executed_exactly_once_though_frames_are_lost() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            cluster.awaitLeader();
            cluster.network.lose(0.2);
            List<CompletableFuture<Long>> calls = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                calls.add(cluster.node(1 + i % 3).propose(1L));
            }
            calls.forEach(CompletableFuture::join);
            cluster.network.lose(0);
            assertThat(cluster.node(1)
                            .read(Consistency.LINEARIZABLE, () -> cluster.counter(1).applied)
                            .join())
                    .isEqualTo(200);
        }
    }

    @Test
    void commands_in_flight_are_executed_once_when_the_leader_is_cut_off() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            int follower = cluster.follower(leader);
            List<CompletableFuture<Long>> calls = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                calls.add(cluster.node(follower).propose(1L));
                if (i == 250) {
                    for (int other = 1; other <= 3; other++) {
                        if (other != leader) {
                            cluster.network.cut(leader, other);
                        }
                    }
                }
            }
            calls.forEach(CompletableFuture::join);
            cluster.network.mendAll();
            assertThat(cluster.node(leader)
                            .read(Consistency.LINEARIZABLE, () -> cluster.counter(leader).applied)
                            .join())
                    .isEqualTo(500);
        }
    }

    @Test
    void a_read_that_does_not_say_how_fresh_fails_at_its_caller_and_nowhere_else() {
        try (Cluster cluster = new Cluster(1).startAll()) {
            PaxosNode<Long, Long> node = cluster.node(1);
            assertThatThrownBy(() -> node.read(nothing(), () -> 1L)).isInstanceOf(NullPointerException.class);
            assertThat(node.propose(1L).join()).isEqualTo(1);
        }
    }

    @SuppressWarnings("NullAway") // what a caller without such a check may do
    private static Consistency nothing() {
        return null;
    }

    @Test
    void with_leases_every_member_reads_what_was_acknowledged_whoever_leads() {
        try (Cluster cluster = new Cluster(3)) {
            cluster.timing = cluster.timing.withLease(cluster.timing.election());
            cluster.startAll();
            for (int i = 1; i <= 60; i++) {
                int node = 1 + i % 3;
                cluster.node(node).propose(1L).join();
                int reader = 1 + i % 2;
                assertThat(cluster.node(reader)
                                .read(Consistency.LEASE, () -> cluster.counter(reader).sum)
                                .join())
                        .isEqualTo(i);
            }
            int old = cluster.awaitLeader();
            for (int other = 1; other <= 3; other++) {
                if (other != old) {
                    cluster.network.cut(old, other);
                }
            }
            assertThat(cluster.node(cluster.follower(old)).propose(1L).join())
                    .as("another leads")
                    .isEqualTo(61);
            CompletableFuture<Long> read =
                    cluster.node(old).read(Consistency.LEASE, () -> cluster.counter(old).sum, Duration.ofMillis(400));
            assertThatThrownBy(read::join).hasCauseInstanceOf(PaxosException.Unavailable.class);
            cluster.network.mendAll();
            assertThat(cluster.node(old)
                            .read(Consistency.LEASE, () -> cluster.counter(old).sum)
                            .join())
                    .isEqualTo(61);
            for (int id = 1; id <= 3; id++) {
                cluster.crash(id);
            }
            cluster.startAll(); // each waits for what it may have granted
            assertThat(cluster.node(2).propose(1L).join()).isEqualTo(62);
        }
    }

    @Test
    void an_old_leader_that_is_cut_off_answers_no_linearizable_read() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            for (int other = 1; other <= 3; other++) {
                if (other != leader) {
                    cluster.network.cut(leader, other);
                }
            }
            CompletableFuture<Long> read = cluster.node(leader)
                    .read(Consistency.LINEARIZABLE, () -> cluster.counter(leader).sum, Duration.ofMillis(400));
            assertThatThrownBy(read::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(PaxosException.Unavailable.class);
            assertThat(cluster.node(leader)
                            .read(Consistency.LOCAL, () -> cluster.counter(leader).sum)
                            .join())
                    .isZero();
        }
    }

    @Test
    void a_call_that_never_left_says_so_and_one_that_did_says_that_it_does_not_know() {
        try (Cluster cluster = new Cluster(3)) {
            PaxosNode<Long, Long> alone = cluster.start(1);
            CompletableFuture<Long> never = alone.propose(1L, Duration.ofMillis(50));
            assertThatThrownBy(never::join)
                    .hasCauseInstanceOf(PaxosException.Unavailable.class)
                    .satisfies(thrown -> assertThat(mayHaveBeenApplied(thrown)).isFalse());
            cluster.start(2);
            cluster.start(3);
            int leader = cluster.awaitLeader();
            cluster.node(leader).propose(1L).join();
            cluster.disks.values().forEach(MemoryStorage::hold);
            Duration deadline = Duration.ofMillis(50);
            Throwable unknown;
            do { // where the loop is not given the processor for so long, a call ends before it has left
                deadline = deadline.multipliedBy(2);
                unknown = failure(cluster.node(leader).propose(1L, deadline));
            } while (unknown.getCause() instanceof PaxosException.Unavailable && deadline.compareTo(Cluster.LONG) < 0);
            assertThat(unknown).hasCauseInstanceOf(PaxosException.OutcomeUnknown.class);
            assertThat(mayHaveBeenApplied(unknown)).isTrue();
        }
    }

    @Test
    void a_full_node_refuses_at_once_and_takes_calls_again_later() {
        try (Cluster cluster = new Cluster(1)) {
            cluster.limits = Limits.defaults().withPendingCalls(10);
            PaxosNode<Long, Long> node = cluster.start(1);
            node.propose(1L).join();
            cluster.disk(1).hold();
            List<CompletableFuture<Long>> taken = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                taken.add(node.propose(1L));
            }
            assertThat(node.propose(1L))
                    .isCompletedExceptionally()
                    .failsWithin(Duration.ZERO)
                    .withThrowableOfType(ExecutionException.class)
                    .withCauseInstanceOf(PaxosException.Overloaded.class);
            cluster.disk(1).release();
            taken.forEach(CompletableFuture::join);
            assertThat(node.propose(1L).join()).isEqualTo(12);
            assertThat(node.status().pendingCalls()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_storage_that_fails_stops_the_node_which_says_why(boolean forceOnLoop) throws Exception {
        try (Cluster cluster = new Cluster(1)) {
            cluster.forceOnLoop = forceOnLoop;
            CompletableFuture<Throwable> told = new CompletableFuture<>();
            cluster.listener = new NodeListener() {
                @Override
                public void stopped(Throwable cause) {
                    told.complete(cause);
                }
            };
            PaxosNode<Long, Long> node = cluster.start(1);
            node.propose(1L).join();
            cluster.disk(1).fail("the disk is on fire");
            assertThatThrownBy(() -> node.propose(1L).join())
                    .hasCauseInstanceOf(PaxosException.NodeStopped.class)
                    .hasMessageContaining("the disk is on fire");
            assertThat(told.get(30, TimeUnit.SECONDS)).hasMessageContaining("the disk is on fire");
            assertThat(node.status().role()).isEqualTo(NodeStatus.Role.STOPPED);
            assertThat(node.status().failure()).hasMessageContaining("the disk is on fire");
            assertThatThrownBy(() -> node.propose(1L).join())
                    .hasCauseInstanceOf(PaxosException.NodeStopped.class)
                    .satisfies(thrown -> assertThat(mayHaveBeenApplied(thrown)).isFalse());
        }
    }

    @Test
    void a_node_that_fails_over_its_mail_fails_the_calls_that_waited_behind_it() throws Exception {
        try (Cluster cluster = new Cluster(2)) {
            CountDownLatch held = new CountDownLatch(1);
            CountDownLatch go = new CountDownLatch(1);
            cluster.start(2);
            cluster.listener =
                    new NodeListener() { // called by the loop
                        @Override
                        public void peerConnected(int node) {
                            held.countDown();
                            try {
                                go.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        }

                        @Override
                        public void peerDisconnected(int node) {
                            throw new AssertionError("no listener should do that");
                        }
                    };
            PaxosNode<Long, Long> node = cluster.start(1);
            held.await();
            cluster.crash(2);
            Cluster.await(() -> node.status().connected().isEmpty());
            List<CompletableFuture<Long>> calls = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                calls.add(node.propose(1L));
            }
            go.countDown();
            for (CompletableFuture<Long> call : calls) {
                assertThatThrownBy(() -> call.get(20, TimeUnit.SECONDS))
                        .hasCauseInstanceOf(PaxosException.NodeStopped.class)
                        .satisfies(
                                thrown -> assertThat(mayHaveBeenApplied(thrown)).isFalse());
            }
        }
    }

    @Test
    void a_state_machine_that_throws_stops_the_node_naming_slot_and_command() {
        try (Cluster cluster = new Cluster(1).startAll()) {
            PaxosNode<Long, Long> node = cluster.node(1);
            assertThatThrownBy(() -> node.propose(-1L).join())
                    .hasCauseInstanceOf(PaxosException.NodeStopped.class)
                    .hasMessageContaining("at slot " + (node.status().executedSlot() + 1))
                    .hasRootCauseMessage("the counter never falls");
        }
    }

    @Test
    void close_leaves_no_thread_and_fails_what_is_open() {
        Cluster cluster = new Cluster(3);
        PaxosNode<Long, Long> alone = cluster.start(2);
        CompletableFuture<Long> open = alone.propose(1L);
        CompletableFuture<Long> read = alone.read(Consistency.LINEARIZABLE, () -> 1L);
        alone.close();
        alone.close();
        assertThatThrownBy(open::join).hasCauseInstanceOf(PaxosException.NodeStopped.class);
        assertThatThrownBy(read::join).hasCauseInstanceOf(PaxosException.NodeStopped.class);
        assertThatThrownBy(() -> alone.propose(1L).join()).hasCauseInstanceOf(PaxosException.NodeStopped.class);
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("paxos-2-") || name.equals("local-2"));
        assertThat(alone.status().role()).isEqualTo(NodeStatus.Role.STOPPED);
        assertThat(alone.status().failure()).isNull();
    }

    @Test
    void a_read_that_waits_for_the_state_machine_fails_when_the_node_is_closed() throws Exception {
        try (Cluster cluster = new Cluster(1).startAll()) {
            PaxosNode<Long, Long> node = cluster.node(1);
            CountDownLatch busy = new CountDownLatch(1);
            CountDownLatch free = new CountDownLatch(1);
            CompletableFuture<Boolean> slow = node.read(Consistency.LOCAL, () -> {
                busy.countDown();
                try {
                    return free.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            busy.await();
            CompletableFuture<Long> behind = node.read(Consistency.LOCAL, () -> 1L);
            CompletableFuture<Void> closed = CompletableFuture.runAsync(node::close);
            assertThatThrownBy(behind::join).hasCauseInstanceOf(PaxosException.NodeStopped.class);
            assertThat(closed).isNotDone();
            free.countDown();
            closed.join();
            assertThat(slow).isDone();
        }
    }

    /** A transport of another maker, with faults. */
    private static final class Faulty implements Transport {
        private final Transport sound = new LocalNetwork(1).transport(1);
        private final boolean dials;

        Faulty(boolean dials) {
            this.dials = dials;
        }

        @Override
        public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
            return sound.start(bind, frameBytesMax, receiver);
        }

        @Override
        public void connect(int node, String address) {
            if (!dials) {
                throw new IllegalArgumentException("cannot dial " + address);
            }
            sound.connect(node, address);
        }

        @Override
        public boolean send(int node, Bytes head, Bytes body) {
            return sound.send(node, head, body);
        }

        @Override
        public boolean sendBulk(int node, Bytes head, Bytes body) {
            return sound.sendBulk(node, head, body);
        }

        @Override
        public boolean sendToClient(long connection, Bytes head, Bytes body) {
            return sound.sendToClient(connection, head, body);
        }

        @Override
        public void closeClient(long connection) {
            sound.closeClient(connection);
        }

        @Override
        public void flush() {
            sound.flush();
        }

        @Override
        public void close() {
            sound.close();
            if (dials) {
                throw new IllegalStateException("cannot close");
            }
        }
    }

    private static PaxosNode<Long, Long> start(Transport transport, MemoryStorage disk) {
        return PaxosNode.builder(new Cluster.Counter(), Codec.int64(), Codec.int64())
                .member(1, Membership.of("1=local:1", "2=local:2"))
                .storage(disk)
                .transport(transport)
                .start();
    }

    private static void assertThatNothingOfNodeOneRuns() {
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("paxos-1-") || name.equals("local-1"));
    }

    @Test
    void a_start_that_fails_at_its_last_step_leaves_nothing_behind() {
        MemoryStorage disk = new MemoryStorage();
        assertThatThrownBy(() -> start(new Faulty(false), disk))
                .isInstanceOf(PaxosException.StartFailed.class)
                .hasMessageContaining("cannot dial local:2");
        assertThatNothingOfNodeOneRuns();
        start(new LocalNetwork(1).transport(1), disk).close();
    }

    @Test
    void a_transport_that_cannot_be_closed_does_not_keep_the_node_from_ending() {
        PaxosNode<Long, Long> node = start(new Faulty(true), new MemoryStorage());
        node.close();
        assertThatNothingOfNodeOneRuns();
    }

    @Test
    void close_on_a_thread_of_the_node_is_refused() {
        try (Cluster cluster = new Cluster(1).startAll()) {
            PaxosNode<Long, Long> node = cluster.node(1);
            CompletableFuture<Void> closed = node.read(Consistency.LOCAL, () -> {
                node.close();
                return null;
            });
            assertThatThrownBy(closed::join)
                    .hasCauseInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("a thread of the node itself");
        }
    }

    /** As everywhere else, only that no thread stands between the loop and the disk. */
    @Test
    void loops_that_force_their_journals_lose_nothing_that_was_acknowledged() {
        try (Cluster cluster = new Cluster(3)) {
            cluster.forceOnLoop = true;
            cluster.startAll();
            long answered = 0;
            for (int round = 0; round < 3; round++) {
                int leader = cluster.awaitLeader();
                for (int i = 0; i < 50; i++) {
                    answered = cluster.node(leader).propose(1L).join();
                }
                cluster.crash(leader);
                int next = cluster.awaitLeader();
                PaxosNode<Long, Long> successor = cluster.node(next);
                assertThat(successor
                                .read(Consistency.LINEARIZABLE, () -> cluster.counter(next).sum)
                                .join())
                        .isEqualTo(answered);
                cluster.start(leader);
            }
        }
    }

    @Test
    void a_listener_that_interrupts_its_thread_closes_no_file_under_a_loop_that_forces(@TempDir Path directory) {
        try (Cluster cluster = new Cluster(1)) {
            cluster.forceOnLoop = true;
            cluster.listener = new NodeListener() {
                @Override
                public void leaderChanged(int leader) {
                    Thread.currentThread().interrupt();
                }
            };
            PaxosNode<Long, Long> node = cluster.start(1, FileStorage.at(directory));
            assertThat(node.propose(7L).join()).isEqualTo(7);
        }
    }

    @Test
    void a_query_that_throws_fails_only_its_caller() {
        try (Cluster cluster = new Cluster(1).startAll()) {
            PaxosNode<Long, Long> node = cluster.node(1);
            assertThatThrownBy(() -> node.read(Consistency.LINEARIZABLE, () -> {
                                throw new UnsupportedOperationException("not now");
                            })
                            .join())
                    .hasCauseInstanceOf(UnsupportedOperationException.class);
            assertThat(node.propose(1L).join()).isEqualTo(1);
        }
    }

    @Test
    void a_follower_that_was_away_for_long_is_served_from_the_journal() {
        try (Cluster cluster = new Cluster(3)) {
            cluster.limits = Limits.defaults().withAlpha(8).withRing(16);
            cluster.startAll();
            int there = cluster.awaitLeader();
            int away = cluster.follower(there);
            cluster.crash(away);
            for (int i = 0; i < 500; i++) {
                cluster.node(there).propose(1L).join();
            }
            cluster.start(away);
            assertThat(cluster.node(away)
                            .read(Consistency.LINEARIZABLE, () -> cluster.counter(away).sum)
                            .join())
                    .isEqualTo(500);
        }
    }

    @Test
    void a_node_that_lost_its_disk_is_refused_by_those_who_knew_it() {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int follower = cluster.follower(cluster.awaitLeader());
            cluster.node(follower).propose(1L).join();
            cluster.crash(follower);
            cluster.disks.put(follower, new MemoryStorage());
            cluster.start(follower);
            Cluster.await(() -> cluster.node(follower).status().failure() instanceof PaxosException.StorageRefused);
            assertThat(cluster.node(cluster.nodes.keySet().stream()
                                    .filter(id -> id != follower)
                                    .findFirst()
                                    .orElseThrow())
                            .propose(1L)
                            .join())
                    .isEqualTo(2);
        }
    }

    private static Throwable failure(CompletableFuture<?> call) {
        return catchThrowable(call::join);
    }

    private static boolean mayHaveBeenApplied(Throwable thrown) {
        assertThat(thrown.getCause()).isInstanceOf(PaxosException.class);
        return thrown.getCause() instanceof PaxosException failure && failure.mayHaveBeenApplied();
    }
}
