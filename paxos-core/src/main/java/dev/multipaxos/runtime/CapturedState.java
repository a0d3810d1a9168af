package dev.multipaxos.runtime;

import dev.multipaxos.Snapshot;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.SnapshotPart;
import java.io.IOException;
import java.io.OutputStream;

/**
 * All that is replicated, as it was behind one slot, to be written while the slots behind it are executed.
 *
 * @param slot the last slot that was executed
 * @param sessions the session table
 * @param application what the state machine captured
 */
record CapturedState(long slot, SessionTable sessions, Snapshot application) {

    /** The slot that the founding configuration governs first; no other one exists in this version. */
    static final long FOUNDING_SLOT = 1;

    /**
     * Writes it, from the first byte to the last; no more of it is in memory than was captured.
     *
     * @param out where to, buffered
     * @param founding who decides about the slots above
     * @param nowMillis the time of day
     * @throws IOException if {@code out} fails, or the state machine does
     */
    void writeTo(OutputStream out, FoundingRecord founding, long nowMillis) throws IOException {
        int count = sessions.sessions().size();
        SessionTable.write(new SnapshotPart.Header(slot, sessions.logTimeMillis(), nowMillis, 1, count), out);
        SessionTable.write(new SnapshotPart.Configuration(FOUNDING_SLOT, founding), out);
        sessions.writeTo(out);
        application.writeTo(out);
    }
}
