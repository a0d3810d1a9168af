package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.List;

/**
 * Finds the last life that the journal knows of. Every batch says in which life it was written, and every life begins with one:
 * so an older copy of the manifest cannot make the boot count fall.
 */
final class Lives {
    private static final long NO_BATCH = -1;

    private final Disk disk;
    private final Owner owner;
    private final Chain chain;

    Lives(Disk disk, Owner owner) {
        this.disk = disk;
        this.owner = owner;
        this.chain = new Chain(owner.cluster(), owner.storageId());
    }

    /**
     * Looks at the batch headers from the end on, until there is one; what is between them, and whether it is in order, is found
     * out by {@link Recovery}.
     *
     * @param segments the ids of the segments, in order
     * @return the boot count of the last life, 0 if it is not known
     */
    long last(List<Long> segments) throws IOException {
        for (int i = segments.size() - 1; i >= 0; i--) {
            long count = lastIn(segments.get(i));
            if (count != NO_BATCH) {
                return count;
            }
        }
        return 0;
    }

    private long lastIn(long id) throws IOException {
        String name = Segment.name(id);
        try (DiskFile file = disk.open(name, false)) {
            SegmentHeader header = SegmentHeader.read(file, disk.describe(name));
            if (header == null || !header.belongsTo(owner, id)) {
                return 0; // the start will not come far
            }
            SegmentScan scan = new SegmentScan(disk, new Segment(header), file, chain);
            long count = NO_BATCH;
            long limit = header.bytes();
            for (long at = SegmentHeader.BYTES; scan.moveTo(at, limit, 0) && scan.isBatchHeader(); ) {
                count = Math.max(count, scan.bootCount());
                if (scan.batchBytes() < scan.length()) {
                    break;
                }
                at += scan.batchBytes();
            }
            return count;
        }
    }
}
