package dev.multipaxos.testkit;

import static dev.multipaxos.testkit.Cluster.LONG;
import static dev.multipaxos.testkit.Cluster.await;
import static dev.multipaxos.testkit.Cluster.awaitFounded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Retention;
import dev.multipaxos.Snapshot;
import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.StateMachine;
import dev.multipaxos.Timing;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.transport.netty.NettyTransport;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whole nodes of which one was away until the others' logs began behind it. */
@Timeout(120)
class SnapshotTransfersTest {

    private static final Retention ON_DEMAND =
            Retention.defaults().withSnapshotEveryBytes(0).withKeepBytes(0);

    /** A counter with some megabytes beside it. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    private static final class HeavySum implements StateMachine<Long, Long> {
        private static final int FILLING_BYTES = 3 << 20;
        private final int fillingBytes;
        private volatile long sum;
        private volatile int restored;

        HeavySum(int fillingBytes) {
            this.fillingBytes = fillingBytes;
        }

        @Override
        public Long apply(Context at, Long delta) {
            sum += delta;
            return sum;
        }

        @Override
        public Snapshot snapshot() {
            long captured = sum;
            return out -> {
                new DataOutputStream(out).writeLong(captured);
                byte[] filling = new byte[1 << 16];
                for (int i = 0; i < fillingBytes / filling.length; i++) {
                    filling[i] = (byte) i;
                    out.write(filling);
                }
            };
        }

        @Override
        public void restore(InputStream in) throws IOException {
            sum = new DataInputStream(in).readLong();
            in.readAllBytes();
            restored++;
        }
    }

    private final HeavySum[] sums = new HeavySum[4];
    private final MemoryStorage[] disks = {
        new MemoryStorage(), new MemoryStorage(), new MemoryStorage(), new MemoryStorage()
    };
    private final PaxosNode<?, ?>[] nodes = new PaxosNode<?, ?>[4];
    private final Queue<SnapshotTransfer> received = new ConcurrentLinkedQueue<>();
    private final LocalNetwork network = new LocalNetwork(1);
    private IntFunction<Transport> transports = network::transport;
    private Membership members = Membership.of("1=local:1", "2=local:2", "3=local:3");
    private Retention retention = ON_DEMAND;
    private Timing timing = Timing.defaults();
    private int fillingBytes = HeavySum.FILLING_BYTES;
    private volatile boolean bulkIsFull;

    @AfterEach
    void closeAll() {
        for (PaxosNode<?, ?> node : nodes) {
            if (node != null) {
                node.close();
            }
        }
    }

    private PaxosNode<Long, Long> start(int id) {
        sums[id] = new HeavySum(fillingBytes);
        PaxosNode<Long, Long> node = PaxosNode.builder(sums[id], Codec.int64(), Codec.int64())
                .member(id, members)
                .storage(disks[id])
                .transport(transports.apply(id))
                .timing(timing)
                .retention(retention)
                .limits(Limits.defaults().withAlpha(4).withRing(8)) // whoever is away is not served from memory
                .listener(new NodeListener() {
                    @Override
                    public void snapshotTransferEnded(SnapshotTransfer transfer, boolean whole) {
                        if (whole && transfer.to() == id) {
                            received.add(transfer);
                        }
                    }
                })
                .start();
        nodes[id] = node;
        return node;
    }

    private void crash(int id) {
        MemoryStorage left = disks[id].crash();
        nodes[id].close();
        disks[id] = left;
    }

    private static long propose(PaxosNode<Long, Long> node, int times) {
        long sum = 0;
        for (int i = 0; i < times; i++) {
            sum = node.propose(1L, LONG).join();
        }
        return sum;
    }

    /** Node 3 is away while the others' logs are trimmed. */
    private PaxosNode<Long, Long> leaveThreeBehind() {
        PaxosNode<Long, Long> one = start(1);
        PaxosNode<Long, Long> two = start(2);
        start(3);
        propose(one, 20);
        await(() -> sums[3].sum == 20);
        awaitFounded(one, two);
        crash(3);
        propose(one, 200);
        await(() -> sums[2].sum == 220);
        long slot = one.snapshot().join();
        two.snapshot().join();
        await(() -> disks[1].trimmedUpTo(1) >= slot && disks[2].trimmedUpTo(1) > 20);
        return one;
    }

    @Test
    void a_node_that_was_away_returns_by_a_snapshot() {
        PaxosNode<Long, Long> one = leaveThreeBehind();
        propose(one, 30);
        PaxosNode<Long, Long> three = start(3);

        await(() -> sums[3].sum == 250);
        assertThat(sums[3].restored).isEqualTo(1);
        assertThat(received).hasSize(1);
        assertThat(received.element().bytes()).isGreaterThan(HeavySum.FILLING_BYTES);
        assertThat(propose(three, 1)).isEqualTo(251);
        await(() -> three.status().transfers().isEmpty());

        crash(3); // and it has it for good
        start(3);
        await(() -> sums[3].sum == 251);
        assertThat(sums[3].restored).isEqualTo(1);
        assertThat(received).hasSize(1);
    }

    @Test
    void a_slow_receiver_finds_the_log_behind_its_snapshot_though_others_are_taken_meanwhile() {
        retention = ON_DEMAND.withTransferBytesPerSecond(2 << 20);
        PaxosNode<Long, Long> one = leaveThreeBehind();
        start(3);
        await(() -> !nodes[3].status().transfers().isEmpty());
        PaxosNode<?, ?> two = nodes[2];
        for (int i = 0; i < 100 && sums[3].restored == 0; i++) {
            propose(one, 20);
            one.snapshot().join();
            two.snapshot().join();
        }
        long sum = propose(one, 1);
        await(() -> sums[3].sum == sum);
        assertThat(received).as("one was enough").hasSize(1);
    }

    /** Node 3 asks for a snapshot, and goes on asking, but no part of it gets through. {@return who sends it} */
    private int sendInVain() {
        fillingBytes = 1 << 16;
        retention = Retention.defaults().withSnapshotEveryBytes(4 << 10).withKeepBytes(0);
        bulkIsFull = true;
        transports = id -> {
            Transport under = network.transport(id);
            return (Transport) Proxy.newProxyInstance(
                    Transport.class.getClassLoader(),
                    new Class<?>[] {Transport.class},
                    (proxy, method, arguments) -> bulkIsFull && method.getName().equals("sendBulk")
                            ? false
                            : method.invoke(under, arguments));
        };
        leaveThreeBehind();
        start(3);
        await(() -> !nodes[3].status().transfers().isEmpty());
        int provider = nodes[3].status().transfers().get(0).from();
        await(() -> !nodes[provider].status().transfers().isEmpty());
        return provider;
    }

    private void returnsInTheEnd(PaxosNode<Long, Long> one) {
        bulkIsFull = false;
        long sum = propose(one, 1);
        await(() -> sums[3].sum == sum);
    }

    @Test
    @SuppressWarnings("unchecked")
    void a_receiver_that_lives_but_gets_nowhere_does_not_make_the_journal_grow_for_ever() {
        int provider = sendInVain();
        PaxosNode<Long, Long> one = (PaxosNode<Long, Long>) nodes[1];
        long sent = nodes[provider].status().transfers().get(0).slot();
        long taken = nodes[provider].status().snapshotSlot();
        while (nodes[provider].status().snapshotSlot() <= taken) {
            propose(one, 10);
        }
        propose(one, 10);
        assertThat(disks[provider].trimmedUpTo(1)).as("held").isLessThanOrEqualTo(sent);
        while (disks[provider].trimmedUpTo(1) <= sent) {
            propose(one, 10);
        }
        returnsInTheEnd(one);
    }

    @Test
    @SuppressWarnings("unchecked")
    void a_disk_with_little_room_holds_nothing_for_a_receiver() {
        int provider = sendInVain();
        PaxosNode<Long, Long> one = (PaxosNode<Long, Long>) nodes[1];
        long sent = nodes[provider].status().transfers().get(0).slot();
        propose(one, 10);
        disks[provider].pretend(new DiskSpace(DiskSpace.Level.LOW, 1_000));
        await(() -> disks[provider].trimmedUpTo(1) > sent);
        returnsInTheEnd(one);
    }

    @Test
    void commands_and_reads_go_on_over_tcp_while_a_snapshot_is_on_its_way() throws IOException {
        try (ServerSocket a = new ServerSocket(0);
                ServerSocket b = new ServerSocket(0);
                ServerSocket c = new ServerSocket(0)) {
            members = Membership.of(
                    "1=127.0.0.1:" + a.getLocalPort(),
                    "2=127.0.0.1:" + b.getLocalPort(),
                    "3=127.0.0.1:" + c.getLocalPort());
        }
        transports = id -> NettyTransport.tcp();
        timing = Timing.defaults().withElection(Duration.ofSeconds(1)); // a slow machine is no dead leader
        retention = ON_DEMAND.withTransferBytesPerSecond(512 << 10); // for as long as several elections
        PaxosNode<Long, Long> one = leaveThreeBehind();
        int leader = one.status().leader();
        start(3);
        await(() -> !nodes[3].status().transfers().isEmpty());
        long during = 0;
        while (sums[3].restored == 0) {
            during = propose(one, 1);
            HeavySum own = sums[1];
            assertThat(one.read(Consistency.LINEARIZABLE, () -> own.sum).join()).isEqualTo(during);
        }
        long sum = propose(one, 1);
        await(() -> sums[3].sum == sum);
        assertThat(received).hasSize(1);
        assertThat(one.status().leader()).as("nobody was missed").isEqualTo(leader);
    }
}
