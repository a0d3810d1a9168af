package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.on;
import static dev.multipaxos.storage.Fixture.start;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Lost;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.disk.DiskFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What the end of the journal is, and what is damage. */
class RecoveryTest {
    private static final List<List<Stored>> BATCHES = List.of(
            List.of(Stored.of(1, 1, 40)),
            List.of(Stored.of(1, 2, 70), Stored.of(2, 1, 3)),
            List.of(Stored.of(1, 3, 100)),
            List.of(Stored.of(1, 4, 60), Stored.of(3, 1, 0), Stored.of(1, 5, 90)));

    /** Behind the empty batch with which a life begins: of that nothing can be lost. */
    private static final int FIRST_RECORDS = SegmentHeader.BYTES + (int) RecordLayout.headerLength(0);

    private static final List<Stored> SYNCED = Fixture.flat(BATCHES.subList(0, 3));

    /** {@return where the last batch begins, and where it ends} */
    private static int[] lastBatch() throws StorageException {
        int start = endOfData(only(Fixture.written(BATCHES.subList(0, 3))));
        return new int[] {start, endOfData(only(Fixture.written(BATCHES)))};
    }

    private static int endOfData(byte[] bytes) {
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        return (end + 7) / 8 * 8;
    }

    private static byte[] only(MemoryDisk disk) {
        assertThat(disk.journals()).hasSize(1);
        return disk.bytes(disk.journals().get(0));
    }

    /** A segment has its whole size, durably, before it is used: a shorter one has lost something, perhaps with its marks. */
    @Test
    void a_file_that_is_shorter_than_it_was_made_is_damage_wherever_it_ends() throws Exception {
        int end = lastBatch()[1];
        for (int size = 0; size < Fixture.SEGMENT_BYTES; size += size < SegmentHeader.BYTES || size > end ? 64 : 1) {
            MemoryDisk disk = Fixture.written(BATCHES);
            String name = disk.journals().get(0);
            disk.put(name, Arrays.copyOf(disk.bytes(name), size));
            StorageException damage = refusal(() -> Fixture.contents(disk));
            assertThat(damage).as("%d bytes", size).isNotNull();
            assertThat(damage.code()).as("%d bytes", size).isEqualTo(Code.DAMAGED);
            assertThat(damage).hasMessageContaining(name);
        }
    }

    @Test
    void a_torn_tail_is_cut_wherever_zeros_begin() throws Exception {
        int[] last = lastBatch();
        for (int at = last[0]; at < last[1]; at++) {
            MemoryDisk disk = Fixture.written(BATCHES);
            byte[] bytes = only(disk);
            boolean changed = !allZero(bytes, at);
            Arrays.fill(bytes, at, bytes.length, (byte) 0);
            mustGoOnFrom(disk, changed ? SYNCED : Fixture.flat(BATCHES), "zeros from " + at);
        }
    }

    private static boolean allZero(byte[] bytes, int from) {
        for (int at = from; at < bytes.length; at++) {
            if (bytes[at] != 0) {
                return false;
            }
        }
        return true;
    }

    @Test
    void a_torn_tail_is_cut_wherever_garbage_begins() throws Exception {
        int[] last = lastBatch();
        for (int at = last[0]; at < last[1]; at++) {
            MemoryDisk disk = Fixture.written(BATCHES);
            byte[] bytes = only(disk);
            byte[] garbage = new byte[last[1] - at + 100];
            new SplittableRandom(at).nextBytes(garbage);
            garbage[0] = (byte) (bytes[at] ^ 1);
            System.arraycopy(garbage, 0, bytes, at, garbage.length);
            mustGoOnFrom(disk, SYNCED, "garbage from " + at);
        }
    }

    @Test
    void a_torn_tail_is_cut_whichever_sector_was_not_written() throws Exception {
        List<List<Stored>> batches = List.of(List.of(Stored.of(1, 1, 10)), List.of(Stored.of(1, 2, 4000)));
        int start = endOfData(only(Fixture.written(batches.subList(0, 1))));
        int end = endOfData(only(Fixture.written(batches)));
        for (int sector = start / 512 * 512; sector < end; sector += 512) {
            MemoryDisk disk = Fixture.written(batches);
            Arrays.fill(only(disk), Math.max(sector, start), Math.min(sector + 512, end), (byte) 0);
            mustGoOnFrom(disk, batches.get(0), "zero sector " + sector);
        }
    }

    private static void mustGoOnFrom(MemoryDisk disk, List<Stored> expected, String what) throws StorageException {
        List<Stored> model = new ArrayList<>(expected);
        try (FileStorage storage = on(disk)) {
            assertThat(start(storage)).as(what).isEqualTo(model);
            Stored next = Stored.of(1, 99, 50);
            next.appendTo(storage);
            storage.sync();
            model.add(next);
        }
        assertThat(Fixture.contents(disk)).as(what).isEqualTo(model);
    }

    @Test
    void one_flipped_bit_below_the_mark_is_damage_and_named() throws Exception {
        int[] last = lastBatch();
        MemoryDisk marked = Fixture.written(BATCHES);
        String first = marked.journals().get(0);
        Fixture.contents(marked); // every start leaves a mark, behind the last batch, which it has copied
        assertThat(marked.journals()).hasSize(2);
        for (String name : marked.journals()) {
            int end = name.equals(first) ? last[0] : SegmentHeader.BYTES + last[1] - last[0];
            damageIsNamed(marked, name, name.equals(first) ? FIRST_RECORDS : SegmentHeader.BYTES, end);
        }
    }

    /** What it said of groups is nothing, and the boot count is in the manifest: whatever is behind it, it is not missed. */
    @Test
    void the_empty_batch_with_which_a_life_begins_is_no_loss() throws Exception {
        MemoryDisk begun = new MemoryDisk();
        assertThat(Fixture.contents(begun)).isEmpty();
        MemoryDisk started = begun.copy();
        assertThat(Fixture.contents(started)).isEmpty();
        MemoryDisk written = Fixture.written(BATCHES);
        for (int at = SegmentHeader.BYTES; at < FIRST_RECORDS; at++) {
            for (MemoryDisk whole : List.of(begun, started, written)) {
                MemoryDisk disk = whole.copy();
                disk.bytes(disk.journals().get(0))[at] ^= (byte) (1 << at % 8);
                List<Stored> expected = whole == written ? Fixture.flat(BATCHES) : List.of();
                mustGoOnFrom(disk, expected, "bit in byte " + at);
            }
        }
    }

    /** And where a life begins behind others: what those have written is there. */
    @Test
    void the_empty_batch_of_a_later_life_is_no_loss() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        String first = disk.journals().get(0);
        Fixture.contents(disk); // copies the last batch
        String last = disk.journals().stream()
                .filter(name -> !name.equals(first))
                .findFirst()
                .orElseThrow();
        byte[] bytes = disk.bytes(last);
        int start = lastHeader(bytes);
        for (int at = start; at < endOfData(bytes); at++) {
            MemoryDisk damaged = disk.copy();
            damaged.bytes(last)[at] ^= 2;
            mustGoOnFrom(damaged, Fixture.flat(BATCHES), "byte " + at);
        }
    }

    private static void damageIsNamed(MemoryDisk marked, String name, int start, int end) {
        for (int at = start; at < end; at++) {
            MemoryDisk disk = marked.copy();
            disk.bytes(name)[at] ^= (byte) (1 << at % 8);
            StorageException damage = refusal(() -> Fixture.contents(disk));
            assertThat(damage).as("bit in byte %d", at).isNotNull();
            assertThat(damage.code()).as("bit in byte %d", at).isEqualTo(Code.DAMAGED);
            assertThat(damage).hasMessageContaining(name);
            assertThat(offset(damage)).as("bit in byte %d", at).isBetween(at - 300, at);
        }
    }

    @Test
    void an_idle_mark_makes_damage_of_what_would_be_a_torn_tail() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            Stored.of(1, 1, 100).appendTo(storage);
            storage.sync();
            storage.idle();
        }
        long end = FIRST_RECORDS + RecordLayout.headerLength(1) + RecordLayout.length(100);
        for (int at = FIRST_RECORDS; at < end; at++) {
            MemoryDisk damaged = disk.copy();
            only(damaged)[at] ^= 4; // the mark of the batch behind it is the only one
            StorageException damage = refusal(() -> Fixture.contents(damaged));
            assertThat(damage).as("byte %d", at).isNotNull();
            assertThat(damage.code()).isEqualTo(Code.DAMAGED);
        }
    }

    @Test
    void a_file_that_is_shorter_than_the_mark_is_damage() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        Fixture.contents(disk);
        Fixture.contents(disk); // now the manifest knows the mark, too
        String name = disk.journals().get(0);
        disk.put(name, Arrays.copyOf(disk.bytes(name), SegmentHeader.BYTES + 100));
        StorageException damage = refusal(() -> Fixture.contents(disk));
        assertThat(damage.code()).isEqualTo(Code.DAMAGED);
        assertThat(damage).hasMessageContaining(name);
    }

    private static int offset(StorageException damage) {
        String text = damage.toString();
        int from = text.indexOf("offset ") + 7;
        return Integer.parseInt(text.substring(from, text.indexOf(':', from)));
    }

    @Test
    void one_flipped_bit_in_a_segment_that_was_left_is_damage() throws Exception {
        MemoryDisk many = rotated();
        SplittableRandom random = new SplittableRandom(5);
        List<String> left = many.journals();
        int damaged = 0;
        for (int i = 0; i < 200; i++) {
            String name = left.get(random.nextInt(left.size()));
            MemoryDisk disk = many.copy();
            int at = SegmentHeader.BYTES + random.nextInt(4000);
            if (isUnused(disk.bytes(name))) {
                continue;
            }
            disk.bytes(name)[at] ^= (byte) (1 << random.nextInt(8));
            StorageException damage = refusal(() -> Fixture.contents(disk));
            assertThat(damage).as("%s, byte %d", name, at).isNotNull();
            assertThat(damage.code()).isEqualTo(Code.DAMAGED);
            assertThat(damage).hasMessageContaining(name);
            damaged++;
        }
        assertThat(damaged).isGreaterThan(50);
    }

    /** The last segment, where a torn tail is possible, and a spare. */
    private static boolean isUnused(byte[] bytes) {
        return endOfData(bytes) < bytes.length - 2000;
    }

    private static MemoryDisk rotated() throws StorageException {
        List<List<Stored>> batches = new ArrayList<>();
        for (int slot = 1; slot <= 60; slot++) {
            batches.add(List.of(Stored.of(1, slot, 900)));
        }
        MemoryDisk disk = Fixture.written(batches);
        assertThat(disk.journals().size()).isGreaterThan(5);
        return disk;
    }

    @Test
    void one_damaged_copy_of_a_segment_header_does_no_harm_and_two_are_damage() throws Exception {
        MemoryDisk disk = rotated();
        List<Stored> all = Fixture.contents(disk);
        String name = disk.journals().get(1);
        disk.bytes(name)[20] ^= 1;
        assertThat(Fixture.contents(disk)).isEqualTo(all);
        disk.bytes(name)[SegmentHeader.COPY_BYTES + 20] ^= 1;
        StorageException damage = refusal(() -> Fixture.contents(disk));
        assertThat(damage.code()).isEqualTo(Code.DAMAGED);
        assertThat(damage).hasMessageContaining(name);
    }

    @Test
    void a_missing_segment_is_named_whichever_it_is() throws Exception {
        MemoryDisk many = rotated();
        Fixture.contents(many);
        for (String name : many.journals()) {
            MemoryDisk disk = many.copy();
            disk.remove(name);
            StorageException missing = refusal(() -> Fixture.contents(disk));
            assertThat(missing.code()).isEqualTo(Code.MISSING_FILE);
            assertThat(missing).hasMessageContaining(name);
        }
    }

    @Test
    void swapped_segments_are_damage() throws Exception {
        MemoryDisk disk = rotated();
        Fixture.contents(disk);
        String one = disk.journals().get(0);
        String other = disk.journals().get(1);
        byte[] bytes = disk.bytes(one);
        disk.put(one, disk.bytes(other));
        disk.put(other, bytes);
        assertThat(refusal(() -> Fixture.contents(disk)).code()).isEqualTo(Code.DAMAGED);
    }

    @Test
    void records_that_changed_places_are_damage() throws Exception {
        List<List<Stored>> equal =
                List.of(List.of(Stored.of(1, 1, 40)), List.of(Stored.of(1, 2, 40)), List.of(Stored.of(1, 3, 40)));
        MemoryDisk disk = Fixture.written(equal);
        String name = disk.journals().get(0);
        Fixture.contents(disk);
        byte[] bytes = disk.bytes(name);
        int length = 88 + 96;
        byte[] copy = bytes.clone();
        System.arraycopy(copy, SegmentHeader.BYTES, bytes, SegmentHeader.BYTES + length, length);
        assertThat(refusal(() -> Fixture.contents(disk)).code()).isEqualTo(Code.DAMAGED);
    }

    @Test
    void an_old_manifest_is_not_taken_for_the_truth() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        byte[] old = disk.bytes(Manifest.FILE).clone();
        try (FileStorage storage = on(disk)) {
            start(storage);
            for (int slot = 10; slot < 60; slot++) {
                Stored.of(1, slot, 900).appendTo(storage);
                storage.sync();
            }
        }
        disk.put(Manifest.FILE, old);
        StorageException damage = refusal(() -> Fixture.contents(disk));
        assertThat(damage.code()).isEqualTo(Code.DAMAGED);
        assertThat(damage).hasMessageContaining(Manifest.FILE);
    }

    // ---- for a visitor that takes damage ----

    /** Where batches begin in the only segment, and behind the last one. */
    private static List<Integer> borders(List<List<Stored>> batches) throws StorageException {
        List<Integer> borders = new ArrayList<>(List.of(FIRST_RECORDS));
        for (int i = 1; i <= batches.size(); i++) {
            borders.add(endOfData(only(Fixture.written(batches.subList(0, i)))));
        }
        return borders;
    }

    private static Fixture.Patient patiently(MemoryDisk disk) throws StorageException {
        try (FileStorage storage = on(disk)) {
            return Fixture.startPatiently(storage);
        }
    }

    @Test
    void a_damaged_record_takes_the_rest_of_its_batch_and_the_header_says_what_that_was() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        int second = borders(BATCHES).get(1);
        only(disk)[second + (int) RecordLayout.headerLength(3) + 50] ^= 1; // in the first of its two records
        Fixture.Patient patient = patiently(disk);
        assertThat(patient.lost)
                .containsExactly(new Lost(1, 2, 2, 5, Fixture.NODE), new Lost(2, 1, 1, 5, Fixture.NODE));
        List<Stored> rest = new ArrayList<>(BATCHES.get(0));
        rest.addAll(Fixture.flat(BATCHES.subList(2, 4)));
        assertThat(patient.found).isEqualTo(rest);
    }

    @Test
    void what_a_lost_batch_header_said_the_next_one_repeats() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        only(disk)[borders(BATCHES).get(1) + 30] ^= 1;
        Fixture.Patient patient = patiently(disk);
        assertThat(patient.lost)
                .containsExactly(new Lost(1, 2, 2, 5, Fixture.NODE), new Lost(2, 1, 1, 5, Fixture.NODE));
        assertThat(patient.found).hasSize(5).doesNotContainAnyElementsOf(BATCHES.get(1));
    }

    @Test
    void damage_in_several_places_is_reported_in_its_order_and_the_journal_goes_on() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        List<Integer> borders = borders(BATCHES);
        only(disk)[borders.get(0) + 30] ^= 1;
        only(disk)[borders.get(3) - 10] ^= 1;
        Stored next = Stored.of(1, 9, 50);
        try (FileStorage storage = on(disk)) {
            assertThat(Fixture.startPatiently(storage).lost)
                    .containsExactly(new Lost(1, 1, 1, 5, Fixture.NODE), new Lost(1, 3, 3, 5, Fixture.NODE));
            next.appendTo(storage);
            storage.sync();
        }
        Fixture.Patient again = patiently(disk);
        assertThat(again.lost).hasSize(2);
        assertThat(again.found).hasSize(6).endsWith(next);
    }

    /** A segment in use cannot be trimmed, and nothing else takes the damage away. */
    @Test
    void a_last_segment_with_damage_is_left_by_the_start_so_that_it_can_go() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            Stored.of(1, 1, 100).appendTo(storage);
            storage.sync();
            storage.idle(); // nothing is left to be copied
        }
        String segment = disk.journals().get(0);
        only(disk)[FIRST_RECORDS + (int) RecordLayout.headerLength(1) + 50] ^= 1;
        for (int life = 0; life < 2; life++) {
            assertThat(patiently(disk).lost).containsExactly(new Lost(1, 1, 1, 5, Fixture.NODE));
            assertThat(disk.journals()).as("once").hasSize(2).contains(segment);
        }
        try (FileStorage storage = on(disk)) {
            Fixture.startPatiently(storage);
            storage.trim(1, 1, storage.durablePosition(), RecordLayout.headerLength(0));
        }
        assertThat(disk.journals()).hasSize(1).doesNotContain(segment);
        assertThat(patiently(disk).lost).isEmpty();
    }

    @Test
    void two_lost_headers_in_a_row_are_a_lost_state() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        List<Integer> borders = borders(BATCHES);
        only(disk)[borders.get(1) + 30] ^= 1;
        only(disk)[borders.get(2) + 30] ^= 1;
        StorageException lost = refusal(() -> patiently(disk));
        assertThat(lost.code()).isEqualTo(Code.DAMAGED);
        assertThat(lost)
                .hasMessageContaining("offset " + borders.get(1))
                .hasMessageContaining("promised and accepted is lost")
                .hasMessageContaining("remove this node from the cluster and add it as a new one");
    }

    @Test
    void a_lost_header_at_the_end_of_a_segment_is_told_by_the_next_segment() throws Exception {
        MemoryDisk disk = rotated();
        List<Stored> all = Fixture.contents(disk);
        int told = 0;
        for (String name : disk.journals()) {
            MemoryDisk copy = disk.copy();
            byte[] bytes = copy.bytes(name);
            int last = lastHeader(bytes);
            bytes[last + 30] ^= 1;
            Fixture.Patient patient = patiently(copy);
            List<Stored> missing = new ArrayList<>(all);
            missing.removeAll(patient.found);
            assertThat(missing).allMatch(record -> patient.lost.stream().anyMatch(lost -> lost.covers(record)));
            told += patient.lost.size();
        }
        assertThat(told).isGreaterThan(3);
    }

    private static int lastHeader(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int last = SegmentHeader.BYTES;
        for (int at = last; at < bytes.length - 4 && buffer.getInt(at) > 0; at += buffer.getInt(at)) {
            if (buffer.getShort(at + RecordLayout.FLAGS) == RecordLayout.OWN) {
                last = at;
            }
        }
        return last;
    }

    @Test
    void a_page_that_cannot_be_read_is_damage_below_a_mark_and_an_error_above() throws Exception {
        int page = 4096;
        int segmentBytes = 2 * Fixture.SEGMENT_BYTES;
        long firstPage = SegmentHeader.BYTES + page - FIRST_RECORDS - RecordLayout.headerLength(1);
        List<List<Stored>> batches = new ArrayList<>();
        for (long bytes : new long[] {firstPage - RecordLayout.length(0), 7000, 20, 30, 40}) {
            batches.add(List.of(Stored.of(1, batches.size() + 1, (int) bytes)));
        }
        MemoryDisk disk = Fixture.written(batches, segmentBytes);
        disk.unreadable = disk.journals().get(0);
        disk.unreadableAt = SegmentHeader.BYTES + page; // where the second batch begins, and no other
        Fixture.Patient patient = patiently(disk);
        assertThat(patient.lost).containsExactly(new Lost(1, 2, 2, 5, Fixture.NODE));
        List<Stored> rest = new ArrayList<>(batches.get(0));
        rest.addAll(Fixture.flat(batches.subList(2, 5)));
        assertThat(patient.found).isEqualTo(rest);

        MemoryDisk tail = Fixture.written(batches, segmentBytes);
        tail.unreadable = tail.journals().get(0);
        tail.unreadableAt = segmentBytes - 1;
        StorageException error = refusal(() -> patiently(tail));
        assertThat(error.code()).isEqualTo(Code.IO_FAILED);
        assertThat(error).hasMessageContaining("input/output error");
    }

    @Test
    void a_read_over_damage_gives_what_is_left_and_says_what_is_not() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        String segment = disk.journals().get(0);
        only(disk)[borders(BATCHES).get(1) + 30] ^= 1;
        try (FileStorage storage = on(disk)) {
            Fixture.startPatiently(storage);
            mustTell(storage, 2);
            disk.bytes(segment)[borders(BATCHES).get(3) - 10] ^= 1; // and after the start
            mustTell(storage, 3);
        }
    }

    private static void mustTell(FileStorage storage, long missing) throws StorageException {
        Fixture.Patient patient = new Fixture.Patient();
        assertThat(storage.read(1, 1, 5, 100_000, patient)).isEqualTo(5);
        assertThat(patient.lost).isNotEmpty().allMatch(lost -> lost.group() == 1);
        assertThat(patient.lost).anyMatch(lost -> lost.slotFrom() <= missing && missing <= lost.slotTo());
        assertThat(patient.found).isNotEmpty().noneMatch(record -> record.slotFrom() == missing);
        assertThat(refusal(() -> storage.read(1, missing, missing, 1, (group, kind, from, to, body) -> {}))
                        .code())
                .isEqualTo(Code.DAMAGED);
    }

    @Test
    void a_read_of_damaged_bytes_is_an_error() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk)) {
            start(storage);
            Stored.of(1, 1, 100).appendTo(storage);
            storage.sync();
            only(disk)[SegmentHeader.BYTES + 150] ^= 4;
            StorageException damage = refusal(() -> storage.read(1, 1, 1, 1000, (group, kind, from, to, body) -> {}));
            assertThat(damage.code()).isEqualTo(Code.DAMAGED);
            assertThat(damage).hasMessageContaining(disk.journals().get(0));
        }
    }

    private static StorageException refusal(ThrowingCallable call) {
        return catchThrowableOfType(StorageException.class, call);
    }

    @Test
    void a_record_of_an_unknown_format_is_named() throws Exception {
        MemoryDisk disk = Fixture.written(BATCHES);
        byte[] bytes = only(disk);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = SegmentHeader.BYTES;
        int length = buffer.getInt(at);
        bytes[at + RecordLayout.FORMAT] = 9;
        SegmentHeader header;
        try (DiskFile file = disk.open(disk.journals().get(0), false)) {
            header = Objects.requireNonNull(SegmentHeader.read(file, ""));
        }
        int crc = new Chain(header.cluster(), header.storageId()).crc(header.segment(), at, 0, buffer, at, length);
        buffer.clear().putInt(at + length - 4, crc);
        assertThatThrownBy(() -> Fixture.contents(disk))
                .isInstanceOfSatisfying(
                        StorageException.class, e -> assertThat(e.code()).isEqualTo(Code.UNKNOWN_VERSION))
                .hasMessageContaining("format 9")
                .hasMessageContaining("format 1");
    }

    /** The index knows a large batch in pieces: the header that follows the damage tells of more than its piece. */
    @Test
    void a_reader_finds_what_follows_damage_though_its_batch_is_larger_than_what_is_read_at_once() throws Exception {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = on(disk).withSegmentBytes(1024 * 1024)) {
            start(storage);
            for (long slot = 1; slot <= 2; slot++) {
                Stored.of(1, slot, 1_000).appendTo(storage);
                storage.sync();
            }
            for (long slot = 3; slot <= 100; slot++) {
                Stored.of(1, slot, 2_000).appendTo(storage);
            }
            storage.sync();
            byte[] bytes = disk.bytes(disk.journals().stream()
                    .filter(name -> disk.bytes(name)[0] != 0)
                    .findFirst()
                    .orElseThrow());
            int second = SegmentHeader.BYTES
                    + (int) RecordLayout.headerLength(0)
                    + 2 * (int) (RecordLayout.headerLength(1) + RecordLayout.length(1_000));
            bytes[second - 100] ^= 1;

            Fixture.Patient reader = new Fixture.Patient();
            storage.read(1, 1, 20, Long.MAX_VALUE, reader);
            assertThat(reader.lost).isNotEmpty();
            assertThat(reader.found)
                    .extracting(Stored::slotFrom)
                    .contains(1L, 3L, 20L)
                    .doesNotContain(2L);
        }
    }
}
