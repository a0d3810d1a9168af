package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static dev.multipaxos.storage.Snapshots.commit;
import static dev.multipaxos.storage.Snapshots.content;
import static dev.multipaxos.storage.Snapshots.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Stored;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the directory holds of snapshots, when, and what becomes of it when the disk fails. */
class FileSnapshotsTest {

    private MemoryDisk disk = new MemoryDisk();
    private FileStorage storage = Fixture.on(disk);

    @BeforeEach
    void start() throws StorageException {
        Fixture.start(storage);
    }

    @AfterEach
    void close() {
        storage.close();
    }

    private void restart() throws StorageException {
        storage.close();
        storage = Fixture.on(disk);
        Fixture.start(storage);
    }

    private List<String> files() {
        return disk.list().stream().filter(name -> name.startsWith("snapshot-")).toList();
    }

    private static String only(List<String> files) {
        assertThat(files).hasSize(1);
        return files.get(0);
    }

    @Test
    void a_snapshot_is_a_file_named_after_group_and_slot_and_replaces_the_one_before() throws Exception {
        commit(storage, 3, 12_345, content(1, 100));
        assertThat(only(files())).matches("snapshot-3-12345-[0-9a-f]{16}\\.snap");
        commit(storage, 3, 12_346, content(2, 100));
        assertThat(only(files())).matches("snapshot-3-12346-[0-9a-f]{16}\\.snap");
    }

    @Test
    void one_that_is_replaced_is_cut_down_under_the_name_of_an_unfinished_one() throws Exception {
        commit(storage, 1, 8, content(8, 200_000));
        disk.deletesFail = true;
        commit(storage, 1, 9, content(9, 100));
        assertThat(files()).as("what a crash in between leaves").hasSize(2);
        String old = files().stream()
                .filter(name -> name.endsWith(".new"))
                .findFirst()
                .orElseThrow();
        assertThat(old).startsWith("snapshot-1-8-");
        assertThat(disk.bytes(old)).hasSizeLessThan(200_000 / 10);
        disk.deletesFail = false;
        restart();
        assertThat(only(files())).startsWith("snapshot-1-9-");
    }

    @Test
    void while_it_is_written_it_has_another_name_and_a_start_removes_what_was_not_finished() throws Exception {
        SnapshotStore.Writer writer = storage.snapshots().create(1, 5);
        writer.write(content(5, 200_000), 0, 200_000);
        String unfinished = only(files());
        assertThat(unfinished).matches("snapshot-1-5-[0-9a-f]{16}\\.snap\\.new");

        disk.processEnds();
        storage = Fixture.on(disk);
        Fixture.start(storage);
        assertThat(files()).isEmpty();
        assertThat(storage.snapshots().latest(1)).isNull();
    }

    @Test
    void a_close_removes_what_is_not_finished_and_lets_the_files_go() throws Exception {
        SnapshotStore.Id id = commit(storage, 1, 4, content(4, 100));
        SnapshotStore.Reader reader = storage.snapshots().open(id);
        SnapshotStore.Writer writer = storage.snapshots().create(1, 5);
        storage.close();

        assertThat(files()).hasSize(1);
        assertThat(disk.openFiles).isZero();
        assertThatThrownBy(writer::commit).isInstanceOf(StorageException.class).hasMessageContaining("closed");
        writer.close();
        Objects.requireNonNull(reader).close();
    }

    @Test
    void an_old_one_that_was_still_read_goes_with_its_reader_or_when_the_next_life_has_read_the_new_one()
            throws Exception {
        SnapshotStore.Id old = commit(storage, 1, 4, content(4, 100));
        SnapshotStore.Reader reader = Objects.requireNonNull(storage.snapshots().open(old));
        commit(storage, 1, 5, content(5, 100));
        assertThat(files()).hasSize(2);
        reader.close();
        assertThat(files()).hasSize(1);

        SnapshotStore.Id next = commit(storage, 2, 5, content(5, 100));
        assertThat(storage.snapshots().open(next)).isNotNull();
        SnapshotStore.Id newer = commit(storage, 2, 6, content(6, 100));
        assertThat(files()).hasSize(3);
        disk.processEnds();
        storage = Fixture.on(disk);
        Fixture.start(storage);
        assertThat(storage.snapshots().latest(2)).isEqualTo(newer);
        assertThat(files()).hasSize(3);
        assertThat(read(storage, newer)).isEqualTo(content(6, 100));
        assertThat(files()).hasSize(2);
    }

    /** As after a crash before the older one was removed, or after a life in which the newer one was found to be damaged. */
    @Test
    void a_start_keeps_the_older_one_until_all_of_the_newer_one_was_read() throws Exception {
        byte[] content = content(4, 200_000);
        SnapshotStore.Id old = commit(storage, 1, 4, content);
        SnapshotStore.Reader reader = storage.snapshots().open(old);
        SnapshotStore.Id newer = commit(storage, 1, 5, content(5, 200_000));
        disk.processEnds();
        String newest = files().stream()
                .filter(name -> name.startsWith("snapshot-1-5-"))
                .findFirst()
                .orElseThrow();
        disk.bytes(newest)[150_000] ^= 1; // its third chunk
        assertThat(reader).isNotNull();

        storage = Fixture.on(disk);
        Fixture.start(storage);
        assertThat(storage.snapshots().latest(1)).isEqualTo(newer);
        try (SnapshotStore.Reader part =
                Objects.requireNonNull(storage.snapshots().open(newer))) {
            part.read(0, 100_000);
        }
        assertThatThrownBy(() -> read(storage, newer)).hasMessageStartingWith("DAMAGED");
        assertThat(storage.snapshots().latest(1)).isEqualTo(old);
        assertThat(read(storage, old)).isEqualTo(content);
    }

    @Test
    void it_is_forced_in_portions_so_that_the_journal_never_waits_for_a_large_one() throws Exception {
        int before = disk.forces;
        byte[] part = content(1, 1024 * 1024);
        try (SnapshotStore.Writer writer = storage.snapshots().create(1, 5)) {
            for (int i = 0; i < 32; i++) {
                writer.write(part, 0, part.length);
                assertThat(disk.forces - before)
                        .isBetween((i + 1) / 5, (i + 1) * part.length / SnapshotWriter.FORCE_BYTES);
            }
        }
    }

    @Test
    void a_full_disk_costs_the_snapshot_and_nothing_else() throws Exception {
        SnapshotStore.Id old = commit(storage, 1, 4, content(4, 100_000));
        for (int failing = 1; failing <= 5; failing++) {
            disk.writesFailFrom = disk.writes + failing - 1;
            disk.writesFailTo = disk.writesFailFrom + 1;
            int group = failing;
            if (failing < 5) { // header, two chunks, trailer
                assertThatThrownBy(() -> commit(storage, 1, 5 + group, content(group, 100_000)))
                        .isInstanceOfSatisfying(
                                StorageException.class,
                                e -> assertThat(e.code()).isEqualTo(Code.IO_FAILED))
                        .hasMessageContaining("snapshot-1-")
                        .hasMessageContaining("the journal goes on");
                assertThat(files()).hasSize(1);
                assertThat(storage.snapshots().latest(1)).isEqualTo(old);
            }
            disk.writesFailFrom = Integer.MAX_VALUE;
            Stored.of(1, failing, 100).appendTo(storage);
            storage.sync();
        }
        assertThat(read(storage, old)).isEqualTo(content(4, 100_000));
    }

    @Test
    void a_force_that_fails_costs_the_snapshot_and_is_not_tried_again() throws Exception {
        try (SnapshotStore.Writer writer = storage.snapshots().create(1, 5)) {
            writer.write(content(5, 1000), 0, 1000);
            disk.forcesFailFrom = disk.forces;
            disk.forcesFailTo = disk.forces + 1;
            assertThatThrownBy(writer::commit)
                    .isInstanceOfSatisfying(
                            StorageException.class, e -> assertThat(e.code()).isEqualTo(Code.IO_FAILED));
            assertThatThrownBy(writer::commit).isInstanceOf(IllegalStateException.class);
        }
        assertThat(files()).isEmpty();
        assertThat(storage.snapshots().latest(1)).isNull();
        Stored.of(1, 1, 100).appendTo(storage);
        storage.sync();
        restart();
        assertThat(storage.snapshots().latest(1)).isNull();
    }

    @Test
    void one_of_a_later_version_is_named_and_left_alone_and_does_not_keep_the_storage_from_starting() throws Exception {
        commit(storage, 1, 5, content(5, 100));
        byte[] bytes = disk.bytes(only(files()));
        bytes[8] = 9;
        bytes[10] = 9;
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, 60);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(60, (int) crc.getValue());
        restart();

        assertThatThrownBy(() -> storage.snapshots().latest(1))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.code()).isEqualTo(Code.UNKNOWN_VERSION))
                .hasMessageContaining("format 9")
                .hasMessageContaining(only(files()));
        SnapshotStore.Id id = commit(storage, 1, 6, content(6, 100));
        assertThat(storage.snapshots().latest(1)).isEqualTo(id);
        assertThat(files()).hasSize(2);
    }

    @Test
    void one_of_another_cluster_is_named_and_left_alone() throws Exception {
        MemoryDisk other = new MemoryDisk();
        try (FileStorage elsewhere = Fixture.on(other)) {
            elsewhere.open(NODE, Bytes.utf8("other founders"));
            Fixture.replay(elsewhere);
            commit(elsewhere, 1, 5, content(5, 100));
        }
        String file = other.list().stream()
                .filter(name -> name.startsWith("snapshot-"))
                .findFirst()
                .orElseThrow();
        storage.close();
        disk.put(file, other.bytes(file));
        storage = Fixture.on(disk);
        Fixture.start(storage);

        assertThatThrownBy(() -> storage.snapshots().latest(1))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.code()).isEqualTo(Code.FOREIGN))
                .hasMessageContaining(file)
                .hasMessageContaining("remove it");
        SnapshotStore.Id id = commit(storage, 1, 4, content(6, 100));
        assertThat(storage.snapshots().latest(1)).isEqualTo(id);
        assertThat(files()).contains(file).hasSize(2);
    }

    @Test
    void an_older_one_that_is_whole_stands_in_for_a_newer_one_that_is_not() throws Exception {
        SnapshotStore.Id old = commit(storage, 1, 4, content(4, 100));
        String older = only(files());
        byte[] bytes = disk.bytes(older).clone();
        commit(storage, 1, 5, content(5, 100));
        storage.close();
        byte[] newer = disk.bytes(only(files()));
        newer[newer.length - 1] ^= 1; // its last byte
        disk.put(older, bytes); // as after a crash before it was removed

        storage = Fixture.on(disk);
        Fixture.start(storage);
        assertThat(storage.snapshots().latest(1)).isEqualTo(old);
        assertThat(read(storage, old)).isEqualTo(content(4, 100));
        SnapshotStore.Id id = commit(storage, 1, 4, content(6, 100));
        assertThat(storage.snapshots().latest(1)).isEqualTo(id);
        assertThat(files()).hasSize(2); // the newer one may be readable tomorrow, and nothing else holds what is in it
        commit(storage, 1, 5, content(7, 100));
        assertThat(only(files())).startsWith("snapshot-1-5-");
    }

    @Test
    void one_that_cannot_be_read_for_a_moment_outlives_an_older_one_that_comes_meanwhile() throws Exception {
        SnapshotStore.Id newer = commit(storage, 1, 5, content(5, 100));
        disk.unreadable = only(files());
        disk.unreadableAt = 70; // in its first chunk
        assertThatThrownBy(() -> read(storage, newer))
                .hasMessageStartingWith("IO_FAILED")
                .hasMessageContaining(disk.unreadable + ": offset 64: cannot be read")
                .hasMessageContaining("tried again");
        assertThatThrownBy(() -> storage.snapshots().latest(1)).hasMessageStartingWith("IO_FAILED");
        SnapshotStore.Id older = commit(storage, 1, 4, content(4, 100));
        assertThat(storage.snapshots().latest(1)).isEqualTo(older);
        assertThatThrownBy(() -> storage.snapshots().readAgain(1)).hasMessageStartingWith("IO_FAILED");

        disk.unreadable = "";
        restart();
        assertThat(storage.snapshots().latest(1)).isEqualTo(newer);
        assertThat(read(storage, newer)).isEqualTo(content(5, 100));
        assertThat(only(files())).startsWith("snapshot-1-5-");
    }

    @Test
    void wherever_it_cannot_be_read_for_a_moment_it_is_the_latest_again_without_another_start() throws Exception {
        SnapshotStore.Id id = commit(storage, 1, 5, content(5, 100_000));
        int size = disk.bytes(only(files())).length;
        for (int place : List.of(0, 64, 65_000, 70_000, size - 1)) { // header, chunks, trailer
            restart();
            disk.unreadable = only(files());
            disk.unreadableAt = place;
            assertThatThrownBy(() -> read(
                            storage, Objects.requireNonNull(storage.snapshots().latest(1))))
                    .hasMessageStartingWith("IO_FAILED");
            assertThatThrownBy(() -> storage.snapshots().latest(1)).hasMessageStartingWith("IO_FAILED");
            assertThat(storage.snapshots().open(id)).isNull();
            assertThatThrownBy(() -> storage.snapshots().readAgain(1)).hasMessageStartingWith("IO_FAILED");

            disk.unreadable = "";
            assertThat(storage.snapshots().readAgain(1)).isEqualTo(id);
            assertThat(storage.snapshots().latest(1)).isEqualTo(id);
            assertThat(read(storage, id)).isEqualTo(content(5, 100_000));
        }
    }

    @Test
    void what_turns_out_to_be_damaged_when_it_can_be_read_again_is_not_tried_any_more() throws Exception {
        SnapshotStore.Id id = commit(storage, 1, 5, content(5, 100));
        disk.unreadable = only(files());
        disk.unreadableAt = 3;
        assertThatThrownBy(() -> storage.snapshots().open(id)).hasMessageStartingWith("IO_FAILED");
        disk.bytes(disk.unreadable)[3] ^= 1;
        disk.unreadable = "";
        assertThat(storage.snapshots().readAgain(1)).isNull();
        assertThatThrownBy(() -> storage.snapshots().latest(1)).hasMessageStartingWith("DAMAGED");
    }

    @Test
    void a_directory_that_has_lost_its_identity_is_not_formatted_over_a_snapshot() throws Exception {
        commit(storage, 1, 5, content(5, 100));
        storage.close();
        String snapshot = only(files());
        for (String name : disk.list()) {
            if (!name.equals(snapshot)) {
                disk.remove(name);
            }
        }
        assertThatThrownBy(() -> Fixture.on(disk).open(NODE, FOUNDING))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.code()).isEqualTo(Code.MISSING_FILE))
                .hasMessageContaining("IDENTITY")
                .hasMessageContaining(snapshot);
        assertThat(disk.list()).contains(snapshot);
    }

    @Test
    void names_that_are_no_snapshots_are_left_alone() throws Exception {
        storage.close();
        List<String> others = List.of(
                "snapshot-0x1-5-0000000000000001.snap",
                "snapshot-01-5-0000000000000001.snap",
                "snapshot-9999999999-5-0000000000000001.snap",
                "snapshot-1-5-1.snap",
                "snapshot-1-5-0000000000000001.snap.old",
                "readme.new");
        others.forEach(name -> disk.put(name, new byte[] {1}));
        storage = Fixture.on(disk);
        Fixture.start(storage);
        assertThat(disk.list()).containsAll(others);
        assertThat(storage.snapshots().latest(1)).isNull();
    }
}
