package dev.multipaxos.testkit;

import dev.multipaxos.spi.Transport;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Connects nodes of one process, for tests: no sockets, no ports, and links that can be cut or made lossy. Give each node {@link
 * #transport}.
 *
 * <p>Thread-safe.
 */
public final class LocalNetwork {

    private final Map<Integer, LocalTransport> running = new HashMap<>();
    private final Set<Long> cuts = new HashSet<>();
    private final SplittableRandom random;
    private double loss;
    private long connections;

    /**
     * Makes a network without loss.
     *
     * @param seed for what is random about it
     */
    public LocalNetwork(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /**
     * Makes one node's end; each node, and each start of it, needs its own.
     *
     * @param node the node
     * @return its transport
     */
    public Transport transport(int node) {
        return new LocalTransport(this, node);
    }

    /**
     * Loses this part of all frames between nodes from now on.
     *
     * @param probability from 0, none, to 1, all
     */
    public synchronized void lose(double probability) {
        loss = probability;
    }

    /**
     * Cuts the link between two nodes: frames vanish, and neither is told.
     *
     * @param one a node
     * @param other another
     */
    public synchronized void cut(int one, int other) {
        cuts.add(link(one, other));
    }

    /**
     * Mends the link between two nodes.
     *
     * @param one a node
     * @param other another
     */
    public synchronized void mend(int one, int other) {
        cuts.remove(link(one, other));
    }

    /** Mends every link. */
    public synchronized void mendAll() {
        cuts.clear();
    }

    private static long link(int one, int other) {
        return (long) Math.min(one, other) << 32 | Math.max(one, other);
    }

    synchronized boolean isCut(int one, int other) {
        return cuts.contains(link(one, other));
    }

    synchronized boolean isLost(int from, int to) {
        return isCut(from, to) || (loss > 0 && random.nextDouble() < loss);
    }

    synchronized void up(LocalTransport transport) {
        running.put(transport.node(), transport);
    }

    synchronized void down(LocalTransport transport) {
        running.remove(transport.node(), transport);
    }

    /** Finds the running end of a node; null if it is not up. */
    synchronized @Nullable LocalTransport find(int node) {
        return running.get(node);
    }

    synchronized long nextConnection() {
        return ++connections;
    }
}
