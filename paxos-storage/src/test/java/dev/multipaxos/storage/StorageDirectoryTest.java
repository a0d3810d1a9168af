package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Stored;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

/** Whose directory it is, and what must be in it. */
class StorageDirectoryTest {
    private static final List<Stored> RECORDS = List.of(Stored.of(1, 1, 50), Stored.of(1, 2, 50));

    private static MemoryDisk used() throws StorageException {
        return Fixture.written(List.of(RECORDS));
    }

    private static StorageException refusal(MemoryDisk disk) {
        return refusal(disk, NODE, FOUNDING);
    }

    /** A refusal leaves the directory as it was, and unlocked. */
    private static StorageException refusal(MemoryDisk disk, int node, Bytes founding) {
        int writes = disk.writes;
        StorageException refused = Assertions.catchThrowableOfType(StorageException.class, () -> {
            try (FileStorage storage = Fixture.on(disk)) {
                storage.open(node, founding);
                Fixture.replay(storage);
            }
        });
        assertThat(refused).isNotNull();
        assertThat(disk.writes).as("writes by a refused start").isEqualTo(writes);
        return refused;
    }

    @Test
    void another_node_is_refused_and_both_are_named() throws Exception {
        StorageException refused = refusal(used(), 8, FOUNDING);
        assertThat(refused.code()).isEqualTo(Code.FOREIGN);
        assertThat(refused).hasMessageContaining("node 7").hasMessageContaining("node 8");
    }

    @Test
    void another_foundation_is_refused_and_both_are_named() throws Exception {
        Bytes other = Bytes.utf8("five founders");
        StorageException refused = refusal(used(), NODE, other);
        assertThat(refused.code()).isEqualTo(Code.FOREIGN);
        assertThat(refused)
                .hasMessageContaining(Long.toHexString(Owner.cluster(FOUNDING)))
                .hasMessageContaining(Long.toHexString(Owner.cluster(other)));
    }

    @Test
    void two_storages_on_one_directory_are_refused() throws Exception {
        MemoryDisk disk = used();
        try (FileStorage storage = Fixture.on(disk)) {
            Fixture.start(storage);
            assertThat(refusal(disk).code()).isEqualTo(Code.IN_USE);
            Stored.of(1, 3, 10).appendTo(storage);
            storage.sync();
        }
        assertThat(Fixture.contents(disk)).hasSize(3);
    }

    @Test
    void a_missing_identity_is_not_an_empty_directory() throws Exception {
        MemoryDisk disk = used();
        disk.remove(Owner.FILE);
        StorageException refused = refusal(disk);
        assertThat(refused.code()).isEqualTo(Code.MISSING_FILE);
        assertThat(refused).hasMessageContaining(Owner.FILE);
        disk.remove(Manifest.FILE);
        assertThat(refusal(disk).code()).isEqualTo(Code.MISSING_FILE);
    }

    @Test
    void a_missing_identity_is_noticed_without_a_journal_too() throws Exception {
        MemoryDisk disk = used();
        disk.remove(Owner.FILE);
        disk.journals().forEach(disk::remove);
        assertThat(refusal(disk).code()).isEqualTo(Code.MISSING_FILE);
    }

    @Test
    void a_missing_manifest_is_named() throws Exception {
        MemoryDisk disk = used();
        disk.remove(Manifest.FILE);
        StorageException refused = refusal(disk);
        assertThat(refused.code()).isEqualTo(Code.MISSING_FILE);
        assertThat(refused).hasMessageContaining(Manifest.FILE);
    }

    @Test
    void one_damaged_copy_of_identity_and_manifest_is_repaired() throws Exception {
        for (String name : List.of(Owner.FILE, Manifest.FILE)) {
            MemoryDisk disk = used();
            disk.bytes(name)[17] ^= 1;
            assertThat(Fixture.contents(disk)).isEqualTo(RECORDS);
            disk.bytes(name)[4096 + 17] ^= 1;
            assertThat(Fixture.contents(disk)).as("the first copy was replaced").isEqualTo(RECORDS);
        }
    }

    /** As when one half of the file was never written, and the disk still has what was there before. */
    @Test
    void two_whole_copies_that_differ_stop_the_node_whichever_is_older() throws Exception {
        for (int older : new int[] {0, 4096}) {
            MemoryDisk disk = used();
            byte[] old = disk.bytes(Manifest.FILE).clone();
            Fixture.contents(disk);
            System.arraycopy(old, older, disk.bytes(Manifest.FILE), older, 4096);
            StorageException refused = refusal(disk);
            assertThat(refused.code()).isEqualTo(Code.DAMAGED);
            assertThat(refused).hasMessageContaining(Manifest.FILE).hasMessageContaining("differ");
        }
    }

    @Test
    void a_repair_that_a_crash_interrupted_is_done_again() throws Exception {
        MemoryDisk disk = used();
        byte[] whole = disk.bytes(Owner.FILE).clone();
        disk.bytes(Owner.FILE)[20] ^= 1;
        disk.put(Owner.FILE + CopiedFile.TEMPORARY, whole);
        assertThat(Fixture.contents(disk)).isEqualTo(RECORDS);
        assertThat(disk.bytes(Owner.FILE)).isEqualTo(whole);
        assertThat(disk.list()).doesNotContain(Owner.FILE + CopiedFile.TEMPORARY);
    }

    @Test
    void two_damaged_copies_stop_the_node() throws Exception {
        for (String name : List.of(Owner.FILE, Manifest.FILE)) {
            for (int at : new int[] {0, 9, 13, 20}) {
                MemoryDisk disk = used();
                disk.bytes(name)[at] ^= 1;
                disk.bytes(name)[4096 + at] ^= 1;
                StorageException refused = refusal(disk);
                assertThat(refused.code()).isEqualTo(Code.DAMAGED);
                assertThat(refused).hasMessageContaining(name);
            }
        }
    }

    @Test
    void an_empty_identity_or_manifest_is_damage() throws Exception {
        for (String name : List.of(Owner.FILE, Manifest.FILE)) {
            MemoryDisk disk = used();
            disk.put(name, new byte[0]);
            assertThat(refusal(disk).code()).isEqualTo(Code.DAMAGED);
        }
    }

    @Test
    void an_unknown_version_is_refused_and_both_are_named() throws Exception {
        for (String name : List.of(Owner.FILE, Manifest.FILE)) {
            MemoryDisk disk = used();
            ByteBuffer pages = ByteBuffer.wrap(disk.bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < pages.capacity(); at += 4096) {
                int length = 16 + pages.getInt(at + 12);
                pages.putShort(at + 8, (short) 9).putShort(at + 10, (short) 9);
                CRC32C crc = new CRC32C();
                crc.update(pages.slice(at, length));
                pages.putInt(at + length, (int) crc.getValue());
            }
            mustBeUnknown(disk, name);
        }
    }

    @Test
    void a_segment_of_an_unknown_version_is_refused() throws Exception {
        MemoryDisk disk = used();
        String name = disk.journals().get(0);
        ByteBuffer pages = ByteBuffer.wrap(disk.bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < SegmentHeader.BYTES; at += SegmentHeader.COPY_BYTES) {
            pages.putShort(at + 10, (short) 9);
            CRC32C crc = new CRC32C();
            crc.update(pages.slice(at, 80));
            pages.putInt(at + 80, (int) crc.getValue());
        }
        StorageException refused =
                Assertions.catchThrowableOfType(StorageException.class, () -> Fixture.contents(disk));
        assertThat(refused.code()).isEqualTo(Code.UNKNOWN_VERSION);
        assertThat(refused).hasMessageContaining(name);
    }

    private static void mustBeUnknown(MemoryDisk disk, String name) {
        StorageException refused = refusal(disk);
        assertThat(refused.code()).isEqualTo(Code.UNKNOWN_VERSION);
        assertThat(refused)
                .hasMessageContaining(name)
                .hasMessageContaining("format 9")
                .hasMessageContaining("format 1");
    }

    @Test
    void a_manifest_of_another_storage_is_damage() throws Exception {
        MemoryDisk disk = used();
        MemoryDisk other = new MemoryDisk();
        other.ids = new SplittableRandom(99);
        Fixture.contents(other);
        disk.put(Manifest.FILE, other.bytes(Manifest.FILE));
        assertThat(refusal(disk).code()).isEqualTo(Code.DAMAGED);
    }

    @Test
    void files_that_are_not_ours_are_left_alone() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        for (int start = 0; start < 3; start++) {
            for (String name : List.of("lost+found", "journal-2026.log", "journal-00000000.log", "notes.new")) {
                disk.put(name, new byte[] {1, 2, 3});
            }
            Fixture.contents(disk);
            assertThat(disk.list()).contains("lost+found", "journal-2026.log", "journal-00000000.log", "notes.new");
        }
    }

    @Test
    void what_a_crash_left_behind_is_removed() throws Exception {
        MemoryDisk disk = used();
        Fixture.contents(disk);
        List<String> files = disk.list();
        disk.put(Manifest.FILE + CopiedFile.TEMPORARY, new byte[100]);
        disk.put(Segment.name(5), new byte[20_000]);
        disk.put(
                TailCopy.unfinished(Segment.name(6)),
                disk.bytes(disk.journals().get(0)).clone());
        assertThat(Fixture.contents(disk)).isEqualTo(RECORDS);
        assertThat(disk.list()).isEqualTo(files);
    }

    @Test
    void a_copied_segment_that_the_manifest_names_gets_its_name() throws Exception {
        MemoryDisk disk = used();
        for (String name : disk.journals()) {
            byte[] bytes = disk.bytes(name);
            disk.remove(name);
            disk.put(TailCopy.unfinished(name), bytes);
        }
        assertThat(Fixture.contents(disk)).isEqualTo(RECORDS);
    }
}
