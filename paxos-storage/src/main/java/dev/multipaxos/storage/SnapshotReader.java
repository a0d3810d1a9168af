package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a snapshot chunk by chunk, and hands nothing over of a chunk whose CRC is wrong. */
final class SnapshotReader implements SnapshotStore.Reader {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotReader.class);
    private static final long NONE = -1;

    private final FileSnapshots store;
    private final FileSnapshots.Stored stored;
    private final SnapshotStore.Id id;
    private final DiskFile file;
    private final SnapshotLayout layout;
    private final ByteBuffer chunk = SnapshotLayout.chunkBuffer();
    private long inMemory = NONE; // the number of the chunk
    private long inOrder; // so many chunks, from the first one on, were read

    SnapshotReader(FileSnapshots store, FileSnapshots.Stored stored, SnapshotStore.Id id, DiskFile file) {
        this.store = store;
        this.stored = stored;
        this.id = id;
        this.file = file;
        this.layout = store.layout(stored.name);
    }

    @Override
    public SnapshotStore.Id id() {
        return id;
    }

    @Override
    public Bytes read(long offset, int maxBytes) throws StorageException {
        if (offset < 0 || maxBytes <= 0) {
            throw new IllegalArgumentException(
                    "offset " + offset + " must not be negative, bytes " + maxBytes + " must be positive");
        }
        store.checkOpen();
        byte[] bytes = new byte[(int) Math.max(0, Math.min(maxBytes, id.bytes() - offset))];
        for (int done = 0; done < bytes.length; ) {
            long place = offset + done;
            bring(place / SnapshotLayout.CHUNK_BYTES);
            int from = (int) (place % SnapshotLayout.CHUNK_BYTES);
            int some = Math.min(bytes.length - done, SnapshotLayout.CHUNK_BYTES - from);
            chunk.get(from, bytes, done, some);
            done += some;
        }
        return Bytes.wrap(bytes);
    }

    private void bring(long number) throws StorageException {
        if (number == inMemory) {
            return;
        }
        inMemory = NONE;
        long place = SnapshotLayout.place(number);
        int length = (int) Math.min(SnapshotLayout.CHUNK_BYTES, id.bytes() - number * SnapshotLayout.CHUNK_BYTES);
        chunk.clear().limit(length + SnapshotLayout.CRC_BYTES);
        try {
            if (!SnapshotLayout.fill(file, chunk, place, path())
                    || chunk.getInt(length) != layout.crc(number, chunk, length)) {
                throw Failures.damagedSnapshot(path(), place, "the chunk is not what was written", null);
            }
        } catch (StorageException e) {
            store.failed(stored, e, number);
            throw e;
        }
        inMemory = number;
        inOrder += number == inOrder ? 1 : 0;
        tellIfProven();
    }

    /** Looks once more at what is around the content. */
    void check() throws StorageException {
        try {
            if (!layout.read(file, path()).equals(id)) {
                throw Failures.damagedSnapshot(path(), 0, "it is not the snapshot that was here", null);
            }
        } catch (StorageException e) {
            store.failed(stored, e, FileSnapshots.AROUND);
            throw e;
        }
        tellIfProven(); // if it is empty
    }

    private void tellIfProven() {
        if (inOrder * SnapshotLayout.CHUNK_BYTES >= id.bytes()) {
            store.proven(stored);
        }
    }

    private String path() {
        return store.path(stored.name.file());
    }

    @Override
    public void close() {
        store.release(this, stored);
    }

    void closeFile() {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("{}: could not be closed", path(), e);
        }
    }
}
