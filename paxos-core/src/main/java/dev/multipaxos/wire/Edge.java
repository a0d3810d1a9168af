package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;

/** What members say to each other that the protocol never sees: about commands and reads of their callers, and about storages. */
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

    /** Is the storage that this frame comes from on your disk as that of its sender? Asked by a founder until enough say so. */
    record PinRequest() implements Edge {}

    /**
     * The answer to {@link PinRequest}, given when it is so. It is binding: what it says is on the sender's disk.
     *
     * @param storageId the receiver's storage
     */
    record PinReply(long storageId) implements Edge {}
}
