package dev.multipaxos.runtime;

import dev.multipaxos.Limits;
import dev.multipaxos.Timing;

/**
 * The numbers of the session table. They are part of what is replicated: members that differ in them execute differently, which
 * is why an application cannot set them.
 *
 * @param timeoutMillis how long a session lives without a command, in milliseconds of log time
 * @param window how far a session's newest command may be ahead of its oldest open one; a power of two
 * @param sessionsMax how many sessions a cluster keeps
 * @param answerBytesMax how many bytes the answers of all sessions may have together, each with {@link
 *     Sessions#ANSWER_OVERHEAD_BYTES}
 */
public record SessionRules(long timeoutMillis, int window, int sessionsMax, long answerBytesMax) {

    /** What every cluster runs with. */
    public static final SessionRules STANDARD = new SessionRules(
            Timing.SESSION_TIMEOUT.toMillis(),
            Limits.SESSION_WINDOW,
            Limits.SESSIONS_MAX,
            Limits.SESSION_ANSWERS_BYTES_MAX);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there is no such table
     */
    public SessionRules {
        if (timeoutMillis < 1 || sessionsMax < 1 || answerBytesMax < 0 || Integer.bitCount(window) != 1) {
            throw new IllegalArgumentException("a session table with a time-out of " + timeoutMillis
                    + " ms, a window of " + window + " and room for " + sessionsMax + " sessions and "
                    + answerBytesMax + " bytes of answers");
        }
    }
}
