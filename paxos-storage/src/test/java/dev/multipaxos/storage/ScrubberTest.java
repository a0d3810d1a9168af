package dev.multipaxos.storage;

import static dev.multipaxos.storage.Snapshots.commit;
import static dev.multipaxos.storage.Snapshots.content;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.spi.DurableStorage.DamageListener;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Stored;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What lies on the disk is read again, and what is wrong with it is told before anybody needs it. */
@Timeout(120)
class ScrubberTest {

    private final MemoryDisk disk = new MemoryDisk();
    private final FileStorage storage = Fixture.on(disk);
    private final Heard heard = new Heard();

    /** Notes what it is told. */
    private static final class Heard implements DamageListener {
        final List<String> places = new ArrayList<>();
        final List<Long> positions = new ArrayList<>();
        final List<SnapshotStore.Id> snapshots = new ArrayList<>();

        @Override
        public void journalDamaged(String where, long upTo) {
            places.add(where);
            positions.add(upTo);
        }

        @Override
        public void snapshotDamaged(SnapshotStore.Id id) {
            snapshots.add(id);
        }

        boolean nothing() {
            return places.isEmpty() && snapshots.isEmpty();
        }
    }

    /** Four segments, the last one being written, and a snapshot. */
    @BeforeEach
    void start() throws StorageException {
        storage.watch(heard);
        Fixture.start(storage);
        for (int slot = 1; disk.journals().size() < 4 + 1; slot++) { // and one made in advance
            Stored.of(1, slot, 900).appendTo(storage);
            storage.sync();
        }
        commit(storage, 1, 5, content(5, 600_000));
    }

    @AfterEach
    void close() {
        storage.close();
    }

    /** {@return how many steps it took} */
    private int round() {
        int steps = 1;
        while (storage.scrubStep()) {
            steps++;
        }
        return steps;
    }

    private List<String> sealed() {
        return disk.journals().stream()
                .filter(name -> {
                    SegmentHeader header = header(name);
                    return header != null && disk.journals().stream().anyMatch(other -> follows(other, header));
                })
                .toList();
    }

    private boolean follows(String name, SegmentHeader header) {
        SegmentHeader next = header(name);
        return next != null && next.previousSegment() == header.segment();
    }

    private @Nullable SegmentHeader header(String name) {
        try {
            return SegmentHeader.read(disk.open(name, false), name);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private int end(String name) {
        SegmentHeader header = Objects.requireNonNull(header(name));
        return disk.journals().stream()
                .filter(other -> follows(other, header))
                .mapToInt(other -> Objects.requireNonNull(header(other)).previousEnd())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void what_is_sound_is_read_to_its_end_and_nothing_is_said() {
        assertThat(sealed()).hasSize(3);
        assertThat(round()).isGreaterThan(3 * 2 + 600_000 / Scrubber.STEP_BYTES);
        assertThat(round()).isGreaterThan(3 * 2);
        assertThat(heard.nothing()).isTrue();
    }

    @Test
    void damage_to_a_segment_that_was_left_is_found_and_the_position_behind_it_told() {
        for (String name : sealed()) {
            SegmentHeader header = Objects.requireNonNull(header(name));
            byte[] bytes = disk.bytes(name);
            for (int at = SegmentHeader.BYTES; at < end(name); at += 61) {
                bytes[at] ^= 4;
                round();
                bytes[at] ^= 4;
                assertThat(heard.places).as("byte " + at).hasSize(1);
                assertThat(heard.places.get(0)).contains(name).contains("offset ");
                assertThat(heard.positions).containsExactly(header.logicalStart() + end(name) - SegmentHeader.BYTES);
                heard.places.clear();
                heard.positions.clear();
            }
        }
        assertThat(heard.snapshots).isEmpty();
    }

    @Test
    void both_copies_of_a_header_and_a_file_that_was_cut_are_found() {
        String name = sealed().get(0);
        byte[] before = disk.bytes(name).clone();
        disk.bytes(name)[20] ^= 1;
        disk.bytes(name)[SegmentHeader.COPY_BYTES + 20] ^= 1;
        round();
        assertThat(heard.places).hasSize(1);
        disk.put(name, Arrays.copyOf(before, halfOf(before)));
        round();
        assertThat(heard.places).hasSize(2);
    }

    private static int halfOf(byte[] bytes) {
        return SegmentHeader.BYTES + (bytes.length - SegmentHeader.BYTES) / 2;
    }

    @Test
    void the_segment_that_is_being_written_is_not_touched() throws Exception {
        List<String> sealed = sealed();
        for (String name : disk.journals()) {
            if (!sealed.contains(name)) {
                disk.bytes(name)[SegmentHeader.BYTES + 100] ^= 1;
            }
        }
        round();
        assertThat(heard.nothing()).isTrue();
    }

    @Test
    void damage_to_a_snapshot_is_found_and_it_is_not_the_latest_any_more() throws Exception {
        SnapshotStore.Id id = Objects.requireNonNull(storage.snapshots().latest(1));
        String file = snapshots(disk).get(0);
        disk.bytes(file)[500_000] ^= 1;
        round();
        assertThat(heard.snapshots).containsExactly(id);
        assertThat(heard.places).isEmpty();
        assertThatThrownBy(() -> storage.snapshots().latest(1))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.code()).isEqualTo(Code.DAMAGED));

        commit(storage, 1, 5, content(6, 100));
        heard.snapshots.clear();
        round();
        assertThat(heard.nothing()).isTrue();
    }

    @Test
    void a_snapshot_that_is_replaced_while_it_is_read_goes_with_the_next_step() throws Exception {
        MemoryDisk empty = new MemoryDisk();
        try (FileStorage other = Fixture.on(empty)) {
            other.watch(heard);
            Fixture.start(other);
            commit(other, 1, 5, content(5, 600_000));
            assertThat(other.scrubStep()).isTrue();
            commit(other, 1, 6, content(6, 600_000));
            assertThat(snapshots(empty)).hasSize(2);
            assertThat(other.scrubStep()).isFalse();
            assertThat(snapshots(empty)).hasSize(1);
        }
        assertThat(heard.nothing()).isTrue();
    }

    private static List<String> snapshots(MemoryDisk disk) {
        return disk.list().stream().filter(name -> name.endsWith(".snap")).toList();
    }

    @Test
    void files_that_are_deleted_under_it_are_no_damage() {
        List<String> sealed = sealed();
        storage.scrubStep(); // the first one is open
        sealed.forEach(disk::remove);
        snapshots(disk).forEach(disk::remove);
        round();
        round();
        assertThat(heard.nothing()).isTrue();
    }

    @Test
    void it_reads_no_faster_than_it_may_and_waits_between_two_rounds() throws Exception {
        Duration interval = Duration.ofHours(7);
        Scrubber.Schedule schedule = new Scrubber.Schedule(1000, interval);
        List<Long> pauses = new ArrayList<>();
        SlotIndex index = new SlotIndex();
        try (FileStorage other = Fixture.on(new MemoryDisk())) {
            Fixture.start(other);
            FileSnapshots snapshots = (FileSnapshots) other.snapshots();
            byte[] content = content(1, 1_000_000);
            commit(other, 1, 1, content);
            Owner owner = new Owner(Fixture.NODE, 1, Fixture.FOUNDING);
            try (Scrubber scrubber = new Scrubber(disk, index, snapshots, owner, heard)) {
                scrubber.run(schedule, nanos -> {
                    pauses.add(nanos);
                    return pauses.size() < 7;
                });
            }
        }
        assertThat(pauses.get(0)).isEqualTo(interval.toNanos());
        assertThat(pauses.subList(1, 5).stream().mapToLong(Long::longValue).sum())
                .isEqualTo(Duration.ofSeconds(1_000_000 / 1000).toNanos());
        assertThat(pauses.get(5)).isEqualTo(interval.toNanos());
        assertThat(pauses.get(6))
                .isEqualTo(Duration.ofMillis(Scrubber.STEP_BYTES).toNanos());
    }

    @Test
    void its_thread_finds_damage_on_a_real_disk_while_records_are_appended(@TempDir Path directory) throws Exception {
        CountDownLatch found = new CountDownLatch(1);
        List<String> where = new ArrayList<>();
        try (FileStorage real = FileStorage.at(directory)
                .withSegmentBytes(Fixture.SEGMENT_BYTES)
                .withScrub(Long.MAX_VALUE / 2, Duration.ofMillis(1))) {
            real.watch(new DamageListener() {
                @Override
                public void journalDamaged(String place, long upTo) {
                    where.add(place);
                    found.countDown();
                }

                @Override
                public void snapshotDamaged(SnapshotStore.Id id) {
                    where.add(id.toString());
                }
            });
            Fixture.start(real);
            int slot = 1;
            for (; slot < 200; slot++) {
                Stored.of(1, slot, 900).appendTo(real);
                real.sync();
                commit(real, 1, slot, content(slot, 1000));
            }
            assertThat(where).isEmpty();
            Path first = first(directory);
            byte[] bytes = Files.readAllBytes(first);
            bytes[SegmentHeader.BYTES + 200] ^= 1;
            Files.write(first, bytes);
            while (!found.await(1, TimeUnit.MILLISECONDS)) {
                Stored.of(1, slot++, 10).appendTo(real);
                real.sync();
            }
            assertThat(where.get(0)).contains(first.toString());
        }
    }

    private static Path first(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                if (!Segment.isName(file.getFileName().toString())) {
                    continue; // a snapshot may go meanwhile
                }
                byte[] bytes = Files.readAllBytes(file);
                if (ByteBuffer.wrap(bytes).getLong(48) == 0
                        && ByteBuffer.wrap(bytes).getLong(0) != 0) {
                    return file;
                }
            }
        }
        throw new AssertionError("no first segment");
    }

    @Test
    void a_close_does_not_wait_for_a_pause_and_leaves_no_thread(@TempDir Path directory) throws Exception {
        FileStorage real = FileStorage.at(directory).withScrub(1, Duration.ofDays(1));
        Fixture.start(real);
        commit(real, 1, 1, content(1, 600_000));
        assertThat(scrubbers()).isEqualTo(1);
        real.close();
        assertThat(scrubbers()).isZero();

        FileStorage slow = FileStorage.at(directory).withScrub(1, Duration.ofNanos(1));
        Fixture.start(slow);
        slow.close(); // a step of 256 KiB is followed by a pause of three days
        assertThat(scrubbers()).isZero();
    }

    @Test
    void it_can_be_switched_off_and_nonsense_is_refused(@TempDir Path directory) throws Exception {
        try (FileStorage real = FileStorage.at(directory).withScrub(0, Duration.ofDays(1))) {
            Fixture.start(real);
            assertThat(scrubbers()).isZero();
        }
        FileStorage any = FileStorage.at(directory);
        assertThatThrownBy(() -> any.withScrub(-1, Duration.ofDays(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> any.withScrub(1, Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    private static long scrubbers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("paxos-storage-scrub"))
                .count();
    }
}
