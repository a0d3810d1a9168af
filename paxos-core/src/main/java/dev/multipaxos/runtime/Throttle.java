package dev.multipaxos.runtime;

/**
 * Lets so many bytes a second through, on average. What was not used is kept for a fraction of a second; what was used too much is
 * waited for. Not thread-safe.
 */
final class Throttle {

    /** Unused room is kept for this part of a second. */
    private static final int BURSTS_PER_SECOND = 10;

    private static final double NANOS_PER_SECOND = 1_000_000_000;

    private final double bytesPerSecond;
    private double room; // bytes; may be negative
    private long filledNanos;

    /**
     * Makes a throttle that is open.
     *
     * @param bytesPerSecond the rate
     * @param nowNanos now
     */
    Throttle(long bytesPerSecond, long nowNanos) {
        this.bytesPerSecond = bytesPerSecond;
        this.room = burst();
        this.filledNanos = nowNanos;
    }

    private double burst() {
        return bytesPerSecond / BURSTS_PER_SECOND;
    }

    private void fill(long nowNanos) {
        room = Math.min(burst(), room + (nowNanos - filledNanos) / NANOS_PER_SECOND * bytesPerSecond);
        filledNanos = nowNanos;
    }

    /** {@return whether something may go, however large} */
    boolean isOpen(long nowNanos) {
        fill(nowNanos);
        return room > 0;
    }

    /** So many bytes went. */
    void take(int bytes) {
        room -= bytes;
    }

    /** {@return when something may go} */
    long opensNanos(long nowNanos) {
        fill(nowNanos);
        return room > 0 ? nowNanos : nowNanos + 1 + (long) (-room / bytesPerSecond * NANOS_PER_SECOND);
    }
}
