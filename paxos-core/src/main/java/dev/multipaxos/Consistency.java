package dev.multipaxos;

/** How fresh a read must be. */
public enum Consistency {
    /**
     * Sees everything that was acknowledged, anywhere, before the read was asked for. Costs one round trip from the leader to
     * a quorum, shared by all reads that wait, and no disk.
     */
    LINEARIZABLE,
    /**
     * As {@link #LINEARIZABLE}, but a leader that holds a lease answers without asking anybody: no message, no disk. That holds only as
     * long as the rates of the members' monotonic clocks differ by no more than {@link Timing#LEASE_DRIFT}, and none stands still while
     * others go on: suspending a machine, restoring it, or moving it while it runs can break it, and then a read may be old. Needs
     * {@link Timing#lease}; without a lease, and on members that do not lead, it <i>is</i> {@link #LINEARIZABLE}.
     */
    LEASE,
    /** Sees whatever this node has executed: costs nothing, may be old, and works without a leader. */
    LOCAL
}
