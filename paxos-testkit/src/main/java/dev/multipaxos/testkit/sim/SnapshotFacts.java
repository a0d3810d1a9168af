package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which snapshots are on one node's disk, or may be, over all its lives, and what is in them. */
final class SnapshotFacts {

    private final int node;
    private final Map<SnapshotStore.Id, Bytes> written = new HashMap<>(); // whole; durable or not
    private long upTo; // the newest one that is durable ends here

    SnapshotFacts(int node) {
        this.node = node;
    }

    /** A snapshot is about to be made durable. */
    void commits(SnapshotStore.Id id, Bytes content) {
        written.put(id, content);
    }

    /** The store says that it is. */
    void isDurable(SnapshotStore.Id id) {
        mustBeWritten(id);
        upTo = Math.max(upTo, id.slot());
    }

    private void mustBeWritten(SnapshotStore.Id id) {
        check(
                written.containsKey(id),
                () -> "snapshots: the disk of node " + node + " is said to have " + id + ", which was never written");
    }

    /**
     * A start finds it.
     *
     * @param id which; null if there is none, or none that is whole
     * @param isAtFault whether the disk was damaged, or could not be read: then the newest one may be lost
     */
    void found(SnapshotStore.@Nullable Id id, boolean isAtFault) {
        if (id != null) {
            mustBeWritten(id);
        }
        long slot = id == null ? 0 : id.slot();
        check(
                slot >= upTo || isAtFault,
                () -> "snapshots: a start of node " + node + " finds " + (id == null ? "none" : id) + ", its disk has "
                        + this);
        upTo = slot;
    }

    /** Bytes of a snapshot are read. */
    void read(SnapshotStore.Id id, long offset, Bytes bytes) {
        Bytes content = written.getOrDefault(id, Bytes.EMPTY);
        check(
                offset + bytes.length() <= content.length()
                        && content.slice((int) offset, bytes.length()).equals(bytes),
                () -> "snapshots: node " + node + " reads " + bytes.length() + " bytes at " + offset + " of " + id
                        + " that are not what was written");
    }

    /** {@return the last slot of the newest one that is durable; 0 if there is none} */
    long upTo() {
        return upTo;
    }

    /** {@return whether one that is durable stands for this slot} */
    boolean covers(long slot) {
        return slot <= upTo;
    }

    @Override
    public String toString() {
        return upTo == 0 ? "none" : "one of slot " + upTo;
    }
}
