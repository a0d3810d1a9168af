package dev.multipaxos.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.NodeStatus;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.Timing;
import dev.multipaxos.spi.DurableStorage;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Whole nodes in one process, each with a counter as its state machine. */
final class Cluster implements AutoCloseable {

    /** Adds; the answer is the sum after it. -1 makes it throw. */
    static final class Counter implements StateMachine<Long, Long> {
        long sum;
        long applied;

        @Override
        public Long apply(Context at, Long delta) {
            if (delta < 0) {
                throw new IllegalArgumentException("the counter never falls");
            }
            applied++;
            sum += delta;
            return sum;
        }

        @Override
        public Long query(Long ignored) {
            return sum;
        }

        @Override
        public Snapshot snapshot() {
            long captured = sum;
            return out -> new DataOutputStream(out).writeLong(captured);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            sum = new DataInputStream(in).readLong();
        }
    }

    static final Duration LONG = Duration.ofSeconds(30);

    final LocalNetwork network = new LocalNetwork(1);
    final Map<Integer, PaxosNode<Long, Long>> nodes = new TreeMap<>();
    final Map<Integer, Counter> counters = new TreeMap<>();
    final Map<Integer, MemoryStorage> disks = new TreeMap<>();
    final Map<Integer, LocalTransport> transports = new TreeMap<>();
    private final int size;
    Limits limits = Limits.defaults();
    Timing timing = Timing.defaults().withCallDeadline(LONG);
    boolean forceOnLoop;
    NodeListener listener = new NodeListener() {};

    Cluster(int size) {
        this.size = size;
        for (int node = 1; node <= size; node++) {
            disks.put(node, new MemoryStorage());
        }
    }

    Membership membership() {
        return Membership.of(IntStream.rangeClosed(1, size)
                .mapToObj(id -> id + "=local:" + id)
                .collect(Collectors.toList())
                .toArray(String[]::new));
    }

    /** Starts all members, and waits until each may vote. */
    Cluster startAll() {
        for (int node = 1; node <= size; node++) {
            start(node);
        }
        awaitFounded(nodes.values().toArray(PaxosNode[]::new));
        return this;
    }

    PaxosNode<Long, Long> start(int id) {
        return start(id, disk(id));
    }

    PaxosNode<Long, Long> start(int id, DurableStorage storage) {
        Counter counter = new Counter();
        LocalTransport transport = (LocalTransport) network.transport(id);
        PaxosNode<Long, Long> node = PaxosNode.builder(counter, Codec.int64(), Codec.int64())
                .member(id, membership())
                .storage(storage)
                .transport(transport)
                .timing(timing)
                .limits(limits)
                .forceOnLoop(forceOnLoop)
                .listener(listener)
                .start();
        counters.put(id, counter);
        transports.put(id, transport);
        nodes.put(id, node);
        return node;
    }

    PaxosNode<Long, Long> node(int id) {
        return requireNonNull(nodes.get(id));
    }

    Counter counter(int id) {
        return requireNonNull(counters.get(id));
    }

    MemoryStorage disk(int id) {
        return requireNonNull(disks.get(id));
    }

    /** Closes a node as a crash would: what was not synced is gone. */
    void crash(int id) {
        MemoryStorage left = disk(id).crash();
        requireNonNull(nodes.remove(id)).close();
        disks.put(id, left);
    }

    /** Waits until one node leads and all others that run follow it. */
    int awaitLeader() {
        AtomicInteger leader = new AtomicInteger();
        await(() -> {
            leader.set(agreedLeader());
            return leader.get() != 0;
        });
        return leader.get();
    }

    /** One look at each node: who led at one look may not at the next. {@return 0 if there is none} */
    private int agreedLeader() {
        List<NodeStatus> all = nodes.values().stream().map(PaxosNode::status).toList();
        int leader = all.get(0).leader();
        boolean agreed = all.stream().allMatch(status -> status.leader() == leader);
        return agreed && all.stream().filter(NodeStatus::isLeader).count() == 1 ? leader : 0;
    }

    /** {@return another node than this, which led when it was asked for} */
    int follower(int leader) {
        return nodes.keySet().stream().filter(id -> id != leader).findFirst().orElseThrow();
    }

    /** Waits until the founders' storages may vote: one that leaves before is waited for, though commands are executed. */
    static void awaitFounded(PaxosNode<?, ?>... founders) {
        await(() -> Stream.of(founders)
                .allMatch(node -> node.status().awaitedFounders().isEmpty()));
    }

    static void await(BooleanSupplier condition) {
        long until = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited too long").isLessThan(until);
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        disks.values().forEach(MemoryStorage::release);
        nodes.values().forEach(PaxosNode::close);
    }
}
