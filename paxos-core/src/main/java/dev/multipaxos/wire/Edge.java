package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;

/**
 * What members say to each other that the protocol never sees: about commands and reads, on behalf of their callers, and about
 * snapshots, which go from disk to disk.
 */
public sealed interface Edge {

    /**
     * Commands for the leader, which puts them into its log. Never forwarded again. Whoever sent it learns the outcome by
     * executing the log itself.
     *
     * @param id the sender's name for it
     * @param commands in the layout of {@link Commands}
     */
    record Forward(long id, Bytes commands) implements Edge {}

    /**
     * A {@link Forward} was refused before any of it entered a slot.
     *
     * @param id the forward
     * @param overloaded true if the receiver leads but its queues are full; false if it does not lead
     * @param leader the leader that the receiver knows of, or 0
     */
    record ForwardRefused(long id, boolean overloaded, int leader) implements Edge {}

    /**
     * After which slot may a linearizable read run?
     *
     * @param id the sender's name for the question
     */
    record ReadIndex(long id) implements Edge {}

    /**
     * The answer to {@link ReadIndex}.
     *
     * @param id the question
     * @param ready true if {@code slot} is the answer; false if the receiver does not lead
     * @param slot the slot after which the read may run
     * @param leader the leader that the receiver knows of, or 0
     */
    record ReadIndexReply(long id, boolean ready, long slot, int leader) implements Edge {}

    /**
     * Which snapshot of the group. Members may write one state differently: parts of a snapshot go together only if all of this is
     * equal.
     *
     * @param slot the last slot whose effects are in it
     * @param bytes how many bytes it has
     * @param checksum CRC-32C of all of them
     */
    record SnapshotId(long slot, long bytes, int checksum) {}

    /**
     * The log here does not reach back to what the receiver asked for; this snapshot stands for it.
     *
     * @param id the snapshot
     */
    record SnapshotOffer(SnapshotId id) implements Edge {}

    /**
     * Send me a part of a snapshot. Answered by a {@link SnapshotChunk}, a {@link SnapshotGone}, or not at all.
     *
     * @param id the snapshot
     * @param offset the first byte wanted
     * @param maxBytes at most so many; fewer may come. 0 wants nothing, and says that the sender still needs what comes behind the
     *     snapshot
     */
    record SnapshotRequest(SnapshotId id, long offset, int maxBytes) implements Edge {}

    /**
     * A part of a snapshot.
     *
     * @param id the snapshot
     * @param offset where it belongs
     * @param bytes the part
     */
    record SnapshotChunk(SnapshotId id, long offset, Bytes bytes) implements Edge {}

    /**
     * A snapshot that was asked for cannot be had here any more.
     *
     * @param id the snapshot
     */
    record SnapshotGone(SnapshotId id) implements Edge {}
}
