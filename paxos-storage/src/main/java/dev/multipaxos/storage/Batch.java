package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What was appended since the last sync, laid out as it goes to the file, in direct buffers that are used again. A record
 * never spans two buffers. The CRCs come last, when the place in the file is known. Owned by the storage thread.
 */
final class Batch {
    private static final int CHUNK_BYTES = 256 * 1024;

    /** Buffers above this are given back after use. */
    private static final int KEPT_BYTES = 8 * 1024 * 1024;

    private final List<ByteBuffer> chunks = new ArrayList<>();
    private int chunksUsed;
    private long bytes;
    private int records;
    private GroupMarks marks = new GroupMarks();
    private GroupMarks previousMarks;
    private final int bootCount;
    private ByteBuffer header = direct(4096);
    private final ByteBuffer rest = direct(SegmentHeader.COPY_BYTES); // zeros
    private ByteBuffer[] sources = new ByteBuffer[0];

    Batch(GroupMarks previousMarks, long bootCount) {
        this.previousMarks = previousMarks;
        this.bootCount = Math.toIntExact(bootCount);
    }

    boolean isEmpty() {
        return records == 0;
    }

    /** {@return the bytes of the batch with its header} */
    long bytes() {
        return RecordLayout.headerLength(marks.count() + previousMarks.count()) + bytes;
    }

    /** {@return the bytes of the batch if a record of this group and length joined it} */
    long bytesWith(int group, long length) {
        int added = marks.contains(group) ? 0 : 1;
        return RecordLayout.headerLength(marks.count() + previousMarks.count() + added) + bytes + length;
    }

    void add(int group, int kind, long slotFrom, long slotTo, long round, int node, Bytes head, Bytes body) {
        int bodyBytes = head.length() + body.length();
        int length = (int) RecordLayout.length(bodyBytes);
        ByteBuffer chunk = room(length);
        int end = chunk.position() + length;
        chunk.putInt(length).put((byte) kind).put(RecordLayout.FORMAT_VERSION).putShort((short) 0);
        chunk.putLong(0).putInt(group).putInt(bodyBytes).putLong(slotFrom).putLong(slotTo);
        chunk.put(head.array(), head.offset(), head.length());
        chunk.put(body.array(), body.offset(), body.length());
        while (chunk.position() < end) {
            chunk.put((byte) 0);
        }
        bytes += length;
        records++;
        marks.touch(group, round, node, slotFrom, slotTo);
    }

    private ByteBuffer room(int length) {
        if (chunksUsed > 0 && chunks.get(chunksUsed - 1).remaining() >= length) {
            return chunks.get(chunksUsed - 1);
        }
        if (chunksUsed == chunks.size()) {
            chunks.add(direct(Math.max(length, CHUNK_BYTES)));
        } else if (chunks.get(chunksUsed).capacity() < length) {
            chunks.set(chunksUsed, direct(length));
        }
        return chunks.get(chunksUsed++);
    }

    /**
     * Completes the batch for its place.
     *
     * @param chain computes the CRCs
     * @param segment the id of the segment
     * @param offset the place in the file
     * @param number the number of the batch
     * @param syncedUpTo the durable position at this moment
     * @param previousCrc the CRC of the record before
     * @return the buffers to write, ready to be read. Behind the last record they fill a page that they begin with zeros: a page that is
     *     written in part must be read first, if a file that was used before is not in memory any more
     */
    ByteBuffer[] seal(Chain chain, long segment, long offset, long number, long syncedUpTo, int previousCrc) {
        int headerBytes = (int) RecordLayout.headerLength(marks.count() + previousMarks.count());
        if (header.capacity() < headerBytes) {
            header = direct(2 * headerBytes);
        }
        header.clear();
        header.putInt(headerBytes).put(RecordLayout.BATCH_HEADER).put(RecordLayout.FORMAT_VERSION);
        header.putShort(RecordLayout.OWN).putLong(number).putInt(0);
        header.putInt(headerBytes - RecordLayout.HEAD_BYTES - RecordLayout.CRC_BYTES);
        header.putLong(syncedUpTo).putLong(bytes()).putInt(records).putInt(previousCrc);
        header.putInt(marks.count()).putInt(previousMarks.count());
        marks.write(header);
        previousMarks.write(header);
        header.putInt(headerBytes - RecordLayout.BOOT_COUNT_FROM_END, bootCount);
        int crc = chain.crc(segment, offset, 0, header, 0, headerBytes);
        header.clear().putInt(headerBytes - RecordLayout.CRC_BYTES, crc).limit(headerBytes);

        long place = offset + headerBytes;
        for (int i = 0; i < chunksUsed; i++) {
            ByteBuffer chunk = chunks.get(i);
            int end = chunk.position();
            for (int at = 0; at < end; ) {
                int length = chunk.getInt(at);
                chunk.putLong(at + RecordLayout.BATCH, number);
                crc = chain.crc(segment, place, crc, chunk, at, length);
                chunk.limit(chunk.capacity()).putInt(at + length - RecordLayout.CRC_BYTES, crc);
                at += length;
                place += length;
            }
            chunk.position(0).limit(end);
        }
        int pageEnd = SegmentHeader.roundUp(place);
        boolean begun = pageEnd - SegmentHeader.COPY_BYTES >= offset;
        rest.clear().limit(begun ? (int) (pageEnd - place) : 0);
        return sources();
    }

    private ByteBuffer[] sources() {
        if (sources.length != chunksUsed + 2) {
            sources = new ByteBuffer[chunksUsed + 2];
            sources[chunksUsed + 1] = rest;
        }
        sources[0] = header;
        for (int i = 0; i < chunksUsed; i++) {
            sources[i + 1] = chunks.get(i);
        }
        return sources;
    }

    /** Tells the index where the records of the sealed batch are; they are durable. {@return the CRC of the last one} */
    int publish(SlotIndex index, int offset, int previousCrc) {
        int place = offset;
        int crc = previousCrc;
        for (int i = 0; i <= chunksUsed; i++) {
            ByteBuffer buffer = i == 0 ? header : chunks.get(i - 1);
            for (int at = 0; at < buffer.limit(); ) {
                int length = buffer.getInt(at);
                index.add(place, length, crc, buffer, at);
                crc = buffer.getInt(at + length - RecordLayout.CRC_BYTES);
                at += length;
                place += length;
            }
        }
        return crc;
    }

    /** Begins the next batch. */
    void next() {
        GroupMarks swapped = previousMarks;
        previousMarks = marks;
        marks = swapped;
        marks.clear();
        bytes = 0;
        records = 0;
        chunksUsed = 0;
        long kept = 0;
        for (int i = 0; i < chunks.size(); i++) {
            kept += chunks.get(i).capacity();
            if (kept > KEPT_BYTES) {
                chunks.subList(i, chunks.size()).clear();
                break;
            }
            chunks.get(i).clear();
        }
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
