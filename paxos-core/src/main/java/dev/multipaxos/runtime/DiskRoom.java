package dev.multipaxos.runtime;

import dev.multipaxos.PaxosException;
import dev.multipaxos.spi.DiskSpace;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The room on the node's disk, as the event loop, its owner, has last taken note of it. */
final class DiskRoom {
    private static final Logger LOG = LoggerFactory.getLogger(DiskRoom.class);

    private final int node;
    private final Supplier<DiskSpace> disk;
    private DiskSpace space = DiskSpace.PLENTY;

    DiskRoom(int node, Supplier<DiskSpace> disk) {
        this.node = node;
        this.disk = disk;
    }

    /** Looks again. {@return whether it means another thing for the node now} Then it has been logged, once. */
    boolean hasChanged() {
        DiskSpace found = disk.get();
        boolean another = found.level() != space.level();
        space = found;
        if (another) {
            log();
        }
        return another;
    }

    private void log() {
        switch (space.level()) {
            case PLENTY -> LOG.info("node {}: the disk has room again, {} bytes", node, space.usableBytes());
            case LOW ->
                LOG.warn("node {}: the disk has room for {} more bytes only; free space", node, space.usableBytes());
            case FULL ->
                LOG.warn(
                        "node {}: the disk is nearly full, {} bytes are left: the node takes no values and does not lead"
                                + " until there is room again; free space",
                        node,
                        space.usableBytes());
        }
    }

    /** {@return what was found last} */
    DiskSpace space() {
        return space;
    }

    /** {@return whether values must not be taken} */
    boolean isShort() {
        return space.isFull();
    }

    /** {@return what is wrong, for people; empty if values can be taken} */
    String trouble() {
        return isShort()
                ? "the disk of node " + node + " is nearly full, " + space.usableBytes() + " bytes are left"
                : "";
    }

    /** {@return what a command is told that cannot be taken} */
    PaxosException refusal() {
        return new PaxosException.DiskFull(
                trouble() + ": the command was not taken. Propose at another member, or free space here");
    }
}
