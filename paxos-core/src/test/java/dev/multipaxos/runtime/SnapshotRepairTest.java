package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Retention;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

/** When the snapshot is taken that takes the place of one that was lost. */
class SnapshotRepairTest {

    private static final class Nothing implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            return Bytes.EMPTY;
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    private final Mailbox mailbox = new Mailbox(100);
    private final HeapSnapshots store = new HeapSnapshots();
    private final Execution<Bytes, Bytes> execution =
            new Execution<>(new Nothing(), Codec.bytes(), Codec.bytes(), new Sessions(SessionRules.STANDARD));
    private final Applier apply = new Applier(
            execution,
            new SnapshotReader(store, HeapSnapshots.FOUNDING, execution),
            0,
            new PendingProposals(mailbox, () -> 1, 1, SessionRules.STANDARD, 0),
            new ClientOutcomes(1_000, mailbox),
            mailbox);
    private final SnapshotJob job = new SnapshotJob(1, HeapSnapshots.FOUNDING, store, mailbox, TimeSource.SYSTEM);

    private static final DurableStorage EMPTY_JOURNAL = (DurableStorage) Proxy.newProxyInstance(
            DurableStorage.class.getClassLoader(),
            new Class<?>[] {DurableStorage.class},
            (proxy, method, arguments) -> method.getName().equals("space") ? DiskSpace.PLENTY : (Object) 0L);

    /** A node whose log is trimmed up to slot 10, whose snapshot is gone, and that has to execute up to slot 12 again. */
    private final Snapshots snapshots = new Snapshots(
            1,
            Retention.defaults().withSnapshotEveryBytes(0),
            apply,
            job,
            new JournalWriter(EMPTY_JOURNAL, 1, new Standing(), mailbox, false),
            from -> Long.MAX_VALUE,
            Snapshots.View.NONE,
            0,
            10,
            12,
            -1,
            slot -> {},
            event -> {});

    private void executeUpTo(long slot) {
        for (long next = apply.executedUpTo() + 1; next <= slot; next++) {
            apply.execute(next, Value.NO_OP);
        }
        work();
    }

    private void work() {
        apply.handOver();
        apply.work(Integer.MAX_VALUE);
    }

    private boolean isTaken() {
        snapshots.sweep();
        work();
        return job.hasWork();
    }

    @Test
    void a_members_snapshot_that_does_not_reach_the_log_is_not_the_repair_of_one_that_was_lost() {
        executeUpTo(5);
        snapshots.onInstalled(new Snapshots.View(5, 77));
        assertThat(isTaken()).as("it would not reach the log either").isFalse();
        executeUpTo(12);
        assertThat(isTaken()).isTrue();
    }

    @Test
    void a_members_snapshot_that_reaches_the_log_is() {
        executeUpTo(12);
        snapshots.onInstalled(new Snapshots.View(12, 77));
        assertThat(isTaken()).isFalse();
    }
}
