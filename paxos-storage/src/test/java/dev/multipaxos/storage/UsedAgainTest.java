package dev.multipaxos.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Segments that were trimmed become the next ones; which of them, and what is never taken for what. */
class UsedAgainTest extends SmallSegments {
    @Test
    void what_was_trimmed_becomes_the_next_segments() throws Exception {
        write(1, 11);
        List<String> before = segments();
        trim(1, 8); // the first one, which was there when this process began, goes
        work();
        assertThat(segments()).hasSize(before.size() - 4);
        assertThat(disk.spares()).hasSize(3);
        int made = disk.segmentsMade;
        write(2, 6);
        assertThat(segments()).hasSize(before.size() - 1);
        assertThat(disk.spares()).isEmpty();
        assertThat(disk.segmentsMade).isEqualTo(made);
        assertThat(segments().stream().filter(this::usedBefore)).hasSize(3);
        assertThat(restart()).extracting(Stored::slotFrom).containsExactly(9L, 10L, 11L, 12L, 13L, 14L, 15L, 16L, 17L);
    }

    private List<String> segments() {
        List<String> spares = disk.spares();
        return disk.journals().stream().filter(name -> !spares.contains(name)).toList();
    }

    private boolean usedBefore(String name) {
        return header(name).usedBefore();
    }

    private String last() {
        return segments().stream()
                .max(Comparator.comparing(name -> header(name).logicalStart()))
                .orElseThrow();
    }

    private SegmentHeader header(String name) {
        try (DiskFile file = disk.open(name, false)) {
            return Objects.requireNonNull(SegmentHeader.read(file, name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void a_batch_fills_the_page_that_it_begins_so_that_nothing_need_be_read_for_it() throws Exception {
        write(1, 9);
        trim(1, 6);
        work();
        write(1, 1);
        write(1, 1); // in another segment, 3,000 bytes and two heads
        String name = segments().stream().filter(this::usedBefore).findAny().orElseThrow();
        byte[] bytes = disk.bytes(name);
        int end = (int) (storage.durablePosition() - header(name).logicalStart()) + SegmentHeader.BYTES;
        int page = SegmentHeader.roundUp(end);
        assertThat(page - end).isBetween(500, 1_500);
        assertThat(Arrays.copyOfRange(bytes, end, page)).containsOnly(0);
        assertThat(Arrays.copyOfRange(bytes, page, page + 8)).isNotEqualTo(new byte[8]);

        Stored.of(1, ++slot, 20).appendTo(storage); // goes into a page that is begun
        disk.bytes(name)[page - 1] = 1;
        storage.sync();
        assertThat(disk.bytes(name)[page - 1]).isEqualTo((byte) 1);
    }

    @Test
    void of_many_that_were_trimmed_three_are_kept_and_none_when_the_storage_is_closed() throws Exception {
        write(1, 19);
        trim(1, 100);
        work();
        assertThat(disk.spares()).hasSize(3);
        assertThat(segments()).hasSize(1);
        storage.close();
        assertThat(disk.spares()).isEmpty();
    }

    @Test
    void a_disk_that_is_nearly_full_gets_all_room_back() throws Exception {
        write(1, 9);
        almostFull();
        trim(1, 100);
        work();
        assertThat(segments()).hasSize(1);
        assertThat(disk.spares()).isEmpty();
    }

    @Test
    void one_of_another_size_is_not_used_again() throws Exception {
        Stored.of(1, ++slot, 20_000).appendTo(storage);
        storage.sync();
        write(1, 1);
        trim(1, 1);
        assertThat(segments()).hasSize(3);
        work();
        assertThat(disk.spares()).isEmpty();
        assertThat(segments()).hasSize(1);
    }

    @Test
    void where_names_cannot_be_made_durable_nothing_is_used_again() throws Exception {
        write(1, 9);
        trim(1, 100);
        disk.directorySyncsFail = true;
        work();
        disk.directorySyncsFail = false;
        assertThat(disk.spares()).isEmpty();
        assertThat(segments()).hasSize(1);
        write(1, 4);
        assertThat(restart()).extracting(Stored::slotFrom).endsWith(9L, 10L, 11L, 12L, 13L);
    }

    @Test
    void a_file_that_is_used_again_under_a_reader_is_no_damage() throws Exception {
        write(1, 9);
        storage.read(1, 1, 9, Long.MAX_VALUE, new Fixture.Patient()); // all files are open
        disk.beforeNextRead = () -> {
            try {
                trim(1, 4);
                work();
                write(1, 2); // into one of them
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        };
        Fixture.Patient reader = new Fixture.Patient();
        storage.read(1, 1, 9, Long.MAX_VALUE, reader);
        assertThat(segments().stream().filter(this::usedBefore)).hasSize(1);
        assertThat(reader.lost).isEmpty();
        assertThat(reader.found).extracting(Stored::slotFrom).containsExactly(5L, 6L, 7L, 8L, 9L);
    }

    @Test
    void a_tail_that_was_not_finished_is_cut_where_records_of_an_earlier_use_follow() throws Exception {
        write(1, 9);
        trim(1, 6);
        work();
        write(1, 2); // the last one alone in its segment
        String last = last();
        assertThat(usedBefore(last)).isTrue();
        MemoryDisk killed = disk.copy();
        assertThat(Fixture.contents(killed)).extracting(Stored::slotFrom).containsExactly(7L, 8L, 9L, 10L, 11L);

        MemoryDisk torn = disk.copy();
        torn.bytes(last)[SegmentHeader.BYTES + 2_000] ^= 1;
        assertThat(Fixture.contents(torn)).extracting(Stored::slotFrom).containsExactly(7L, 8L, 9L, 10L);
    }

    @Test
    void what_an_earlier_process_has_written_is_not_used_again() throws Exception {
        write(1, 9);
        restart();
        write(1, 9);
        trim(1, 18);
        work();
        assertThat(disk.spares()).hasSize(3);
        restart();
        write(1, 1);
        trim(1, 19);
        work();
        assertThat(disk.spares()).isEmpty();
    }

    /** A body of ones, so that sectors of both uses are equal: those the disk has lost for good, whatever is written there. */
    private static Stored ones(long slot, int bytes) {
        byte[] body = new byte[bytes];
        Arrays.fill(body, (byte) 1);
        return new Stored(1, 2, slot, slot, Bytes.wrap(body));
    }

    private void appendAndSync(Stored record) throws StorageException {
        record.appendTo(storage);
        storage.sync();
        work();
    }

    private void failToForce(Stored record) throws StorageException {
        disk.forcesFailFrom = disk.forces;
        disk.forcesFailTo = disk.forces + 1;
        record.appendTo(storage);
        assertThatThrownBy(storage::sync).isInstanceOf(StorageException.class);
        storage.close();
        background.clear();
    }

    private void mustHoldAfterPowerLoss(long last) throws StorageException {
        MemoryDisk after = disk.afterPowerLoss(MemoryDisk.Survivors.NOTHING, new SplittableRandom(1));
        assertThat(Fixture.contents(after)).extracting(Stored::slotFrom).endsWith(last);
    }

    /** The last page is all that is behind the end: the file keeps its size though its tail is cut off. */
    @Test
    void one_whose_force_failed_in_its_last_page_is_not_used_again() throws Exception {
        int[] sizes = {2_000, 4_200, 500};
        for (slot = 1; slot <= 5; slot++) {
            appendAndSync(ones(slot, sizes[(int) (slot % 3)]));
        }
        failToForce(ones(slot, sizes[0]));
        assertThat(restart()).hasSize(5);
        for (slot = 12; slot <= 18; slot++) {
            appendAndSync(ones(slot, slot == 12 ? 5_000 : sizes[(int) (slot % 3)]));
        }
        trim(1, 16);
        work();
        for (; slot <= 30; slot++) {
            appendAndSync(ones(slot, sizes[(int) (slot % 3)]));
            mustHoldAfterPowerLoss(slot);
        }
    }

    /** The start that copied the tail was killed before it cut it off. */
    @Test
    void one_whose_force_failed_and_whose_tail_was_not_cut_off_is_not_used_again() throws Exception {
        for (int operation = 0; operation < 60; operation++) {
            storage.close();
            background.clear();
            disk = new MemoryDisk();
            storage = fresh();
            Fixture.start(storage);
            for (slot = 1; slot <= 3; slot++) {
                appendAndSync(ones(slot, 3_000));
            }
            failToForce(ones(slot, 3_000));
            disk.powerFailsAt = disk.operations + operation; // for this process only
            try {
                restart();
            } catch (MemoryDisk.PowerLoss killed) {
                disk.processEnds();
            }
            disk.powerFailsAt = Integer.MAX_VALUE;
            restart();
            for (slot = 11; slot <= 16; slot++) {
                appendAndSync(ones(slot, 3_000));
            }
            trim(1, 14);
            work();
            for (; slot <= 28; slot++) {
                appendAndSync(ones(slot, 3_000));
                mustHoldAfterPowerLoss(slot);
            }
        }
    }

    /** {@return the manifest that does not name the last segment yet, in which there is one record} */
    private byte[] manifestBeforeTheLastSegment() throws Exception {
        write(1, 9);
        trim(1, 6);
        work();
        write(1, 1);
        byte[] old = disk.bytes(Manifest.FILE).clone();
        write(1, 1);
        return old;
    }

    @Test
    void an_old_manifest_is_noticed_by_the_first_records_behind_it() throws Exception {
        byte[] old = manifestBeforeTheLastSegment();
        MemoryDisk after = disk.afterPowerLoss(MemoryDisk.Survivors.NOTHING, new SplittableRandom(1));
        assertThat(Fixture.contents(after.copy())).hasSize(5);
        after.put(Manifest.FILE, old);
        assertThatThrownBy(() -> Fixture.contents(after)).hasMessageContaining("is an old copy");
    }

    /** What looks like a header of a batch is worth a CRC, and that reads as far as it says it reaches. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_start_reads_little_whatever_clients_have_stored_there_before(boolean wellMade) throws Exception {
        int segmentBytes = 4 * 1024 * 1024;
        storage.close();
        disk = new MemoryDisk();
        storage = fresh().withSegmentBytes(segmentBytes);
        Fixture.start(storage);
        byte[] body = new byte[50_000];
        ByteBuffer words = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
        int groups = wellMade ? 40_000 : 0;
        int headerBytes = wellMade ? (int) RecordLayout.headerLength(groups) : segmentBytes / 2;
        while (words.remaining() >= RecordLayout.headerLength(0)) {
            words.putInt(headerBytes)
                    .put(RecordLayout.BATCH_HEADER)
                    .put(RecordLayout.FORMAT_VERSION)
                    .putShort(RecordLayout.OWN);
            if (wellMade) {
                long mark = (long) (words.position() / 64 % 16) << 20;
                words.putLong(Long.MAX_VALUE).putLong(0).putLong(mark).putLong(headerBytes);
                words.putLong(0).putInt(groups).putInt(0).putLong(0);
            }
        }
        for (slot = 1; slot <= 300; slot++) {
            appendAndSync(new Stored(1, 2, slot, slot, Bytes.wrap(body)));
        }
        trim(1, 299);
        work();
        for (; !usedBefore(last()); slot++) {
            appendAndSync(Stored.of(1, slot, 50_000));
        }
        storage.idle();
        storage.close();
        disk.bytesRead = 0;
        storage = fresh().withSegmentBytes(segmentBytes);
        assertThat(Fixture.start(storage)).hasSizeGreaterThan(6);
        assertThat(disk.bytesRead).isLessThan(20L * segmentBytes);
    }

    @Test
    void its_new_name_is_durable_before_it_is_there_to_be_taken() throws Exception {
        write(1, 9);
        trim(1, 2);
        work();
        trim(1, 4);
        work();
        assertThat(disk.afterPowerLoss(MemoryDisk.Survivors.NOTHING, new SplittableRandom(1))
                        .spares())
                .isEqualTo(disk.spares())
                .hasSize(1);
    }

    @Test
    void a_storage_that_is_closed_while_it_takes_one_over_leaves_nothing_open_and_no_spare() throws Exception {
        write(1, 9);
        trim(1, 2);
        work();
        trim(1, 4);
        disk.beforeNextRename = storage::close;
        work();
        assertThat(disk.spares()).isEmpty();
        assertThat(disk.openFiles).isZero();
    }

    @Test
    void what_is_taken_over_when_the_storage_is_closed_already_stays_for_the_next_start() throws Exception {
        write(1, 9);
        trim(1, 6);
        int open = disk.openFiles;
        storage.close();
        work();
        assertThat(disk.spares()).isEmpty();
        assertThat(disk.openFiles).isLessThan(open);
        assertThat(restart()).hasSize(3);
    }

    @Test
    void a_disk_that_is_nearly_full_later_gets_back_all_but_one() throws Exception {
        write(1, 11);
        trim(1, 8);
        work();
        assertThat(disk.spares()).hasSize(3);
        almostFull();
        work();
        assertThat(disk.spares()).hasSize(1);
        write(1, 2);
        assertThat(restart()).extracting(Stored::slotFrom).containsExactly(9L, 10L, 11L, 12L, 13L);
    }

    /** What a disk cannot read may be records. */
    @Test
    void an_old_manifest_is_noticed_or_a_page_that_cannot_be_read_named() throws Exception {
        byte[] old = manifestBeforeTheLastSegment();
        String last = last();
        disk.put(Manifest.FILE, old);
        disk.unreadable = last;
        disk.unreadableAt = SegmentHeader.BYTES + 10;
        assertThatThrownBy(() -> Fixture.contents(disk.copy())).hasMessageContaining("is an old copy");
        disk.processEnds();
        assertThatThrownBy(() -> Fixture.start(Fixture.on(disk))).hasMessageContaining("input/output error");
        assertThat(disk.journals()).contains(last);
    }
}
