package dev.multipaxos;

/**
 * Is told what happens to a node. Called on the node's loop thread: an implementation must be quick and must not wait for the
 * node, nor close it; it hands on what takes longer. What it throws is logged and changes nothing.
 */
public interface NodeListener {

    /**
     * This node follows, or is, another leader.
     *
     * @param leader the leader's id; 0 if none is known
     */
    default void leaderChanged(int leader) {}

    /**
     * A member can be reached.
     *
     * @param node its id
     */
    default void peerConnected(int node) {}

    /**
     * A member cannot be reached any more.
     *
     * @param node its id
     */
    default void peerDisconnected(int node) {}

    /**
     * This node has taken a snapshot of its state machine, and it is durable.
     *
     * @param slot the last slot whose effects are in it
     * @param bytes its size
     */
    default void snapshotTaken(long slot, long bytes) {}

    /**
     * This node was so far behind that it took a snapshot of another member's; its state machine has been set to it.
     *
     * @param slot the last slot whose effects are in it
     */
    default void snapshotInstalled(long slot) {}

    /**
     * A snapshot is on its way, from this node or to it.
     *
     * @param transfer which, and between whom
     */
    default void snapshotTransferStarted(SnapshotTransfer transfer) {}

    /**
     * Another tenth of a snapshot is on its way, or has come.
     *
     * @param transfer how far it is
     */
    default void snapshotTransferProgress(SnapshotTransfer transfer) {}

    /**
     * A snapshot is on its way no more.
     *
     * @param transfer how far it came
     * @param whole whether all of it was sent, or all of it received and found to be right; if not, it is not needed any more, or
     *     another attempt follows
     */
    default void snapshotTransferEnded(SnapshotTransfer transfer, boolean whole) {}

    /**
     * The node has stopped by itself and will not go on: its storage failed, an invariant was found broken, or the state
     * machine threw. Every open call has failed. Close the node; start another only after the cause is dealt with.
     *
     * @param cause why
     */
    default void stopped(Throwable cause) {}
}
