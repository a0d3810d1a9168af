package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.transport.netty.NettyTransport;
import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** All settings as they are by default: 27 MiB may be in flight, 16 MiB wait for a node, frames beyond are dropped. */
@Timeout(300)
class LargePromiseOverTcpTest {

    private static final int VALUE_BYTES = 1_000_000;
    private static final int VALUES = 24;

    private static final class Nothing implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            return Bytes.EMPTY;
        }

        @Override
        public Bytes query(Bytes query) {
            return Bytes.EMPTY;
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    private final MemoryStorage[] disks = {
        new MemoryStorage(), new MemoryStorage(), new MemoryStorage(), new MemoryStorage()
    };

    @SuppressWarnings("unchecked")
    private final PaxosNode<Bytes, Bytes>[] nodes = (PaxosNode<Bytes, Bytes>[]) new PaxosNode<?, ?>[4];

    @AfterEach
    void closeAll() {
        for (MemoryStorage disk : disks) {
            disk.release();
        }
        for (PaxosNode<?, ?> node : nodes) {
            if (node != null) {
                node.close();
            }
        }
    }

    private static void await(BooleanSupplier what) {
        while (!what.getAsBoolean()) {
            assertThat(Thread.interrupted()).as("waited too long").isFalse();
            LockSupport.parkNanos(5_000_000);
        }
    }

    private int leader() {
        for (int id = 1; id <= 3; id++) {
            if (nodes[id] != null && nodes[id].status().isLeader()) {
                return id;
            }
        }
        return 0;
    }

    private int awaitLeader() {
        AtomicInteger leader = new AtomicInteger();
        await(() -> {
            leader.set(leader());
            return leader.get() != 0;
        });
        return leader.get();
    }

    /** Makes all disks but the leader's so slow that nobody else can lead. {@return who still leads then} */
    private int awaitLeaderAndHoldTheOthers() {
        while (true) {
            int leader = awaitLeader();
            // so that its session is open before nothing is chosen any more
            nodes[leader].propose(Bytes.wrap(new byte[1])).join();
            for (int id = 1; id <= 3; id++) {
                if (id != leader) {
                    disks[id].hold();
                }
            }
            if (nodes[leader].status().isLeader()) {
                return leader;
            }
            for (MemoryStorage disk : disks) {
                disk.release();
            }
        }
    }

    @Test
    @SuppressWarnings("FutureReturnValueIgnored") // nothing is executed before the leader dies
    void two_of_three_elect_a_leader_whatever_was_in_flight_when_the_third_died() throws IOException {
        Membership members;
        try (ServerSocket a = new ServerSocket(0);
                ServerSocket b = new ServerSocket(0);
                ServerSocket c = new ServerSocket(0)) {
            members = Membership.of(
                    "1=127.0.0.1:" + a.getLocalPort(),
                    "2=127.0.0.1:" + b.getLocalPort(),
                    "3=127.0.0.1:" + c.getLocalPort());
        }
        for (int id = 1; id <= 3; id++) {
            nodes[id] = PaxosNode.builder(new Nothing(), Codec.bytes(), Codec.bytes())
                    .member(id, members)
                    .storage(disks[id])
                    .transport(NettyTransport.tcp())
                    .start();
        }
        int dies = awaitLeaderAndHoldTheOthers(); // nothing is voted for before it dies
        for (int i = 1; i <= VALUES; i++) {
            nodes[dies].propose(Bytes.wrap(new byte[VALUE_BYTES]));
            long held = (long) i * VALUE_BYTES;
            for (int id = 1; id <= 3; id++) {
                int node = id;
                await(() -> nodes[node].status().memoryBytes() >= held);
            }
        }
        nodes[dies].close();
        nodes[dies] = null;
        for (MemoryStorage disk : disks) {
            disk.release();
        }
        awaitLeader();
    }
}
