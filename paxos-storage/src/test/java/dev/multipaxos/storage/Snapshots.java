package dev.multipaxos.storage;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.io.ByteArrayOutputStream;
import java.util.SplittableRandom;

/** What the tests of snapshots write and read back. */
final class Snapshots {
    private Snapshots() {}

    static byte[] content(long slot, int bytes) {
        byte[] content = new byte[bytes];
        new SplittableRandom(slot).nextBytes(content);
        return content;
    }

    static SnapshotStore.Id commit(FileStorage storage, int group, long slot, byte[] content) throws StorageException {
        try (SnapshotStore.Writer writer = storage.snapshots().create(group, slot)) {
            int half = content.length / 2;
            writer.write(content, 0, half);
            writer.write(content, half, content.length - half);
            return writer.commit();
        }
    }

    /** {@return all of it, verified} */
    static byte[] read(FileStorage storage, SnapshotStore.Id id) throws StorageException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (SnapshotStore.Reader reader = storage.snapshots().open(id)) {
            if (reader == null) {
                throw new AssertionError(id + " is not there");
            }
            SnapshotStore.verify(reader);
            for (int at = 0; at < id.bytes(); at = all.size()) {
                all.writeBytes(reader.read(at, 100_000).toArray());
            }
        }
        return all.toByteArray();
    }
}
