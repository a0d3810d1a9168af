package dev.multipaxos;

import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;

/**
 * What is replicated: a deterministic machine that every member runs. The same commands in the same order must lead to the same
 * state and the same answers everywhere: no clock but {@link Context#logTime}, no randomness, no input but the commands.
 *
 * <p>All methods run on one thread, the node's apply thread, one call at a time.
 *
 * @param <C> commands, and queries from clients
 * @param <R> their answers
 */
public interface StateMachine<C, R> {

    /** Where in the log a command stands. */
    interface Context {
        /** {@return the slot that is executed} */
        long slot();

        /** {@return the time of the log: the same on every member, never goes back} */
        Instant logTime();
    }

    /**
     * Executes a command. It must not throw: an exception stops the group on this node, and, since it is deterministic, on every
     * other. A command that cannot be carried out has an answer that says so.
     *
     * @param at where in the log it stands
     * @param command the command
     * @return the answer to whoever proposed it
     */
    R apply(Context at, C command);

    /**
     * Answers a query of a client that is no member; must not change anything. Members pass a lambda to {@code
     * PaxosNode.read} instead.
     *
     * @param query what is asked, encoded as commands are
     * @return the answer, encoded as answers are
     * @throws UnsupportedOperationException if there is nothing to ask, as is the default
     */
    default R query(C query) {
        throw new UnsupportedOperationException(getClass().getName() + " answers no queries");
    }

    /**
     * Captures the state. Must be quick: it may copy, or share what is immutable; the writing comes later.
     *
     * @return the captured state
     */
    Snapshot snapshot();

    /**
     * Replaces the state by one that was captured, perhaps on another member.
     *
     * @param in what {@link Snapshot#writeTo} wrote
     * @throws IOException if {@code in} fails or makes no sense; the node stops
     */
    void restore(InputStream in) throws IOException;
}
