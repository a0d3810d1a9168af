package dev.multipaxos.testkit.contract;

import static dev.multipaxos.testkit.contract.StorageBench.GROUP;
import static dev.multipaxos.testkit.contract.StorageBench.OTHER_GROUP;
import static dev.multipaxos.testkit.contract.StoredRecord.assertSame;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.testkit.contract.StorageBench.Started;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The part of {@link DurableStorageContract} that trims; extend that one. */
public abstract class DurableTrimContract extends DurableReadContract {
    private static final int RECORD_BYTES = 4_000;
    private static final int BATCH_RECORDS = 20;

    DurableTrimContract() {}

    /**
     * Says how much of a journal may stay though all of it is obsolete: the size of a segment, 256 KiB unless it is overridden.
     *
     * @return the size in bytes
     */
    protected int segmentBytesMax() {
        return 256 * 1024;
    }

    /** Writes a journal of several segments: records of a group for some slots, one each, and in each batch one that touches none. */
    private List<StoredRecord> write(Started started, int group, long slotFrom) throws Exception {
        List<StoredRecord> written = new ArrayList<>();
        long batches = 4L * segmentBytesMax() / (RECORD_BYTES * BATCH_RECORDS) + 1;
        for (long slot = slotFrom, batch = 0; batch < batches; batch++) {
            List<StoredRecord> records = new ArrayList<>();
            records.add(StoredRecord.of(group, slot, 50).over(0, 0));
            for (int i = 0; i < BATCH_RECORDS; i++) {
                records.add(StoredRecord.of(group, slot++, RECORD_BYTES));
            }
            started.appendAndSync(records);
            written.addAll(records);
        }
        return written;
    }

    /** Says again what touches no slot. */
    private static List<StoredRecord> restate(Started started, int group) throws Exception {
        List<StoredRecord> restated = List.of(
                StoredRecord.of(group, 1, 60).over(0, 0),
                StoredRecord.of(group, 2, 60).over(0, 0));
        started.appendAndSync(restated);
        return restated;
    }

    private static long last(List<StoredRecord> records) {
        return records.get(records.size() - 1).slotTo();
    }

    /** What must be there is there, what was found was written, and the order is the one in which it was. */
    private static void assertLeft(
            List<StoredRecord> written, Predicate<StoredRecord> needed, List<StoredRecord> found, String sentence) {
        List<StoredRecord> rest = new ArrayList<>(found);
        List<StoredRecord> left = new ArrayList<>();
        for (StoredRecord record : written) {
            if (!rest.isEmpty() && rest.get(0).equals(record)) {
                left.add(rest.remove(0));
            }
        }
        assertEquals(List.of(), rest, sentence + ": found, and never written, or not in this order");
        assertSame(
                written.stream().filter(needed).toList(),
                left.stream().filter(needed).toList(),
                sentence);
    }

    @Test
    void after_a_trim_everything_above_it_is_there_and_what_was_said_again() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        List<StoredRecord> written = write(started, GROUP, 1);
        long upTo = last(written) / 2;
        long from = started.storage().durablePosition();
        List<StoredRecord> restated = restate(started, GROUP);
        written.addAll(restated);
        started.storage().trim(GROUP, upTo, from, 0);
        List<StoredRecord> above =
                written.stream().filter(record -> record.slotTo() > upTo).toList();

        for (int life = 0; life < 3; life++) {
            if (life > 0) {
                started = bench.restart(started, place);
                assertLeft(
                        written,
                        record -> record.slotTo() > upTo || restated.contains(record),
                        started.replayed(),
                        "trim: only what touches slots up to the one given goes, and what was said again later");
            }
            assertSame(
                    above,
                    started.read(GROUP, upTo + 1, last(above), Long.MAX_VALUE).found(),
                    "read: after a trim, what is above it");
            List<StoredRecord> more = List.of(StoredRecord.of(GROUP, last(above) + 1, 100));
            started.appendAndSync(more);
            written.addAll(more);
            above = written.stream().filter(record -> record.slotTo() > upTo).toList();
        }
    }

    @Test
    void what_is_obsolete_goes_and_a_read_of_it_finds_nothing() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        List<StoredRecord> written = write(started, GROUP, 1);
        started.read(GROUP, 1, 10, Long.MAX_VALUE); // whoever reads has what is going open
        long from = started.storage().durablePosition();
        restate(started, GROUP);
        started.storage().trim(GROUP, last(written), from, 0);

        for (int life = 0; life < 2; life++) {
            Started.Read gone = started.read(GROUP, 1, 10, Long.MAX_VALUE);
            assertSame(List.of(), gone.found(), "read: finds nothing where the journal was trimmed");
            assertTrue(gone.readTo() < 1, "read: says so when it finds nothing, also where the journal was trimmed");
            started = bench.restart(started, place);
            long bytes = started.replayed().stream()
                    .mapToLong(record -> record.body().length())
                    .sum();
            assertTrue(
                    bytes <= 2L * segmentBytesMax(),
                    "trim: whole segments go; " + bytes + " bytes of records are left of which none is needed");
        }
    }

    @Test
    void what_touches_no_slot_stays_until_it_was_said_again() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        StoredRecord promise = StoredRecord.of(GROUP, 77, 90).over(0, 0);
        long before = started.storage().durablePosition();
        started.appendAndSync(List.of(promise));
        List<StoredRecord> written = write(started, GROUP, 1);
        started.storage().trim(GROUP, last(written), before, 0);

        started = bench.restart(started, place);
        assertEquals(
                promise,
                started.replayed().get(0),
                "trim: what touches no slot stays, unless it lies below the position");
    }

    @Test
    void the_position_does_not_fall_and_the_slot_is_kept() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        assertEquals(0, started.storage().trimmedUpTo(GROUP), "trimmedUpTo: 0 if there was no trim");
        List<StoredRecord> written = write(started, GROUP, 1);
        long position = started.storage().durablePosition();
        restate(started, GROUP);
        started.storage().trim(GROUP, last(written) - 5, position, 0);
        started.storage().trim(GROUP, last(written) / 2, 0, 0);

        for (int life = 0; life < 3; life++) {
            DurableStorage storage = started.storage();
            assertEquals(
                    last(written) - 5,
                    storage.trimmedUpTo(GROUP),
                    "trimmedUpTo: the highest that trim was called with");
            assertEquals(0, storage.trimmedUpTo(OTHER_GROUP), "trimmedUpTo: of another group");
            assertTrue(storage.durablePosition() >= position, "durablePosition: never falls, not by trimming either");
            position = storage.durablePosition();
            storage.close();
            DurableStorage opened = bench.opened(place);
            assertEquals(last(written) - 5, opened.trimmedUpTo(GROUP), "trimmedUpTo: known after open");
            opened.close();
            started = bench.start(place);
        }
    }

    @Test
    void the_last_bytes_stay_though_they_are_obsolete() throws Exception {
        for (long keepBytes : new long[] {Long.MAX_VALUE, 2L * segmentBytesMax()}) {
            StoragePlace place = newPlace();
            Started started = bench.start(place);
            List<StoredRecord> written = write(started, GROUP, 1);
            long from = started.storage().durablePosition();
            started.storage().trim(GROUP, last(written), from, keepBytes);

            List<StoredRecord> found = bench.restart(started, place).replayed();
            long bytes = 0;
            for (StoredRecord record : found) {
                bytes += record.body().length() + 300; // more than what a storage adds to one
            }
            assertTrue(
                    found.size() == written.size() || bytes >= keepBytes,
                    "trim: the last bytes of the journal stay in any case; of " + keepBytes + " at most " + bytes
                            + " have");
            assertSame(
                    written.subList(written.size() - found.size(), written.size()),
                    found,
                    "trim: it is the last bytes of the journal that stay");
        }
    }

    @Test
    void each_group_has_a_slot_of_its_own() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        List<StoredRecord> other = write(started, OTHER_GROUP, 1);
        write(started, GROUP, 1);
        other.addAll(write(started, OTHER_GROUP, last(other) + 1));
        started.storage().trim(GROUP, Long.MAX_VALUE, started.storage().durablePosition(), 0);

        started = bench.restart(started, place);
        assertSame(
                other,
                started.replayed().stream()
                        .filter(record -> record.group() == OTHER_GROUP)
                        .toList(),
                "trim: what was appended for another group stays");
        assertEquals(Long.MAX_VALUE, started.storage().trimmedUpTo(GROUP), "trimmedUpTo: of each group");
        assertEquals(0, started.storage().trimmedUpTo(OTHER_GROUP), "trimmedUpTo: of each group");

        started.storage().trim(OTHER_GROUP, last(other), started.storage().durablePosition(), 0);
        started = bench.restart(started, place);
        assertTrue(
                started.replayed().stream()
                                .mapToLong(record -> record.body().length())
                                .sum()
                        <= 2L * segmentBytesMax(),
                "trim: what no group needs goes");
    }

    @Test
    void what_was_appended_before_a_trim_survives_a_crash_behind_it() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        List<StoredRecord> written = write(started, GROUP, 1);
        long from = started.storage().durablePosition();
        StoredRecord restated = StoredRecord.of(GROUP, 3, 200).over(0, 0);
        started.append(List.of(restated));
        started.storage().trim(GROUP, last(written), from, 0);

        Started after = bench.crash(started, place);
        assertTrue(
                after.replayed().contains(restated),
                "trim: what was appended before is durable before anything is gone");
        assertEquals(last(written), after.storage().trimmedUpTo(GROUP), "trimmedUpTo: durable");
    }

    @Test
    void a_trim_up_to_where_the_journal_is_not_durable_is_refused() throws Exception {
        DurableStorage storage = bench.start(newPlace()).storage();
        assertThrows(
                IllegalArgumentException.class,
                () -> storage.trim(GROUP, 1, storage.durablePosition() + 1, 0),
                "trim: restatedFrom is a durable position");
        assertThrows(
                IllegalArgumentException.class, () -> storage.trim(GROUP, 1, 0, -1), "trim: how much stays at least");
        assertEquals(0, storage.trimmedUpTo(GROUP), "trim: when it is refused, nothing was changed");
    }
}
