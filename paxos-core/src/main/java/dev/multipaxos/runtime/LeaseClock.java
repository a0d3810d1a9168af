package dev.multipaxos.runtime;

import dev.multipaxos.wire.LeaseLimit;
import org.jspecify.annotations.Nullable;

/**
 * The clock of the leases: nanoseconds since the node was started. It knows what earlier lives may have granted, when this one may
 * grant, and tells other threads, too, whether this node holds one. Owned by the event loop but for {@link #now} and {@link #isHeld}.
 */
final class LeaseClock {

    private final TimeSource time;
    private final long startNanos;
    private final long grantNanos;
    private final long awaited;
    private boolean noted;
    private volatile long heldUntil = Long.MIN_VALUE;

    /**
     * Starts at 0.
     *
     * @param time the monotonic clock
     * @param grantNanos how long the leases may be that this node grants; 0: it grants none
     * @param recordedNanos how long, as the journal says, those may be that earlier lives granted
     */
    LeaseClock(TimeSource time, long grantNanos, long recordedNanos) {
        this.time = time;
        this.startNanos = time.nanoTime();
        this.grantNanos = grantNanos;
        this.awaited = Math.max(grantNanos, recordedNanos); // damage may have swallowed the record
    }

    /** {@return when the leases end that earlier lives may have granted; 0 if there are none} */
    long awaited() {
        return awaited;
    }

    /**
     * Says, once, what must be on the disk before this node grants a lease: not before those of earlier lives are over, since only the
     * last record counts.
     *
     * @param now the time
     * @return the record; null if none is due
     */
    @Nullable
    LeaseLimit toNote(long now) {
        if (noted || awaited == 0 || now < awaited) {
            return null;
        }
        noted = true;
        return new LeaseLimit(grantNanos);
    }

    /** {@return the time; any thread} */
    long now() {
        return time.nanoTime() - startNanos;
    }

    /** Until when the node holds a lease; {@link Long#MIN_VALUE} if it holds none. */
    void heldUntil(long nanos) {
        if (heldUntil != nanos) {
            heldUntil = nanos;
        }
    }

    /** {@return whether this node leads, and holds a lease now; any thread} */
    boolean isHeld() {
        return now() < heldUntil;
    }
}
