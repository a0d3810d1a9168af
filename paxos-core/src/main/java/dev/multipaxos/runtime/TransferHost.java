package dev.multipaxos.runtime;

import dev.multipaxos.NodeListener;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.Edge;
import java.util.function.Consumer;

/** What {@link SnapshotSender} and {@link SnapshotReceiver} ask of the rest of the node. Each returns at once. */
interface TransferHost {

    /** Says something to a member; it may be lost. */
    void say(int to, Edge edge);

    /** Sends a part of a snapshot; false if it was not taken, and is to be sent again a little later. */
    boolean sendBulk(int to, Edge.SnapshotChunk chunk);

    /**
     * Has a snapshot taken, since a member needs one.
     *
     * @param again whether even if there is one of what is executed now: it is damaged
     */
    void takeSnapshot(boolean again);

    /** Sets the state machine to a snapshot; {@link TransferJob#installed} or {@link TransferJob#notInstalled} tells the end. */
    void install(SnapshotStore.Id id);

    /** Tells the listener. */
    void tell(Consumer<NodeListener> event);
}
