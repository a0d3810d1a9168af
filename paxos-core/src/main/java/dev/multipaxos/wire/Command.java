package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;

/**
 * One command as it lies in a batch: the unit that sessions count ({@code docs/protocol.md} §10).
 *
 * @param kind what it is
 * @param session the session it belongs to; for {@link Kind#OPEN} a random number by which the opener knows the answer
 * @param sequence its number in the session, 1, 2, 3 …; 0 for everything but {@link Kind#APPLY}
 * @param acknowledgedBelow the lowest sequence whose answer the client still waits for: answers below it may be forgotten
 * @param payload the application's bytes; empty for everything but {@link Kind#APPLY}
 */
public record Command(Kind kind, long session, long sequence, long acknowledgedBelow, Bytes payload) {

    /** What a command does. */
    public enum Kind {
        /** Runs in the state machine, once. */
        APPLY,
        /** Opens a session; the answer is its id. */
        OPEN,
        /** Keeps a session from expiring. */
        KEEP_ALIVE,
        /** Ends a session. */
        CLOSE
    }
}
