package dev.multipaxos.runtime;

/** What other threads tell the event loop. */
interface Mail {

    /**
     * Hands this to the one method of the loop that handles its kind.
     *
     * @param loop the loop, on its thread
     */
    void deliverTo(EventLoop loop);
}
