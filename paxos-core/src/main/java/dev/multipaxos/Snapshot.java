package dev.multipaxos;

import java.io.IOException;
import java.io.OutputStream;

/** The state of a {@link StateMachine} at one slot, captured so that it can be written while the state machine goes on. */
@FunctionalInterface
public interface Snapshot {

    /**
     * Writes the captured state. Runs on a thread of the library's, not on the one that applies.
     *
     * @param out where to; need not be closed or buffered
     * @throws IOException if {@code out} fails
     */
    void writeTo(OutputStream out) throws IOException;
}
