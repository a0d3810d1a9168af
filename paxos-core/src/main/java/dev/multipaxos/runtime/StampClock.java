package dev.multipaxos.runtime;

import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The wall clock that a leader stamps batches with. Log time can never go back, so a wall clock that jumps ahead would take
 * sessions with it: a stamp that runs ahead of the monotonic clock by more than a bound is clamped, and logged once a jump.
 * A clock that is slowly corrected is followed. Owned by the event loop.
 */
final class StampClock {
    private static final Logger LOG = LoggerFactory.getLogger(StampClock.class);
    private static final long AHEAD_MAX_MILLIS = 5_000;
    /** The monotonic clock may be this many times slower than a wall clock that is being corrected: 1 part in 100. */
    private static final long SLEW = 100;

    private final LongSupplier wallMillis;
    private final LongSupplier monotonicMillis;
    private long lastMonotonic;
    private long trusted; // wall minus monotonic time that is believed
    private boolean clamped;

    /**
     * Starts from what the wall clock says now.
     *
     * @param wallMillis milliseconds since 1970
     * @param monotonicMillis milliseconds since anything
     */
    StampClock(LongSupplier wallMillis, LongSupplier monotonicMillis) {
        this.wallMillis = wallMillis;
        this.monotonicMillis = monotonicMillis;
        this.lastMonotonic = monotonicMillis.getAsLong();
        this.trusted = wallMillis.getAsLong() - lastMonotonic;
    }

    /** {@return the stamp for a batch that is closed now} */
    long stamp() {
        long monotonic = monotonicMillis.getAsLong();
        long wall = wallMillis.getAsLong();
        long offset = wall - monotonic;
        long credit = (monotonic - lastMonotonic) / SLEW;
        if (credit > 0 || offset < trusted) {
            trusted = Math.min(offset, trusted + credit);
            lastMonotonic = monotonic;
        }
        if (offset <= trusted + AHEAD_MAX_MILLIS) {
            clamped = false;
            return wall;
        }
        if (!clamped) {
            clamped = true;
            LOG.warn("the wall clock jumped {} ms ahead of the monotonic one: stamps are held back", offset - trusted);
        }
        return monotonic + trusted + AHEAD_MAX_MILLIS;
    }
}
