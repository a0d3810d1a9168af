package dev.multipaxos.testkit;

import static dev.multipaxos.testkit.Cluster.LONG;
import static dev.multipaxos.testkit.Cluster.await;
import static dev.multipaxos.testkit.Cluster.awaitFounded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Retention;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Record;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.wire.RecordCodec;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes that take snapshots, trim their journals, and start from what is left. */
@Timeout(120)
class SnapshotsTest {

    private static final Retention SMALL =
            Retention.defaults().withSnapshotEveryBytes(2_000).withKeepBytes(0);
    private static final Retention ON_DEMAND =
            Retention.defaults().withSnapshotEveryBytes(0).withKeepBytes(0);

    /** A counter whose snapshots can be held up, or fail. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // only the apply thread writes
    private static final class Sum implements StateMachine<Long, Long> {
        private volatile long sum;
        private volatile long applied; // in this life
        private volatile int restored;
        private volatile @Nullable RuntimeException inSnapshot;
        private volatile @Nullable RuntimeException inWriting;
        private volatile CountDownLatch mayWrite = new CountDownLatch(0);

        @Override
        public Long apply(Context at, Long delta) {
            applied++;
            sum += delta;
            return sum;
        }

        @Override
        public Snapshot snapshot() {
            if (inSnapshot != null) {
                throw inSnapshot;
            }
            long captured = sum;
            return out -> {
                try {
                    assertThat(mayWrite.await(LONG.toSeconds(), TimeUnit.SECONDS))
                            .isTrue();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                if (inWriting != null) {
                    throw inWriting;
                }
                new DataOutputStream(out).writeLong(captured);
            };
        }

        @Override
        public void restore(InputStream in) throws IOException {
            sum = new DataInputStream(in).readLong();
            restored++;
        }
    }

    private final LocalNetwork network = new LocalNetwork(1);
    private final Sum[] sums = new Sum[4];
    private final MemoryStorage[] disks = {
        new MemoryStorage(), new MemoryStorage(), new MemoryStorage(), new MemoryStorage()
    };
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

    private static Membership members(int size) {
        return size == 1 ? Membership.of("1=local:1") : Membership.of("1=local:1", "2=local:2", "3=local:3");
    }

    private PaxosNode<Long, Long> start(int id, int size, Retention retention) {
        return start(id, size, retention, disks[id]);
    }

    private PaxosNode<Long, Long> start(int id, int size, Retention retention, DurableStorage storage) {
        sums[id] = new Sum();
        PaxosNode<Long, Long> node = PaxosNode.builder(sums[id], Codec.int64(), Codec.int64())
                .member(id, members(size))
                .storage(storage)
                .transport(network.transport(id))
                .retention(retention)
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

    private void crash(int id) {
        MemoryStorage left = disks[id].crash();
        nodes[id].close();
        disks[id] = left;
    }

    private static long propose(PaxosNode<Long, Long> node, long delta) {
        return node.propose(delta, LONG).join();
    }

    @Test
    void a_node_starts_from_its_snapshot_and_executes_only_what_lies_behind_it() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        assertThat(node.snapshot().join()).as("nothing to take").isZero();
        for (int i = 0; i < 50; i++) {
            propose(node, 1);
        }
        long slot = node.snapshot().join();
        assertThat(node.snapshot().join()).as("nothing was executed since").isEqualTo(slot);
        assertThat(taken).containsExactly(slot);
        assertThat(node.status().snapshotSlot()).isEqualTo(slot);
        assertThat(node.status().snapshotTime()).isNotNull();
        propose(node, 1);
        await(() -> disks[1].trimmedUpTo(1) == slot);
        crash(1);

        PaxosNode<Long, Long> again = start(1, 1, ON_DEMAND);
        assertThat(again.status().snapshotSlot()).isEqualTo(slot);
        assertThat(propose(again, 1)).isEqualTo(52);
        assertThat(sums[1].applied).isLessThan(10);
        assertThat(sums[1].restored).isEqualTo(1);
    }

    @Test
    void three_nodes_take_snapshots_as_their_journals_grow_and_start_again_from_them() {
        for (int life = 1; life <= 4; life++) {
            for (int id = 1; id <= 3; id++) {
                start(id, 3, SMALL);
                assertThat(sums[id].restored)
                        .as("its own, and perhaps a member's")
                        .isGreaterThanOrEqualTo(life == 1 ? 0 : 1);
            }
            for (int i = 0; i < 60; i++) {
                assertThat(propose(node(1 + i % 3), 1)).isEqualTo(60L * (life - 1) + i + 1);
            }
            for (int id = 1; id <= 3; id++) {
                PaxosNode<?, ?> node = nodes[id];
                await(() -> node.status().snapshotSlot() > 0); // followers too
            }
            long sum = 60L * life;
            await(() -> sums[1].sum == sum && sums[2].sum == sum && sums[3].sum == sum);
            for (int id = 1; id <= 3; id++) {
                crash(id);
            }
        }
        for (int id = 1; id <= 3; id++) {
            assertThat(sums[id].applied).isLessThan(240);
        }
    }

    @Test
    void a_state_machine_that_cannot_be_captured_or_written_costs_the_snapshot_only() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        sums[1].inSnapshot = new IllegalArgumentException("no picture today");
        assertThatThrownBy(() -> node.snapshot().join())
                .hasCauseInstanceOf(PaxosException.SnapshotFailed.class)
                .hasMessageContaining("no picture today");
        sums[1].inSnapshot = null;
        sums[1].inWriting = new IllegalArgumentException("no ink");
        assertThatThrownBy(() -> node.snapshot().join())
                .hasCauseInstanceOf(PaxosException.SnapshotFailed.class)
                .hasMessageContaining("no ink");
        assertThat(node.status().snapshotSlot()).isZero();
        assertThat(disks[1].trimmedUpTo(1)).isZero();
        sums[1].inWriting = null;
        propose(node, 1);
        assertThat(node.snapshot().join()).isPositive();
    }

    @Test
    void a_full_disk_costs_the_snapshot_only_and_it_is_tried_again_when_the_journal_has_grown() {
        PaxosNode<Long, Long> node = start(1, 1, SMALL);
        disks[1].failNextSnapshot("no space left on device");
        while (node.status().snapshotSlot() == 0) { // however fast it grows, and however late the first attempt is made
            propose(node, 1);
        }
        assertThat(node.status().failure()).isNull();
    }

    @Test
    void commands_are_executed_while_a_snapshot_is_written_and_only_one_is_written_at_a_time() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        sums[1].mayWrite = new CountDownLatch(1);
        CompletableFuture<Long> first = node.snapshot();
        long during = 0;
        for (int i = 0; i < 100; i++) {
            during = propose(node, 1);
        }
        CompletableFuture<Long> second = node.snapshot();
        CompletableFuture<Long> third = node.snapshot();
        assertThat(during).isEqualTo(101);
        assertThat(first).isNotDone();
        sums[1].mayWrite.countDown();
        assertThat(second.join())
                .as("of what was executed when it was asked for")
                .isGreaterThan(first.join());
        assertThat(third.join()).isEqualTo(second.join());
        assertThat(taken).containsExactly(first.join(), second.join());
    }

    @Test
    void a_snapshot_that_is_being_written_when_the_node_is_closed_is_whole_or_not_there() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        CompletableFuture<Long> open;
        sums[1].mayWrite = new CountDownLatch(1);
        open = node.snapshot();
        Thread closing = new Thread(node::close);
        closing.start();
        assertThatThrownBy(open::join).hasCauseInstanceOf(PaxosException.NodeStopped.class);
        sums[1].mayWrite.countDown();
        await(() -> !closing.isAlive());
        PaxosNode<Long, Long> again = start(1, 1, ON_DEMAND);
        assertThat(propose(again, 1)).isEqualTo(2);
    }

    @Test
    void a_damaged_snapshot_does_not_matter_while_the_log_reaches_back_to_the_first_slot() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        long slot = executedSlot(node);
        storeNonsense(slot);
        disks[1].damageSnapshot(1);
        node.close();

        PaxosNode<Long, Long> again = start(1, 1, ON_DEMAND);
        assertThat(again.status().snapshotSlot()).isZero();
        assertThat(again.status().rebuilding()).isFalse();
        assertThat(propose(again, 1)).isEqualTo(2);
        assertThat(again.snapshot().join()).isGreaterThan(slot);
    }

    @Test
    void a_snapshot_that_makes_no_sense_is_not_shown_to_the_state_machine() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        long slot = executedSlot(node);
        storeNonsense(slot);
        node.close();

        assertThat(propose(start(1, 1, ON_DEMAND), 1)).isEqualTo(2);
        assertThat(sums[1].restored).isZero();
    }

    /** The slot of the only command: it shows in the status behind its answer. */
    private static long executedSlot(PaxosNode<?, ?> node) {
        await(() -> node.status().executedSlot() > 0);
        return node.status().executedSlot();
    }

    /** A snapshot whose checksums are right, and nothing else. */
    private void storeNonsense(long slot) {
        store(disks[1], slot, new byte[] {7, 7, 7});
    }

    @Test
    void a_start_without_the_snapshot_that_a_trimmed_log_needs_says_what_is_missing() throws StorageException {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        long slot = node.snapshot().join();
        await(() -> disks[1].trimmedUpTo(1) == slot);
        node.close();
        MemoryStorage empty = new MemoryStorage();
        empty.open(1, Bytes.EMPTY);
        DurableStorage without = (DurableStorage) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {DurableStorage.class},
                (proxy, method, arguments) ->
                        method.getName().equals("snapshots") ? empty.snapshots() : method.invoke(disks[1], arguments));

        assertThatThrownBy(() -> start(1, 1, ON_DEMAND, without))
                .isInstanceOf(PaxosException.StartFailed.class)
                .hasMessageContaining("MISSING_FILE")
                .hasMessageContaining("trimmed up to slot " + slot)
                .hasMessageContaining("Put it back");
    }

    @Test
    void files_go_as_snapshots_are_taken_and_every_start_finds_the_whole_state(@TempDir Path directory)
            throws IOException {
        Retention often = Retention.defaults().withSnapshotEveryBytes(40_000).withKeepBytes(0);
        Path place = directory.resolve("node-1");
        long sum = 0;
        for (int life = 1; life <= 4; life++) {
            PaxosNode<Long, Long> node =
                    start(1, 1, often, FileStorage.at(place).withSegmentBytes(16 << 10));
            for (int i = 0; i < 400; i++) {
                sum++;
                assertThat(propose(node, 1)).isEqualTo(sum);
            }
            long before = node.status().snapshotSlot();
            await(() -> node.status().snapshotSlot() > 0);
            assertThat(node.snapshot().join()).isGreaterThanOrEqualTo(before);
            node.close();
            assertThat(sums[1].restored).isEqualTo(life == 1 ? 0 : 1);
        }
        assertThat(size(place)).as("four lives of 400 commands each").isLessThan(10L * (16 << 10));
    }

    private static long size(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    @Test
    void a_node_whose_snapshot_is_damaged_gets_back_from_the_others_what_its_log_does_not_hold_any_more() {
        Retention keepsAll = ON_DEMAND.withKeepBytes(1 << 30);
        for (int id = 1; id <= 3; id++) {
            start(id, 3, id == 3 ? ON_DEMAND : keepsAll);
        }
        for (int i = 0; i < 40; i++) {
            propose(node(1), 1);
        }
        await(() -> sums[3].sum == 40);
        long slot = node(3).snapshot().join();
        await(() -> disks[3].trimmedUpTo(1) == slot);
        disks[3].damageSnapshot(1);
        crash(3);

        PaxosNode<Long, Long> again = start(3, 3, ON_DEMAND);
        await(() -> sums[3].sum == 40 && !again.status().rebuilding());
        assertThat(sums[3].restored).isZero();
        assertThat(propose(again, 1)).isEqualTo(41);
        assertThat(again.snapshot().join()).isGreaterThan(slot);
    }

    @Test
    void a_node_whose_newest_snapshot_is_damaged_begins_with_the_older_one_and_gets_the_rest_from_the_others()
            throws IOException {
        Retention keepsAll = ON_DEMAND.withKeepBytes(1 << 30);
        for (int id = 1; id <= 3; id++) {
            start(id, 3, id == 3 ? ON_DEMAND : keepsAll);
        }
        for (int i = 0; i < 20; i++) {
            propose(node(3), 1);
        }
        long older = node(3).snapshot().join();
        SnapshotStore store = disks[3].snapshots();
        try (SnapshotStore.Reader reader = store.open(Objects.requireNonNull(store.latest(1)))) { // so it stays
            assertThat(reader).isNotNull();
            for (int i = 0; i < 20; i++) {
                propose(node(3), 1);
            }
            long newer = node(3).snapshot().join();
            await(() -> disks[3].trimmedUpTo(1) == newer);
            disks[3].damageSnapshot(1);
            crash(3);

            taken.clear();
            PaxosNode<Long, Long> again = start(3, 3, ON_DEMAND);
            assertThat(sums[3].restored).isEqualTo(1);
            assertThat(again.status().snapshotSlot()).isGreaterThanOrEqualTo(older);
            await(() -> sums[3].sum == 40 && !again.status().rebuilding());
            assertThat(sums[3].applied).as("what lies behind the older one").isEqualTo(20);
            await(() -> again.status().snapshotSlot() >= newer); // it takes one at once
            await(() -> !taken.isEmpty()); // the status tells of it before the listener is told
            assertThat(taken).hasSize(1);
        }
    }

    /** A member's snapshot may be durable, and what the journal says before it is installed be lost. */
    @Test
    void a_snapshot_that_goes_beyond_the_journal_is_written_into_it_at_the_start_and_no_more_at_the_next()
            throws IOException {
        for (int id = 1; id <= 3; id++) {
            start(id, 3, ON_DEMAND);
        }
        propose(node(1), 1);
        await(() -> sums[3].sum == 1);
        awaitFounded(node(1), node(2));
        crash(3);
        for (int i = 0; i < 20; i++) {
            propose(node(1), 1);
        }
        long slot = node(1).snapshot().join();
        byte[] content = content(disks[1].snapshots(), slot);

        List<Long> installed = new CopyOnWriteArrayList<>();
        start(3, 3, ON_DEMAND, telling(disks[3], installed, () -> store(disks[3], slot, content)));
        assertThat(sums[3].sum).isGreaterThanOrEqualTo(21);
        await(() -> disks[3].trimmedUpTo(1) == slot); // or the next life would, and say it again
        assertThat(installed).as("at the start, and behind what it trims").containsExactly(slot, slot);
        assertThat(propose(node(3), 1)).isEqualTo(22);
        await(() -> sums[3].sum == 22);
        nodes[3].close();

        installed.clear();
        start(3, 3, ON_DEMAND, telling(disks[3], installed, () -> {}));
        assertThat(propose(node(3), 1)).isEqualTo(23);
        assertThat(installed).isEmpty();
    }

    private static byte[] content(SnapshotStore store, long slot) throws IOException {
        SnapshotStore.Id id = Objects.requireNonNull(store.latest(1));
        assertThat(id.slot()).isEqualTo(slot);
        try (SnapshotStore.Reader reader = Objects.requireNonNull(store.open(id))) {
            return reader.read(0, (int) id.bytes()).toArray();
        }
    }

    private static void store(MemoryStorage disk, long slot, byte[] content) {
        try (SnapshotStore.Writer writer = disk.snapshots().create(1, slot)) {
            writer.write(content, 0, content.length);
            writer.commit();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A storage to which something happens when it was opened, and that tells which snapshots its journal is told of. */
    private DurableStorage telling(MemoryStorage disk, List<Long> installed, Runnable opened) {
        return (DurableStorage) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DurableStorage.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(disk, arguments);
                    if (method.getName().equals("open")) {
                        opened.run();
                    } else if (method.getName().equals("append")) {
                        int kind = (int) arguments[1];
                        if (kind == RecordCodec.kind(new Record.Installed(1))) {
                            Bytes record = joined((Bytes) arguments[6], (Bytes) arguments[7]);
                            installed.add(((Record.Installed) RecordCodec.decode(kind, record)).slot());
                        }
                    }
                    return result;
                });
    }

    private static Bytes joined(Bytes head, Bytes body) {
        byte[] both = Arrays.copyOf(head.toArray(), head.length() + body.length());
        System.arraycopy(body.toArray(), 0, both, head.length(), body.length());
        return Bytes.wrap(both);
    }

    /** Three nodes with a snapshot each, of which nobody's journal holds what is in it. {@return its slot at node 3} */
    private long threeThatKeepSnapshotsOnly() {
        for (int id = 1; id <= 3; id++) {
            start(id, 3, ON_DEMAND);
        }
        for (int i = 0; i < 40; i++) {
            propose(node(1), 1);
        }
        for (int id = 1; id <= 3; id++) {
            int each = id;
            await(() -> sums[each].sum == 40);
            long slot = node(id).snapshot().join();
            await(() -> disks[each].trimmedUpTo(1) == slot);
        }
        return node(3).status().snapshotSlot();
    }

    @Test
    void a_node_that_cannot_read_its_snapshot_at_a_start_restores_it_as_soon_as_it_can() {
        long slot = threeThatKeepSnapshotsOnly();
        for (int id = 1; id <= 3; id++) {
            crash(id);
        }
        disks[3].failSnapshotReads("input/output error");
        PaxosNode<Long, Long> again = start(3, 3, ON_DEMAND); // alone: nobody else can help
        assertThat(again.status().rebuilding()).isTrue();
        assertThat(again.status().snapshotSlot()).isZero();
        assertThatThrownBy(() -> again.snapshot().join()).hasMessageContaining("before slot " + slot);

        disks[3].failSnapshotReads(null);
        await(() -> sums[3].sum == 40
                && !again.status().rebuilding()
                && again.status().snapshotSlot() == slot);
        start(1, 3, ON_DEMAND);
        assertThat(propose(again, 1)).isEqualTo(41);
    }

    @Test
    void a_single_node_that_cannot_read_its_snapshot_starts_when_it_can() {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        long slot = node.snapshot().join();
        await(() -> disks[1].trimmedUpTo(1) == slot);
        node.close();
        disks[1].failSnapshotReads("input/output error");
        assertThatThrownBy(() -> start(1, 1, ON_DEMAND))
                .isInstanceOf(PaxosException.StartFailed.class)
                .hasMessageContaining("IO_FAILED")
                .hasMessageContaining("input/output error");

        disks[1].failSnapshotReads(null);
        assertThat(propose(start(1, 1, ON_DEMAND), 1)).isEqualTo(2);
    }

    @Test
    void a_single_node_that_can_read_only_an_older_snapshot_starts_when_it_can_read_the_newest() throws IOException {
        PaxosNode<Long, Long> node = start(1, 1, ON_DEMAND);
        propose(node, 1);
        node.snapshot().join();
        SnapshotStore store = disks[1].snapshots();
        try (SnapshotStore.Reader reader = store.open(Objects.requireNonNull(store.latest(1)))) { // so it stays
            assertThat(reader).isNotNull();
            propose(node, 1);
            long newer = node.snapshot().join();
            await(() -> disks[1].trimmedUpTo(1) == newer);
            disks[1].failSnapshotReads(1, "input/output error");
            node.close();
            assertThatThrownBy(() -> start(1, 1, ON_DEMAND))
                    .isInstanceOf(PaxosException.StartFailed.class)
                    .hasMessageContaining("IO_FAILED")
                    .hasMessageContaining("input/output error");
        }
        disks[1].failSnapshotReads(1, null);
        assertThat(propose(start(1, 1, ON_DEMAND), 1)).isEqualTo(3);
    }

    @SuppressWarnings("unchecked")
    private PaxosNode<Long, Long> node(int id) {
        return (PaxosNode<Long, Long>) nodes[id];
    }
}
