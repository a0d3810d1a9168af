package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.CommandReader;

/** Is told how each executed command ended, in log order, on the thread that executes. */
@FunctionalInterface
public interface Outcomes {

    /** Tells nobody: what a journal that is replayed says. */
    Outcomes NONE = (command, status, answer) -> {};

    /**
     * A command has ended.
     *
     * @param command stands at the command, and moves on when this returns
     * @param status how
     * @param answer the state machine's answer; for a session that was opened its id, 8 bytes
     */
    void ended(CommandReader command, Status status, Bytes answer);
}
