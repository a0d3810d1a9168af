package dev.multipaxos.runtime;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.FoundingRecord;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes captured states, one at a time, and tells the loop how that went. What the state machine or the disk makes impossible
 * costs the snapshot and nothing else; the one before it stays.
 */
final class SnapshotJob implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotJob.class);

    /** A snapshot is durable. */
    record Taken(SnapshotStore.Id id, long writtenMillis) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().onTaken(this);
        }
    }

    /** An attempt has failed; everything is as it was. */
    record Failed(long slot, Throwable why) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().onFailed(this);
        }
    }

    private final int node;
    private final FoundingRecord founding;
    private final SnapshotStore store;
    private final Mailbox mailbox;
    private final TimeSource time;
    private final Object lock = new Object();
    private @Nullable CapturedState captured; // guarded by lock
    private volatile boolean finished;

    SnapshotJob(int node, FoundingRecord founding, SnapshotStore store, Mailbox mailbox, TimeSource time) {
        this.node = node;
        this.founding = founding;
        this.store = store;
        this.mailbox = mailbox;
        this.time = time;
    }

    /** Hands over a state; the one before has been answered. Any thread. */
    void write(CapturedState state) {
        synchronized (lock) {
            captured = state;
            lock.notifyAll();
        }
    }

    /** Ends the thread; what is being written is given up. Any thread. */
    void finish() {
        synchronized (lock) {
            finished = true;
            captured = null;
            lock.notifyAll();
        }
    }

    @Override
    public boolean step() throws InterruptedException {
        synchronized (lock) {
            while (captured == null && !finished) {
                lock.wait();
            }
        }
        writeNext();
        return !finished;
    }

    /** {@return whether a state waits to be written} */
    boolean hasWork() {
        synchronized (lock) {
            return captured != null;
        }
    }

    /** Writes the state that waits, if there is one. */
    void writeNext() {
        CapturedState state;
        synchronized (lock) {
            state = captured;
            captured = null;
        }
        if (state == null) {
            return;
        }
        try {
            write(state, time.nanoTime());
        } catch (IOException e) {
            failed(state, e);
        }
    }

    private void write(CapturedState state, long begunNanos) throws IOException {
        try (SnapshotStore.Writer writer = store.create(founding.group(), state.slot())) {
            SnapshotOutput out = new SnapshotOutput(writer, () -> finished);
            long now = time.currentTimeMillis();
            try {
                state.writeTo(out, founding, now);
            } catch (IOException | RuntimeException e) { // of the state machine, or of the store through its hands
                out.throwBug();
                failed(state, e);
                return;
            }
            out.finish();
            SnapshotStore.Id id = writer.commit();
            LOG.info(
                    "node {} took a snapshot of slot {}: {} sessions, {} bytes, in {} ms",
                    node,
                    id.slot(),
                    state.sessions().sessions().size(),
                    id.bytes(),
                    (time.nanoTime() - begunNanos) / 1_000_000);
            mailbox.add(new Taken(id, now));
        }
    }

    private void failed(CapturedState state, Exception why) {
        if (!finished) {
            LOG.warn(
                    "node {} could not take a snapshot of slot {}{}; it goes on, and keeps its log until one succeeds",
                    node,
                    state.slot(),
                    why instanceof StorageException ? "" : " (the state machine failed to write it)",
                    why);
        }
        mailbox.add(new Failed(state.slot(), why));
    }
}
