package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Stored;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Obsolete segments go: which, when, and what is there after a crash in between. */
class TrimTest extends SmallSegments {
    @Test
    void what_is_obsolete_is_deleted_in_the_background_and_the_segment_in_use_never() throws Exception {
        write(1, 7);
        List<String> before = disk.journals();
        assertThat(before).hasSizeGreaterThanOrEqualTo(4);
        trim(1, 100);
        assertThat(disk.journals()).containsAll(before);

        work();
        assertThat(disk.journals().stream().filter(before::contains)).hasSize(1);
        assertThat(restart()).isEqualTo(List.of(Stored.of(1, 7, 3_000)));
        assertThat(storage.trimmedUpTo(1)).isEqualTo(100);
    }

    @Test
    void a_segment_stays_while_one_group_needs_it_and_all_behind_it() throws Exception {
        write(1, 2);
        write(2, 1);
        write(1, 7);
        trim(1, 100);
        assertThat(restart().get(0)).isEqualTo(Stored.of(2, 3, 3_000));
        trim(2, 2);
        assertThat(restart().get(0)).isEqualTo(Stored.of(2, 3, 3_000));
        trim(2, 3);
        assertThat(restart()).allMatch(record -> record.slotTo() > 8);
    }

    @Test
    void what_touches_no_slot_holds_its_segment_until_it_was_said_again() throws Exception {
        new Stored(1, 3, 0, 0, Bytes.utf8("a promise")).appendTo(storage);
        storage.sync();
        long end = storage.durablePosition();
        write(1, 7);
        storage.trim(1, 100, end - 8, 0);
        assertThat(restart()).hasSize(8);
        storage.trim(1, 100, end, 0);
        assertThat(restart()).hasSize(1);
    }

    @Test
    void of_several_groups_the_one_that_keeps_most_decides_by_what_it_said_last() throws Exception {
        write(1, 9);
        long end = storage.durablePosition();
        storage.trim(2, 0, 0, Long.MAX_VALUE);
        storage.trim(1, 100, end, 0);
        assertThat(storage.read(1, 1, 1, 1, (group, kind, from, to, body) -> {}))
                .isEqualTo(1);
        storage.trim(2, 0, 0, 7_000);
        assertThat(storage.read(1, 1, 1, 1, (group, kind, from, to, body) -> {}))
                .isZero();
        assertThat(restart()).hasSizeBetween(3, 6);
    }

    @Test
    void a_file_that_cannot_be_deleted_is_no_failure_and_the_next_start_tries_again() throws Exception {
        write(1, 13); // seven segments; of six, three are used again
        disk.deletesFail = true;
        trim(1, 100);
        work();
        List<String> left = disk.journals();
        assertThat(left).hasSizeGreaterThanOrEqualTo(4);
        write(1, 1);
        assertThat(restart()).hasSize(2);
        assertThat(disk.journals()).containsAll(left);

        disk.deletesFail = false;
        assertThat(restart()).hasSize(2);
        assertThat(disk.journals()).hasSize(2); // the one in use then, and the one to which a start has copied the tail
        assertThat(disk.journals().stream().filter(left::contains)).hasSize(1);
    }

    @Test
    void a_segment_that_the_manifest_does_not_name_is_deleted_below_its_start_and_refused_above() throws Exception {
        write(1, 5);
        trim(1, 2); // one segment
        work();
        storage.close();
        MemoryDisk old = disk.copy();
        storage = fresh();
        Fixture.start(storage);
        write(1, 4);
        storage.close();

        String newest = disk.journals().stream()
                .filter(name -> !old.journals().contains(name))
                .findFirst()
                .orElseThrow();
        MemoryDisk mixed = disk.copy();
        mixed.put(Manifest.FILE, old.bytes(Manifest.FILE));
        assertThatThrownBy(() -> Fixture.contents(mixed))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining(newest.substring(0, 8))
                .hasMessageContaining("does not name it");

        old.remove(Manifest.FILE);
        old.put(Manifest.FILE, disk.bytes(Manifest.FILE));
        assertThatThrownBy(() -> Fixture.contents(old))
                .isInstanceOfSatisfying(
                        StorageException.class, stop -> assertThat(stop.code()).isEqualTo(Code.MISSING_FILE));
    }

    @Test
    void the_first_segment_must_begin_where_the_manifest_says() throws Exception {
        write(1, 5);
        trim(1, 2);
        storage.close();
        CopiedFile.Content content = new CopiedFile(disk, Manifest.FILE, Manifest.MAGIC, Manifest.FORMAT).read();
        Manifest manifest = Manifest.decode(content.payload(), content.format());
        Manifest wrong = new Manifest(
                manifest.sequence(),
                manifest.storageId(),
                manifest.bootCount(),
                manifest.durable(),
                manifest.segments(),
                manifest.start() - 8,
                manifest.trims());
        new CopiedFile(disk, Manifest.FILE, Manifest.MAGIC, Manifest.FORMAT).write(wrong.encode());
        assertThatThrownBy(() -> Fixture.contents(disk)).hasMessageContaining("does not follow");
    }

    /** It begins where the next one does: a start has copied all that it held, and was killed before it cut that off. */
    @Test
    void a_segment_that_was_left_before_anything_in_it_counted_is_known_for_trimmed() throws Exception {
        for (int operation = 0; operation < 60; operation++) {
            storage.close();
            MemoryDisk young = new MemoryDisk();
            storage = on(young);
            Fixture.start(storage);
            slot = 0;
            write(1, 3);
            storage.close();
            String last = young.journals().stream()
                    .filter(name -> young.bytes(name)[48] != 0)
                    .findAny()
                    .orElseThrow();
            young.bytes(last)[SegmentHeader.BYTES + 2_000] ^= 1; // a write that was not finished
            young.powerFailsAt = young.operations + operation; // for this process only
            storage = on(young);
            try {
                Fixture.start(storage);
            } catch (MemoryDisk.PowerLoss killed) {
                young.processEnds();
            }
            young.powerFailsAt = Integer.MAX_VALUE;
            storage.close();
            background.clear();
            storage = on(young);
            assertThat(Fixture.start(storage)).hasSize(2);
            write(1, 1);
            trim(1, 3);
            storage.close(); // before anything is deleted
            background.clear();
            storage = on(young);
            assertThat(Fixture.start(storage)).extracting(Stored::slotFrom).containsExactly(4L);
        }
    }

    private FileStorage on(MemoryDisk another) {
        return FileStorage.on(another, background::add, another.ids::nextLong).withSegmentBytes(Fixture.SEGMENT_BYTES);
    }

    /** All that the first segment held, the mark of its first life, was not forced: so the next one begins where it did, at 0. */
    @Test
    void the_first_segment_may_go_though_nothing_in_it_ever_counted() throws Exception {
        storage.close();
        MemoryDisk young = new MemoryDisk();
        storage = on(young);
        storage.open(NODE, FOUNDING);
        young.forcesFailFrom = young.forces + 1; // of the mark
        young.forcesFailTo = young.forces + 2;
        assertThatThrownBy(() -> storage.replay((group, kind, from, to, body) -> {}))
                .isInstanceOf(StorageException.class);
        storage.close();
        background.clear();

        storage = on(young);
        Fixture.start(storage);
        write(1, 1);
        trim(1, 0);
        work();
        storage.close();
        assertThat(young.journals()).hasSize(1);
        assertThat(Fixture.contents(young)).hasSize(1);
    }

    @Test
    void reading_goes_on_while_files_are_deleted_under_it_and_closes_them() throws Exception {
        write(1, 9);
        for (long wanted = 1; wanted <= 8; wanted++) {
            storage.read(1, wanted, wanted, 1, (group, kind, from, to, body) -> {});
        }
        almostFull();
        int open = disk.openFiles;
        trim(1, 6);
        work();
        List<Long> found = new ArrayList<>();
        storage.read(1, 1, 9, Long.MAX_VALUE, (group, kind, from, to, body) -> found.add(from));
        assertThat(found).containsExactly(7L, 8L, 9L);
        assertThat(disk.openFiles).isLessThan(open);
    }

    @Test
    void a_file_that_is_cut_down_under_a_reader_is_no_damage() throws Exception {
        write(1, 9);
        almostFull();
        disk.beforeNextRead = () -> {
            try {
                trim(1, 2); // only the file that is open
            } catch (StorageException e) {
                throw new AssertionError(e);
            }
            work();
        };
        Fixture.Patient reader = new Fixture.Patient();
        storage.read(1, 1, 9, Long.MAX_VALUE, reader);
        assertThat(reader.lost).isEmpty();
        assertThat(reader.found).extracting(Stored::slotFrom).containsExactly(3L, 4L, 5L, 6L, 7L, 8L, 9L);
    }

    @Test
    void what_is_trimmed_is_forgotten_in_memory_too() throws Exception {
        for (int round = 0; round < 50; round++) {
            write(1, 4);
            trim(1, slot);
            work();
            assertThat(disk.journals()).hasSizeLessThanOrEqualTo(5);
        }
        assertThat(storage.read(
                        1,
                        1,
                        slot,
                        Long.MAX_VALUE,
                        (group, kind, from, to, body) -> assertThat(from).isGreaterThan(slot - 2)))
                .isEqualTo(slot);
    }

    @Test
    void a_manifest_that_cannot_be_written_fails_the_storage_and_nothing_is_deleted() throws Exception {
        write(1, 7);
        List<String> before = disk.journals();
        disk.forcesFailFrom = disk.forces;
        assertThatThrownBy(() -> trim(1, 100)).isInstanceOf(StorageException.class);
        work();
        assertThat(disk.journals()).containsAll(before);
        assertThatThrownBy(storage::sync).isInstanceOf(StorageException.class);
    }

    @Test
    void a_start_whose_journal_knows_a_later_life_than_the_manifest_counts_on_from_there() throws Exception {
        byte[] first = disk.bytes(Manifest.FILE).clone();
        for (int life = 2; life <= 5; life++) {
            restart();
        }
        storage.close();
        disk.put(Manifest.FILE, first);
        storage = fresh();
        assertThat(storage.open(NODE, FOUNDING).bootCount()).isEqualTo(6);
        Fixture.replay(storage);
    }
}
