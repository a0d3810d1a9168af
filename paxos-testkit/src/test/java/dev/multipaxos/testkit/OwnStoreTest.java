package dev.multipaxos.testkit;

import static dev.multipaxos.testkit.Cluster.LONG;
import static dev.multipaxos.testkit.Cluster.await;
import static dev.multipaxos.testkit.Cluster.awaitFounded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.DurableStateMachine;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Retention;
import dev.multipaxos.Snapshot;
import dev.multipaxos.bytes.Bytes;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whole nodes whose state machines have a store of their own. */
@Timeout(120)
class OwnStoreTest {

    private static final Retention SMALL =
            Retention.defaults().withSnapshotEveryBytes(2_000).withKeepBytes(0);
    private static final int SLOTS_DURABLE_AT_ONCE = 7;

    /** What a transaction leaves. */
    record Committed(long slot, long sum, Map<Bytes, Bytes> entries) {}

    /** Adds; a crash takes back what is not durable yet. */
    static final class Sum implements DurableStateMachine<Long, Long> {
        volatile Committed durable;
        private final Map<Bytes, Bytes> entries;
        private long sum;

        Sum(Committed found) {
            durable = found;
            entries = new HashMap<>(found.entries());
            sum = found.sum();
        }

        @Override
        public long open(Consumer<Entry> found) {
            entries.forEach((key, value) -> found.accept(new Entry(key, value)));
            return durable.slot();
        }

        @Override
        public Long apply(Context at, Long delta) {
            sum += delta;
            return sum;
        }

        @Override
        public void executed(long slot, List<Entry> changed) {
            for (Entry entry : changed) {
                Bytes value = entry.value();
                if (value == null) {
                    entries.remove(entry.key());
                } else {
                    entries.put(entry.key(), value);
                }
            }
            if (slot % SLOTS_DURABLE_AT_ONCE == 0) {
                durable = new Committed(slot, sum, Map.copyOf(entries));
            }
        }

        @Override
        public long durableSlot() {
            return durable.slot();
        }

        @Override
        public Snapshot snapshot() {
            long captured = sum;
            return out -> new DataOutputStream(out).writeLong(captured);
        }

        @Override
        public void install(long slot, List<Entry> all, InputStream in) throws IOException {
            sum = new DataInputStream(in).readLong();
            entries.clear();
            executed(slot, all);
            durable = new Committed(slot, sum, Map.copyOf(entries));
        }
    }

    private final LocalNetwork network = new LocalNetwork(1);
    private MemoryStorage disk = new MemoryStorage();
    private Sum machine = none();

    private PaxosNode<Long, Long> start() {
        return PaxosNode.builder(machine, Codec.int64(), Codec.int64())
                .member(1, Membership.of("1=local:1"))
                .storage(disk)
                .transport(network.transport(1))
                .retention(SMALL)
                .start();
    }

    @Test
    void the_journal_goes_up_to_where_the_state_machine_is_durable_and_a_start_goes_on_there() {
        long sum = 0;
        for (int life = 1; life <= 4; life++) {
            try (PaxosNode<Long, Long> node = start()) {
                long trimmed = disk.trimmedUpTo(1);
                for (int i = 0; i < 60; i++) {
                    assertThat(node.propose(1L, LONG).join()).isEqualTo(++sum);
                }
                await(() -> disk.trimmedUpTo(1) > trimmed);
                assertThat(disk.trimmedUpTo(1)).isLessThanOrEqualTo(machine.durableSlot());
                assertThat(node.status().snapshotSlot()).as("none is needed").isZero();
                if (life == 4) {
                    assertThat(node.snapshot().join()).as("on demand").isPositive();
                }
                MemoryStorage left = disk.crash();
                disk = left;
            }
            machine = new Sum(machine.durable);
        }
    }

    @Test
    void a_store_that_is_older_than_the_journal_was_trimmed_to_is_not_gone_on_with() {
        try (PaxosNode<Long, Long> node = start()) {
            for (int i = 0; i < 60; i++) {
                node.propose(1L, LONG).join();
            }
            await(() -> disk.trimmedUpTo(1) > 0);
        }
        machine = none();
        assertThatThrownBy(this::start)
                .isInstanceOf(PaxosException.StartFailed.class)
                .hasMessageContaining("MISSING_FILE")
                .hasMessageContaining("the state machine's own store");
    }

    /** None was taken before: a member with a store of its own has no need of one. */
    @Test
    void a_member_that_was_away_until_the_others_had_trimmed_is_sent_a_snapshot() {
        Membership members = Membership.of("1=local:1", "2=local:2", "3=local:3");
        MemoryStorage[] disks = {new MemoryStorage(), new MemoryStorage(), new MemoryStorage()};
        try (PaxosNode<Long, Long> one = start(1, members, none(), disks[0]);
                PaxosNode<Long, Long> two = start(2, members, none(), disks[1])) {
            MemoryStorage left;
            try (PaxosNode<Long, Long> three = start(3, members, none(), disks[2])) {
                three.propose(1L, LONG).join();
                awaitFounded(one, two);
                left = disks[2].crash();
            }
            for (int i = 0; i < 100; i++) {
                one.propose(1L, LONG).join();
            }
            await(() -> disks[0].trimmedUpTo(1) > 50 && disks[1].trimmedUpTo(1) > 50);
            long slot = one.status().executedSlot();
            Sum back = none();
            try (PaxosNode<Long, Long> again = start(3, members, back, left)) {
                await(() -> again.status().executedSlot() >= slot);
                assertThat(back.durable.sum())
                        .as("an installed snapshot is durable at once")
                        .isGreaterThan(50);
                assertThat(again.propose(1L, LONG).join()).isEqualTo(102);
            }
            assertThat(two.status().failure()).isNull();
        }
    }

    /** A snapshot that an operator asked for stands for the log that was trimmed under it: the store itself has not got so far. */
    @Test
    void what_a_damaged_snapshot_stood_for_comes_from_the_others_to_a_store_that_was_behind_it() {
        Membership members = Membership.of("1=local:1", "2=local:2", "3=local:3");
        MemoryStorage[] disks = {new MemoryStorage(), new MemoryStorage(), new MemoryStorage()};
        List<PaxosNode<Long, Long>> nodes = new ArrayList<>();
        try {
            Sum[] sums = new Sum[3];
            for (int i = 0; i < 3; i++) {
                sums[i] = none();
                nodes.add(start(i + 1, members, sums[i], disks[i]));
            }
            PaxosNode<Long, Long> three = nodes.get(2);
            long slot = 0;
            long sum = 0;
            while (slot == 0 || slot <= sums[2].durableSlot()) { // until it is none that the store cannot lose
                assertThat(three.propose(1L, LONG).join()).isEqualTo(++sum);
                slot = three.snapshot().join();
            }
            long end = slot;
            await(() -> disks[2].trimmedUpTo(1) >= end);
            assertThat(disks[2].damageSnapshot(1)).isTrue();
            MemoryStorage left = disks[2].crash();
            Committed before = sums[2].durable;
            three.close();
            assertThat(before.slot()).isLessThan(end);

            Sum back = new Sum(before);
            PaxosNode<Long, Long> again = start(3, members, back, left);
            nodes.add(again);
            await(() -> again.status().executedSlot() >= end && !again.status().rebuilding());
            assertThat(again.propose(1L, LONG).join()).isEqualTo(sum + 1);
        } finally {
            nodes.forEach(PaxosNode::close);
        }
    }

    private static Sum none() {
        return new Sum(new Committed(0, 0, Map.of()));
    }

    private PaxosNode<Long, Long> start(int id, Membership members, Sum sum, MemoryStorage storage) {
        return PaxosNode.builder(sum, Codec.int64(), Codec.int64())
                .member(id, members)
                .storage(storage)
                .transport(network.transport(id))
                .retention(SMALL)
                .limits(Limits.defaults().withAlpha(4).withRing(8)) // whoever is away is not served from memory
                .start();
    }
}
