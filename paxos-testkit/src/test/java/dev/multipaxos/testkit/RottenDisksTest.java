package dev.multipaxos.testkit;

import static dev.multipaxos.testkit.Cluster.LONG;
import static dev.multipaxos.testkit.Cluster.await;
import static dev.multipaxos.testkit.Cluster.awaitFounded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Retention;
import dev.multipaxos.StateMachine;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.DurableStorage.DamageListener;
import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whole nodes whose disks lose something while they run. */
@Timeout(120)
class RottenDisksTest {

    private static final Retention ON_DEMAND =
            Retention.defaults().withSnapshotEveryBytes(0).withKeepBytes(1_000_000);

    /** A storage that finds the damage that a test wants. */
    private static final class Rotten implements InvocationHandler {
        private MemoryStorage disk = new MemoryStorage();
        private volatile @Nullable DamageListener listener;
        private volatile boolean unreadable; // the whole journal

        DurableStorage storage() {
            return (DurableStorage)
                    Proxy.newProxyInstance(getClass().getClassLoader(), new Class<?>[] {DurableStorage.class}, this);
        }

        DamageListener listener() {
            return Objects.requireNonNull(listener);
        }

        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
            if (method.getName().equals("watch")) {
                listener = (DamageListener) arguments[0];
                return null;
            }
            if (method.getName().equals("read") && unreadable) {
                RecordVisitor visitor = (RecordVisitor) arguments[4];
                visitor.damaged((int) arguments[0], (long) arguments[1], (long) arguments[2], 0, 0);
                return arguments[2];
            }
            try {
                return method.invoke(disk, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        /** {@return the last slot, up to one, of which the journal still holds records; 0 if of none} */
        long held(long upTo) {
            try {
                return disk.read(1, 1, upTo, Long.MAX_VALUE, (group, kind, from, to, body) -> {});
            } catch (StorageException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private final LocalNetwork network = new LocalNetwork(1);
    private final Rotten[] disks = {new Rotten(), new Rotten(), new Rotten(), new Rotten()};
    private final PaxosNode<?, ?>[] nodes = new PaxosNode<?, ?>[4];
    private final Queue<Long> taken = new ConcurrentLinkedQueue<>();

    @AfterEach
    void closeAll() {
        for (PaxosNode<?, ?> node : nodes) {
            if (node != null) {
                node.close();
            }
        }
    }

    private PaxosNode<Long, Long> start(int id, String... members) {
        return start(new Cluster.Counter(), id, members);
    }

    private PaxosNode<Long, Long> start(StateMachine<Long, Long> machine, int id, String... members) {
        PaxosNode<Long, Long> node = PaxosNode.builder(machine, Codec.int64(), Codec.int64())
                .member(id, Membership.of(members))
                .storage(disks[id].storage())
                .transport(network.transport(id))
                .retention(ON_DEMAND)
                .limits(Limits.defaults().withAlpha(4).withRing(8)) // whoever is away is not served from memory
                .listener(new NodeListener() {
                    @Override
                    public void snapshotTaken(long slot, long bytes) {
                        taken.add(slot);
                    }
                })
                .start();
        nodes[id] = node;
        return node;
    }

    private static void propose(PaxosNode<Long, Long> node, int times) {
        for (int i = 0; i < times; i++) {
            node.propose(1L, LONG).join();
        }
    }

    @Test
    void what_is_found_damaged_at_rest_is_replaced_by_one_snapshot_and_trimmed_away() {
        PaxosNode<Long, Long> node = start(1, "1=local:1");
        propose(node, 20);
        long slot = node.snapshot().join();
        await(() -> disks[1].disk.trimmedUpTo(1) == slot);
        assertThat(disks[1].held(slot)).as("kept for members that lag").isEqualTo(slot);

        long upTo = disks[1].disk.durablePosition();
        disks[1].listener().journalDamaged("somewhere", upTo);
        await(() -> disks[1].held(slot) == 0);
        await(() -> taken.size() == 2);
        disks[1].listener().journalDamaged("somewhere", upTo); // as in every round
        propose(node, 20);
        assertThat(node.snapshot().join()).isGreaterThan(slot);
        assertThat(taken)
                .as("though nothing was executed since, and once")
                .hasSize(3)
                .startsWith(slot, slot);
        assertThat(disks[1].held(slot + 20)).as("what is whole is kept").isGreaterThan(slot);
    }

    @Test
    void a_snapshot_that_is_found_damaged_at_rest_is_taken_again() {
        PaxosNode<Long, Long> node = start(1, "1=local:1");
        propose(node, 20);
        long slot = node.snapshot().join();
        disks[1].listener().snapshotDamaged(new SnapshotStore.Id(1, slot - 1, 7, 7)); // replaced already
        disks[1].listener().snapshotDamaged(new SnapshotStore.Id(2, slot, 7, 7)); // another group's
        disks[1].listener().snapshotDamaged(new SnapshotStore.Id(1, slot, 7, 7));
        await(() -> taken.size() == 2);
        propose(node, 1);
        long next = node.snapshot().join();
        assertThat(taken).containsExactly(slot, slot, next);
    }

    @Test
    void a_repair_that_fails_is_tried_again_without_another_report() {
        PaxosNode<Long, Long> node = start(1, "1=local:1");
        propose(node, 20);
        long slot = node.snapshot().join();
        disks[1].disk.failNextSnapshot("no space left on device");
        disks[1].listener().snapshotDamaged(new SnapshotStore.Id(1, slot, 7, 7));
        await(() -> taken.size() == 2);
        assertThat(taken).containsExactly(slot, slot);
    }

    @Test
    void a_state_machine_with_a_store_of_its_own_needs_no_snapshot_to_let_go_of_what_is_damaged() {
        OwnStoreTest.Sum machine = new OwnStoreTest.Sum(new OwnStoreTest.Committed(0, 0, Map.of()));
        PaxosNode<Long, Long> node = start(machine, 1, "1=local:1");
        propose(node, 40);
        long stored = machine.durableSlot();
        assertThat(disks[1].held(stored)).isEqualTo(stored);

        disks[1].listener().journalDamaged("somewhere", disks[1].disk.durablePosition());
        await(() -> disks[1].held(stored) == 0);
        assertThat(taken).isEmpty();
        assertThat(disks[1].disk.trimmedUpTo(1)).isLessThanOrEqualTo(machine.durableSlot());
        propose(node, 1);
    }

    @Test
    void a_node_whose_journal_cannot_be_read_sends_its_snapshot_instead_and_goes_on() {
        String[] members = {"1=local:1", "2=local:2", "3=local:3"};
        PaxosNode<Long, Long> one = start(1, members);
        PaxosNode<Long, Long> two = start(2, members);
        PaxosNode<Long, Long> three = start(3, members);
        propose(three, 20);
        awaitFounded(one, two);
        MemoryStorage left = disks[3].disk.crash();
        three.close();
        disks[3].disk = left;
        propose(one, 200);
        long slot = one.status().executedSlot();
        disks[1].unreadable = true;
        disks[2].unreadable = true;

        PaxosNode<Long, Long> again = start(3, members);
        await(() -> again.status().executedSlot() >= slot);
        await(() -> again.status().snapshotSlot() > 0); // which it was sent
        await(() -> !taken.isEmpty()); // its sender's listener may be told after it was sent
        propose(one, 20);
        assertThat(nodes[1].status().failure()).isNull();
        assertThat(nodes[2].status().failure()).isNull();
    }
}
