package dev.multipaxos.storage;

import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the journal back, batch by batch, and decides what its end is.
 *
 * <p>A batch is written only after the force of the one before has returned, and says so. So a bad record below the highest
 * such mark, wherever that is found, was durable once: it is damage. A bad record above all of them is a torn tail: nobody
 * was told that it is there, and it is cut, with its whole batch. No guess is made from what a torn write may look like.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);
    private static final long WHOLE = -1;

    private final Disk disk;
    private final StorageDirectory directory;
    private final SlotIndex index;
    private final RecordVisitor visitor;
    private final Chain chain;

    private int crc; // of the last record
    private long batch; // its number
    private final GroupMarks marks = new GroupMarks(); // of the last batch
    private long mark; // the highest seen, a journal position
    private long recordsEnd; // of the last batch that holds any, a journal position

    Recovery(StorageDirectory directory, SlotIndex index, RecordVisitor visitor) {
        this.disk = directory.disk();
        this.directory = directory;
        this.index = index;
        this.visitor = visitor;
        this.chain = new Chain(directory.owner().cluster(), directory.owner().storageId());
        this.mark = directory.manifest().durable();
    }

    /** Reads everything. What was visited is durable when this returns. */
    Journal.End run() throws IOException {
        List<Segment> segments = segments();
        int last = segments.size() - 1;
        for (int i = 0; i < last; i++) {
            replaySealed(segments.get(i), segments.get(i + 1).header);
        }
        return replayLast(segments.get(last));
    }

    /** Opens all segments and checks that they are ours and follow each other. */
    private List<Segment> segments() throws IOException {
        List<Segment> segments = new ArrayList<>();
        SegmentHeader before = null;
        for (long id : directory.manifest().segments()) {
            String path = disk.describe(Segment.name(id));
            SegmentHeader header;
            long size;
            try (DiskFile file = disk.open(Segment.name(id), false)) {
                header = SegmentHeader.read(file, path);
                size = file.size();
            }
            if (header == null) {
                throw Failures.damaged(path, "both copies of the header are damaged");
            }
            if (!header.belongsTo(directory.owner(), id)) {
                throw Failures.damaged(
                        path,
                        "the file is not the one that was here: its header names segment "
                                + Long.toHexString(header.segment()) + " of node " + header.node() + ", storage "
                                + Long.toHexString(header.storageId()));
            }
            if (size < header.bytes()) { // it had its size, durably, before the manifest named it: this is no torn tail
                throw Failures.damaged(path, size, "the file ends here", null);
            }
            if (!follows(before, header)) {
                throw Failures.damaged(path, "it does not follow the segment before it");
            }
            before = header;
            segments.add(new Segment(header));
        }
        if (before == null) {
            throw Failures.damaged(disk.describe(Manifest.FILE), "it names no segment");
        }
        mark = Math.max(mark, before.logicalStart());
        return segments;
    }

    /** The first one follows what was trimmed, or nothing. */
    private boolean follows(@Nullable SegmentHeader before, SegmentHeader header) {
        long start = directory.manifest().start();
        return before == null
                ? header.logicalStart() == start && (header.previousSegment() == 0) == (start == 0)
                : header.previousSegment() == before.segment()
                        && header.logicalStart() == before.logicalStart() + header.previousEnd() - SegmentHeader.BYTES;
    }

    /** A segment is left only when all of it is durable: whatever is wrong in it is damage. */
    private void replaySealed(Segment segment, SegmentHeader next) throws IOException {
        try (DiskFile file = disk.open(segment.name, false)) {
            SegmentScan scan = enter(segment, file);
            long at = SegmentHeader.BYTES;
            while (at < next.previousEnd()) {
                long bad = replayBatch(segment, scan, at, next.previousEnd());
                if (bad != WHOLE) {
                    throw Failures.damaged(scan.path(), bad, "the record is not what was written", null);
                }
                at += scan.batchBytes();
            }
            if (crc != next.previousCrc()) {
                throw Failures.damaged(
                        scan.path(), at, "the last record is not the one that the next segment names", null);
            }
        }
    }

    private Journal.End replayLast(Segment segment) throws IOException {
        try (DiskFile file = disk.open(segment.name, true)) {
            SegmentScan scan = enter(segment, file);
            long limit = segment.header.bytes();
            long at = SegmentHeader.BYTES;
            while (at < limit) {
                long bad = replayBatch(segment, scan, at, limit);
                if (bad != WHOLE) {
                    cut(segment, file, scan, at, bad);
                    break;
                }
                at += scan.batchBytes();
            }
            file.force(false);
            return new Journal.End(segment, (int) at, crc, batch, marks, recordsEnd > mark);
        }
    }

    private SegmentScan enter(Segment segment, DiskFile file) {
        index.add(segment);
        crc = segment.header.previousCrc();
        batch = segment.header.firstBatch() - 1;
        return new SegmentScan(disk, segment, file, chain);
    }

    /**
     * Checks a batch, then visits its records; leaves the scan at its header.
     *
     * @return {@link #WHOLE}, or the place of its first bad record; then nothing was visited
     */
    private long replayBatch(Segment segment, SegmentScan scan, long start, long limit) throws IOException {
        if (!scan.moveTo(start, limit, 0)
                || !scan.isBatchHeader()
                || scan.previousCrc() != crc
                || scan.batch() != batch + 1
                || scan.batchBytes() > limit - start) {
            return start;
        }
        long end = start + scan.batchBytes();
        long first = scan.next();
        int last = scan.crc();
        for (long at = first; at < end; at = scan.next()) {
            if (!scan.moveTo(at, end, last) || scan.isBatchHeader()) {
                return at;
            }
            last = scan.crc();
        }

        int before = crc;
        for (long at = start; at < end; at = scan.next()) {
            if (!scan.moveTo(at, end, before)) {
                return at; // it changed between two looks at it
            }
            scan.addTo(index, before);
            before = scan.crc();
            if (at == start) {
                mark = Math.max(mark, scan.syncedUpTo());
                scan.readMarks(marks);
                checkLife(scan);
            } else {
                scan.visit(visitor);
            }
        }
        if (end > first) {
            recordsEnd = segment.position(end);
        }
        crc = last;
        batch++;
        return scan.moveTo(start, limit, 0) ? WHOLE : start;
    }

    /** A later life than this one was found when the directory was opened, if it could be seen: else it is found here. */
    private void checkLife(SegmentScan scan) throws StorageException {
        if (scan.bootCount() >= directory.manifest().bootCount()) {
            throw Failures.damaged(
                    disk.describe(Manifest.FILE),
                    "it is an old copy: " + scan.path() + " was written when the storage was opened for the "
                            + scan.bootCount() + "th time");
        }
    }

    /** Cuts the tail, if it is one. */
    private void cut(Segment segment, DiskFile file, SegmentScan scan, long start, long bad) throws IOException {
        long limit = segment.header.bytes();
        mark = Math.max(mark, scan.highestMark(bad, limit));
        if (segment.position(bad) < mark) {
            throw Failures.damaged(scan.path(), bad, "the record is not what was written", null);
        }
        long dataEnd = scan.endOfData(start);
        if (dataEnd > start) {
            LOG.info("{}: cut {} bytes at {}: a write that was not finished", scan.path(), dataEnd - start, start);
            Writes.zeros(file, start, dataEnd);
            file.force(true);
        }
    }
}
