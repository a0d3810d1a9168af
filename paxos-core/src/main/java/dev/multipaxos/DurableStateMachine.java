package dev.multipaxos;

import dev.multipaxos.bytes.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A state machine that keeps its state in a store of its own, with transactions: a database, for instance. It starts where its
 * store is, not at a snapshot; its data is never wiped, but for an {@link #install}.
 *
 * <p><b>The contract.</b> What {@link #apply} changes becomes visible to a restart only together with the slot and with the entries that
 * {@link #executed} brings: all three in one transaction, or none of them. Then every command takes effect exactly once, whatever
 * crashes when. Several slots may share a transaction, and a transaction need not be durable at once: after a crash the store is as
 * it was behind some slot not below {@link #durableSlot}, and the slots behind that are executed again.
 *
 * <p>The library's entries are its sessions: opaque keys of at most 17 bytes with values, which must come back at the next start. Only those
 * that a slot has changed come with it.
 *
 * <p>All methods run on the node's apply thread, or on the starting thread before there is one.
 *
 * @param <C> commands, and queries from clients
 * @param <R> their answers
 */
public interface DurableStateMachine<C, R> extends StateMachine<C, R> {

    /**
     * An entry of the library's.
     *
     * @param key at most 17 bytes, opaque
     * @param value opaque; null to remove the entry, which may not be there
     */
    record Entry(Bytes key, @Nullable Bytes value) {}

    /**
     * Opens the store; called before every other method, once in a life.
     *
     * @param entries takes all entries of the library's that the store holds, in any order
     * @return the last slot that the store holds; 0 if it is new
     * @throws IOException if the store cannot be read; the node does not start
     */
    long open(Consumer<Entry> entries) throws IOException;

    /**
     * Ends a slot: stores what {@link #apply} has changed since the slot before, the slot, and these entries, in one transaction. Must not
     * throw: an exception stops the node.
     *
     * @param slot the slot, one more than that before; it may have changed nothing
     * @param changed the library's entries that it has changed
     */
    void executed(long slot, List<Entry> changed);

    /** {@return the last slot that a crash of the machine cannot take back any more; the log is kept behind it} */
    long durableSlot();

    /**
     * Replaces everything, the library's entries too, by a snapshot of another member's; in one transaction, which is durable
     * when this returns.
     *
     * @param slot the last slot whose effects are in it
     * @param entries all entries of the library's
     * @param in what {@link Snapshot#writeTo} wrote there
     * @throws IOException if {@code in} fails or makes no sense, or the store fails; the node stops
     */
    void install(long slot, List<Entry> entries, InputStream in) throws IOException;

    /** Never called: see {@link #install}. */
    @Override
    default void restore(InputStream in) {
        throw new UnsupportedOperationException("a durable state machine is set by install");
    }
}
