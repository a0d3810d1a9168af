package dev.multipaxos.storage;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Where everything is in the file of a snapshot: a header, the content in chunks of {@link #CHUNK_BYTES} (the last one has what
 * is left), each followed by its CRC, then a trailer.
 *
 * <p>The CRC of a chunk and of the trailer begins with the cluster, the file's name and the number of the chunk: it fits only where
 * it was written. That of the header does not, so that a foreign file can be told from a damaged one.
 *
 * <p>Not for several threads.
 */
final class SnapshotLayout {
    static final int FORMAT = 1;
    static final int CHUNK_BYTES = 64 * 1024;
    static final int CRC_BYTES = 4;
    static final int HEADER_BYTES = 64;
    static final int TRAILER_BYTES = 24;

    private static final long MAGIC = 0x3150414E5358504DL; // "MPXSNAP1" in the file
    private static final long END_MAGIC = 0x444E455350414E53L; // "SNAPSEND" in the file
    private static final int HEADER_CRC_AT = HEADER_BYTES - CRC_BYTES;
    private static final long TRAILER = -1; // in place of the number of a chunk

    private final long cluster;
    private final SnapshotName name;
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer seed = buffer(36);

    SnapshotLayout(long cluster, SnapshotName name) {
        this.cluster = cluster;
        this.name = name;
        seed.putLong(0, cluster).putLong(8, name.id()).putLong(16, name.slot()).putInt(32, name.group());
    }

    static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** {@return room for the largest chunk, with its CRC} */
    static ByteBuffer chunkBuffer() {
        return buffer(CHUNK_BYTES + CRC_BYTES);
    }

    /** {@return the size of a file with so much content} */
    static long fileBytes(long contentBytes) {
        return HEADER_BYTES + contentBytes + chunks(contentBytes) * CRC_BYTES + TRAILER_BYTES;
    }

    private static long chunks(long contentBytes) {
        return (contentBytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
    }

    /** {@return where a chunk is in the file} */
    static long place(long chunk) {
        return HEADER_BYTES + chunk * (CHUNK_BYTES + CRC_BYTES);
    }

    /** {@return the CRC of a chunk, from the first byte of the buffer} */
    int crc(long chunk, ByteBuffer content, int length) {
        seed.putLong(24, chunk);
        crc.reset();
        crc.update(seed.clear());
        crc.update(content.slice(0, length));
        return (int) crc.getValue();
    }

    ByteBuffer header() {
        ByteBuffer header = buffer(HEADER_BYTES);
        header.putLong(MAGIC).putShort((short) FORMAT).putShort((short) FORMAT);
        header.putInt(name.group()).putLong(cluster).putLong(name.slot()).putLong(name.id());
        header.putInt(HEADER_CRC_AT, headerCrc(header));
        return header.clear();
    }

    private static int headerCrc(ByteBuffer header) {
        CRC32C crc = new CRC32C();
        crc.update(header.slice(0, HEADER_CRC_AT));
        return (int) crc.getValue();
    }

    ByteBuffer trailer(long contentBytes, int checksum) {
        ByteBuffer trailer = buffer(TRAILER_BYTES);
        trailer.putLong(END_MAGIC).putLong(contentBytes).putInt(checksum);
        trailer.putInt(crc(TRAILER, trailer, TRAILER_BYTES - CRC_BYTES));
        return trailer.clear();
    }

    /**
     * Reads what is around the content.
     *
     * @param file the file
     * @param path for messages
     * @return whose it is
     * @throws StorageException if it is damaged, not whole, of an unknown version or of another cluster
     */
    SnapshotStore.Id read(DiskFile file, String path) throws StorageException {
        ByteBuffer header = buffer(HEADER_BYTES);
        if (!fill(file, header, 0, path)
                || header.getLong(0) != MAGIC
                || header.getInt(HEADER_CRC_AT) != headerCrc(header)) {
            throw Failures.damagedSnapshot(path, 0, "the header is not what was written", null);
        }
        int minimumReader = header.getShort(10) & 0xFFFF;
        if (minimumReader > FORMAT) {
            throw Failures.unknownVersion(path, minimumReader, FORMAT);
        }
        if (header.getLong(16) != cluster) {
            throw Failures.foreignSnapshot(path, header.getLong(16), cluster);
        }
        if (!header.equals(header())) {
            throw Failures.damagedSnapshot(path, 0, "it is not the file that had this name", null);
        }
        return readTrailer(file, path);
    }

    private SnapshotStore.Id readTrailer(DiskFile file, String path) throws StorageException {
        long size;
        try {
            size = file.size();
        } catch (IOException e) {
            throw Failures.unreadSnapshot(path, 0, e);
        }
        long place = size - TRAILER_BYTES;
        ByteBuffer trailer = buffer(TRAILER_BYTES);
        if (place < HEADER_BYTES
                || !fill(file, trailer, place, path)
                || trailer.getLong(0) != END_MAGIC
                || trailer.getInt(TRAILER_BYTES - CRC_BYTES) != crc(TRAILER, trailer, TRAILER_BYTES - CRC_BYTES)
                || fileBytes(trailer.getLong(8)) != size) {
            throw Failures.damagedSnapshot(path, Math.max(place, 0), "the end is not what was written", null);
        }
        return new SnapshotStore.Id(name.group(), name.slot(), trailer.getLong(8), trailer.getInt(16));
    }

    /** Reads a whole buffer. {@return false if the file ends before; the buffer is cleared} */
    static boolean fill(DiskFile file, ByteBuffer target, long place, String path) throws StorageException {
        int wanted = target.remaining();
        try {
            for (int done = 0; done < wanted; ) {
                int count = file.read(target, place + done);
                if (count <= 0) {
                    return false;
                }
                done += count;
            }
            return true;
        } catch (IOException e) {
            throw Failures.unreadSnapshot(path, place, e);
        } finally {
            target.clear();
        }
    }
}
