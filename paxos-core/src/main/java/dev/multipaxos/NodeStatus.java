package dev.multipaxos;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.spi.DiskSpace;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node looks like at one moment; a few ticks old at most while it runs.
 *
 * @param node its id
 * @param group its group
 * @param role what it is doing
 * @param leader the leader that it knows of; 0 if none
 * @param ballot the highest ballot that it promised
 * @param chosenUpTo the end of the prefix of the log that it knows to be chosen
 * @param executedSlot the last slot that its state machine has executed
 * @param clearedUpTo the end of the prefix that it keeps in memory no more
 * @param rebuilding whether it has lost a part of its log or its snapshot, and gets that back from other members; until it has, its
 *     state machine lies behind and it takes no snapshots
 * @param snapshotSlot the last slot whose effects are in its newest snapshot; 0 if it has none
 * @param snapshotTime when that was written, on the clock of the member that did; null if it has none
 * @param durablePosition the logical end of its durable journal, in bytes
 * @param disk how much room its disk has
 * @param readsPastCache whether its storage, at the start, read the end of the journal past the page cache. If not, the file system
 *     refuses that: a start after a failed write, on a machine that stayed up, may then take for written what only its memory holds
 * @param pendingCalls calls that wait here, its clients' included
 * @param pendingBytes the bytes of commands that wait here
 * @param memoryBytes the bytes of payload that it holds altogether: what waits, what arrives, slots in memory, answers that are
 *     remembered; at most {@link Limits#memoryBytes} but for what is on its way from one to the other
 * @param sessions open sessions in the replicated state
 * @param transfers the snapshots that are on their way from this node or to it
 * @param connected the members that it can reach, ascending
 * @param framesDropped frames that it dropped since it started, because they were not for it or a queue was full
 * @param port the port that it listens on
 * @param storageId its storage, drawn at random when it was formatted
 * @param bootCount how often its storage was opened
 * @param awaitedFounders at the first start of a cluster: the founders who have not said that they know this node's storage; until
 *     more than half of the other founders have, once, the node does not vote. Empty from then on
 * @param failure why it stopped; null if it runs or was closed
 */
public record NodeStatus(
        int node,
        int group,
        Role role,
        int leader,
        Ballot ballot,
        long chosenUpTo,
        long executedSlot,
        long clearedUpTo,
        boolean rebuilding,
        long snapshotSlot,
        @Nullable Instant snapshotTime,
        long durablePosition,
        DiskSpace disk,
        boolean readsPastCache,
        int pendingCalls,
        long pendingBytes,
        long memoryBytes,
        int sessions,
        List<SnapshotTransfer> transfers,
        List<Integer> connected,
        long framesDropped,
        int port,
        long storageId,
        long bootCount,
        List<Integer> awaitedFounders,
        @Nullable Throwable failure) {

    /** What a node is doing. */
    public enum Role {
        /** It follows a leader, or waits for one. */
        FOLLOWER,
        /** It tries to become the leader. */
        CANDIDATE,
        /** It leads. */
        LEADER,
        /** It was closed, or {@link NodeStatus#failure} says why it stopped. */
        STOPPED
    }

    /** Freezes the lists. */
    public NodeStatus {
        transfers = List.copyOf(transfers);
        connected = List.copyOf(connected);
        awaitedFounders = List.copyOf(awaitedFounders);
    }

    /** {@return whether this node leads} */
    public boolean isLeader() {
        return role == Role.LEADER;
    }
}
