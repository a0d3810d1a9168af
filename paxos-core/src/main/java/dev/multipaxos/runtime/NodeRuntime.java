package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.NodeStatus;
import dev.multipaxos.PaxosException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A running node: wires its threads, and takes calls.
 *
 * @param <C> commands
 * @param <R> their answers
 */
public final class NodeRuntime<C, R> {

    private final NodeSettings<C, R> settings;

    private NodeRuntime(NodeSettings<C, R> settings) {
        this.settings = settings;
    }

    /**
     * Starts a node.
     *
     * @param settings what it was told
     * @param <C> commands
     * @param <R> their answers
     * @return the running node
     */
    public static <C, R> NodeRuntime<C, R> start(NodeSettings<C, R> settings) {
        return new NodeRuntime<>(settings);
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#propose(Object, Duration)}.
     *
     * @param command the command
     * @param deadline how long the caller waits
     * @return its answer
     */
    public CompletableFuture<R> propose(C command, Duration deadline) {
        return CompletableFuture.failedFuture(stopped());
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
        return CompletableFuture.failedFuture(stopped());
    }

    /** {@return what it looks like} */
    public NodeStatus status() {
        return new NodeStatus(
                settings.node(),
                settings.group(),
                NodeStatus.Role.STOPPED,
                0,
                dev.multipaxos.core.Ballot.ZERO,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                java.util.List.of(),
                0,
                0,
                0,
                0,
                null);
    }

    /** Stops it. */
    public void close() {
        settings.transport().close();
    }

    private PaxosException stopped() {
        return new PaxosException.NodeStopped("node " + settings.node() + " is not wired", null, false);
    }
}
