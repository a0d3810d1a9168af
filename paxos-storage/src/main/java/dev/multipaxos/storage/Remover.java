package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes files that nobody needs any more, in the background. Their room is given back piece by piece before they are deleted: a
 * file system that is given tens of megabytes at once lets the forces of the journal wait meanwhile, for longer than anything else
 * does that happens on a disk. So it may take seconds for gigabytes, and nothing may wait for it.
 */
final class Remover {
    /** So much of a file at once, at most. */
    static final int STEP_BYTES = 4 * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(Remover.class);

    private final Disk disk;
    private final Executor background;
    private volatile boolean closing;

    Remover(Disk disk, Executor background) {
        this.disk = disk;
        this.background = background;
    }

    /**
     * Removes files. What a crash, or {@link #close}, leaves of them must be known for what it is by the next start: anything from
     * the whole file to its first sixteenth, under this name.
     */
    void remove(List<String> names) {
        background.execute(() -> {
            boolean named = syncDirectory(); // under another name it is never seen cut down
            for (String name : names) {
                remove(name, named);
            }
            syncDirectory();
        });
    }

    /**
     * Removes files that have had their names durably for long.
     *
     * @param names as above
     * @param takenOver asked of each whether somebody has use for it and has taken it under another name
     */
    void remove(List<String> names, Predicate<String> takenOver) {
        background.execute(() -> {
            boolean removed = false;
            for (String name : names) {
                if (!takenOver.test(name)) {
                    remove(name, true);
                    removed = true;
                }
            }
            if (removed) {
                syncDirectory();
            }
        });
    }

    private void remove(String name, boolean pieceByPiece) {
        if (pieceByPiece) {
            cut(name);
        }
        if (!closing) {
            StorageDirectory.deleteIfPossible(disk, name);
        }
    }

    private void cut(String name) {
        try (DiskFile file = disk.open(name, true)) {
            int step = SegmentHeader.roundUp(Math.max(1, Math.min(STEP_BYTES, file.size() / 16)));
            for (long size = file.size() - step; size > 0 && !closing; size -= step) {
                file.truncate(size);
                file.force(true); // else the pieces would go together again
            }
        } catch (IOException e) {
            LOG.debug("{}: is deleted at once", disk.describe(name), e);
        }
    }

    private boolean syncDirectory() {
        try {
            disk.syncDirectory();
            return true;
        } catch (IOException e) {
            LOG.warn("{}: files that were removed may appear again", disk.describe(""), e);
            return false;
        }
    }

    /** Removes no more; the next start does. */
    void close() {
        closing = true;
    }
}
