package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static dev.multipaxos.storage.Fixture.on;
import static dev.multipaxos.storage.Fixture.start;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.Identity;
import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FileStorageTest {

    @Test
    void what_was_appended_comes_back_in_order() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        List<Stored> written = new ArrayList<>();
        try (FileStorage storage = on(disk)) {
            assertThat(start(storage)).isEmpty();
            for (int slot = 1; slot <= 10; slot++) {
                Stored record = Stored.of(1 + slot % 3, slot, slot * 13);
                record.appendTo(storage);
                written.add(record);
                if (slot % 4 == 0) {
                    storage.sync();
                }
            }
            storage.sync();
        }
        assertThat(Fixture.contents(disk)).isEqualTo(written);
    }

    @Test
    void what_was_not_synced_is_not_written() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            int writes = disk.writes;
            Stored.of(1, 1, 100).appendTo(storage);
            assertThat(disk.writes).isEqualTo(writes);
        }
        assertThat(Fixture.contents(disk)).isEmpty();
    }

    @Test
    void a_sync_is_one_write_and_one_force_whatever_was_appended() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage =
                FileStorage.on(disk, Runnable::run, Fixture.ids(1)).withSegmentBytes(4 << 20)) {
            start(storage);
            int writes = disk.writes;
            int forces = disk.forces;
            for (int slot = 1; slot <= 1000; slot++) {
                Stored.of(1, slot, 1000).appendTo(storage);
            }
            storage.sync();
            assertThat(disk.writes - writes).isEqualTo(1);
            assertThat(disk.forces - forces).isEqualTo(1);
            storage.sync();
            assertThat(disk.forces - forces).isEqualTo(1);
        }
    }

    @Test
    void a_mark_follows_the_last_batch_once() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            int forces = disk.forces;
            storage.idle();
            assertThat(disk.forces).isEqualTo(forces);
            Stored.of(1, 1, 100).appendTo(storage);
            storage.sync();
            storage.idle();
            storage.idle();
            assertThat(disk.forces).isEqualTo(forces + 2);
        }
    }

    @Test
    void many_small_segments_and_many_starts() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        List<Stored> written = new ArrayList<>();
        long position = 0;
        long storageId = 0;
        for (int boot = 1; boot <= 12; boot++) {
            try (FileStorage storage = on(disk)) {
                Identity identity = storage.open(NODE, FOUNDING);
                assertThat(identity.bootCount()).isEqualTo(boot);
                assertThat(identity.formatted()).isEqualTo(boot == 1);
                assertThat(identity.storageId()).isNotZero();
                storageId = boot == 1 ? identity.storageId() : storageId;
                assertThat(identity.storageId()).isEqualTo(storageId);
                assertThat(Fixture.replay(storage)).isEqualTo(written);
                assertThat(storage.durablePosition()).isGreaterThanOrEqualTo(position);
                for (int i = 0; i < 20; i++) {
                    Stored record = Stored.of(1, written.size() + 1, 700);
                    record.appendTo(storage);
                    written.add(record);
                    storage.sync();
                    assertThat(storage.durablePosition()).isGreaterThan(position);
                    position = storage.durablePosition();
                }
            }
        }
        assertThat(disk.journals().size()).isGreaterThan(15);
    }

    @Test
    void a_record_larger_than_a_segment_gets_one_of_its_own_size() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        List<Stored> written = List.of(Stored.of(1, 1, 10), Stored.of(1, 2, 100_000), Stored.of(1, 3, 10));
        try (FileStorage storage = on(disk)) {
            start(storage);
            for (Stored record : written) {
                record.appendTo(storage);
            }
            storage.sync();
        }
        assertThat(Fixture.contents(disk)).isEqualTo(written);
    }

    @Test
    void short_writes_go_on_where_they_stopped() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        disk.writeBytesMax = 1000;
        List<Stored> written = new ArrayList<>();
        try (FileStorage storage = on(disk)) {
            start(storage);
            for (int slot = 1; slot <= 40; slot++) {
                written.add(Stored.of(1, slot, 1500));
                written.get(slot - 1).appendTo(storage);
                if (slot % 3 == 0) {
                    storage.sync();
                }
            }
            storage.sync();
        }
        assertThat(Fixture.contents(disk)).isEqualTo(written);
    }

    @Test
    void a_failed_force_is_final() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        Stored first = Stored.of(1, 1, 100);
        try (FileStorage storage = on(disk)) {
            start(storage);
            first.appendTo(storage);
            storage.sync();
            long position = storage.durablePosition();
            Stored.of(1, 2, 100).appendTo(storage);
            disk.forcesFailFrom = disk.forces;
            disk.forcesFailTo = disk.forces + 1;
            mustStayFailed(storage, disk);
            assertThat(storage.durablePosition()).isEqualTo(position);
            assertThat(read(storage, 1, 10, 1000)).containsExactly(first);
        }
    }

    @Test
    void a_failed_write_is_final() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            Stored.of(1, 1, 100).appendTo(storage);
            disk.writesFailFrom = disk.writes;
            disk.writesFailTo = disk.writes + 1;
            mustStayFailed(storage, disk);
        }
        assertThat(Fixture.contents(disk)).isEmpty();
    }

    private static void mustStayFailed(FileStorage storage, MemoryDisk disk) {
        StorageException failure = failureOf(storage::sync);
        assertThat(failure.code()).isEqualTo(StorageException.Code.IO_FAILED);
        int operations = disk.operations;
        assertThat(failureOf(storage::sync)).isSameAs(failure);
        assertThat(failureOf(storage::idle)).isSameAs(failure);
        assertThat(failureOf(() -> Stored.of(1, 3, 100).appendTo(storage))).isSameAs(failure);
        assertThat(disk.operations).as("nothing is tried again").isEqualTo(operations);
    }

    @Test
    void an_error_of_the_machine_is_final_too() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            Stored.of(1, 1, 100).appendTo(storage);
            disk.nextForceThrows = new OutOfMemoryError("no memory outside the heap");
            mustStayFailed(storage, disk);
        }
        assertThat(Fixture.contents(disk).size()).isLessThanOrEqualTo(1);
    }

    @Test
    void a_start_that_failed_stays_failed() throws Exception {
        MemoryDisk disk = Fixture.written(List.of(List.of(Stored.of(1, 1, 100))));
        try (FileStorage storage = on(disk)) {
            storage.open(NODE, FOUNDING);
            disk.forcesFailFrom = disk.forces + 1; // of the mark behind what was found
            disk.forcesFailTo = disk.forces + 2;
            StorageException failure = failureOf(() -> Fixture.replay(storage));
            assertThat(failure.code()).isEqualTo(StorageException.Code.IO_FAILED);
            assertThat(failureOf(() -> Fixture.replay(storage))).isSameAs(failure);
            mustStayFailed(storage, disk);
        }
    }

    @Test
    void a_rotation_that_failed_leaves_no_file_open() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            Stored.of(1, 1, 7000).appendTo(storage);
            storage.sync();
            disk.writesFailFrom = disk.writes;
            disk.writesFailTo = disk.writes + 1;
            assertThat(failureOf(() -> Stored.of(1, 2, 7000).appendTo(storage)).code())
                    .isEqualTo(StorageException.Code.IO_FAILED);
        }
        assertThat(disk.openFiles).isZero();
    }

    @Test
    void readers_keep_few_files_open() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            int before = disk.openFiles;
            for (int slot = 1; slot <= 100; slot++) {
                Stored.of(1, slot, 7000).appendTo(storage);
            }
            storage.sync();
            assertThat(disk.journals().size()).isGreaterThanOrEqualTo(100);
            for (int slot = 1; slot <= 100; slot++) {
                assertThat(read(storage, slot, slot, 1)).containsExactly(Stored.of(1, slot, 7000));
            }
            assertThat(read(storage, 1, 100, 1 << 20)).hasSize(100);
            assertThat(disk.openFiles - before).isLessThanOrEqualTo(10);
        }
        assertThat(disk.openFiles).isZero();
    }

    private static StorageException failureOf(ThrowingCallable call) {
        return catchThrowableOfType(StorageException.class, call);
    }

    @Test
    void a_segment_that_cannot_be_made_in_advance_is_made_when_needed() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        List<Runnable> later = new ArrayList<>();
        List<Stored> written = new ArrayList<>();
        try (FileStorage storage =
                FileStorage.on(disk, later::add, Fixture.ids(3)).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            start(storage);
            while (later.isEmpty()) {
                written.add(Stored.of(1, written.size() + 1, 500));
                written.get(written.size() - 1).appendTo(storage);
                storage.sync();
            }
            disk.writesFailFrom = disk.writes;
            disk.writesFailTo = disk.writes + 1;
            later.get(0).run();
            assertThat(disk.journals()).hasSize(1);
            for (int i = 0; i < 12; i++) {
                written.add(Stored.of(1, written.size() + 1, 500));
                written.get(written.size() - 1).appendTo(storage);
                storage.sync();
            }
            assertThat(disk.journals().size()).isGreaterThan(1);
            later.subList(1, later.size()).forEach(Runnable::run);
        }
        assertThat(Fixture.contents(disk)).isEqualTo(written);
    }

    @Test
    void a_segment_that_cannot_be_made_in_advance_is_not_tried_again_before_it_is_needed() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        List<Runnable> later = new ArrayList<>();
        try (FileStorage storage =
                FileStorage.on(disk, later::add, Fixture.ids(3)).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            start(storage);
            while (later.isEmpty()) {
                Stored.of(1, 1, 500).appendTo(storage);
                storage.sync();
            }
            disk.writesFailFrom = disk.writes;
            disk.writesFailTo = disk.writes + 1;
            later.get(0).run();
            Stored.of(1, 2, 10).appendTo(storage);
            storage.sync();
            assertThat(later).hasSize(1);
            for (int slot = 3; slot < 30; slot++) {
                Stored.of(1, slot, 500).appendTo(storage);
                storage.sync();
            }
            assertThat(later).as("after the next one was needed").hasSizeGreaterThan(1);
        }
    }

    @Test
    void a_slot_is_read_with_every_record_it_has() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            for (int slot = 1; slot <= 300; slot++) {
                Stored.of(1, slot, 600).appendTo(storage);
                storage.sync();
            }
            Stored again = Stored.of(1, 5, 700);
            again.appendTo(storage);
            Stored.of(2, 5, 700).appendTo(storage);
            assertThat(read(storage, 5, 5, 1 << 20)).containsExactly(Stored.of(1, 5, 600));
            storage.sync();
            assertThat(read(storage, 5, 5, 1 << 20)).containsExactly(Stored.of(1, 5, 600), again);
            assertThat(read(storage, 4, 6, 1 << 20))
                    .containsExactly(Stored.of(1, 4, 600), Stored.of(1, 5, 600), Stored.of(1, 6, 600), again);
        }
        try (FileStorage storage = on(disk)) {
            start(storage);
            assertThat(read(storage, 5, 5, 1)).hasSize(2);
        }
    }

    @Test
    void a_read_stops_when_it_has_enough_and_says_where() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            for (int slot = 1; slot <= 500; slot++) {
                Stored.of(1, slot, 1000).appendTo(storage);
                if (slot % 7 == 0) {
                    storage.sync();
                }
            }
            storage.sync();
            List<Stored> found = new ArrayList<>();
            assertThat(storage.read(1, 10, 499, 5000, collect(found))).isEqualTo(14);
            assertThat(found).hasSize(5);
            assertThat(storage.read(1, 10, 12, 5000, collect(found))).isEqualTo(12);
            assertThat(storage.read(1, 600, 700, 5000, collect(found))).isLessThan(600);
            assertThat(storage.read(9, 1, 700, 5000, collect(found))).isLessThan(1);
            assertThat(storage.read(1, 500, Long.MAX_VALUE, 0, collect(found))).isEqualTo(500);
        }
    }

    @Test
    void a_random_workload_equals_its_model_and_reads_equal_it_too() throws Exception {
        for (long seed = 1; seed <= 30; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            MemoryDisk disk = new MemoryDisk();
            disk.writeBytesMax = random.nextBoolean() ? Integer.MAX_VALUE : 777;
            List<Stored> model = new ArrayList<>();
            for (int boot = 0; boot < 4; boot++) {
                try (FileStorage storage = on(disk)) {
                    assertThat(start(storage)).as("seed %d", seed).isEqualTo(model);
                    workload(storage, model, random);
                    checkReads(storage, model, random, seed);
                }
            }
        }
    }

    private static void workload(FileStorage storage, List<Stored> model, SplittableRandom random) throws IOException {
        int steps = random.nextInt(150);
        for (int i = 0; i < steps; i++) {
            long from = random.nextInt(5) == 0 ? 0 : 1 + random.nextLong(200);
            long to = from == 0 ? 0 : from + (random.nextInt(10) == 0 ? random.nextLong(5) : 0);
            byte[] body = new byte[random.nextInt(random.nextInt(20) == 0 ? 30_000 : 800)];
            random.nextBytes(body);
            Stored record = new Stored(1 + random.nextInt(20), 1 + random.nextInt(255), from, to, Bytes.wrap(body));
            record.appendTo(storage);
            model.add(record);
            if (random.nextInt(3) == 0) {
                storage.sync();
            }
            if (random.nextInt(10) == 0) {
                storage.idle();
            }
        }
        storage.sync();
    }

    private static void checkReads(FileStorage storage, List<Stored> model, SplittableRandom random, long seed)
            throws IOException {
        for (int i = 0; i < 20; i++) {
            int group = 1 + random.nextInt(20);
            long from = 1 + random.nextLong(200);
            long to = from + random.nextLong(200);
            List<Stored> found = new ArrayList<>();
            long last = storage.read(group, from, to, random.nextInt(20_000), collect(found));
            List<Stored> expected = model.stream()
                    .filter(record -> record.group() == group
                            && record.slotTo() >= from
                            && record.slotFrom() <= last
                            && record.slotTo() != 0)
                    .toList();
            assertThat(found).as("seed %d, read %d", seed, i).isEqualTo(expected);
            boolean any = model.stream()
                    .anyMatch(record -> record.group() == group
                            && record.slotTo() >= from
                            && record.slotFrom() <= to
                            && record.slotTo() != 0);
            assertThat(last >= from).as("seed %d, read %d", seed, i).isEqualTo(any);
        }
    }

    @Test
    void bad_arguments_are_refused_and_change_nothing() throws Exception {
        assertThatThrownBy(() -> on(new MemoryDisk()).withSegmentBytes(5000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5000");
        try (FileStorage storage = on(new MemoryDisk())) {
            assertThatThrownBy(() -> storage.append(1, 1, 0, 0, 1, 1, Bytes.EMPTY, Bytes.EMPTY))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> storage.open(0, FOUNDING)).isInstanceOf(IllegalArgumentException.class);
            start(storage);
            assertThatThrownBy(() -> storage.append(0, 1, 0, 0, 1, 1, Bytes.EMPTY, Bytes.EMPTY))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> storage.append(1, 256, 0, 0, 1, 1, Bytes.EMPTY, Bytes.EMPTY))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> storage.append(1, 1, 5, 4, 1, 1, Bytes.EMPTY, Bytes.EMPTY))
                    .isInstanceOf(IllegalArgumentException.class);
            Stored.of(1, 1, 1).appendTo(storage);
            storage.sync();
        }
    }

    @Test
    void a_visitor_that_cannot_read_a_record_stops_the_start_and_names_it() throws Exception {
        MemoryDisk disk = Fixture.written(List.of(List.of(Stored.of(1, 1, 10))));
        try (FileStorage storage = on(disk)) {
            storage.open(NODE, FOUNDING);
            assertThatThrownBy(() -> storage.replay((group, kind, from, to, body) -> {
                        throw new IOException("kind 2 is new to me");
                    }))
                    .isInstanceOf(StorageException.class)
                    .hasMessageContaining("journal-")
                    .hasMessageContaining("offset")
                    .hasMessageContaining("kind 2 is new to me");
        }
    }

    private static List<Stored> read(FileStorage storage, long from, long to, long maxBytes) throws IOException {
        List<Stored> found = new ArrayList<>();
        storage.read(1, from, to, maxBytes, collect(found));
        return found;
    }

    private static RecordVisitor collect(List<Stored> found) {
        return (group, kind, from, to, body) -> found.add(new Stored(group, kind, from, to, body));
    }
}
