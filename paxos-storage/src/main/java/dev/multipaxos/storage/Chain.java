package dev.multipaxos.storage;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Computes the CRC of a record so that it fits only where it was written: it begins with the cluster, the storage, the
 * segment, the place in the file and the CRC of the record before. One check finds bit rot, a write that went to another
 * place, a stale page and a swapped segment.
 *
 * <p>A batch header is computed as if no record were before it, and holds the CRC of that record as a field: so it can be
 * recognised behind a damaged record, which is how damage is told from a torn tail.
 *
 * <p>Not for several threads.
 */
final class Chain {
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer seed = ByteBuffer.allocate(36).order(ByteOrder.LITTLE_ENDIAN);

    Chain(long cluster, long storageId) {
        seed.putLong(0, cluster).putLong(8, storageId);
    }

    /**
     * Computes the CRC of a record.
     *
     * @param segment the id of its segment
     * @param offset its place in the file
     * @param previous the CRC of the record before, 0 for a batch header
     * @param buffer holds the record; its position and limit are changed
     * @param from the index of the record in the buffer
     * @param length the length of the record
     * @return the CRC of everything but its last four bytes
     */
    int crc(long segment, long offset, int previous, ByteBuffer buffer, int from, int length) {
        seed.putLong(16, segment).putLong(24, offset).putInt(32, previous);
        crc.reset();
        crc.update(seed.array());
        buffer.limit(from + length - RecordLayout.CRC_BYTES).position(from);
        crc.update(buffer);
        return (int) crc.getValue();
    }
}
