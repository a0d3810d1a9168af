package dev.multipaxos.examples.kv.demo;

import org.HdrHistogram.Histogram;

/** Measures what the clients feel: how long a write takes, and how long nobody gets an answer. Any thread. */
public final class Meter {
    private static final long MICROS_MAX = 3_600_000_000L;

    private final Histogram latencyMicros = new Histogram(MICROS_MAX, 3);
    private long lastNanos = System.nanoTime();
    private boolean watching;
    private long gapNanos;

    /** Begins to look for the longest time without an acknowledgement, counted from the last one before. */
    public synchronized void watchForGap() {
        watching = true;
        gapNanos = 0;
    }

    synchronized void acknowledged(long latencyNanos) {
        long now = System.nanoTime();
        if (watching) {
            gapNanos = Math.max(gapNanos, now - lastNanos);
        }
        lastNanos = now;
        latencyMicros.recordValue(Math.min(MICROS_MAX, latencyNanos / 1_000));
    }

    /** {@return the longest time without an acknowledgement since {@link #watchForGap}, in nanoseconds} */
    public synchronized long gapNanos() {
        return gapNanos;
    }

    /**
     * Asks how long writes took.
     *
     * @param percent the share of writes, in percent, that were at least as fast
     * @return the time in milliseconds
     */
    public synchronized double latencyMillis(double percent) {
        return latencyMicros.getValueAtPercentile(percent) / 1e3;
    }
}
