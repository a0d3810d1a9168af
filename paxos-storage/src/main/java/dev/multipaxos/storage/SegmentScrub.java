package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Verifies a segment that has a successor: nothing of it changes any more, up to the end that the successor names. It is read past
 * the page cache where that can be done, so that the disk is asked, and what others need stays in memory.
 */
final class SegmentScrub implements ScrubTask {

    /** Hears of damage. */
    @FunctionalInterface
    interface Report {
        void damaged(Segment segment, String path, long offset, String what);
    }

    private final Disk disk;
    private final Segment segment;
    private final SegmentHeader next;
    private final Chain chain;
    private final Report report;
    private @Nullable DiskFile file;
    private @Nullable SegmentScan scan;
    private long place = SegmentHeader.BYTES;
    private int crc;

    SegmentScrub(Disk disk, Segment segment, SegmentHeader next, Chain chain, Report report) {
        this.disk = disk;
        this.segment = segment;
        this.next = next;
        this.chain = chain;
        this.report = report;
        this.crc = segment.header.previousCrc();
    }

    @Override
    public long step() throws IOException {
        SegmentScan open = scan;
        if (open != null) {
            return verify(() -> records(open));
        }
        DiskFile pastCache = disk.openPastCache(segment.name);
        DiskFile opened = pastCache == null ? disk.open(segment.name, false) : pastCache;
        file = opened;
        scan = new SegmentScan(disk, segment, opened, chain);
        return verify(() -> header(opened));
    }

    @FunctionalInterface
    private interface Piece {
        long verify() throws IOException;
    }

    private long verify(Piece piece) throws IOException {
        try {
            return piece.verify();
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            return damaged(place, "it cannot be read (" + e + ")");
        }
    }

    private long header(DiskFile opened) throws IOException {
        boolean same = segment.header.equals(SegmentHeader.read(opened, disk.describe(segment.name)));
        return same ? SegmentHeader.BYTES : damaged(0, "the header is not what was written");
    }

    private long records(SegmentScan open) throws IOException {
        long start = place;
        while (place < next.previousEnd() && place - start < Scrubber.STEP_BYTES) {
            if (!open.moveTo(place, next.previousEnd(), crc) || (open.isBatchHeader() && open.previousCrc() != crc)) {
                return damaged(place, "the record is not what was written");
            }
            crc = open.crc();
            place = open.next();
        }
        if (place == start && crc != next.previousCrc()) {
            return damaged(place, "the last record is not the one that the next segment names");
        }
        return place - start;
    }

    private long damaged(long offset, String what) {
        report.damaged(segment, disk.describe(segment.name), offset, what);
        return 0;
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            file.close();
        }
    }
}
