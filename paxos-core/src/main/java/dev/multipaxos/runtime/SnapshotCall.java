package dev.multipaxos.runtime;

import dev.multipaxos.PaxosException;

/** The application wants a snapshot; answered with its slot. */
final class SnapshotCall extends Call<Long> {

    private final int node;

    SnapshotCall(int node, Room room) {
        super(room, 0, Long.MAX_VALUE);
        this.node = node;
    }

    @Override
    public void deliverTo(EventLoop loop) {
        loop.snapshots().ask(this);
    }

    void fail(long slot, Throwable why) {
        fail(new PaxosException.SnapshotFailed(
                "node " + node + " could not take a snapshot of slot " + slot + ": " + why.getMessage()
                        + "; everything is as it was",
                why));
    }

    @Override
    public void expire() {
        throw new IllegalStateException("a snapshot has no deadline");
    }
}
