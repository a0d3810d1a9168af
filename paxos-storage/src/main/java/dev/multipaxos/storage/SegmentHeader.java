package dev.multipaxos.storage;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The first two pages of a segment, each a copy of the header. The rest of a page is zero.
 *
 * @param node the node
 * @param cluster the hash of the founding record
 * @param storageId the storage
 * @param segment the random id of the segment
 * @param bytes the size of the file
 * @param logicalStart the journal position of the first record
 * @param previousSegment the id of the segment before, 0 if this is the first
 * @param previousEnd where the records of that one end, in its file
 * @param previousCrc the CRC of the last of them
 * @param firstBatch the number of the first batch
 * @param usedBefore true if the file was another segment before: behind the last record are records of that one, not zeros
 */
record SegmentHeader(
        int node,
        long cluster,
        long storageId,
        long segment,
        int bytes,
        long logicalStart,
        long previousSegment,
        int previousEnd,
        int previousCrc,
        long firstBatch,
        boolean usedBefore) {

    static final int FORMAT = 1;
    static final int COPY_BYTES = 4096;

    /** Where the records begin. */
    static final int BYTES = 2 * COPY_BYTES;

    private static final long MAGIC = 0x314D47455358504DL; // "MPXSEGM1" in the file
    private static final int CRC_AT = 80;

    /** {@return the size of a file that holds so much: whole pages} */
    static int roundUp(long bytes) {
        return Math.toIntExact((bytes + COPY_BYTES - 1) / COPY_BYTES * COPY_BYTES);
    }

    /** {@return what a file has that was a segment, and will be this one} */
    static SegmentHeader waiting(Owner owner, long segment, int bytes) {
        long never = Long.MAX_VALUE;
        return new SegmentHeader(
                owner.node(), owner.cluster(), owner.storageId(), segment, bytes, never, 0, 0, 0, never, true);
    }

    /** {@return both pages} */
    ByteBuffer encode() {
        ByteBuffer pages = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < BYTES; at += COPY_BYTES) {
            pages.position(at);
            pages.putLong(MAGIC)
                    .putShort((short) FORMAT)
                    .putShort((short) FORMAT)
                    .putInt(node);
            pages.putLong(cluster).putLong(storageId).putLong(segment).putLong(logicalStart);
            pages.putLong(previousSegment).putLong(firstBatch);
            pages.putInt(previousEnd).putInt(previousCrc).putInt(bytes).putInt(usedBefore ? 1 : 0);
            pages.putInt(crc(pages, at));
        }
        return pages.clear();
    }

    /**
     * Reads the header of a segment.
     *
     * @return the header, or null if neither copy is one
     * @throws StorageException if it is of an unknown version
     */
    static @Nullable SegmentHeader read(DiskFile file, String path) throws IOException {
        Window window = Window.overUnreadable(file);
        if (!window.holds(0, BYTES)) {
            return null;
        }
        ByteBuffer pages = window.buffer();
        boolean first = isWhole(pages, 0);
        boolean second = isWhole(pages, COPY_BYTES);
        if (!first && !second) {
            return null;
        }
        int at = first ? 0 : COPY_BYTES;
        int minimumReader = pages.getShort(at + 10) & 0xFFFF;
        if (minimumReader > FORMAT) {
            throw Failures.unknownVersion(path, minimumReader, FORMAT);
        }
        return decode(pages, at);
    }

    /** {@return whether the segment is the one that has this id here} */
    boolean belongsTo(Owner owner, long id) {
        return segment == id && storageId == owner.storageId() && node == owner.node() && cluster == owner.cluster();
    }

    /** {@return where the first copy is that is not what was written, or -1} */
    static int damagedCopy(DiskFile file) throws IOException {
        Window window = new Window(file, BYTES);
        if (!window.holds(0, BYTES) || !isWhole(window.buffer(), 0)) {
            return 0;
        }
        return isWhole(window.buffer(), COPY_BYTES) ? -1 : COPY_BYTES;
    }

    private static SegmentHeader decode(ByteBuffer pages, int at) {
        return new SegmentHeader(
                pages.getInt(at + 12),
                pages.getLong(at + 16),
                pages.getLong(at + 24),
                pages.getLong(at + 32),
                pages.getInt(at + 72),
                pages.getLong(at + 40),
                pages.getLong(at + 48),
                pages.getInt(at + 64),
                pages.getInt(at + 68),
                pages.getLong(at + 56),
                (pages.getInt(at + 76) & 1) != 0);
    }

    private static boolean isWhole(ByteBuffer pages, int at) {
        return pages.getLong(at) == MAGIC && pages.getInt(at + CRC_AT) == crc(pages, at);
    }

    private static int crc(ByteBuffer pages, int at) {
        CRC32C crc = new CRC32C();
        crc.update(pages.slice(at, CRC_AT));
        return (int) crc.getValue();
    }
}
