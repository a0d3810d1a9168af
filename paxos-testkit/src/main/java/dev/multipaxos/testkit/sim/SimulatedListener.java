package dev.multipaxos.testkit.sim;

import dev.multipaxos.NodeListener;
import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.core.Role;
import dev.multipaxos.spi.DiskSpace;
import java.util.Map;
import java.util.TreeMap;

/** Hears from one life of a node what an application would: for the trace and the coverage. */
final class SimulatedListener implements NodeListener {

    private final SimulatedNode node;
    private final Observer observer;
    private boolean full;
    private int provider; // of the snapshot that is on its way here
    private int left; // the provider of the one that was given up last; 0 if the last came whole
    private final Map<Integer, Long> sent = new TreeMap<>(); // what is on its way to others

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

    /** {@return whether the node has said that its disk is full, and not yet that there is room again} */
    boolean isFull() {
        return full;
    }

    @Override
    public void snapshotTaken(long slot, long bytes) {
        observer.hit(Situation.SNAPSHOT_TAKEN);
        if (sent.values().stream().anyMatch(older -> older < slot)) {
            observer.hit(Situation.TRIM_HELD_BY_TRANSFER);
        }
        node.note(Step.Kind.NOTE, () -> "has a snapshot of slot " + slot + ", " + bytes + " bytes");
    }

    @Override
    public void snapshotInstalled(long slot) {
        Role role = node.replica().role();
        node.isInstalled();
        observer.installed(node.id(), role);
        node.note(Step.Kind.NOTE, () -> "is set to a member's snapshot of slot " + slot + ", as " + role);
    }

    @Override
    public void snapshotTransferStarted(SnapshotTransfer transfer) {
        node.note(Step.Kind.NOTE, () -> "begins with " + transfer);
        if (transfer.to() == node.id()) {
            if (left != 0 && left != transfer.from()) {
                observer.hit(Situation.PROVIDER_CHANGED);
            }
            provider = transfer.from();
        } else {
            sent.put(transfer.to(), transfer.slot());
        }
    }

    @Override
    public void snapshotTransferEnded(SnapshotTransfer transfer, boolean whole) {
        node.note(Step.Kind.NOTE, () -> (whole ? "is done with " : "gives up ") + transfer);
        if (transfer.to() != node.id()) {
            sent.remove(transfer.to());
            return;
        }
        left = whole ? 0 : transfer.from();
        if (!whole) {
            observer.hit(Situation.TRANSFER_GIVEN_UP);
        }
        if (transfer.from() != provider) {
            observer.hit(Situation.PROVIDER_CHANGED);
        }
    }
}
