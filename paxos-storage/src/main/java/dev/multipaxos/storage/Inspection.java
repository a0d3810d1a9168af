package dev.multipaxos.storage;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import dev.multipaxos.storage.inspect.DirectoryVisitor;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a directory as a start would, and changes nothing; but where a start stops, this says what is wrong and goes on behind
 * it. What is damage and what is a tail that was not finished it decides by the same rule as {@link Recovery}: by the highest
 * mark.
 */
final class Inspection {
    private final Disk disk;
    private final DirectoryVisitor visitor;
    private List<String> names = List.of();
    private long mark; // the highest seen, a journal position

    Inspection(Disk disk, DirectoryVisitor visitor) {
        this.disk = disk;
        this.visitor = visitor;
    }

    /** {@return false if this is no directory of a storage} */
    boolean run() throws IOException {
        names = disk.list();
        if (!names.contains(Owner.FILE) && !names.contains(Manifest.FILE)) {
            return false;
        }
        Owner owner = owner();
        Manifest manifest = manifest(owner);
        if (owner != null && manifest != null) {
            journal(owner, manifest);
        }
        Set<String> told = new HashSet<>(manifest == null ? Set.of() : manifest.names());
        told.addAll(told.stream().map(this::file).toList());
        told.add(Owner.FILE);
        told.add(Manifest.FILE);
        for (String name : names) {
            SnapshotName snapshot = SnapshotName.parse(name);
            if (snapshot != null && owner != null) {
                new SnapshotInspection(disk, owner.cluster(), visitor).check(snapshot);
            } else if (!told.contains(name)) {
                try (DiskFile file = disk.open(name, false)) {
                    visitor.other(name, file.size());
                }
            }
        }
        return true;
    }

    private @Nullable Owner owner() throws IOException {
        CopiedFile.Content content = read(new CopiedFile(disk, Owner.FILE, Owner.MAGIC, Owner.FORMAT), Owner.FILE);
        try {
            Owner owner = content == null ? null : Owner.decode(content.payload());
            if (owner != null) {
                visitor.identity(owner.node(), owner.storageId(), owner.foundingRecord());
            }
            return owner;
        } catch (BufferUnderflowException | NegativeArraySizeException e) {
            visitor.damage(Owner.FILE, 0, "it cannot be understood: " + e);
            return null;
        }
    }

    private @Nullable Manifest manifest(@Nullable Owner owner) throws IOException {
        CopiedFile.Content content =
                read(new CopiedFile(disk, Manifest.FILE, Manifest.MAGIC, Manifest.FORMAT), Manifest.FILE);
        try {
            Manifest manifest = content == null ? null : Manifest.decode(content.payload(), content.format());
            if (manifest != null) {
                visitor.manifest(manifest.bootCount(), manifest.durable(), List.copyOf(manifest.names()));
                manifest.trims().forEach((group, point) -> visitor.trimmed(group, point.upTo()));
                if (owner != null && manifest.storageId() != owner.storageId()) {
                    visitor.damage(Manifest.FILE, 0, "it belongs to another storage than " + Owner.FILE);
                }
            }
            return manifest;
        } catch (BufferUnderflowException e) {
            visitor.damage(Manifest.FILE, 0, "it cannot be understood: " + e);
            return null;
        }
    }

    private CopiedFile.@Nullable Content read(CopiedFile file, String name) throws IOException {
        if (!names.contains(name)) {
            visitor.damage(name, 0, "the file is missing");
            return null;
        }
        try {
            CopiedFile.Content content = file.read();
            if (!content.whole()) {
                visitor.damage(name, 0, "one of its two copies is damaged; the next start puts that right");
            }
            return content;
        } catch (StorageException e) {
            visitor.damage(name, 0, String.valueOf(e.getMessage()));
            return null;
        }
    }

    private void journal(Owner owner, Manifest manifest) throws IOException {
        List<Segment> segments = new ArrayList<>();
        for (long id : manifest.segments()) {
            if (!names.contains(file(Segment.name(id)))) {
                visitor.damage(Segment.name(id), 0, "the file is missing: it is a part of the journal");
                continue;
            }
            Segment segment = segment(id, owner);
            if (segment != null) {
                segments.add(segment);
            }
        }
        mark = manifest.durable();
        Chain chain = new Chain(owner.cluster(), owner.storageId());
        long lastId = manifest.segments().get(manifest.segments().size() - 1);
        for (int i = 0; i < segments.size(); i++) {
            Segment segment = segments.get(i);
            SegmentHeader next = i + 1 < segments.size() ? segments.get(i + 1).header : null;
            if (next != null && next.previousSegment() != segment.header.segment()) {
                next = null;
            }
            try (DiskFile file = disk.open(file(segment.name), false)) {
                long least = next == null ? segment.header.bytes() : next.previousEnd();
                if (file.size() < least) {
                    visitor.damage(
                            segment.name, file.size(), "the file ends here, and should have " + least + " bytes");
                }
                boolean last = segment.header.segment() == lastId;
                records(new SegmentScan(disk, segment, file, chain), segment, next, last);
            }
        }
    }

    /** {@return the name of a segment's file, which may not have got its own yet when the process ended} */
    private String file(String name) {
        String unfinished = TailCopy.unfinished(name);
        return !names.contains(name) && names.contains(unfinished) ? unfinished : name;
    }

    private @Nullable Segment segment(long id, Owner owner) throws IOException {
        String name = Segment.name(id);
        try (DiskFile file = disk.open(file(name), false)) {
            SegmentHeader header = SegmentHeader.read(file, disk.describe(name));
            if (header == null) {
                visitor.damage(name, 0, "both copies of the header are damaged");
                return null;
            } else if (!header.belongsTo(owner, id)) {
                visitor.damage(name, 0, "the file is not the one that was here: its header names another");
                return null;
            }
            int damagedCopy = SegmentHeader.damagedCopy(file);
            if (damagedCopy >= 0) {
                visitor.damage(name, damagedCopy, "one of the two copies of the header is damaged");
            }
            return new Segment(header);
        } catch (StorageException e) {
            visitor.damage(name, 0, String.valueOf(e.getMessage()));
            return null;
        }
    }

    /** Batch by batch; behind a bad record goes on at the next header of a batch that is what was written. */
    private void records(SegmentScan scan, Segment segment, @Nullable SegmentHeader next, boolean last)
            throws IOException {
        SegmentHeader header = segment.header;
        long limit = next == null ? header.bytes() : next.previousEnd();
        visitor.segment(segment.name, header.bytes(), header.logicalStart(), header.firstBatch());
        mark = Math.max(mark, header.logicalStart());
        long at = SegmentHeader.BYTES;
        int crc = header.previousCrc();
        while (at < limit) {
            long bad = badRecord(scan, at, limit, crc);
            if (bad < 0) {
                crc = tell(scan, segment, at);
                at += scan.batchBytes();
                continue;
            }
            mark = Math.max(mark, scan.highestMark(bad, limit));
            long tail = next == null ? tail(scan, header, at) : 0;
            if (next == null && (tail == 0 || last) && segment.position(bad) >= (last ? mark : 0)) {
                visitor.end(segment.name, at, tail);
                return;
            }
            visitor.damage(segment.name, bad, "the record is not what was written, though it was durable");
            at = scan.nextBatchHeader(bad + 8, limit);
            if (at < 0) {
                at = limit;
            } else {
                crc = scan.previousCrc();
            }
        }
        if (next != null && at == limit && crc != next.previousCrc()) {
            visitor.damage(segment.name, at, "the last record is not the one that the next segment names");
        }
        visitor.end(segment.name, Math.min(at, limit), 0);
    }

    /** {@return how much was written behind the end; of a file that was used before, as far as the next batch that is whole} */
    private static long tail(SegmentScan scan, SegmentHeader header, long end) throws IOException {
        return header.usedBefore()
                ? Math.max(0, scan.nextBatchHeader(end + 8, header.bytes()) - end)
                : scan.endOfData(end) - end;
    }

    /** {@return the place of the first bad record of a batch, or -1; then the scan is at its header} */
    private static long badRecord(SegmentScan scan, long start, long limit, int crcBefore) throws IOException {
        if (!scan.moveTo(start, limit, 0)
                || !scan.isBatchHeader()
                || scan.previousCrc() != crcBefore
                || scan.batchBytes() > limit - start) {
            return start;
        }
        long end = start + scan.batchBytes();
        int crc = scan.crc();
        for (long at = scan.next(); at < end; at = scan.next()) {
            if (!scan.moveTo(at, end, crc) || scan.isBatchHeader()) {
                return at;
            }
            crc = scan.crc();
        }
        return scan.moveTo(start, limit, 0) ? -1 : start;
    }

    /** Tells of a whole batch, at whose header the scan is, before and after. {@return the CRC of its last record} */
    private int tell(SegmentScan scan, Segment segment, long start) throws IOException {
        long end = start + scan.batchBytes();
        int crc = scan.crc();
        mark = Math.max(mark, scan.syncedUpTo());
        visitor.batch(segment.name, start, scan.batch(), scan.batchBytes(), scan.syncedUpTo());
        scan.forEachPromise(visitor::promised);
        for (long at = scan.next(); at < end; at = scan.next()) {
            if (!scan.moveTo(at, end, crc)) {
                visitor.damage(segment.name, at, "it changed between two looks at it: the directory is in use");
                break;
            }
            crc = scan.crc();
            visitor.record(segment.name, at, scan.group(), scan.kind(), scan.slotFrom(), scan.slotTo(), scan.body());
        }
        scan.moveTo(start, segment.header.bytes(), 0);
        return crc;
    }
}
