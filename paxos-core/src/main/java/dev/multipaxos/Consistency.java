package dev.multipaxos;

/** How fresh a read must be. */
public enum Consistency {
    /**
     * Sees everything that was acknowledged, anywhere, before the read was asked for. Costs one round trip from the leader to
     * a quorum, shared by all reads that wait, and no disk.
     */
    LINEARIZABLE,
    /** Sees whatever this node has executed: costs nothing, may be old, and works without a leader. */
    LOCAL
}
