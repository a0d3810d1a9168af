package dev.multipaxos.core;

/**
 * What an acceptor writes to its disk, in this order, and reads back in the same order after a restart.
 *
 * @see Replay
 */
public sealed interface Record {

    /**
     * Nothing below this ballot is accepted or promised any more.
     *
     * @param ballot the promised ballot
     */
    record Promised(Ballot ballot) implements Record {}

    /**
     * A vote. It implies the promise of its ballot.
     *
     * @param slot the slot
     * @param ballot the ballot of the vote
     * @param value the value voted for
     */
    record Accepted(long slot, Ballot ballot, Value value) implements Record {}

    /**
     * A choice learned from others; never a vote.
     *
     * @param slot the slot
     * @param value the chosen value
     */
    record Chosen(long slot, Value value) implements Record {}

    /**
     * Every slot up to this one is chosen, and what the log holds there is the choice. Written after every entry that it
     * covers: it may lag, it never lies.
     *
     * @param slot the last slot of the prefix
     */
    record ChosenUpTo(long slot) implements Record {}

    /**
     * A durable snapshot that came from another member stands for every slot up to this one: they are chosen, and the log need
     * not hold them.
     *
     * @param slot the last slot of the snapshot
     */
    record Installed(long slot) implements Record {}
}
