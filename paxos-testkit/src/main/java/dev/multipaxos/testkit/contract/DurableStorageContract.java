package dev.multipaxos.testkit.contract;

import static dev.multipaxos.testkit.contract.StorageBench.FOUNDING;
import static dev.multipaxos.testkit.contract.StorageBench.GROUP;
import static dev.multipaxos.testkit.contract.StorageBench.NODE;
import static dev.multipaxos.testkit.contract.StorageBench.OTHER_GROUP;
import static dev.multipaxos.testkit.contract.StorageBench.refused;
import static dev.multipaxos.testkit.contract.StoredRecord.assertPrefix;
import static dev.multipaxos.testkit.contract.StoredRecord.assertSame;
import static dev.multipaxos.testkit.contract.StoredRecord.sequence;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.testkit.contract.StorageBench.Started;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@link DurableStorage} promises of writing and of getting back what was written, as tests; {@link
 * DurableReadContract} and {@link DurableTrimContract}, which this extends, have what it promises of reading and of letting go. Extend it to hold a storage of your own to it:
 *
 * <pre>{@code
 * class MyStorageTest extends DurableStorageContract {
 *     @TempDir
 *     Path places;
 *
 *     private int made;
 *
 *     @Override
 *     protected StoragePlace newPlace() {
 *         Path directory = places.resolve("place-" + ++made);
 *         return () -> new MyStorage(directory);
 *     }
 * }
 * }</pre>
 *
 * <p>A place that can lose its power says how in {@link StoragePlace#crash}, and one whose device can fail in {@link
 * StoragePlace#breakDevice};
 * where they do not, the tests that need it are reported as aborted. Each failure begins with the sentence of the contract that was
 * broken.
 */
@Timeout(120)
public abstract class DurableStorageContract extends DurableTrimContract {

    /** Crashes are drawn by chance: each test with crashes does it so often. */
    private static final int CRASHES = 20;

    /** For subclasses. */
    protected DurableStorageContract() {}

    // ---- whose it is ----

    @Test
    void an_empty_storage_is_formatted_when_it_is_opened_and_found_again_afterwards() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        assertTrue(first.identity().formatted(), "open: an empty storage is formatted");
        assertNotEquals(0, first.identity().storageId(), "Identity.storageId: not 0");
        assertEquals(1, first.identity().bootCount(), "Identity.bootCount: this time included, 1");
        assertSame(List.of(), first.replayed(), "replay: nothing was appended to a new storage");

        Started again = first;
        for (int boot = 2; boot <= 4; boot++) {
            again = bench.restart(again, place);
            assertFalse(again.identity().formatted(), "Identity.formatted: only the first open has formatted it");
            assertEquals(
                    first.identity().storageId(),
                    again.identity().storageId(),
                    "Identity.storageId: drawn when the storage was formatted, the same at every open");
            assertEquals(boot, again.identity().bootCount(), "Identity.bootCount: how often it was opened, 1, 2, 3 …");
        }
    }

    @Test
    void two_storages_have_different_ids() throws Exception {
        assertNotEquals(
                bench.start(newPlace()).identity().storageId(),
                bench.start(newPlace()).identity().storageId(),
                "Identity.storageId: drawn at random, so that a node that lost its disk is known by its new one");
    }

    @Test
    void another_node_or_another_foundation_is_refused_and_changes_nothing() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        List<StoredRecord> written = sequence(GROUP, 1, 3, 50);
        first.appendAndSync(written);
        first.storage().close();

        StorageException node =
                refused(() -> place.storage().open(NODE + 1, FOUNDING), "open: refused if it belongs to another node");
        StorageException foundation = refused(
                () -> place.storage().open(NODE, Bytes.utf8("other founders")),
                "open: refused if it belongs to another foundation");
        StorageException longer = refused(
                () -> place.storage().open(NODE, Bytes.utf8(FOUNDING.toUtf8() + "!")),
                "open: the founding record is compared byte by byte");

        assertEquals(Code.FOREIGN, node.code(), "StorageException.code: of a storage that belongs to another node");
        assertEquals(Code.FOREIGN, foundation.code(), "StorageException.code: of a storage of another foundation");
        assertEquals(Code.FOREIGN, longer.code(), "StorageException.code: of a storage of another foundation");
        Started again = bench.start(place);
        assertEquals(2, again.identity().bootCount(), "open: when it is refused, nothing was changed");
        assertSame(written, again.replayed(), "open: when it is refused, nothing was changed");
    }

    @Test
    void a_second_opener_is_refused_until_the_first_has_closed() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        first.appendAndSync(sequence(GROUP, 1, 1, 10));

        DurableStorage second = place.storage();
        boolean itself = second == first.storage();
        if (!itself) {
            StorageException refusal =
                    refused(() -> second.open(NODE, FOUNDING), "open: refused while the storage is in use");
            assertEquals(Code.IN_USE, refusal.code(), "StorageException.code: of a storage that is in use");
            second.close();
            DurableStorage third = place.storage();
            refused(() -> third.open(NODE, FOUNDING), "close: of a storage that was refused, it releases nothing");
        } else {
            assertThrows(
                    Exception.class, () -> second.open(NODE, FOUNDING), "open: refused while the storage is in use");
        }

        first.appendAndSync(sequence(GROUP, 2, 2, 10));
        Started again = bench.restart(first, place);
        assertSame(sequence(GROUP, 1, 2, 10), again.replayed(), "open: when it is refused, the user goes on working");
        assertEquals(2, again.identity().bootCount(), "open: when it is refused, nothing was changed");
    }

    // ---- what was written ----

    @Test
    void records_come_back_as_they_were_written_in_the_order_in_which_they_were_appended() throws Exception {
        StoragePlace place = newPlace();
        List<StoredRecord> written = new ArrayList<>();
        for (int kind : new int[] {1, 2, 127, 128, 255}) {
            for (int group : new int[] {GROUP, Integer.MAX_VALUE, OTHER_GROUP}) {
                Bytes body = Bytes.utf8("kind " + kind + " of group " + group);
                written.add(new StoredRecord(group, kind, 0, 0, body));
                written.add(new StoredRecord(group, kind, Long.MAX_VALUE - kind, Long.MAX_VALUE - kind, body));
                written.add(new StoredRecord(group, kind, kind, kind + 3, body));
            }
        }
        Started first = bench.start(place);
        first.appendAndSync(written);

        String sentence = "replay: visits records in the order in which they were appended, as given to append";
        assertSame(written, bench.restart(first, place).replayed(), sentence);
    }

    @Test
    void heads_and_bodies_of_any_size_come_back_one_after_the_other() throws Exception {
        StoragePlace place = newPlace();
        List<StoredRecord> written = new ArrayList<>();
        Started first = bench.start(place);
        long slot = 0;
        for (int bytes : new int[] {0, 1, 2, 7, 8, 9, 511, 512, 513, 4095, 4096, 4097, 65_536, recordBytesMax()}) {
            for (int head : new int[] {0, Math.min(1, bytes), bytes / 2, bytes}) {
                StoredRecord record = StoredRecord.of(GROUP, ++slot, bytes);
                record.appendTo(
                        first.storage(), record.inLargerArray(0, head), record.inLargerArray(head, bytes - head));
                written.add(record);
                if (bytes == recordBytesMax()) {
                    break; // once is enough of these
                }
            }
            first.storage().sync();
        }

        String sentence = "RecordVisitor: the body is the head and the body that were appended, one after the other";
        assertSame(written, bench.restart(first, place).replayed(), sentence);
    }

    @Test
    void what_is_handed_over_is_only_read() throws Exception {
        Started started = bench.start(newPlace());
        byte[] head = StoredRecord.of(GROUP, 1, 300).body().toArray();
        byte[] body = StoredRecord.of(GROUP, 2, 5_000).body().toArray();
        byte[] founding = FOUNDING.toArray();
        for (int i = 1; i <= 10; i++) {
            started.storage().append(GROUP, 1, i, i, 1, NODE, Bytes.wrap(head, 10, 200), Bytes.wrap(body, 100, 4_000));
        }
        started.storage().sync();

        assertEquals(
                StoredRecord.of(GROUP, 1, 300).body(),
                Bytes.wrap(head),
                "append: the head is not the storage's to change");
        assertEquals(
                StoredRecord.of(GROUP, 2, 5_000).body(),
                Bytes.wrap(body),
                "append: the body is shared with the frames that carry it, and not the storage's to change");
        assertEquals(Bytes.wrap(founding), FOUNDING, "open: the founding record is not the storage's to change");
    }

    @Test
    void a_long_journal_comes_back_whole_after_each_of_several_lives() throws Exception {
        StoragePlace place = newPlace();
        List<StoredRecord> written = new ArrayList<>();
        Started started = bench.start(place);
        for (int life = 0; life < 4; life++) {
            assertSame(written, started.replayed(), "replay: everything that was appended, oldest first");
            for (int batch = 0; batch < 50; batch++) {
                List<StoredRecord> records = sequence(GROUP, written.size() + 1, written.size() + 20, 200 + 7 * batch);
                started.appendAndSync(records);
                written.addAll(records);
            }
            started = bench.restart(started, place);
        }
        assertSame(written, started.replayed(), "replay: everything that was appended, oldest first");
    }

    @Test
    void the_bodies_that_a_replay_hands_over_may_be_kept() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        List<StoredRecord> written = sequence(GROUP, 1, 200, 1_000);
        first.appendAndSync(written);
        Started again = bench.restart(first, place);
        again.appendAndSync(sequence(GROUP, 201, 400, 1_000));
        again.read(GROUP, 1, 400, Long.MAX_VALUE);

        assertSame(written, again.replayed(), "RecordVisitor.body: may be kept");
    }

    @Test
    void what_a_visitor_throws_comes_out_of_the_replay() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        first.appendAndSync(sequence(GROUP, 1, 3, 10));
        first.storage().close();
        DurableStorage again = bench.opened(place);

        StorageException thrown = refused(
                () -> again.replay((group, kind, from, to, body) -> {
                    throw new IOException("a visitor of little wit");
                }),
                "RecordVisitor: what it throws if it cannot make sense of a record, the caller lets through");
        assertTrue(
                thrown.toString().contains("a visitor of little wit"),
                "RecordVisitor: what it throws, the caller lets through: its text is lost in " + thrown);
    }

    // ---- what is durable ----

    @Test
    void what_was_synced_is_there_after_a_close_and_the_rest_is_lost_from_the_end_only() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        List<StoredRecord> written = sequence(GROUP, 1, 40, 100);
        first.appendAndSync(written.subList(0, 10));
        first.append(written.subList(10, 40));

        List<StoredRecord> found = bench.restart(first, place).replayed();
        assertPrefix(found, written, "replay: what was not synced may be lost, but only from the end");
        assertTrue(
                found.size() >= 10, "sync: makes everything appended so far durable; lost were " + (10 - found.size()));
    }

    @Test
    void what_was_synced_survives_a_crash_and_the_rest_is_lost_from_the_end_only() throws Exception {
        for (int crash = 0; crash < CRASHES; crash++) {
            StoragePlace place = newPlace();
            Started started = bench.start(place);
            List<StoredRecord> written = sequence(GROUP, 1, 60, 100 + 300 * crash);
            List<StoredRecord> expected = new ArrayList<>();
            int synced = 0;
            for (int i = 0; i < crash; i++) {
                started.appendAndSync(written.subList(synced, synced + 2));
                synced += 2;
            }
            expected.addAll(written.subList(0, synced));
            expected.addAll(written.subList(synced, synced + 15));
            started.append(written.subList(synced, synced + 15));
            long position = started.storage().durablePosition();

            Started after = bench.crash(started, place);
            assertPrefix(after.replayed(), expected, "replay: a torn tail is cut, and nothing in front of it");
            assertTrue(
                    after.replayed().size() >= synced,
                    "sync: makes everything appended so far durable; " + synced + " records were synced, "
                            + after.replayed().size() + " are left after a crash");
            assertEquals(started.identity().storageId(), after.identity().storageId(), "Identity.storageId: survives");
            assertEquals(2, after.identity().bootCount(), "Identity.bootCount: an open before a crash counts");
            assertTrue(
                    after.storage().durablePosition() >= position,
                    "durablePosition: never falls, but did in a crash: " + position + " before, "
                            + after.storage().durablePosition() + " after");
            after.storage().close();
        }
    }

    @Test
    void what_a_replay_has_visited_survives_the_next_crash_and_new_records_follow_it() throws Exception {
        for (int crash = 0; crash < CRASHES; crash++) {
            StoragePlace place = newPlace();
            Started started = bench.start(place);
            started.append(sequence(GROUP, 1, 5 + crash, 700));
            Started second = bench.crash(started, place);
            List<StoredRecord> visited = second.replayed();
            Started third = bench.crash(second, place);
            assertSame(visited, third.replayed(), "replay: everything that is visited is durable when it returns");

            List<StoredRecord> later = sequence(GROUP, 100, 103, 90);
            third.appendAndSync(later);
            List<StoredRecord> all = new ArrayList<>(visited);
            all.addAll(later);
            Started fourth = bench.crash(third, place);
            assertSame(all, fourth.replayed(), "append: adds a record behind all earlier ones");
            fourth.storage().close();
        }
    }

    @Test
    void the_durable_position_never_falls_and_rises_with_what_is_synced() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        long before = started.storage().durablePosition();
        for (int life = 0; life < 3; life++) {
            for (int batch = 1; batch <= 20; batch++) {
                started.append(sequence(GROUP, batch, batch, 3_000));
                started.storage().sync();
                long after = started.storage().durablePosition();
                assertTrue(
                        after > before,
                        "durablePosition: the end of the durable journal rises with every record synced");
                before = after;
                started.storage().idle();
                started.storage().sync();
                assertTrue(started.storage().durablePosition() >= before, "durablePosition: never falls");
                before = started.storage().durablePosition();
            }
            started = bench.restart(started, place);
            assertTrue(
                    started.storage().durablePosition() >= before,
                    "durablePosition: never falls, in the next life neither");
            before = started.storage().durablePosition();
        }
    }

    @Test
    void idle_adds_no_record_and_does_nothing_when_there_is_nothing_to_do() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        List<StoredRecord> written = sequence(GROUP, 1, 10, 100);
        for (StoredRecord record : written) {
            first.appendAndSync(List.of(record));
            first.storage().idle();
        }
        long marked = first.storage().durablePosition();
        for (int i = 0; i < 1_000; i++) {
            first.storage().idle();
        }
        assertEquals(marked, first.storage().durablePosition(), "idle: cheap when there is nothing to do");
        assertSame(written, bench.restart(first, place).replayed(), "idle: leaves a mark, and no record");
    }

    // ---- errors and the end ----

    @Test
    void after_a_failure_every_call_throws_the_same_and_nothing_more_becomes_durable() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        List<StoredRecord> durable = sequence(GROUP, 1, 5, 100);
        started.appendAndSync(durable);
        long position = started.storage().durablePosition();
        place.breakDevice();

        StorageException failure = refused(
                () -> started.appendAndSync(sequence(GROUP, 6, 6, 100)),
                "sync: throws if what was appended could not be made durable");
        for (int i = 0; i < 3; i++) {
            String sentence = "after an exception every later call throws the same: ";
            StoredRecord next = StoredRecord.of(GROUP, 7, 100);
            DurableStorage failed = started.storage();
            assertAlike(failure, refused(() -> next.appendTo(failed), sentence + "append"), sentence + "append");
            assertAlike(failure, refused(failed::sync, sentence + "sync"), sentence + "sync");
            assertAlike(failure, refused(failed::idle, sentence + "idle"), sentence + "idle");
            assertAlike(failure, refused(() -> failed.trim(GROUP, 1, 0, 0), sentence + "trim"), sentence + "trim");
        }
        assertEquals(
                position,
                started.storage().durablePosition(),
                "after an exception nothing that was not durable before may be taken for durable");
        assertSame(
                durable,
                started.read(GROUP, 1, 100, Long.MAX_VALUE).found(),
                "read: reads durable records, of a failed storage too");
    }

    private static void assertAlike(StorageException first, StorageException later, String sentence) {
        assertEquals(first.code(), later.code(), sentence);
        assertEquals(first.getMessage(), later.getMessage(), sentence);
    }

    @Test
    void close_may_be_called_at_any_time_and_again() throws Exception {
        StoragePlace place = newPlace();
        place.storage().close();
        Started first = bench.start(place);
        first.appendAndSync(sequence(GROUP, 1, 1, 10));
        first.storage().close();
        first.storage().close();
        Started again = bench.start(place);
        assertSame(sequence(GROUP, 1, 1, 10), again.replayed(), "close: releases the storage, and nothing else");
    }

    @Test
    void a_closed_storage_takes_nothing() throws Exception {
        StoragePlace place = newPlace();
        Started first = bench.start(place);
        List<StoredRecord> written = sequence(GROUP, 1, 2, 10);
        first.appendAndSync(written);
        DurableStorage closed = first.storage();
        closed.close();
        StoredRecord late = StoredRecord.of(GROUP, 3, 10);

        assertThrows(Exception.class, () -> late.appendTo(closed), "close: afterwards append is refused");
        assertThrows(Exception.class, closed::sync, "close: afterwards sync is refused");
        assertThrows(Exception.class, () -> first.read(GROUP, 1, 3, 100), "close: afterwards read is refused");
        Started again = bench.start(place);
        assertSame(written, again.replayed(), "close: nothing is written afterwards");
    }

    @AfterEach
    void close_what_was_opened() {
        bench.closeAll();
    }
}
