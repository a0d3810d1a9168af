package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Writes the journal. A batch is what lies between two syncs: one gathering write, one force. Segments are left only with
 * everything in them durable, so a segment that has a successor has no torn tail.
 *
 * <p>Owned by the storage thread, which must not be interrupted: that would close the file under it.
 */
final class Journal {

    /**
     * Where recovery found the end.
     *
     * @param segment the last segment
     * @param end the place in it where the next batch goes
     * @param crc the CRC of the last record
     * @param batch the number of the last batch
     * @param marks what that batch said of its groups
     * @param mark a journal position below which all was durable; it covers all records
     * @param unmarked true if no mark in the journal itself covers the last records
     */
    record End(Segment segment, int end, int crc, long batch, GroupMarks marks, long mark, boolean unmarked) {}

    /** The room on the disk is looked at so often while a segment is filled, and when it is left. */
    private static final int MEASURES_PER_SEGMENT = 16;

    private final StorageDirectory directory;
    private final Spares spares;
    private final SpaceGauge gauge;
    private final SlotIndex index;
    private final Chain chain;
    private final Batch batch;

    private Segment segment;
    private DiskFile file;
    private int end; // of the durable records in the file
    private int crc;
    private long number; // of the last batch
    private boolean unmarked;
    private volatile long durable;
    private long measuredAt; // the durable position when the gauge was last looked at

    Journal(StorageDirectory directory, Spares spares, SpaceGauge gauge, SlotIndex index, End found)
            throws IOException {
        this.directory = directory;
        this.spares = spares;
        this.gauge = gauge;
        this.index = index;
        this.chain = new Chain(directory.owner().cluster(), directory.owner().storageId());
        this.batch = new Batch(found.marks(), directory.manifest().bootCount());
        this.segment = found.segment();
        this.file = directory.disk().open(segment.name, true);
        this.end = found.end();
        this.crc = found.crc();
        this.number = found.batch();
        this.unmarked = found.unmarked();
        this.durable = segment.position(end);
    }

    long durable() {
        return durable;
    }

    /** {@return the file being written, for messages} */
    String path() {
        return directory.disk().describe(segment.name);
    }

    void append(int group, int kind, long slotFrom, long slotTo, long round, int node, Bytes head, Bytes body)
            throws IOException {
        long length = RecordLayout.length((long) head.length() + body.length());
        if (batch.bytesWith(group, length) > room()) {
            sync();
            if (batch.bytesWith(group, length) > room()) {
                rotate(batch.bytesWith(group, length));
            }
        }
        batch.add(group, kind, slotFrom, slotTo, round, node, head, body);
    }

    void sync() throws IOException {
        if (!batch.isEmpty()) {
            write();
            unmarked = true;
        }
    }

    /** Writes the first batch of this life, an empty one: it marks what was found, and says that this life has begun. */
    void begin() throws IOException {
        unmarked = true;
        mark();
    }

    /** Writes an empty batch, whose header says that everything before it is durable. */
    void mark() throws IOException {
        sync();
        if (unmarked) {
            if (batch.bytes() > room()) {
                rotate(batch.bytes());
            }
            write();
            unmarked = false;
        }
    }

    private long room() {
        return (long) segment.header.bytes() - end;
    }

    private void write() throws IOException {
        ByteBuffer[] sources = batch.seal(chain, segment.header.segment(), end, number + 1, durable, crc);
        int bytes = (int) batch.bytes();
        Writes.all(file, sources, end);
        file.force(false);
        number++;
        synchronized (index) {
            crc = batch.publish(index, end, crc);
        }
        end += bytes;
        batch.next();
        durable = segment.position(end);
        if (durable - measuredAt >= segment.header.bytes() / MEASURES_PER_SEGMENT) {
            measure();
        }
        if (room() < (segment.header.bytes() - SegmentHeader.BYTES) / 2) {
            spares.prepare();
        }
    }

    /** Looks how much room there is. */
    void measure() {
        measuredAt = durable;
        gauge.measure();
    }

    /** Goes on in a new segment. The manifest names it before anything but its header is in it. */
    private void rotate(long bytesMin) throws IOException {
        Spares.Spare spare = spares.take(SegmentHeader.roundUp(SegmentHeader.BYTES + bytesMin));
        directory.reserve().makeSmallRoom();
        SegmentHeader header = new SegmentHeader(
                segment.header.node(),
                segment.header.cluster(),
                segment.header.storageId(),
                spare.segment(),
                spare.bytes(),
                durable,
                segment.header.segment(),
                end,
                crc,
                number + 1,
                spare.usedBefore());
        DiskFile left = file;
        file = spare.file(); // also if what follows fails and nothing is written any more: close finds it
        try {
            Writes.all(file, header.encode(), 0);
            file.force(false);
            directory.replaceManifest(directory.manifest().with(spare.segment(), durable));
        } finally {
            left.close();
        }
        segment = Segment.begin(header);
        end = SegmentHeader.BYTES;
        unmarked = false; // the header is a mark
        index.add(segment);
        measure();
    }

    void close() throws IOException {
        file.close();
    }
}
