package dev.multipaxos.testkit.sim;

import dev.multipaxos.NodeListener;
import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.core.Role;
import dev.multipaxos.spi.DiskSpace;

/** Hears from one life of a node what an application would: for the trace and the coverage. */
final class SimulatedListener implements NodeListener {

    private final SimulatedNode node;
    private final Observer observer;
    private boolean full;
    private int provider; // of the snapshot that is on its way here

    SimulatedListener(SimulatedNode node, Observer observer) {
        this.node = node;
        this.observer = observer;
    }

    @Override
    public void diskSpaceChanged(DiskSpace space) {
        node.note(Step.Kind.NOTE, () -> "has room on its disk: " + space.level());
        if (space.isFull()) {
            observer.hit(Situation.NO_VALUES_ON_FULL_DISK);
        } else if (full) {
            observer.hit(Situation.VALUES_AGAIN_WITH_ROOM);
        }
        full = space.isFull();
    }

    @Override
    public void snapshotTaken(long slot, long bytes) {
        observer.hit(Situation.SNAPSHOT_TAKEN);
        node.note(Step.Kind.NOTE, () -> "has a snapshot of slot " + slot + ", " + bytes + " bytes");
    }

    @Override
    public void snapshotInstalled(long slot) {
        Role role = node.replica().role();
        observer.hit(
                switch (role) {
                    case FOLLOWER -> Situation.INSTALLED_AS_FOLLOWER;
                    case CANDIDATE -> Situation.INSTALLED_AS_CANDIDATE;
                    case LEADER -> Situation.INSTALLED_AS_LEADER;
                });
        node.note(Step.Kind.NOTE, () -> "is set to a member's snapshot of slot " + slot + ", as " + role);
    }

    @Override
    public void snapshotTransferStarted(SnapshotTransfer transfer) {
        node.note(Step.Kind.NOTE, () -> "begins with " + transfer);
        if (transfer.to() == node.id()) {
            provider = transfer.from();
        }
    }

    @Override
    public void snapshotTransferEnded(SnapshotTransfer transfer, boolean whole) {
        node.note(Step.Kind.NOTE, () -> (whole ? "is done with " : "gives up ") + transfer);
        if (transfer.to() == node.id()) {
            if (!whole) {
                observer.hit(Situation.TRANSFER_GIVEN_UP);
            }
            if (transfer.from() != provider) {
                observer.hit(Situation.PROVIDER_CHANGED);
            }
        }
    }
}
