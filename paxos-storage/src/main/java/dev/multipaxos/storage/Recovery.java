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
 *
 * <p>Damage is passed over and reported with its extent: what the header of the damaged batch says of it, or, if that is lost,
 * what the header of the next one repeats. If both are lost, nobody knows what this node has promised: then it stops.
 *
 * <p>The last segment is read past the page cache, which after a force that failed may show what is not on the disk. What no
 * mark covers, one batch at most, is copied to a new segment before it is relied on. And a last segment that is damaged is left at
 * once, since only segments that were left can be trimmed.
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Disk disk;
    private final StorageDirectory directory;
    private final SlotIndex index;
    private final RecordVisitor visitor;
    private final Chain chain;

    private int crc; // of the last record
    private long batch; // its number
    private final GroupMarks marks = new GroupMarks(); // of the last batch
    private long mark; // the highest seen, a journal position
    private boolean pastCache = true;
    private boolean damaged; // something in the segment being read is lost
    private @Nullable SegmentHeader next; // of the segment behind the one being read

    Recovery(StorageDirectory directory, SlotIndex index, RecordVisitor visitor) {
        this.disk = directory.disk();
        this.directory = directory;
        this.index = index;
        this.visitor = visitor;
        this.chain = new Chain(directory.owner().cluster(), directory.owner().storageId());
        this.mark = directory.manifest().durable();
    }

    /** {@return whether the end was read past the page cache} */
    boolean readPastCache() {
        return pastCache;
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

    /** Opens all segments and checks that they are ours, whole, and follow each other. */
    private List<Segment> segments() throws IOException {
        List<Segment> segments = new ArrayList<>();
        Segment before = null;
        long sizeBefore = 0;
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
            checkOwner(header, id, path);
            if (before != null) {
                checkSize(before, sizeBefore, header.previousEnd());
            }
            if (!follows(before, header)) {
                throw Failures.damaged(path, "it does not follow the segment before it");
            }
            before = new Segment(header);
            sizeBefore = size;
            segments.add(before);
        }
        if (before == null) {
            throw Failures.damaged(disk.describe(Manifest.FILE), "it names no segment");
        }
        checkSize(before, sizeBefore, before.header.bytes());
        mark = Math.max(mark, before.header.logicalStart());
        return segments;
    }

    private void checkOwner(SegmentHeader header, long id, String path) throws IOException {
        if (!header.belongsTo(directory.owner(), id)) {
            throw Failures.damaged(
                    path,
                    "the file is not the one that was here: its header names segment "
                            + Long.toHexString(header.segment()) + " of node " + header.node() + ", storage "
                            + Long.toHexString(header.storageId()));
        }
    }

    /** It had its size, durably, before the manifest named it, and is cut off behind its records only: this is no torn tail. */
    private void checkSize(Segment segment, long size, long least) throws IOException {
        if (size < least) {
            throw Failures.damaged(disk.describe(segment.name), size, "the file ends here", null);
        }
    }

    /** The first one follows what was trimmed, or nothing. */
    private boolean follows(@Nullable Segment before, SegmentHeader header) {
        if (before != null) {
            return header.previousSegment() == before.header.segment()
                    && header.logicalStart() == before.position(header.previousEnd());
        }
        boolean first =
                header.previousSegment() == 0 || header.previousEnd() == SegmentHeader.BYTES; // behind no record
        long start = directory.manifest().start();
        return header.logicalStart() == start && (start > 0 ? header.previousSegment() != 0 : first);
    }

    /** What the next segment says of one was durable: whatever is wrong in it is damage. */
    private void replaySealed(Segment segment, SegmentHeader following) throws IOException {
        next = following;
        try (DiskFile file = disk.open(segment.name, false)) {
            SegmentScan scan = enter(segment, file);
            long at = SegmentHeader.BYTES;
            while (at < following.previousEnd()) {
                at = replayBatch(scan, at, following.previousEnd());
            }
            if (crc != following.previousCrc() || batch != following.firstBatch() - 1) {
                throw Failures.damaged(
                        scan.path(), at, "the last record is not the one that the next segment names", null);
            }
        }
    }

    private Journal.End replayLast(Segment segment) throws IOException {
        next = null;
        try (DiskFile file = openPastCache(segment)) {
            SegmentScan scan = enter(segment, file);
            damaged = false;
            long limit = segment.header.bytes();
            long at = SegmentHeader.BYTES;
            while (at < limit && isMarked(segment, scan, at, limit)) {
                at = replayBatch(scan, at, limit);
            }
            return endAt(segment, scan, at, limit);
        }
    }

    private DiskFile openPastCache(Segment segment) throws IOException {
        DiskFile direct = disk.openPastCache(segment.name);
        if (direct == null) {
            pastCache = false;
            LOG.warn(
                    "{}: the file system does not read past its cache. Should a write to this disk ever fail, restart the"
                            + " machine, not only the process",
                    disk.describe(segment.name));
            return disk.open(segment.name, false);
        }
        return direct;
    }

    private SegmentScan enter(Segment segment, DiskFile file) {
        index.add(segment);
        crc = segment.header.previousCrc();
        batch = segment.header.firstBatch() - 1;
        return new SegmentScan(disk, segment, file, chain);
    }

    /** Tells whether what begins here is below a mark. Mostly the next batch has one; if not, all that is behind is searched. */
    private boolean isMarked(Segment segment, SegmentScan scan, long at, long limit) throws IOException {
        long position = segment.position(at);
        if (position < mark) {
            return true;
        }
        if (scan.moveToHeader(at, limit) && scan.moveToHeader(at + scan.batchBytes(), limit)) {
            mark = Math.max(mark, scan.syncedUpTo());
        }
        if (position >= mark) {
            mark = Math.max(mark, scan.highestMark(at, limit));
        }
        return position < mark;
    }

    /** Goes to the header of the batch that must be next. {@return whether it is here} */
    private boolean isNext(SegmentScan scan, long start, long limit, long number, int previousCrc) throws IOException {
        return scan.moveToHeader(start, limit)
                && scan.previousCrc() == previousCrc
                && scan.batch() == number
                && scan.batchBytes() <= limit - start;
    }

    /** Visits a batch that was durable, or what is left of it. {@return where the next one begins} */
    private long replayBatch(SegmentScan scan, long start, long limit) throws IOException {
        if (!isNext(scan, start, limit, batch + 1, crc)) {
            return passLostHeader(scan, start, limit);
        }
        long end = start + scan.batchBytes();
        mark = Math.max(mark, scan.syncedUpTo());
        scan.readMarks(marks);
        checkLife(scan);
        scan.addTo(index, crc);
        int last = scan.crc();
        for (long at = scan.next(); at < end; at = scan.next()) {
            if (!scan.moveTo(at, end, last) || scan.isBatchHeader()) {
                pass(scan, at, end, limit);
                return end;
            }
            scan.addTo(index, last);
            last = scan.crc();
            scan.visit(visitor);
        }
        crc = last;
        batch++;
        return end;
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

    /** The next batch header repeats what this one said; if it is not the very next one, nothing does. */
    private long passLostHeader(SegmentScan scan, long start, long limit) throws IOException {
        long end = scan.nextBatchHeader(start + 8, limit);
        if (end >= 0 && scan.batch() == batch + 2) {
            scan.readPreviousMarks(marks);
        } else if (end < 0 && readPreviousMarksOfNextSegment()) {
            end = limit;
        } else {
            throw Failures.stateLost(scan.path(), start);
        }
        pass(scan, start, end, limit);
        return end;
    }

    private boolean readPreviousMarksOfNextSegment() throws IOException {
        SegmentHeader following = next;
        if (following == null || following.firstBatch() != batch + 2) {
            return false;
        }
        Segment segment = new Segment(following);
        try (DiskFile file = disk.open(segment.name, false)) {
            SegmentScan scan = new SegmentScan(disk, segment, file, chain);
            if (!scan.moveToHeader(SegmentHeader.BYTES, following.bytes()) || scan.batch() != batch + 2) {
                return false;
            }
            scan.readPreviousMarks(marks);
            return true;
        }
    }

    /** Reports that the rest of a batch is lost, and goes on behind it: the chain begins anew with what comes there. */
    private void pass(SegmentScan scan, long from, long end, long limit) throws IOException {
        Damage damage = new Damage(scan.path(), from);
        damage.tell(visitor, marks);
        damaged = true;
        LOG.warn(
                "{}: offset {}: what was durable from here to offset {} is damaged or cannot be read",
                scan.path(),
                from,
                end);
        index.addDamaged((int) from, (int) end, marks);
        batch++;
        SegmentHeader following = next;
        if (end == limit && following != null) {
            crc = following.previousCrc();
        } else {
            crc = scan.moveToHeader(end, limit) ? scan.previousCrc() : 0;
        }
    }

    /** Nothing below is covered by a mark from here on: whole batches are kept, the rest is cut. */
    private Journal.End endAt(Segment segment, SegmentScan scan, long from, long limit) throws IOException {
        long end = from;
        boolean records = false;
        int last = crc;
        for (long number = batch + 1; end < limit && isWhole(scan, end, limit, number, last); number++) {
            last = scan.crc();
            scan.moveToHeader(end, limit);
            records |= scan.batchBytes() > scan.length();
            end += scan.batchBytes();
        }
        long dataEnd = scan.endOfData(end);
        scan.mustHaveRead(from); // what cannot be read is no write that was not finished
        if (segment.header.usedBefore()) {
            LOG.info(
                    "{}: ends at {}; what is behind is of an earlier use, or a write that was not finished",
                    scan.path(),
                    end);
        } else if (dataEnd > end) {
            LOG.info("{}: cut {} bytes at {}: a write that was not finished", scan.path(), dataEnd - end, end);
        } else if (!records && !damaged && isUnused(segment, end, limit)) {
            for (long at = from; at < end; ) {
                at = replayBatch(scan, at, end);
            }
            force(segment); // the position that is said from now on must not fall
            return new Journal.End(segment, (int) end, crc, batch, marks, mark, false);
        }
        return moved(segment, scan, from, end);
    }

    /** Checks a batch and goes to its last record. */
    private boolean isWhole(SegmentScan scan, long start, long limit, long number, int previousCrc) throws IOException {
        if (!isNext(scan, start, limit, number, previousCrc)) {
            return false;
        }
        long end = start + scan.batchBytes();
        int last = scan.crc();
        for (long at = scan.next(); at < end; at = scan.next()) {
            if (!scan.moveTo(at, end, last) || scan.isBatchHeader()) {
                return false;
            }
            last = scan.crc();
        }
        return true;
    }

    /** Tells whether the page cache, too, shows nothing behind the end: no write has failed there. */
    private boolean isUnused(Segment segment, long end, long limit) throws IOException {
        try (DiskFile cached = disk.open(segment.name, false)) {
            return end >= limit || new SegmentScan(disk, segment, cached, chain).isZero(end);
        }
    }

    private void force(Segment segment) throws IOException {
        try (DiskFile file = disk.open(segment.name, true)) {
            file.force(false);
        }
    }

    /** Copies what no mark covers, and visits it. */
    private Journal.End moved(Segment old, SegmentScan scan, long from, long end) throws IOException {
        TailCopy tail = new TailCopy(directory, chain);
        Segment segment = tail.copy(scan, old, from, end, crc, batch + 1);
        tail.cutOff(old, from);
        try (DiskFile file = disk.open(segment.name, false)) {
            SegmentScan copied = enter(segment, file);
            long limit = SegmentHeader.BYTES + end - from;
            for (long at = SegmentHeader.BYTES; at < limit; ) {
                at = replayBatch(copied, at, limit);
            }
            return new Journal.End(segment, (int) limit, crc, batch, marks, segment.position(limit), true);
        }
    }
}
