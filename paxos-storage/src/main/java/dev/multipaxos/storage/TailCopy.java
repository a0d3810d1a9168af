package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Moves the end of the journal, which no mark covers, to a new segment. After a force that failed the operating system may take
 * pages for written that are not, and then neither another force nor the same bytes written again to the same place mend that
 * (docs/storage.md, "What a start does"). What is written to a new file is.
 *
 * <p>The old segment ends where its marks end: what is behind stays there unread. The new one continues there, with the same
 * journal positions, batch numbers and marks; only the CRCs are others, since they depend on the place. So nothing is ever
 * written twice to one place of the journal.
 *
 * <p>The new file has an unfinished name until the manifest names it: a segment under its own name that holds records and is not
 * in the manifest would mean that the manifest is an old copy.
 */
final class TailCopy {
    private static final int BUFFER_BYTES = 256 * 1024;

    private final StorageDirectory directory;
    private final Disk disk;
    private final Chain chain;
    private final ByteBuffer buffer = Writes.zeros(BUFFER_BYTES);
    private long written; // where the buffer goes

    TailCopy(StorageDirectory directory, Chain chain) {
        this.directory = directory;
        this.disk = directory.disk();
        this.chain = chain;
    }

    /** {@return the name of a segment while it is being copied} */
    static String unfinished(String name) {
        return name + CopiedFile.TEMPORARY;
    }

    /** {@return the name that a segment will have, or has} */
    static String finished(String name) {
        return name.endsWith(CopiedFile.TEMPORARY)
                ? name.substring(0, name.length() - CopiedFile.TEMPORARY.length())
                : name;
    }

    /**
     * Copies whole batches from the end of the last segment.
     *
     * @param scan looks at that segment
     * @param old that segment
     * @param from where its last mark ends
     * @param to where its last whole batch ends, perhaps there, too
     * @param crc the CRC of the last record that stays
     * @param firstBatch the number of the first batch that goes
     * @return the segment that is now the last one
     */
    Segment copy(SegmentScan scan, Segment old, long from, long to, int crc, long firstBatch) throws IOException {
        int bytes = Math.max(directory.segmentBytes(), SegmentHeader.roundUp(SegmentHeader.BYTES + to - from));
        SegmentHeader header = new SegmentHeader(
                old.header.node(),
                old.header.cluster(),
                old.header.storageId(),
                directory.newSegment(),
                bytes,
                old.position(from),
                old.header.segment(),
                (int) from,
                crc,
                firstBatch,
                false);
        Segment copy = new Segment(header);
        try (DiskFile file = create(unfinished(copy.name), bytes)) {
            Writes.all(file, header.encode(), 0);
            copyRecords(scan, from, to, crc, copy, file);
            Writes.zeros(file, written, bytes);
            file.force(true);
        }
        disk.syncDirectory();
        directory.replaceManifest(directory.manifest().with(header.segment(), old.position(to)));
        disk.rename(unfinished(copy.name), copy.name);
        disk.syncDirectory();
        return copy;
    }

    /** On a full disk the reserve stands in; {@link #cutOff} gives back nearly as much. */
    private DiskFile create(String name, int bytes) throws IOException {
        boolean full = disk.usableBytes() - Reserve.SMALL_BYTES < bytes;
        DiskFile reserved = full ? directory.reserve().become(name, bytes) : null;
        return reserved == null ? disk.create(name) : reserved;
    }

    private void copyRecords(SegmentScan scan, long from, long to, int crcBefore, Segment copy, DiskFile file)
            throws IOException {
        written = SegmentHeader.BYTES;
        long place = SegmentHeader.BYTES;
        int crcThere = crcBefore;
        int crcHere = crcBefore;
        for (long at = from; at < to; at = scan.next()) {
            if (!scan.moveTo(at, to, crcThere)) {
                throw new IOException(scan.path() + ": offset " + at + ": it changed between two looks at it");
            }
            crcThere = scan.crc();
            ByteBuffer record = scan.record();
            int length = record.capacity();
            if (scan.isBatchHeader()) {
                record.putInt(RecordLayout.PREVIOUS_CRC, crcHere);
                crcHere = 0;
            }
            crcHere = chain.crc(copy.header.segment(), place, crcHere, record, 0, length);
            record.clear().putInt(length - RecordLayout.CRC_BYTES, crcHere);
            write(record, file);
            place += length;
        }
        flush(file);
    }

    private void write(ByteBuffer record, DiskFile file) throws IOException {
        while (record.hasRemaining()) {
            int count = Math.min(record.remaining(), buffer.remaining());
            buffer.put(record.slice(record.position(), count));
            record.position(record.position() + count);
            if (!buffer.hasRemaining()) {
                flush(file);
            }
        }
    }

    private void flush(DiskFile file) throws IOException {
        buffer.flip();
        int bytes = buffer.remaining();
        Writes.all(file, buffer, written);
        written += bytes;
        buffer.clear();
    }

    /**
     * Gives back the space behind the end of a segment that was left early. Whole pages, so that none that holds records is
     * written again.
     */
    void cutOff(Segment left, long end) throws IOException {
        try (DiskFile file = disk.open(left.name, true)) {
            file.truncate(SegmentHeader.roundUp(end));
            file.force(true);
        }
    }
}
