package dev.multipaxos.storage;

import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DiskSpace.Level;
import dev.multipaxos.storage.disk.Disk;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows how much room the disk has, and what that means: less than {@code warnBytes} is {@link Level#LOW}, less than {@code
 * stopBytes}, or a next segment that cannot be made, is {@link Level#FULL}. It stays full until the room is half-way back to
 * {@code warnBytes}: making one segment must not turn a cluster's leadership over and over. Thread-safe.
 */
final class SpaceGauge {
    private static final Logger LOG = LoggerFactory.getLogger(SpaceGauge.class);

    private final Disk disk;
    private final long warnBytes;
    private final long stopBytes;

    private boolean stuck; // the next segment could not be made; guarded by this
    private boolean blind; // the file system does not tell; guarded by this
    private volatile DiskSpace space = DiskSpace.PLENTY;

    SpaceGauge(Disk disk, long warnBytes, long stopBytes) {
        this.disk = disk;
        this.warnBytes = warnBytes;
        this.stopBytes = stopBytes;
    }

    /** {@return what was found last} */
    DiskSpace space() {
        return space;
    }

    /** Looks again. What cannot be found out changes nothing: then only a segment that cannot be made tells. */
    synchronized void measure() {
        long usable = space.usableBytes();
        try {
            usable = disk.usableBytes();
        } catch (IOException e) {
            if (!blind) {
                LOG.warn("{}: how much room there is cannot be found out", disk.describe(""), e);
            }
            blind = true;
        }
        space = new DiskSpace(level(usable), usable);
    }

    /** The next segment could not be made, or could. */
    synchronized void segmentMade(boolean made) {
        stuck = !made;
        measure();
    }

    private Level level(long usable) {
        if (stuck || usable < (space.isFull() ? stopBytes + (warnBytes - stopBytes) / 2 : stopBytes)) {
            return Level.FULL;
        }
        return usable < warnBytes ? Level.LOW : Level.PLENTY;
    }
}
