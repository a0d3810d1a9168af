package dev.multipaxos.storage;

import static dev.multipaxos.storage.Snapshots.commit;
import static dev.multipaxos.storage.Snapshots.content;
import static dev.multipaxos.storage.Snapshots.read;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whatever happens to the file of a snapshot at rest: its content, or {@code DAMAGED}; never other bytes. */
class SnapshotRotTest {
    private static final int BYTES = 2 * SnapshotLayout.CHUNK_BYTES + 1234;
    private static final byte[] CONTENT = content(1, BYTES);
    private static final int CHUNK = SnapshotLayout.CHUNK_BYTES + SnapshotLayout.CRC_BYTES;

    private final MemoryDisk disk = new MemoryDisk();
    private String file = "";

    @BeforeEach
    void write() throws StorageException {
        try (FileStorage storage = Fixture.on(disk)) {
            Fixture.start(storage);
            commit(storage, 1, 77, CONTENT);
        }
        file = snapshot(disk);
    }

    private static String snapshot(MemoryDisk disk) {
        return disk.list().stream()
                .filter(name -> name.endsWith(".snap"))
                .findFirst()
                .orElseThrow();
    }

    /** Asserts that a change of the file is found. */
    private void assertFound(String what, UnaryOperator<byte[]> change) throws StorageException {
        byte[] before = disk.bytes(file);
        byte[] after = change.apply(before.clone());
        assertThat(Arrays.equals(before, after)).as(what + " changes nothing").isFalse();
        disk.put(file, after);
        try (FileStorage storage = Fixture.on(disk)) {
            Fixture.start(storage);
            SnapshotStore.Id id = storage.snapshots().latest(1);
            throw new AssertionError(
                    what + ": not found, " + (id == null ? "nothing is there" : "read " + read(storage, id).length));
        } catch (StorageException e) {
            assertThat(e.code()).as(what).isEqualTo(Code.DAMAGED);
            assertThat(e).hasMessageContaining(file);
        } finally {
            disk.put(file, before);
        }
    }

    @Test
    void a_bit_that_is_flipped_anywhere() throws Exception {
        int size = disk.bytes(file).length;
        for (int at = 0; at < size; at += isNearABorder(at, size) ? 1 : 397) {
            int place = at;
            assertFound("bit of byte " + at, bytes -> {
                bytes[place] ^= (byte) (1 << place % 8);
                return bytes;
            });
        }
    }

    private static boolean isNearABorder(int at, int size) {
        int inChunk = Math.floorMod(at - SnapshotLayout.HEADER_BYTES, CHUNK);
        return at < SnapshotLayout.HEADER_BYTES || inChunk > CHUNK - 10 || inChunk < 5 || at > size - 40;
    }

    @Test
    void a_cut_anywhere_and_bytes_behind_the_end() throws Exception {
        int size = disk.bytes(file).length;
        for (int left = 0; left < size; left += isNearABorder(left, size) ? 1 : 997) {
            int length = left;
            assertFound("cut at " + left, bytes -> Arrays.copyOf(bytes, length));
        }
        assertFound("one byte more", bytes -> Arrays.copyOf(bytes, size + 1));
        assertFound("a page more", bytes -> Arrays.copyOf(bytes, size + 4096));
        assertFound("twice", bytes -> {
            byte[] twice = Arrays.copyOf(bytes, 2 * size);
            System.arraycopy(bytes, 0, twice, size, size);
            return twice;
        });
    }

    @Test
    void a_sector_that_is_zero_or_from_another_place() throws Exception {
        int size = disk.bytes(file).length;
        for (int sector = 0; sector + 512 <= size; sector += 512) {
            int from = sector;
            assertFound("sector at " + sector + " zeroed", bytes -> {
                Arrays.fill(bytes, from, from + 512, (byte) 0);
                return bytes;
            });
            assertFound("sector at " + sector + " from elsewhere", bytes -> {
                System.arraycopy(bytes, (from + 7 * 512) % (size - 512), bytes, from, 512);
                return bytes;
            });
        }
    }

    @Test
    void chunks_that_were_swapped_or_come_from_another_snapshot() throws Exception {
        assertFound("swapped chunks", bytes -> {
            byte[] first = Arrays.copyOfRange(bytes, SnapshotLayout.HEADER_BYTES, SnapshotLayout.HEADER_BYTES + CHUNK);
            System.arraycopy(bytes, SnapshotLayout.HEADER_BYTES + CHUNK, bytes, SnapshotLayout.HEADER_BYTES, CHUNK);
            System.arraycopy(first, 0, bytes, SnapshotLayout.HEADER_BYTES + CHUNK, CHUNK);
            return bytes;
        });

        MemoryDisk again = disk.copy(); // the same group and slot, other content, then the same content
        try (FileStorage storage = Fixture.on(again)) {
            Fixture.start(storage);
            commit(storage, 1, 77, content(2, BYTES));
        }
        byte[] other = again.bytes(snapshot(again));
        for (int chunk = 0; chunk < 2; chunk++) {
            int place = SnapshotLayout.HEADER_BYTES + chunk * CHUNK;
            assertFound("chunk " + chunk + " of another snapshot", bytes -> {
                System.arraycopy(other, place, bytes, place, CHUNK);
                return bytes;
            });
        }
        assertFound("all of another snapshot under this name", bytes -> other.clone());
        assertFound("the head of this one, the rest of another", bytes -> {
            byte[] mixed = other.clone();
            System.arraycopy(bytes, 0, mixed, 0, SnapshotLayout.HEADER_BYTES);
            return mixed;
        });
        assertFound("the trailer of another", bytes -> {
            int trailer = bytes.length - SnapshotLayout.TRAILER_BYTES;
            System.arraycopy(other, trailer, bytes, trailer, SnapshotLayout.TRAILER_BYTES);
            return bytes;
        });
    }

    @Test
    void the_file_under_the_name_of_another_group_or_slot() throws Exception {
        byte[] bytes = disk.bytes(file);
        for (String name : new String[] {file.replace("snapshot-1-", "snapshot-2-"), file.replace("-77-", "-78-")}) {
            MemoryDisk renamed = disk.copy();
            renamed.remove(file);
            renamed.put(name, bytes.clone());
            try (FileStorage storage = Fixture.on(renamed)) {
                Fixture.start(storage);
                int group = name.startsWith("snapshot-2-") ? 2 : 1;
                assertThat(catchDamage(storage, group)).contains(name);
            }
        }
    }

    private static String catchDamage(FileStorage storage, int group) {
        try {
            return "found " + storage.snapshots().latest(group);
        } catch (StorageException e) {
            assertThat(e.code()).isEqualTo(Code.DAMAGED);
            return String.valueOf(e.getMessage());
        }
    }
}
