package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.function.BooleanSupplier;

/**
 * Gives the room of a file that nobody needs back piece by piece, before it is deleted: a file system that is given tens of
 * megabytes at once lets the forces of the journal wait meanwhile, for longer than anything else that happens on a disk.
 */
final class Shrinking {
    /** So much at once, at most. */
    static final int STEP_BYTES = 4 * 1024 * 1024;

    private Shrinking() {}

    /**
     * Cuts a file, from its end, down to one piece or less.
     *
     * @param stepBytes the size of a piece
     * @param cancelled asked between two pieces whether to give up
     */
    static void shrink(Disk disk, String name, int stepBytes, BooleanSupplier cancelled) throws IOException {
        try (DiskFile file = disk.open(name, true)) {
            for (long size = file.size() - stepBytes; size > 0 && !cancelled.getAsBoolean(); size -= stepBytes) {
                file.truncate(size);
                file.force(true); // else the pieces would go together again
            }
        }
    }
}
