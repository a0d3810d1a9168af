package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Room that nobody else can take: the file {@code RESERVE}, a segment's worth of zeros and a little more. When the disk has no
 * room for the next segment it <i>becomes</i> that, by a new name, so that promises can still be written; the little more is
 * given back when even the small files, which are replaced by writing another one, would not fit. Thread-safe.
 */
final class Reserve {
    static final String FILE = "RESERVE";

    /** What the small files need for a replacement, with room to spare. */
    static final int SMALL_BYTES = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(Reserve.class);

    private final Disk disk;
    private final int segmentBytes;
    private final int wholeBytes;
    private volatile long size; // of the file, as far as this knows; 0 if there is none

    Reserve(Disk disk, int segmentBytes) {
        this.disk = disk;
        this.segmentBytes = segmentBytes;
        this.wholeBytes = segmentBytes + SMALL_BYTES;
    }

    /** Looks for one that an earlier process left; one that was made for segments of another size goes. */
    synchronized void open() throws IOException {
        size = 0;
        if (!disk.list().contains(FILE)) {
            return;
        }
        try (DiskFile file = disk.open(FILE, false)) {
            size = file.size();
        }
        if (size < segmentBytes || size > wholeBytes) {
            disk.delete(FILE);
            size = 0;
        }
        makeSmallRoom();
    }

    /** {@return whether nothing was taken of it; waits for nothing} */
    boolean isWhole() {
        return size == wholeBytes;
    }

    /**
     * Makes it, if it is not whole.
     *
     * @param cancelled asked between two writes whether to give up
     */
    synchronized void make(BooleanSupplier cancelled) throws IOException {
        if (isWhole()) {
            return;
        }
        String temporary = FILE + CopiedFile.TEMPORARY;
        if (disk.list().contains(temporary)) {
            disk.delete(temporary);
        }
        boolean done = false;
        try (DiskFile file = disk.create(temporary)) {
            done = Writes.zeros(file, wholeBytes, cancelled);
            if (done) {
                file.force(true);
            }
        } finally {
            if (!done) {
                disk.delete(temporary);
            }
        }
        if (done) {
            disk.rename(temporary, FILE);
            disk.syncDirectory();
            size = wholeBytes;
        }
    }

    /**
     * Has it become a segment.
     *
     * @param name the name of the segment
     * @param bytesMin how large that must be
     * @return the segment's file, nothing but zeros; null if there is no reserve, or it is too small
     */
    synchronized @Nullable DiskFile become(String name, int bytesMin) throws IOException {
        if (size == 0 || segmentBytes < bytesMin) {
            return null;
        }
        LOG.warn("{}: the disk is full: the reserve becomes the next segment of the journal", disk.describe(FILE));
        shrink();
        disk.rename(FILE, name);
        size = 0;
        disk.syncDirectory();
        return disk.open(name, true);
    }

    /** Gives back what a small file needs, if there is no room for one. */
    synchronized void makeSmallRoom() throws IOException {
        if (size > segmentBytes && disk.usableBytes() < SMALL_BYTES) {
            shrink();
        }
    }

    private void shrink() throws IOException {
        if (size > segmentBytes) {
            try (DiskFile file = disk.open(FILE, true)) {
                file.truncate(segmentBytes);
                file.force(true); // only what the file system has written down can be used again
            }
            size = segmentBytes;
        }
    }
}
