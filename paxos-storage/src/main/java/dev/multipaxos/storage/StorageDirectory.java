package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of a directory that say whose it is and what else must be in it.
 *
 * <p><b>Formatting</b> writes the first segment, then the manifest, then the identity, each durable before the next begins.
 * The identity is the last: while it is not there nothing was ever promised, and formatting starts again. A directory
 * without an identity but with a trace of use is not a new one: it has lost it.
 *
 * <p><b>Opening</b> looks first and changes nothing until it has found everything in order.
 */
final class StorageDirectory {
    private static final Logger LOG = LoggerFactory.getLogger(StorageDirectory.class);

    private final Disk disk;
    private final LongSupplier random;
    private final int segmentBytes;
    private final Reserve reserve;
    private @Nullable Owner owner;
    private volatile @Nullable Manifest manifest; // replaced by the storage thread

    StorageDirectory(Disk disk, LongSupplier random, int segmentBytes) {
        this.disk = disk;
        this.random = random;
        this.segmentBytes = segmentBytes;
        this.reserve = new Reserve(disk, segmentBytes);
    }

    Disk disk() {
        return disk;
    }

    Reserve reserve() {
        return reserve;
    }

    Owner owner() {
        return opened(owner);
    }

    Manifest manifest() {
        return opened(manifest);
    }

    private static <T> T opened(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("the directory was not opened");
        }
        return value;
    }

    /** {@return the id of a segment to be made} */
    long newSegment() {
        return nonZero(random);
    }

    /** {@return the size of a segment to be made, unless it must be larger} */
    int segmentBytes() {
        return segmentBytes;
    }

    /** Opens the locked directory. {@return true if it was formatted} */
    boolean open(int node, Bytes foundingRecord) throws IOException {
        boolean formatted = !disk.list().contains(Owner.FILE);
        if (formatted) {
            checkUnused(disk.list());
            format(node, foundingRecord);
        }
        List<String> names = disk.list();
        CopiedFile.Content identity = identityFile().read();
        Owner found = Owner.decode(identity.payload());
        checkOwner(found, node, foundingRecord);
        if (!names.contains(Manifest.FILE)) {
            throw Failures.missing(disk.describe(Manifest.FILE), "it names the segments of the journal");
        }
        Manifest listed = readManifest();
        if (listed.storageId() != found.storageId()) {
            throw Failures.damaged(disk.describe(Manifest.FILE), "it belongs to another storage than " + Owner.FILE);
        }
        checkSegments(names, listed, found);
        finishCopies(names, listed);
        long boots = Math.max(listed.bootCount(), new Lives(disk, found).last(listed.segments()));
        owner = found;

        removeOrphans(disk.list(), listed);
        reserve.open();
        if (!identity.whole()) {
            LOG.warn("{}: one of its two copies was damaged; replaced by the other", disk.describe(Owner.FILE));
            identityFile().write(found.encode());
        }
        replaceManifest(listed.booted(boots + 1));
        return formatted;
    }

    /** Makes a new manifest durable. */
    void replaceManifest(Manifest next) throws IOException {
        manifestFile().write(next.encode());
        manifest = next;
    }

    /** Without an identity only what formatting leaves behind may be there. */
    private void checkUnused(List<String> names) throws IOException {
        String path = disk.describe(Owner.FILE);
        for (String name : names) {
            if (Segment.isName(name) && hasRecords(name)) {
                throw Failures.missing(path, "it says whose directory this is, and " + name + " holds records");
            }
            if (SnapshotName.parse(name) != null) {
                throw Failures.missing(path, "it says whose directory this is, and " + name + " is a snapshot");
            }
        }
        if (names.contains(Manifest.FILE) && readManifest().bootCount() > 0) {
            throw Failures.missing(path, "it says whose directory this is, and by its manifest it was in use");
        }
    }

    private void format(int node, Bytes foundingRecord) throws IOException {
        for (String name : disk.list()) {
            if (isOurs(name)) {
                disk.delete(name);
            }
        }
        disk.syncDirectory();
        Owner fresh = new Owner(node, nonZero(random), foundingRecord);
        long segment = nonZero(random);
        SegmentHeader header = new SegmentHeader(
                node, fresh.cluster(), fresh.storageId(), segment, segmentBytes, 0, 0, 0, 0, 1, false);
        try (DiskFile file = disk.create(Segment.name(segment))) {
            Writes.zeros(file, 0, segmentBytes);
            Writes.all(file, header.encode(), 0);
            file.force(true);
        }
        disk.syncDirectory();
        manifestFile().write(Manifest.first(fresh.storageId(), segment).encode());
        identityFile().write(fresh.encode());
        LOG.info("{}: formatted for node {}, storage id {}", path(), node, Long.toHexString(fresh.storageId()));
    }

    private void checkOwner(Owner found, int node, Bytes foundingRecord) throws StorageException {
        if (found.node() != node) {
            throw new StorageException(
                    Code.FOREIGN,
                    path() + " belongs to node " + found.node() + ", not to node " + node
                            + ". Give each node a directory of its own.",
                    null);
        }
        if (!found.foundingRecord().equals(foundingRecord)) {
            throw new StorageException(
                    Code.FOREIGN,
                    path() + " was founded as " + describe(found.foundingRecord()) + ", this node was started as "
                            + describe(foundingRecord)
                            + ". Start it with the members and numbers that the cluster was founded with.",
                    null);
        }
    }

    private static String describe(Bytes foundingRecord) {
        return "cluster " + Long.toHexString(Owner.cluster(foundingRecord)) + " (" + foundingRecord + ")";
    }

    private void checkSegments(List<String> names, Manifest listed, Owner found) throws IOException {
        Set<String> there = new HashSet<>(names);
        Set<String> expected = listed.names();
        for (String name : expected) {
            if (!there.contains(name) && !there.contains(TailCopy.unfinished(name))) {
                throw Failures.missing(disk.describe(name), "it is a part of the journal");
            }
        }
        for (String name : names) {
            if (Segment.isName(name)
                    && !expected.contains(name)
                    && hasRecords(name)
                    && !isTrimmed(name, there, listed, found)) {
                throw Failures.damaged(
                        disk.describe(name),
                        "it holds records but " + Manifest.FILE + " does not name it, so " + Manifest.FILE
                                + " is an old copy or this file is not from here");
            }
        }
    }

    /** A copied segment that the manifest names already is whole; what may be missing is its last name. */
    private void finishCopies(List<String> names, Manifest listed) throws IOException {
        for (String name : listed.names()) {
            if (!names.contains(name)) {
                disk.rename(TailCopy.unfinished(name), name);
                disk.syncDirectory();
            }
        }
    }

    /** A segment that lies below all that the manifest names, and is ours, was to be deleted. */
    private boolean isTrimmed(String name, Set<String> names, Manifest listed, Owner found) throws IOException {
        SegmentHeader header = header(name);
        return header != null
                && header.belongsTo(found, header.segment())
                && Segment.name(header.segment()).equals(name)
                && (header.logicalStart() < listed.start() || isEmptyBefore(header, listed, names));
    }

    /** One that was left before anything in it counted begins where the next one does. */
    private boolean isEmptyBefore(SegmentHeader header, Manifest listed, Set<String> names) throws IOException {
        String name = Segment.name(listed.segments().get(0));
        SegmentHeader first = header(names.contains(name) ? name : TailCopy.unfinished(name));
        return first != null
                && first.logicalStart() == header.logicalStart()
                && first.previousSegment() == header.segment()
                && first.previousEnd() == SegmentHeader.BYTES;
    }

    private @Nullable SegmentHeader header(String name) throws IOException {
        try (DiskFile file = disk.open(name, false)) {
            return SegmentHeader.read(file, disk.describe(name));
        }
    }

    /** What a crash left behind: files that were not finished, segments in which nothing was written, or that were trimmed. */
    private void removeOrphans(List<String> names, Manifest listed) throws IOException {
        Set<String> expected = listed.names();
        for (String name : names) {
            boolean unlisted = Segment.isName(name) && !expected.contains(name);
            boolean unfinished = name.endsWith(CopiedFile.TEMPORARY) && isOurs(name);
            if (unlisted || unfinished) {
                deleteIfPossible(disk, name);
            }
        }
    }

    /** Deletes what nobody needs. If that fails, the next start tries again. */
    static void deleteIfPossible(Disk disk, String name) {
        try {
            disk.delete(name);
        } catch (IOException e) {
            LOG.warn(
                    "{}: cannot be deleted, though it is not needed; the next start tries again",
                    disk.describe(name),
                    e);
        }
    }

    private boolean hasRecords(String name) throws IOException {
        try (DiskFile file = disk.open(name, false)) {
            long size = file.size();
            SegmentHeader header = SegmentHeader.read(file, disk.describe(name));
            if (header != null && header.usedBefore()) { // not those that it held then
                Chain chain = new Chain(header.cluster(), header.storageId());
                SegmentScan scan = new SegmentScan(disk, new Segment(header), file, chain);
                boolean found = scan.nextBatchHeader(SegmentHeader.BYTES, size) >= 0;
                scan.mustHaveRead(SegmentHeader.BYTES);
                return found;
            }
            Window window = new Window(file);
            for (long at = SegmentHeader.BYTES; at + 8 <= size; at += 8) {
                if (!window.holds(at, 8) || window.buffer().getLong(window.index(at)) != 0) {
                    return true;
                }
            }
            return false;
        }
    }

    private static boolean isOurs(String name) {
        return Segment.isName(TailCopy.finished(name))
                || name.equals(Manifest.FILE)
                || name.equals(Manifest.FILE + CopiedFile.TEMPORARY)
                || name.equals(Reserve.FILE)
                || name.equals(Reserve.FILE + CopiedFile.TEMPORARY)
                || name.equals(Owner.FILE + CopiedFile.TEMPORARY);
    }

    private CopiedFile identityFile() {
        return new CopiedFile(disk, Owner.FILE, Owner.MAGIC, Owner.FORMAT);
    }

    private CopiedFile manifestFile() {
        return new CopiedFile(disk, Manifest.FILE, Manifest.MAGIC, Manifest.FORMAT);
    }

    private Manifest readManifest() throws IOException {
        CopiedFile.Content content = manifestFile().read();
        return Manifest.decode(content.payload(), content.format());
    }

    private String path() {
        return disk.describe("");
    }

    static long nonZero(LongSupplier random) {
        long value;
        do {
            value = random.getAsLong();
        } while (value == 0);
        return value;
    }
}
