package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Looks at one segment, record by record. {@link #moveTo} brings a record into memory and checks it; the other methods then
 * tell what it is. Not for several threads.
 */
final class SegmentScan {
    private final Segment segment;
    private final String path;
    private final Chain chain;
    private final Window window;

    // the record in memory
    private long offset;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int at;
    private int length;

    SegmentScan(Disk disk, Segment segment, DiskFile file, Chain chain) {
        this.segment = segment;
        this.path = disk.describe(segment.name);
        this.chain = chain;
        this.window = Window.overUnreadable(file);
    }

    /**
     * Lets through what the operating system said when it could not read something; to the other methods that looks like zeros.
     *
     * @param from only what is behind this place counts
     */
    void mustHaveRead(long from) throws IOException {
        window.mustHaveRead(from);
    }

    String path() {
        return path;
    }

    /**
     * Goes to a record.
     *
     * @param place its place in the file
     * @param limit where the records end at the latest
     * @param previousCrc the CRC of the record before; a batch header is checked without it
     * @return whether it is what was written there
     * @throws StorageException if it is, but of an unknown format
     */
    boolean moveTo(long place, long limit, int previousCrc) throws IOException {
        if (limit - place < RecordLayout.LENGTH_MIN || !window.holds(place, RecordLayout.LENGTH_MIN)) {
            return false;
        }
        int bytes = window.buffer().getInt(window.index(place));
        if (!RecordLayout.isPossible(bytes, limit - place) || !window.holds(place, bytes)) {
            return false;
        }
        offset = place;
        buffer = window.buffer();
        at = window.index(place);
        length = bytes;
        int previous = isBatchHeader() ? 0 : previousCrc;
        int expected = chain.crc(segment.header.segment(), offset, previous, buffer, at, length);
        buffer.clear();
        if (expected != crc()) {
            return false;
        }
        int format = buffer.get(at + RecordLayout.FORMAT) & 0xFF;
        if (format != RecordLayout.FORMAT_VERSION) {
            throw Failures.unknownVersion(path + ": offset " + offset, format, RecordLayout.FORMAT_VERSION);
        }
        return true;
    }

    /** {@return where the next record is} */
    long next() {
        return offset + length;
    }

    int length() {
        return length;
    }

    int crc() {
        return buffer.getInt(at + length - RecordLayout.CRC_BYTES);
    }

    boolean isBatchHeader() {
        return isOwn() && buffer.get(at + RecordLayout.TYPE) == RecordLayout.BATCH_HEADER;
    }

    private boolean isOwn() {
        return (buffer.getShort(at + RecordLayout.FLAGS) & RecordLayout.OWN) != 0;
    }

    // of a batch header

    long batch() {
        return buffer.getLong(at + RecordLayout.BATCH);
    }

    long syncedUpTo() {
        return buffer.getLong(at + RecordLayout.SYNCED_UP_TO);
    }

    long batchBytes() {
        return buffer.getLong(at + RecordLayout.BATCH_BYTES);
    }

    int previousCrc() {
        return buffer.getInt(at + RecordLayout.PREVIOUS_CRC);
    }

    long bootCount() {
        return buffer.getInt(at + length - RecordLayout.BOOT_COUNT_FROM_END);
    }

    void readMarks(GroupMarks marks) {
        marks.read(buffer, at + RecordLayout.MARKS, buffer.getInt(at + RecordLayout.GROUPS));
    }

    /** Tells what a batch header says that each of its groups had promised. */
    void forEachPromise(PromiseConsumer consumer) {
        for (int i = 0; i < buffer.getInt(at + RecordLayout.GROUPS); i++) {
            int mark = at + RecordLayout.MARKS + i * RecordLayout.MARK_BYTES;
            consumer.promised(buffer.getInt(mark), buffer.getLong(mark + 8), buffer.getInt(mark + 4));
        }
    }

    /** Is told of promised ballots. */
    interface PromiseConsumer {
        void promised(int group, long round, int node);
    }

    /** Reads what the header repeats of the batch before. */
    void readPreviousMarks(GroupMarks marks) {
        int own = buffer.getInt(at + RecordLayout.GROUPS) * RecordLayout.MARK_BYTES;
        marks.read(buffer, at + RecordLayout.MARKS + own, buffer.getInt(at + RecordLayout.PREVIOUS_GROUPS));
    }

    /** Goes to a batch header. {@return whether there is one} */
    boolean moveToHeader(long place, long limit) throws IOException {
        return moveTo(place, limit, 0) && isBatchHeader();
    }

    /** {@return a copy of the record, whatever it is} */
    ByteBuffer record() {
        byte[] record = new byte[length];
        buffer.get(at, record);
        return ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN);
    }

    // of a record that was appended

    int group() {
        return buffer.getInt(at + RecordLayout.GROUP);
    }

    long slotFrom() {
        return buffer.getLong(at + RecordLayout.SLOT_FROM);
    }

    long slotTo() {
        return buffer.getLong(at + RecordLayout.SLOT_TO);
    }

    int kind() {
        return buffer.get(at + RecordLayout.TYPE) & 0xFF;
    }

    /** {@return a copy of the body} */
    Bytes body() {
        byte[] body = new byte[buffer.getInt(at + RecordLayout.BODY_LENGTH)];
        buffer.get(at + RecordLayout.BODY, body);
        return Bytes.wrap(body);
    }

    void addTo(SlotIndex index, int previousCrc) {
        index.add((int) offset, length, previousCrc, buffer, at);
    }

    /** Hands a record over. What the visitor cannot read was damaged before it came here, or is of another version. */
    void visit(RecordVisitor visitor) throws StorageException {
        try {
            visitor.record(group(), kind(), slotFrom(), slotTo(), body());
        } catch (StorageException e) {
            throw e;
        } catch (IOException e) {
            throw Failures.notUnderstood(path + ": offset " + offset, e);
        }
    }

    /**
     * Looks for batch headers, whatever is between them.
     *
     * @param from where to begin
     * @param limit where the records end at the latest
     * @return the highest mark in them, or 0
     */
    long highestMark(long from, long limit) throws IOException {
        long highest = 0;
        for (long at = nextBatchHeader(from, limit); at >= 0; at = nextBatchHeader(at + 8, limit)) {
            highest = Math.max(highest, syncedUpTo());
        }
        return highest;
    }

    /**
     * Looks for a batch header, whatever is before it, and goes to it.
     *
     * @param from where to begin
     * @param limit where the records end at the latest
     * @return its place, or -1 if there is none
     */
    long nextBatchHeader(long from, long limit) throws IOException {
        for (long place = from; limit - place >= RecordLayout.MARKS; place += 8) {
            if (!window.holds(place, RecordLayout.MARKS)) {
                break;
            }
            if (window.buffer().getLong(window.index(place)) != 0
                    && looksLikeBatchHeader(place)
                    && moveTo(place, limit, 0)) {
                return place;
            }
        }
        return -1;
    }

    /** Whatever clients have stored lies there, too: what cannot be a header is not worth its CRC. */
    private boolean looksLikeBatchHeader(long place) {
        ByteBuffer bytes = window.buffer();
        int index = window.index(place);
        int headerBytes = bytes.getInt(index);
        long groups = bytes.getInt(index + RecordLayout.GROUPS);
        long previousGroups = bytes.getInt(index + RecordLayout.PREVIOUS_GROUPS);
        long batchBytes = bytes.getLong(index + RecordLayout.BATCH_BYTES);
        long before =
                bytes.getLong(index + RecordLayout.BATCH) - segment.header.firstBatch(); // batches in this segment
        long mark = bytes.getLong(index + RecordLayout.SYNCED_UP_TO);
        long markMin = segment.header.usedBefore() ? segment.header.logicalStart() : 0;
        return bytes.getShort(index + RecordLayout.FLAGS) == RecordLayout.OWN
                && bytes.get(index + RecordLayout.TYPE) == RecordLayout.BATCH_HEADER
                && groups >= 0
                && previousGroups >= 0
                && headerBytes == RecordLayout.headerLength(groups + previousGroups)
                && batchBytes >= headerBytes
                && batchBytes <= segment.header.bytes() - place
                && before >= 0
                && before <= (place - SegmentHeader.BYTES) / RecordLayout.headerLength(0)
                && mark >= markMin
                && mark <= segment.position(place);
    }

    /** {@return whether nothing was written at a place, a multiple of 8} */
    boolean isZero(long place) throws IOException {
        return window.holds(place, 8) && window.buffer().getLong(window.index(place)) == 0;
    }

    /**
     * Finds out how far something was written.
     *
     * @param from a place, a multiple of 8
     * @return the multiple of 8 behind the last byte that is not zero, or {@code from}
     */
    long endOfData(long from) throws IOException {
        long end = from;
        long place = from;
        for (; window.holds(place, 8); place += 8) {
            if (window.buffer().getLong(window.index(place)) != 0) {
                end = place + 8;
            }
        }
        return window.holds(place, 1) ? place + 8 : end; // a file that was cut between
    }
}
