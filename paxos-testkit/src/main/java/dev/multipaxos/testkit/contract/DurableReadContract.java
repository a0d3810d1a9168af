package dev.multipaxos.testkit.contract;

import static dev.multipaxos.testkit.contract.StorageBench.GROUP;
import static dev.multipaxos.testkit.contract.StorageBench.OTHER_GROUP;
import static dev.multipaxos.testkit.contract.StoredRecord.assertSame;
import static dev.multipaxos.testkit.contract.StoredRecord.sequence;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.multipaxos.testkit.contract.StorageBench.Started;
import dev.multipaxos.testkit.contract.StorageBench.Started.Read;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The half of {@link DurableStorageContract} that reads; extend that one. */
@Timeout(120)
public abstract class DurableReadContract {

    /** The storages of the running test. */
    final StorageBench bench = new StorageBench();

    DurableReadContract() {}

    /**
     * Makes an empty place, another one at each call.
     *
     * @return the place
     * @throws Exception if it cannot be made
     */
    protected abstract StoragePlace newPlace() throws Exception;

    /**
     * Says how large the largest record of these tests is, head and body; 4 MiB unless it is overridden. A node needs its limit
     * for a value and some hundred bytes more.
     *
     * @return the size in bytes, at least 64 KiB
     */
    protected int recordBytesMax() {
        return 4 << 20;
    }

    @Test
    void a_read_visits_what_touches_the_slots_that_are_wanted_and_nothing_else() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        List<StoredRecord> written = new ArrayList<>();
        written.add(StoredRecord.of(GROUP, 1, 20).over(0, 0));
        for (long slot = 1; slot <= 30; slot++) {
            written.add(StoredRecord.of(GROUP, slot, 100));
            written.add(StoredRecord.of(OTHER_GROUP, slot + 20, 100));
        }
        written.add(StoredRecord.of(GROUP, 1, 33).over(8, 12));
        started.appendAndSync(written);

        for (int life = 0; life < 2; life++) {
            for (long from = 1; from <= 31; from += 3) {
                for (long to = from; to <= 33; to += 4) {
                    Read read = started.read(GROUP, from, to, Long.MAX_VALUE);
                    assertSame(
                            wanted(written, from, to),
                            read.found(),
                            "read: records that touch given slots, oldest first");
                    if (from <= 30) {
                        assertTrue(
                                read.readTo() >= Math.min(to, 30),
                                "read: returns the last slot of which everything was visited, but all of " + from
                                        + " to " + to + " was, and it said " + read.readTo());
                    }
                }
            }
            started = bench.restart(started, place);
        }
    }

    private static List<StoredRecord> wanted(List<StoredRecord> written, long from, long to) {
        return written.stream()
                .filter(record -> record.group() == GROUP && record.touches(from, to))
                .toList();
    }

    @Test
    void a_read_says_so_when_it_finds_nothing() throws Exception {
        Started started = bench.start(newPlace());
        String sentence = "read: returns less than slotFrom if nothing was found";
        assertNothing(started.read(GROUP, 1, 10, 1_000), 1, sentence + ", in an empty journal");
        List<StoredRecord> written = sequence(GROUP, 5, 10, 100);
        written.addAll(sequence(OTHER_GROUP, 11, 20, 100));
        started.appendAndSync(written);

        assertNothing(started.read(GROUP, 11, 20, 1_000), 11, sentence + ", not what another group has in these slots");
        assertNothing(started.read(GROUP, 1, 4, 1_000), 1, sentence + ", in front of the first slot");
        assertNothing(started.read(GROUP, 21, Long.MAX_VALUE, 1_000), 21, sentence + ", behind the last slot");
        assertNothing(started.read(3, 1, 20, 1_000), 1, sentence + ", of a group that has nothing");
    }

    private static void assertNothing(Read read, long slotFrom, String sentence) {
        assertSame(List.of(), read.found(), sentence);
        assertTrue(read.readTo() < slotFrom, sentence + ": it returned " + read.readTo());
    }

    @Test
    void a_read_visits_only_what_is_durable() throws Exception {
        Started started = bench.start(newPlace());
        List<StoredRecord> written = sequence(GROUP, 1, 10, 100);
        started.appendAndSync(written.subList(0, 6));
        started.append(written.subList(6, 10));

        String sentence = "read: reads durable records";
        assertSame(written.subList(0, 6), started.read(GROUP, 1, 10, 10_000).found(), sentence);
        started.storage().sync();
        assertSame(written, started.read(GROUP, 1, 10, 10_000).found(), sentence);
    }

    @Test
    void the_latest_record_of_a_slot_is_visited_last() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        Map<Long, StoredRecord> latest = new TreeMap<>();
        for (int version = 0; version < 5; version++) {
            for (long slot = 1; slot <= 100; slot += version + 1) {
                StoredRecord record = StoredRecord.of(GROUP, slot, 500, version);
                record.appendTo(started.storage());
                latest.put(slot, record);
            }
            started.storage().sync();
        }
        for (int life = 0; life < 2; life++) {
            for (long maxBytes : new long[] {1, 1_000, 20_000, Long.MAX_VALUE}) {
                assertEquals(
                        latest,
                        readThrough(started, 1, 100, maxBytes),
                        "read: of a slot it visits every record that is stored, at least the latest; maxBytes "
                                + maxBytes);
            }
            started = bench.restart(started, place);
        }
    }

    /** Reads as a node does that sends a follower what it lacks: goes on behind what the last read has found. */
    private static Map<Long, StoredRecord> readThrough(Started started, long first, long last, long maxBytes)
            throws Exception {
        Map<Long, StoredRecord> latest = new TreeMap<>();
        for (long from = first; from <= last; ) {
            Read read = started.read(GROUP, from, last, maxBytes);
            for (StoredRecord record : read.found()) {
                if (record.slotFrom() >= from && record.slotTo() <= read.readTo()) {
                    latest.put(record.slotFrom(), record);
                }
            }
            if (read.readTo() < from) {
                return latest;
            }
            from = read.readTo() + 1;
        }
        return latest;
    }

    @Test
    void a_read_stops_soon_after_so_many_bytes_but_reads_one_slot_whole() throws Exception {
        Started started = bench.start(newPlace());
        List<StoredRecord> written = sequence(GROUP, 1, 500, 10_000);
        for (int batch = 0; batch < 500; batch += 50) {
            started.appendAndSync(written.subList(batch, batch + 50));
        }
        for (long maxBytes : new long[] {1, 9_999, 100_000, 1_000_000}) {
            for (long from : new long[] {1, 77, 499}) {
                Read read = started.read(GROUP, from, 500, maxBytes);
                assertTrue(
                        read.readTo() >= from,
                        "read: at least one slot is read whole; from slot " + from + " with maxBytes " + maxBytes
                                + " it read to " + read.readTo());
                long readTo = Math.min(read.readTo(), 500);
                List<StoredRecord> whole = read.found().stream()
                        .filter(record -> record.slotTo() <= readTo)
                        .toList();
                assertSame(wanted(written, from, readTo), whole, "read: everything was visited up to what it returns");
                assertTrue(
                        read.found().size() * 10_000L <= 2 * maxBytes + 200_000,
                        "read: stops soon after maxBytes, " + maxBytes + ", but visited "
                                + read.found().size() + " records of 10,000 bytes");
            }
        }
    }

    @Test
    void the_bodies_that_a_read_hands_over_may_be_kept() throws Exception {
        Started started = bench.start(newPlace());
        List<StoredRecord> written = sequence(GROUP, 1, 100, 2_000);
        started.appendAndSync(written);
        List<StoredRecord> kept = started.read(GROUP, 1, 100, Long.MAX_VALUE).found();
        started.appendAndSync(sequence(GROUP, 101, 300, 2_000));
        started.read(GROUP, 101, 300, Long.MAX_VALUE);

        assertSame(written, kept, "RecordVisitor.body: may be kept");
    }

    @Test
    void one_thread_reads_what_is_durable_while_another_appends() throws Exception {
        Started started = bench.start(newPlace());
        int slots = 3_000;
        int readsMin = 100;
        AtomicLong durable = new AtomicLong();
        AtomicInteger reads = new AtomicInteger();
        AtomicBoolean stopped = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread reader = new Thread(
                () -> {
                    SplittableRandom random = new SplittableRandom(1);
                    try {
                        while (!stopped.get() && (durable.get() < slots || reads.get() < readsMin)) {
                            if (durable.get() == 0) {
                                Thread.onSpinWait();
                            } else {
                                readSome(started, random, durable.get());
                                reads.incrementAndGet();
                            }
                        }
                    } catch (Throwable thrown) { // handed to the test
                        failure.set(thrown);
                    }
                },
                "contract-reader");
        reader.start();
        try {
            for (long slot = 1; slot <= slots && failure.get() == null; slot++) {
                StoredRecord.of(GROUP, slot, 600).appendTo(started.storage());
                if (slot % 15 == 0) {
                    started.storage().sync();
                    durable.set(slot);
                }
            }
            reader.join();
        } finally {
            stopped.set(true);
            reader.join();
        }
        if (failure.get() != null) {
            throw new AssertionError("read: is called by another thread at the same time", failure.get());
        }
    }

    private static void readSome(Started started, SplittableRandom random, long durable) throws Exception {
        long from = 1 + random.nextLong(durable);
        Read read = started.read(GROUP, from, durable, 20_000);
        assertTrue(read.readTo() >= from, "read: slot " + from + " is durable but was not found");
        long readTo = Math.min(read.readTo(), durable);
        List<StoredRecord> whole = read.found().stream()
                .filter(record -> record.slotTo() <= readTo)
                .toList();
        assertSame(sequence(GROUP, from, readTo, 600), whole, "read: everything was visited up to what it returns");
    }
}
