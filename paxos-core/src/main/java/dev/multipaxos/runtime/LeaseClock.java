package dev.multipaxos.runtime;

/** The clock of the leases: nanoseconds since the node was started. It tells other threads, too, whether this node holds one. */
final class LeaseClock {

    private final TimeSource time;
    private final long startNanos;
    private volatile long heldUntil = Long.MIN_VALUE;

    /**
     * Starts at 0.
     *
     * @param time the monotonic clock
     */
    LeaseClock(TimeSource time) {
        this.time = time;
        this.startNanos = time.nanoTime();
    }

    /** {@return the time; any thread} */
    long now() {
        return time.nanoTime() - startNanos;
    }

    /** Until when the node holds a lease; {@link Long#MIN_VALUE} if it holds none. Loop only. */
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
