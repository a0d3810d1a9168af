package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/** What the tests append and read back. */
final class Fixture {
    static final int NODE = 7;
    static final Bytes FOUNDING = Bytes.utf8("three founders");
    static final int SEGMENT_BYTES = FileStorage.SEGMENT_BYTES_MIN;

    private Fixture() {}

    /** A record as a visitor sees it. */
    record Stored(int group, int kind, long slotFrom, long slotTo, Bytes body) {
        static Stored of(int group, long slot, int bytes) {
            byte[] body = new byte[bytes];
            new SplittableRandom(31 * slot + bytes).nextBytes(body);
            return new Stored(group, 2, slot, slot, Bytes.wrap(body));
        }

        void appendTo(FileStorage storage) throws StorageException {
            int cut = body.length() / 3;
            storage.append(
                    group, kind, slotFrom, slotTo, 5, NODE, body.slice(0, cut), body.slice(cut, body.length() - cut));
        }
    }

    /** What may be lost, as a visitor hears it. */
    record Lost(int group, long slotFrom, long slotTo, long round, int node) {
        boolean covers(Stored record) {
            return group == record.group() && slotFrom <= record.slotFrom() && record.slotTo() <= slotTo;
        }
    }

    /** Takes damage, and goes on. */
    static final class Patient implements RecordVisitor {
        final List<Stored> found = new ArrayList<>();
        final List<Lost> lost = new ArrayList<>();

        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) {
            found.add(new Stored(group, kind, slotFrom, slotTo, body));
        }

        @Override
        public void damaged(int group, long slotFrom, long slotTo, long round, int node) {
            lost.add(new Lost(group, slotFrom, slotTo, round, node));
        }
    }

    /** Opens and replays, whatever is lost. */
    static Patient startPatiently(FileStorage storage) throws StorageException {
        Patient visitor = new Patient();
        storage.open(NODE, FOUNDING);
        storage.replay(visitor);
        return visitor;
    }

    /** A storage over a disk in memory that makes spare segments at once. */
    static FileStorage on(MemoryDisk disk) {
        return FileStorage.on(disk, Runnable::run, disk.ids::nextLong).withSegmentBytes(SEGMENT_BYTES);
    }

    static LongSupplier ids(long seed) {
        return new SplittableRandom(seed)::nextLong;
    }

    /** Opens and replays. */
    static List<Stored> start(FileStorage storage) throws StorageException {
        storage.open(NODE, FOUNDING);
        return replay(storage);
    }

    static List<Stored> replay(FileStorage storage) throws StorageException {
        List<Stored> found = new ArrayList<>();
        storage.replay((group, kind, from, to, body) -> found.add(new Stored(group, kind, from, to, body)));
        return found;
    }

    /** Opens, replays, closes. */
    static List<Stored> contents(MemoryDisk disk) throws StorageException {
        try (FileStorage storage = on(disk)) {
            return start(storage);
        }
    }

    /** {@return a disk with batches of some records each; the last one is synced but no mark covers it} */
    static MemoryDisk written(List<List<Stored>> batches) throws StorageException {
        return written(batches, SEGMENT_BYTES);
    }

    /** {@return the same with segments of another size} */
    static MemoryDisk written(List<List<Stored>> batches, int segmentBytes) throws StorageException {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk).withSegmentBytes(segmentBytes)) {
            start(storage);
            for (List<Stored> batch : batches) {
                for (Stored record : batch) {
                    record.appendTo(storage);
                }
                storage.sync();
            }
        }
        return disk;
    }

    static List<Stored> flat(List<List<Stored>> batches) {
        return batches.stream().flatMap(List::stream).toList();
    }
}
