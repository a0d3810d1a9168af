package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.core.Replica;
import dev.multipaxos.spi.StorageException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A node without threads, for simulations: everything that a node does, its owner deciding when each of its jobs goes on. What
 * runs is what {@link NodeRuntime} runs, but for the waiting. A crash is to forget the node. Whatever a step throws has stopped
 * it for good.
 *
 * <p>Not thread-safe.
 *
 * @param <C> commands
 * @param <R> their answers
 */
public final class SteppedNode<C, R> {

    private final NodeRuntime<C, R> runtime;
    private final NodeAssembly parts;

    private SteppedNode(NodeRuntime<C, R> runtime) {
        this.runtime = runtime;
        this.parts = runtime.assembly();
    }

    /**
     * Opens the storage, executes what it holds, and starts the transport.
     *
     * @param settings what the node was told
     * @param wiring how its parts are connected
     * @param <C> commands
     * @param <R> their answers
     * @return the node; it does nothing until it is stepped
     * @throws StorageException if the storage cannot be had or read
     * @throws IOException if the transport cannot start
     */
    public static <C, R> SteppedNode<C, R> start(NodeSettings<C, R> settings, Wiring wiring)
            throws StorageException, IOException {
        NodeRuntime<C, R> runtime = NodeRuntime.open(settings, wiring);
        runtime.listen();
        return new SteppedNode<>(runtime);
    }

    // ---- calls

    /**
     * As {@link dev.multipaxos.PaxosNode#propose(Object, Duration)}.
     *
     * @param command the command
     * @param deadline how long the caller waits
     * @return its answer
     */
    public CompletableFuture<R> propose(C command, Duration deadline) {
        return runtime.propose(command, deadline);
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#read(Consistency, Supplier, Duration)}.
     *
     * @param consistency how fresh
     * @param query what to read
     * @param deadline how long the caller waits
     * @param <T> what it finds
     * @return what it found
     */
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> query, Duration deadline) {
        return runtime.read(consistency, query, deadline);
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#snapshot}.
     *
     * @return its slot
     */
    public CompletableFuture<Long> snapshot() {
        return runtime.snapshot();
    }

    // ---- the loop

    /** {@return whether something has arrived for a turn of the loop} */
    public boolean hasMail() {
        return parts.mailbox().hasMail();
    }

    /** {@return when a turn is due though nothing has arrived, on the clock of {@link TimeSource#nanoTime}} */
    public long nextTickNanos() {
        return parts.loop().nextTickNanos();
    }

    /** A turn of the loop. */
    public void turn() {
        parts.loop().turn();
    }

    // ---- the journal

    /** {@return whether records wait to be written} */
    public boolean hasRecords() {
        return parts.storage().hasWork();
    }

    /**
     * Appends the records that wait. {@link #sync} must follow before the next records.
     *
     * @throws StorageException if they cannot be written
     */
    public void write() throws StorageException {
        parts.storage().write();
    }

    /**
     * Makes what was written durable, if anybody waits for it.
     *
     * @throws StorageException if it cannot be
     */
    public void sync() throws StorageException {
        parts.storage().sync();
    }

    /**
     * Tells the storage that nothing comes; now and then again, that it may find room.
     *
     * @throws StorageException if it fails
     */
    public void idle() throws StorageException {
        parts.storage().idle();
    }

    /** {@return whether a member's question waits for values that are no longer in memory} */
    public boolean hasQuestions() {
        return parts.reader().hasWork();
    }

    /**
     * Answers one of these questions.
     *
     * @throws StorageException if the journal cannot be read
     */
    public void answerQuestion() throws StorageException {
        parts.reader().serveNext();
    }

    /** {@return whether a captured state waits to be written} */
    public boolean hasCaptured() {
        return parts.snapshotJob().hasWork();
    }

    /** Writes it to the store of snapshots. */
    public void writeSnapshot() {
        parts.snapshotJob().writeNext();
    }

    /** {@return whether a snapshot on its way from or to another member can go on} */
    public boolean hasTransfers() {
        return parts.transfers().hasWork();
    }

    /** Lets it go on. */
    public void transfer() {
        parts.transfers().work();
    }

    // ---- the state machine

    /** {@return whether chosen slots or reads wait for the state machine} */
    public boolean hasChosen() {
        return parts.apply().hasWork();
    }

    /**
     * Executes some of what waits.
     *
     * @param most so many slots and reads, and no more
     */
    public void execute(int most) {
        parts.apply().work(most);
    }

    // ---- the whole

    /** {@return the protocol, to look at} */
    public Replica replica() {
        return parts.driver().replica();
    }

    /** {@return whether a message waits for the disk} */
    public boolean isHoldingBack() {
        return parts.driver().parked() > 0;
    }

    /** {@return whether its storage may vote: at the first start of a cluster the other founders must know it} */
    public boolean isConfirmed() {
        return parts.loop().isConfirmed();
    }

    /** {@return whether it would answer a read now without asking anybody} */
    public boolean holdsLease() {
        return parts.loop().holdsLease();
    }

    /** {@return which storage it has opened} */
    public long storageId() {
        return parts.identity().storageId();
    }

    /** {@return how often its storage was opened} */
    public long bootCount() {
        return parts.identity().bootCount();
    }

    /**
     * Stops the node in good order: every call ends, what it was to write is written, and the ports are closed.
     *
     * @throws StorageException if it cannot be written
     */
    public void close() throws StorageException {
        runtime.closeWithoutThreads();
    }
}
