package dev.multipaxos.storage;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import dev.multipaxos.storage.inspect.DirectoryVisitor;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Checks every byte of a snapshot, and changes nothing. */
final class SnapshotInspection {
    private final Disk disk;
    private final long cluster;
    private final DirectoryVisitor visitor;

    SnapshotInspection(Disk disk, long cluster, DirectoryVisitor visitor) {
        this.disk = disk;
        this.cluster = cluster;
        this.visitor = visitor;
    }

    void check(SnapshotName name) throws IOException {
        SnapshotLayout layout = new SnapshotLayout(cluster, name);
        try (DiskFile file = disk.open(name.file(), false)) {
            SnapshotStore.Id id;
            try {
                id = layout.read(file, disk.describe(name.file()));
            } catch (StorageException e) {
                visitor.damage(name.file(), 0, String.valueOf(e.getMessage()));
                return;
            }
            visitor.snapshot(name.file(), id.group(), id.slot(), id.bytes());
            checkChunks(layout, name.file(), file, id.bytes());
        }
    }

    private void checkChunks(SnapshotLayout layout, String name, DiskFile file, long bytes) throws IOException {
        ByteBuffer chunk = SnapshotLayout.chunkBuffer();
        for (long number = 0; number * SnapshotLayout.CHUNK_BYTES < bytes; number++) {
            int length = (int) Math.min(SnapshotLayout.CHUNK_BYTES, bytes - number * SnapshotLayout.CHUNK_BYTES);
            long place = SnapshotLayout.place(number);
            chunk.clear().limit(length + SnapshotLayout.CRC_BYTES);
            if (!SnapshotLayout.fill(file, chunk, place, disk.describe(name))
                    || chunk.getInt(length) != layout.crc(number, chunk, length)) {
                visitor.damage(name, place, "the chunk is not what was written");
            }
        }
    }
}
