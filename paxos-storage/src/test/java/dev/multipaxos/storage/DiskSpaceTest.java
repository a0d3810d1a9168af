package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.SEGMENT_BYTES;
import static dev.multipaxos.storage.Fixture.start;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DiskSpace.Level;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that fills, and is freed. */
class DiskSpaceTest {

    private static final int RECORD_BYTES = 1_000;

    private final MemoryDisk disk = new MemoryDisk();
    private final List<Stored> synced = new ArrayList<>();

    private void write(FileStorage storage) throws StorageException {
        Stored record = Stored.of(1, synced.size() + 1L, RECORD_BYTES);
        record.appendTo(storage);
        storage.sync();
        synced.add(record);
    }

    /** Lets so many more bytes fit. */
    private void leave(long bytes) {
        disk.capacity = disk.used() + bytes;
    }

    private static void idle(FileStorage storage, int times) throws StorageException {
        for (int i = 0; i < times; i++) {
            storage.idle();
        }
    }

    @Test
    void a_disk_that_fills_is_low_then_full_and_is_well_again_half_way_back() throws StorageException {
        leave(1_000_000);
        try (FileStorage storage = Fixture.on(disk).withSpaceWatermarks(400_000, 200_000)) {
            start(storage);
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
            assertThat(storage.space().usableBytes()).isEqualTo(disk.usableBytes());

            leave(399_999);
            storage.idle();
            assertThat(storage.space()).isEqualTo(new DiskSpace(Level.LOW, 399_999));
            leave(199_999);
            storage.idle();
            assertThat(storage.space()).isEqualTo(new DiskSpace(Level.FULL, 199_999));
            assertThat(storage.space().isFull()).isTrue();

            leave(299_999);
            storage.idle();
            assertThat(storage.space().level()).isEqualTo(Level.FULL);
            leave(300_000);
            storage.idle();
            assertThat(storage.space().level()).isEqualTo(Level.LOW);
            leave(400_000);
            storage.idle();
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
        }
    }

    @Test
    void the_room_is_looked_at_while_a_segment_is_filled() throws StorageException {
        try (FileStorage storage = Fixture.on(disk)) {
            start(storage);
            leave(3 * SEGMENT_BYTES);
            for (int i = 0; i < 3; i++) {
                write(storage);
            }
            assertThat(storage.space().isFull()).isTrue();
        }
    }

    @Test
    void a_start_on_a_full_disk_says_so() throws StorageException {
        try (FileStorage storage = Fixture.on(disk)) {
            start(storage);
            write(storage);
        }
        leave(2 * SEGMENT_BYTES);
        try (FileStorage storage = Fixture.on(disk)) {
            assertThat(start(storage)).isEqualTo(synced);
            assertThat(storage.space().isFull()).isTrue();
        }
    }

    @Test
    void a_next_segment_that_cannot_be_made_means_full_while_there_is_room_in_the_one_in_use() throws StorageException {
        try (FileStorage storage = Fixture.on(disk).withSpaceWatermarks(2, 1)) {
            start(storage);
            leave(SEGMENT_BYTES - 1);
            while (!storage.space().isFull()) {
                write(storage);
            }
            assertThat(disk.journals()).hasSize(1);
            write(storage);
            write(storage);

            disk.capacity = Long.MAX_VALUE;
            storage.idle();
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
            assertThat(disk.journals()).hasSize(2);
            for (int i = 0; i < 30; i++) {
                write(storage);
            }
        }
        assertThat(Fixture.contents(disk)).isEqualTo(synced);
    }

    /** It is taken over while another one is being made. */
    @Test
    void a_next_segment_that_cannot_be_made_is_no_want_where_a_trimmed_one_is_there() throws StorageException {
        Queue<Runnable> background = new ArrayDeque<>();
        try (FileStorage storage = FileStorage.on(disk, background::add, disk.ids::nextLong)
                .withSegmentBytes(SEGMENT_BYTES)
                .withSpaceWatermarks(2, 1)) {
            start(storage);
            while (disk.journals().size() < 4) {
                write(storage);
                while (!background.isEmpty()) {
                    background.remove().run();
                }
            }
            while (background.isEmpty()) {
                write(storage);
            }
            Runnable make = background.remove();
            storage.trim(1, 100, storage.durablePosition(), 0);
            disk.beforeNextSegment = background.remove();
            make.run();
            assertThat(disk.spares()).isNotEmpty();
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
            storage.idle();
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
        }
    }

    @Test
    void what_a_quota_has_refused_is_tried_again_now_and_then() throws StorageException {
        try (FileStorage storage = Fixture.on(disk).withSpaceWatermarks(2, 1)) {
            start(storage);
            while (!storage.space().isFull()) {
                disk.writesFailFrom = disk.writes + 1; // what comes behind the batch: the next segment
                disk.writesFailTo = disk.writes + 2;
                write(storage);
            }
            idle(storage, 1);
            int writes = disk.writes;
            idle(storage, 10);
            assertThat(disk.writes).isEqualTo(writes);

            disk.writesFailFrom = Integer.MAX_VALUE;
            idle(storage, 10);
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
        }
    }

    /** With a spare ready and nothing else left there is room for the rest of two segments, and then for the reserve. */
    private FileStorage withSpareAndReserve() throws StorageException {
        FileStorage storage = Fixture.on(disk).withSpaceWatermarks(2, 1);
        start(storage);
        while (disk.journals().size() < 2 || !disk.list().contains(Reserve.FILE)) {
            write(storage);
        }
        return storage;
    }

    @Test
    void a_journal_on_a_disk_without_any_room_goes_on_in_the_spare_and_then_in_the_reserve() throws StorageException {
        try (FileStorage storage = withSpareAndReserve()) {
            leave(0);
            while (disk.list().contains(Reserve.FILE)) {
                write(storage);
            }
            assertThat(disk.journals()).hasSize(3);
            assertThat(storage.space().isFull()).isTrue();
            write(storage);
        }
        assertThat(Fixture.contents(disk)).isEqualTo(synced);
    }

    @Test
    void the_reserve_is_made_again_when_there_is_room() throws StorageException {
        try (FileStorage storage = withSpareAndReserve()) {
            leave(0);
            while (disk.list().contains(Reserve.FILE)) {
                write(storage);
            }
            disk.capacity = Long.MAX_VALUE;
            storage.idle();
            assertThat(disk.list()).contains(Reserve.FILE);
            assertThat(storage.space().level()).isEqualTo(Level.PLENTY);
        }
    }

    @Test
    void a_node_starts_again_on_a_disk_without_any_room() throws StorageException {
        withSpareAndReserve().close();
        leave(0);
        for (int i = 0; i < 3; i++) {
            try (FileStorage storage = Fixture.on(disk).withSpaceWatermarks(2, 1)) {
                assertThat(start(storage)).isEqualTo(synced);
                write(storage);
            }
        }
    }

    @Test
    void when_all_of_it_is_used_up_the_storage_fails_and_what_was_synced_is_there() throws StorageException {
        try (FileStorage storage = withSpareAndReserve()) {
            leave(0);
            assertThatThrownBy(() -> {
                        while (true) {
                            write(storage);
                        }
                    })
                    .isInstanceOfSatisfying(
                            StorageException.class,
                            e -> assertThat(e.code()).isEqualTo(StorageException.Code.IO_FAILED))
                    .hasMessageContaining("no space left");
        }
        disk.capacity = Long.MAX_VALUE;
        assertThat(Fixture.contents(disk)).startsWith(synced.toArray(Stored[]::new));
    }

    @Test
    void a_reserve_of_another_size_is_made_anew() throws StorageException {
        withSpareAndReserve().close();
        int size = disk.bytes(Reserve.FILE).length;
        disk.put(Reserve.FILE, new byte[10]);
        try (FileStorage storage = withSpareAndReserve()) {
            assertThat(disk.bytes(Reserve.FILE)).hasSize(size);
            storage.idle();
        }
    }

    @Test
    void a_reserve_that_was_not_finished_goes_at_the_next_start() throws StorageException {
        withSpareAndReserve().close();
        disk.put(Reserve.FILE + CopiedFile.TEMPORARY, new byte[10]);
        assertThat(Fixture.contents(disk)).isEqualTo(synced);
        assertThat(disk.list()).doesNotContain(Reserve.FILE + CopiedFile.TEMPORARY);
    }

    @Test
    void watermarks_are_checked() {
        FileStorage storage = Fixture.on(disk);
        assertThatThrownBy(() -> storage.withSpaceWatermarks(5, 5)).hasMessageContaining("must be above it");
        assertThatThrownBy(() -> storage.withSpaceWatermarks(5, 0)).hasMessageContaining("must be positive");
    }

    @Test
    void a_file_system_says_how_much_room_there_is(@TempDir Path directory) throws StorageException {
        try (FileStorage storage = FileStorage.at(directory.resolve("new")).withSegmentBytes(SEGMENT_BYTES)) {
            start(storage);
            storage.idle();
            assertThat(storage.space().usableBytes()).isBetween(1L, Long.MAX_VALUE - 1);
        }
    }
}
