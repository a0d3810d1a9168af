package dev.multipaxos.runtime;

/**
 * What one of a node's threads does over and over. Jobs have their steps in parts that never wait, for {@link SteppedNode}; a
 * thread takes them with {@link #step}.
 */
interface Job {

    /**
     * Waits for something to do, and does it.
     *
     * @return false if nothing will come any more
     * @throws Exception if it cannot be done: the node stops
     */
    boolean step() throws Exception;

    /** The last act, whatever ended it. */
    default void ended() {}
}
