package dev.multipaxos.transport.netty;

import org.slf4j.Logger;

/** Warnings about what strangers do, at most so many in a while: whoever can reach the port must not fill the disk. */
final class Complaints {

    private static final int PER_WINDOW_MAX = 20;
    private static final long WINDOW_NANOS = 10_000_000_000L;

    private final Logger log;
    private long windowStartNanos = System.nanoTime();
    private int said;
    private long unsaid;

    Complaints(Logger log) {
        this.log = log;
    }

    /** Logs a warning, or counts it if there were too many. Any thread. */
    synchronized void warn(String message) {
        long now = System.nanoTime();
        if (now - windowStartNanos >= WINDOW_NANOS) {
            if (unsaid > 0) {
                log.warn("{} more warnings about connections were left out", unsaid);
            }
            windowStartNanos = now;
            said = 0;
            unsaid = 0;
        }
        if (said < PER_WINDOW_MAX) {
            said++;
            log.warn(message);
        } else {
            unsaid++;
        }
    }
}
