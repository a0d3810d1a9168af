package dev.multipaxos.runtime;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries again to read a snapshot of this node's own that could not be read: what is in it may be nowhere else. As soon as it can be
 * read, and goes beyond what the state machine has executed, that is set to it, as to a member's. It ends when there is none left.
 *
 * <p>Owned by the thread of {@link TransferJob}.
 */
final class SnapshotRetry {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotRetry.class);

    /** The pause before the first attempt; it doubles with each that fails. */
    static final long PAUSE_NANOS_MIN = 1_000_000_000L;

    private static final int PAUSE_DOUBLINGS_MAX = 6; // about a minute

    private final int self;
    private final int group;
    private final SnapshotStore store;
    private final LongSupplier executedUpTo;
    private final TransferHost host;
    private long dueNanos;
    private int failures;
    private long offered; // the slot of the last that could be read again: until it is executed, it may fail once more

    /**
     * Begins: the start may have found one.
     *
     * @param self this node
     * @param group its group
     * @param store its snapshots
     * @param executedUpTo the last slot that the state machine has executed
     * @param host the rest of the node
     * @param nowNanos now
     */
    SnapshotRetry(
            int self, int group, SnapshotStore store, LongSupplier executedUpTo, TransferHost host, long nowNanos) {
        this.self = self;
        this.group = group;
        this.store = store;
        this.executedUpTo = executedUpTo;
        this.host = host;
        this.dueNanos = nowNanos + PAUSE_NANOS_MIN;
    }

    /** Reading a snapshot has failed. */
    void begin(long nowNanos) {
        if (dueNanos == Long.MAX_VALUE) {
            dueNanos = nowNanos + pauseNanos();
        }
    }

    /** Tries again, if it is time. */
    void step(long nowNanos) {
        if (nowNanos < dueNanos) {
            return;
        }
        dueNanos = Long.MAX_VALUE;
        try {
            SnapshotStore.Id id = store.readAgain(group);
            if (id == null) {
                failures = executedUpTo.getAsLong() < offered ? failures : 0;
                return;
            }
            if (id.slot() > executedUpTo.getAsLong()) {
                LOG.info("node {} can read its snapshot of slot {} again, and goes on behind it", self, id.slot());
                failures++; // should it fail again, the next attempt comes later
                offered = id.slot();
                host.install(id);
            }
            dueNanos = nowNanos + pauseNanos(); // a newer one may still wait for that
        } catch (StorageException e) {
            failures++;
            dueNanos = nowNanos + pauseNanos();
            LOG.debug("node {} still has a snapshot that it cannot read: {}", self, e.getMessage());
        }
    }

    private long pauseNanos() {
        return PAUSE_NANOS_MIN << Math.min(failures, PAUSE_DOUBLINGS_MAX);
    }

    /** {@return when {@link #step} has something to do; {@link Long#MAX_VALUE} if never} */
    long dueNanos() {
        return dueNanos;
    }
}
