package dev.multipaxos.testkit.contract;

import static dev.multipaxos.testkit.contract.StorageBench.GROUP;
import static dev.multipaxos.testkit.contract.StorageBench.OTHER_GROUP;
import static dev.multipaxos.testkit.contract.StorageBench.refused;
import static dev.multipaxos.testkit.contract.StoredRecord.sequence;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.SnapshotStore.Reader;
import dev.multipaxos.spi.SnapshotStore.Writer;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.testkit.contract.StorageBench.Started;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@link SnapshotStore} promises, as tests. Extend it beside {@link DurableStorageContract}, with the same places, to hold the
 * snapshots of a storage of your own to it.
 *
 * <p>Some tests need a place that loses its power ({@link StoragePlace#crash}), that fails while a snapshot is written ({@link
 * StoragePlace#failNextSnapshot}) or damages one ({@link StoragePlace#damageSnapshot}); where a place cannot, they are reported
 * as aborted. Each failure begins with the sentence of the contract that was broken.
 */
@Timeout(120)
public abstract class SnapshotStoreContract {
    private static final int[] SIZES = {0, 1, 511, 4096, 65_535, 65_536, 65_537, 131_072, 300_001, 5_000_000};

    /** Crashes are drawn by chance: each test with crashes does it so often. */
    private static final int CRASHES = 20;

    private final StorageBench bench = new StorageBench();

    /** For subclasses. */
    protected SnapshotStoreContract() {}

    /**
     * Makes an empty place.
     *
     * @return the place; no storage was ever opened over it
     * @throws Exception if it cannot be made
     */
    protected abstract StoragePlace newPlace() throws Exception;

    @AfterEach
    void closeAll() {
        bench.closeAll();
    }

    private static byte[] content(long slot, int bytes) {
        byte[] content = new byte[bytes];
        new SplittableRandom(slot).nextBytes(content);
        return content;
    }

    private static Writer written(SnapshotStore store, int group, long slot, byte[] content) throws StorageException {
        Writer writer = store.create(group, slot);
        int piece = Math.max(1, content.length / 7);
        for (int at = 0; at < content.length; at += piece) {
            byte[] reused = Arrays.copyOfRange(content, at - Math.min(at, 3), Math.min(at + piece, content.length));
            writer.write(reused, Math.min(at, 3), reused.length - Math.min(at, 3));
            Arrays.fill(reused, (byte) 0x55);
        }
        return writer;
    }

    private static SnapshotStore.Id commit(SnapshotStore store, int group, long slot, byte[] content)
            throws StorageException {
        try (Writer writer = written(store, group, slot, content)) {
            return writer.commit();
        }
    }

    private static byte[] read(SnapshotStore store, SnapshotStore.Id id, int maxBytes) throws StorageException {
        try (Reader reader = opened(store, id)) {
            return read(reader, maxBytes);
        }
    }

    private static Reader opened(SnapshotStore store, SnapshotStore.@Nullable Id id) throws StorageException {
        assertNotNull(id, "latest: a snapshot that was committed is there");
        Reader reader = store.open(Objects.requireNonNull(id));
        assertNotNull(reader, "open: a snapshot that is there can be opened");
        assertEquals(id, Objects.requireNonNull(reader).id(), "Reader.id: which it is");
        return reader;
    }

    private static byte[] read(Reader reader, int maxBytes) throws StorageException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        Bytes part = reader.read(0, maxBytes);
        while (part.length() > 0) {
            all.writeBytes(part.toArray());
            assertTrue(part.length() <= maxBytes, "Reader.read: at most so many bytes");
            assertTrue(
                    part.length() == maxBytes || all.size() == reader.id().bytes(),
                    "Reader.read: fewer bytes come only at the end");
            part = reader.read(all.size(), maxBytes);
        }
        return all.toByteArray();
    }

    private static void assertContent(byte[] expected, byte[] found, String sentence) {
        assertEquals(expected.length, found.length, sentence + ": its length");
        assertEquals(-1, Arrays.mismatch(expected, found), sentence + ": the first byte that is wrong");
    }

    // ---- what was written ----

    @Test
    void a_snapshot_of_any_size_comes_back_as_it_was_written_also_in_the_next_life() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        long slot = 0;
        for (int bytes : SIZES) {
            slot += 10;
            byte[] content = content(slot, bytes);
            CRC32C checksum = new CRC32C();
            checksum.update(content);
            SnapshotStore store = started.storage().snapshots();

            SnapshotStore.Id id;
            try (Writer writer = written(store, GROUP, slot, content)) {
                assertEquals(bytes, writer.position(), "Writer.position: how many bytes were written");
                id = writer.commit();
            }
            SnapshotStore.Id expected = new SnapshotStore.Id(GROUP, slot, bytes, (int) checksum.getValue());
            assertEquals(expected, id, "Id: group, slot, length and CRC-32C of all bytes");
            assertEquals(id, store.latest(GROUP), "Writer.commit: afterwards it is what latest says");
            assertContent(content, read(store, id, 100_000), "Reader.read: what was written");

            started = bench.restart(started, place);
            store = started.storage().snapshots();
            assertEquals(id, store.latest(GROUP), "Writer.commit: makes it durable");
            assertContent(content, read(store, id, 1_000_003), "Reader.read: what was written, in the next life");
        }
    }

    @Test
    void it_is_read_from_any_place() throws Exception {
        SnapshotStore store = bench.start(newPlace()).storage().snapshots();
        byte[] content = content(1, 200_000);
        SnapshotStore.Id id = commit(store, GROUP, 1, content);
        SplittableRandom random = new SplittableRandom(1);
        try (Reader reader = opened(store, id)) {
            for (int i = 0; i < 200; i++) {
                int from = random.nextInt(content.length);
                int maxBytes = 1 + random.nextInt(100_000);
                assertContent(
                        Arrays.copyOfRange(content, from, Math.min(from + maxBytes, content.length)),
                        reader.read(from, maxBytes).toArray(),
                        "Reader.read: bytes from " + from + ", at most " + maxBytes);
            }
            assertEquals(0, reader.read(content.length, 10).length(), "Reader.read: empty at the end");
            assertEquals(0, reader.read(content.length + 100_000L, 10).length(), "Reader.read: empty behind the end");
            SnapshotStore.verify(reader);
        }
    }

    @Test
    void what_another_storage_writes_of_the_same_bytes_has_the_same_id() throws Exception {
        byte[] content = content(1, 100_000);
        assertEquals(
                commit(bench.start(newPlace()).storage().snapshots(), GROUP, 77, content),
                commit(bench.start(newPlace()).storage().snapshots(), GROUP, 77, content),
                "Id: says what is in a snapshot, not where it is, so that a copy is known to be one");
    }

    // ---- when it exists ----

    @Test
    void there_is_none_before_the_first_is_committed() throws Exception {
        SnapshotStore store = bench.start(newPlace()).storage().snapshots();
        assertNull(store.latest(GROUP), "latest: null if there is none");
        try (Writer writer = written(store, GROUP, 5, content(5, 100_000))) {
            assertNull(store.latest(GROUP), "Writer: it does not exist before commit");
            assertEquals(100_000, writer.position(), "Writer.position: how many bytes were written");
        }
        assertNull(store.latest(GROUP), "Writer.close: forgets it, unless it was committed");
        assertNull(store.open(new SnapshotStore.Id(GROUP, 5, 100_000, 0)), "open: null if it is not there");
    }

    @Test
    void one_that_is_given_up_leaves_the_older_one() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        byte[] content = content(5, 70_000);
        SnapshotStore.Id id = commit(started.storage().snapshots(), GROUP, 5, content);
        written(started.storage().snapshots(), GROUP, 9, content(9, 70_000)).close();
        Writer open = written(started.storage().snapshots(), GROUP, 10, content(10, 70_000));
        assertEquals(id, started.storage().snapshots().latest(GROUP), "Writer.close: forgets it");

        started = bench.restart(started, place);
        assertEquals(id, started.storage().snapshots().latest(GROUP), "Writer: not committed, it does not exist");
        assertContent(content, read(started.storage().snapshots(), id, 10_000), "Reader.read: what was written");
        refused(open::commit, "close: of the storage, nothing is taken afterwards");
        open.close();
        assertEquals(id, started.storage().snapshots().latest(GROUP), "Writer: of an earlier life, it does nothing");
    }

    @Test
    void the_newest_of_each_group_is_the_latest() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        SnapshotStore store = started.storage().snapshots();
        commit(store, GROUP, 5, content(5, 1_000));
        SnapshotStore.Id other = commit(store, OTHER_GROUP, 4, content(4, 2_000));
        SnapshotStore.Id newer = commit(store, GROUP, 1_000_000, content(6, 3_000));
        SnapshotStore.Id late = commit(store, GROUP, 7, content(7, 4_000));
        assertNotEquals(newer, late);
        assertEquals(newer, store.latest(GROUP), "latest: the newest, by its slot");
        assertEquals(other, store.latest(OTHER_GROUP), "latest: each group has its own");
        SnapshotStore.Id again = commit(store, GROUP, 1_000_000, content(8, 5_000));
        assertEquals(again, store.latest(GROUP), "Writer.commit: of two of the same slot the later one is the newer");

        store = bench.restart(started, place).storage().snapshots();
        assertEquals(again, store.latest(GROUP), "latest: the newest, in the next life");
        assertEquals(other, store.latest(OTHER_GROUP), "latest: each group has its own, in the next life");
        assertContent(content(4, 2_000), read(store, other, 999), "Reader.read: what was written");
    }

    @Test
    void one_that_is_being_read_stays_until_nobody_reads_it() throws Exception {
        SnapshotStore store = bench.start(newPlace()).storage().snapshots();
        byte[] content = content(5, 200_000);
        SnapshotStore.Id old = commit(store, GROUP, 5, content);
        Reader first = opened(store, old);
        Reader second = opened(store, old);
        SnapshotStore.Id next = commit(store, GROUP, 6, content(6, 100));

        assertEquals(next, store.latest(GROUP), "Writer.commit: afterwards it is what latest says");
        assertContent(content, read(first, 50_000), "Reader: a snapshot stays while it is open");
        first.close();
        first.close();
        assertContent(content, read(second, 50_000), "Reader: a snapshot stays while it is open by anybody");
        second.close();
        assertNull(store.open(old), "Writer.commit: older ones go as soon as nobody reads them");
        assertEquals(next, store.latest(GROUP), "Reader.close: takes only the old one away");
    }

    @Test
    void several_are_written_and_read_at_the_same_time() throws Exception {
        SnapshotStore store = bench.start(newPlace()).storage().snapshots();
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int group = 1; group <= 3; group++) {
                int mine = group;
                Callable<?> work = () -> {
                    for (int slot = 1; slot <= 10; slot++) {
                        byte[] content = content(100L * mine + slot, 30_000 * slot);
                        SnapshotStore.Id id = commit(store, mine, slot, content);
                        assertContent(content, read(store, id, 65_536), "SnapshotStore: used by any threads");
                    }
                    return null;
                };
                running.add(threads.submit(work));
            }
            for (Future<?> one : running) {
                one.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    // ---- what goes wrong ----

    @Test
    void a_crash_leaves_the_old_one_or_the_new_one_whole() throws Exception {
        for (int crash = 0; crash < CRASHES; crash++) {
            StoragePlace place = newPlace();
            Started started = bench.start(place);
            SnapshotStore store = started.storage().snapshots();
            byte[] content = content(crash, 20_000 * crash);
            SnapshotStore.Id id = commit(store, GROUP, 5, content);
            Writer unfinished = written(store, GROUP, 6, content(6, 10_000 * crash));
            assertTrue(unfinished.position() >= 0);

            started = bench.crash(started, place);
            assertEquals(
                    id, started.storage().snapshots().latest(GROUP), "Writer.commit: makes it durable, name and all");
            assertContent(content, read(started.storage().snapshots(), id, 65_536), "Writer.commit: makes it durable");
            started.storage().close();
        }
    }

    @Test
    void a_failure_concerns_this_snapshot_alone() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        DurableStorage storage = started.storage();
        SnapshotStore store = storage.snapshots();
        SnapshotStore.Id old = commit(store, GROUP, 5, content(5, 100_000));
        place.failNextSnapshot();

        StorageException failure = refused(
                () -> commit(store, GROUP, 6, content(6, 100_000)), "Writer: throws if it could not be written");
        assertEquals(Code.IO_FAILED, failure.code(), "StorageException.code: of a snapshot that was not written");
        assertEquals(old, store.latest(GROUP), "SnapshotStore: after a failure the older snapshot goes on");
        started.appendAndSync(sequence(GROUP, 1, 3, 50));
        SnapshotStore.Id next = commit(store, GROUP, 7, content(7, 100_000));
        assertEquals(next, store.latest(GROUP), "SnapshotStore: a failure does not concern the next snapshot");
        Started again = bench.restart(started, place);
        StoredRecord.assertSame(
                sequence(GROUP, 1, 3, 50), again.replayed(), "SnapshotStore: after a failure the journal goes on");
        assertEquals(next, again.storage().snapshots().latest(GROUP), "Writer.commit: makes it durable");
    }

    @Test
    void one_that_is_damaged_is_not_read_and_then_not_the_latest_any_more() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        SnapshotStore store = started.storage().snapshots();
        SnapshotStore.Id id = commit(store, GROUP, 5, content(5, 200_000));
        SnapshotStore.Id other = commit(store, OTHER_GROUP, 5, content(6, 200_000));
        place.damageSnapshot(GROUP);

        try (Reader reader = opened(store, id)) {
            StorageException found =
                    refused(() -> SnapshotStore.verify(reader), "verify: throws if it is not what was written");
            assertEquals(Code.DAMAGED, found.code(), "StorageException.code: of bytes that are not what was written");
        }
        StorageException none = refused(() -> store.latest(GROUP), "latest: throws if there are only damaged ones");
        assertEquals(Code.DAMAGED, none.code(), "StorageException.code: if there is a snapshot, but none whole");
        assertContent(content(6, 200_000), read(store, other, 65_536), "Reader.read: of another group");

        SnapshotStore.Id lower = commit(store, GROUP, 4, content(4, 100));
        assertEquals(lower, store.latest(GROUP), "latest: the newest that is whole");
        SnapshotStore.Id again = commit(store, GROUP, 5, content(7, 100));
        assertEquals(
                again,
                bench.restart(started, place).storage().snapshots().latest(GROUP),
                "Writer.commit: takes the damaged one of its slot away");
    }

    @Test
    void one_that_cannot_be_read_for_a_while_stays_and_is_the_latest_again_when_it_can() throws Exception {
        StoragePlace place = newPlace();
        Started started = bench.start(place);
        SnapshotStore store = started.storage().snapshots();
        byte[] content = content(5, 200_000);
        SnapshotStore.Id id = commit(store, GROUP, 5, content);
        assertNull(store.readAgain(GROUP), "readAgain: null if there is none to be tried");
        try (Reader reader = opened(store, id)) {
            place.failSnapshotReads(true);
            StorageException unread = refused(() -> SnapshotStore.verify(reader), "Reader.read: throws if it fails");
            assertEquals(
                    Code.IO_FAILED, unread.code(), "StorageException.code: a read that fails says nothing of damage");
        }
        StorageException none = refused(() -> store.latest(GROUP), "latest: throws if the newest cannot be read");
        assertEquals(Code.IO_FAILED, none.code(), "StorageException.code: of one that cannot be read");

        place.failSnapshotReads(false);
        SnapshotStore.Id older = commit(store, GROUP, 4, content(4, 100));
        assertEquals(older, store.latest(GROUP), "latest: passes over what could not be read until it was tried again");
        assertEquals(id, store.readAgain(GROUP), "readAgain: the newest that can be read again");
        assertEquals(id, store.latest(GROUP), "latest: it is whole as ever");
        assertContent(content, read(store, id, 65_536), "Reader.read: what was written");
        assertNull(store.readAgain(GROUP), "readAgain: null if there is none to be tried any more");
        assertEquals(
                id,
                bench.restart(started, place).storage().snapshots().latest(GROUP),
                "SnapshotStore: one that cannot be read for a while is not removed for an older one");
    }

    @Test
    void a_later_one_takes_the_place_of_one_that_cannot_be_read() throws Exception {
        StoragePlace place = newPlace();
        SnapshotStore store = bench.start(place).storage().snapshots();
        SnapshotStore.Id id = commit(store, GROUP, 5, content(5, 100_000));
        try (Reader reader = opened(store, id)) {
            place.failSnapshotReads(true);
            refused(() -> SnapshotStore.verify(reader), "Reader.read: throws if it fails");
        }
        place.failSnapshotReads(false);
        SnapshotStore.Id next = commit(store, GROUP, 6, content(6, 100));
        assertEquals(next, store.latest(GROUP), "Writer.commit: afterwards it is what latest says");
        assertNull(store.readAgain(GROUP), "Writer.commit: older ones go, those that could not be read too");
    }

    @Test
    void a_closed_storage_takes_and_reads_no_snapshot() throws Exception {
        Started started = bench.start(newPlace());
        SnapshotStore store = started.storage().snapshots();
        SnapshotStore.Id id = commit(store, GROUP, 5, content(5, 200_000));
        Reader reader = opened(store, id);
        Writer writer = written(store, GROUP, 6, content(6, 200_000));
        started.storage().close();

        refused(() -> writer.write(new byte[100_000], 0, 100_000), "close: nothing is taken any more");
        refused(() -> reader.read(0, 10), "close: nothing is read any more");
        refused(() -> store.create(GROUP, 7), "close: nothing is taken any more");
        refused(() -> store.latest(GROUP), "close: nothing is read any more");
        refused(() -> store.readAgain(GROUP), "close: nothing is read any more");
        refused(() -> store.open(id), "close: nothing is read any more");
        writer.close();
        reader.close();
    }
}
