package dev.multipaxos.storage;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a snapshot chunk by chunk: however large it is, one chunk of it is in memory. It is forced in portions, so that the disk
 * is never given gigabytes at once while the journal waits for a force of its own.
 */
final class SnapshotWriter implements SnapshotStore.Writer {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotWriter.class);

    /** After how much it is forced: 4 MiB, some ten milliseconds of a disk. */
    static final int FORCE_BYTES = 4 * 1024 * 1024;

    private final FileSnapshots store;
    private final SnapshotName name;
    private final DiskFile file;
    private final SnapshotLayout layout;
    private final CRC32C checksum = new CRC32C();
    private final ByteBuffer chunk = SnapshotLayout.buffer(SnapshotLayout.CHUNK_BYTES + SnapshotLayout.CRC_BYTES);

    private long position; // in the content
    private long chunks; // written
    private long forced; // a place in the file
    private boolean over; // committed, failed or closed

    SnapshotWriter(FileSnapshots store, SnapshotName name, DiskFile file) {
        this.store = store;
        this.name = name;
        this.file = file;
        this.layout = store.layout(name);
    }

    SnapshotName name() {
        return name;
    }

    void begin() throws StorageException {
        take();
        try {
            Writes.all(file, layout.header(), 0);
        } catch (IOException e) {
            throw failed(e);
        }
        over = false;
    }

    @Override
    public void write(byte[] source, int offset, int length) throws StorageException {
        Objects.checkFromIndexSize(offset, length, source.length);
        take();
        try {
            checksum.update(source, offset, length);
            position += length;
            for (int done = 0; done < length; ) {
                int some = Math.min(length - done, SnapshotLayout.CHUNK_BYTES - chunk.position());
                chunk.put(source, offset + done, some);
                done += some;
                if (chunk.position() == SnapshotLayout.CHUNK_BYTES) {
                    writeChunk();
                }
            }
        } catch (IOException e) {
            throw failed(e);
        }
        over = false;
    }

    private void writeChunk() throws IOException {
        store.checkOpen();
        int length = chunk.position();
        chunk.putInt(layout.crc(chunks, chunk, length));
        Writes.all(file, chunk.flip(), SnapshotLayout.place(chunks));
        chunk.clear();
        chunks++;
        if (SnapshotLayout.place(chunks) - forced >= FORCE_BYTES) {
            file.force(false);
            forced = SnapshotLayout.place(chunks);
        }
    }

    @Override
    public long position() {
        return position;
    }

    @Override
    public SnapshotStore.Id commit() throws StorageException {
        take();
        SnapshotStore.Id id = new SnapshotStore.Id(name.group(), name.slot(), position, (int) checksum.getValue());
        try {
            if (chunk.position() > 0) {
                writeChunk();
            }
            Writes.all(
                    file,
                    layout.trailer(position, id.checksum()),
                    SnapshotLayout.fileBytes(position) - SnapshotLayout.TRAILER_BYTES);
            file.force(true);
            file.close();
            store.publish(this, id);
        } catch (IOException e) {
            throw failed(e);
        }
        return id;
    }

    /** From here it is over, unless the caller says that it is not. */
    private void take() throws StorageException {
        if (over) {
            throw new IllegalStateException("the snapshot was committed, has failed or was closed");
        }
        over = true;
        store.checkOpen();
    }

    private StorageException failed(IOException cause) {
        store.discard(this);
        return cause instanceof StorageException named
                ? named
                : Failures.failedSnapshot(store.path(name.unfinishedFile()), cause);
    }

    @Override
    public void close() {
        over = true;
        store.discard(this);
    }

    void closeFile() {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("{}: could not be closed; it is removed", store.path(name.unfinishedFile()), e);
        }
    }
}
