package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.Identity;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A disk at rest loses or changes something. Whatever it is, the next start finds every record, or it stops, says which file it
 * is and what to do. One exception is stated in {@code docs/storage.md} and held to the byte by {@link Directory#expected}: what
 * takes away the end of the last segment, and every mark that follows, leaves the journal as it once was.
 *
 * <p>{@code -Dstorage.enumeration=full} tries every byte of all directories.
 */
class RotMatrixTest {
    private static final boolean FULL = "full".equals(System.getProperty("storage.enumeration"));
    private static final int SECTOR_BYTES = 512;
    private static final int HEADER_BYTES = 84; // of a copy of a segment's header, those in use
    private static final int STOPS = -1;

    /** How a directory was left. */
    private enum Base {
        /** In good order, with a mark behind the last batch. */
        CLOSED,
        /** Killed: the last batch is synced and has no mark behind it, and a spare segment is there. */
        KILLED,
        /** Trimmed, and closed in good order. */
        TRIMMED,
        /** Killed while it trimmed: the segments that are obsolete are still there. */
        UNDELETED,
        /** Trimmed, and killed when the last segments were such as had been trimmed. */
        REUSED;

        /** Three segments, in the second life; or more, of which some were trimmed. */
        Directory make() throws IOException {
            Directory made = new Directory();
            made.start();
            made.write(1, 40);
            for (int slot = 2; slot < 8; slot += 2) {
                made.write(slot, 1900);
            }
            made.stop();
            made.start();
            for (int slot = 8; slot < 14; slot += 2) {
                made.write(slot, slot < 12 ? 1900 : 1200);
            }
            made.idle();
            made.write(14, 300);
            if (this == TRIMMED || this == UNDELETED || this == REUSED) {
                for (int slot = 16; slot < 20; slot += 2) {
                    made.write(slot, 1900);
                }
                made.trim(8, this != UNDELETED);
                made.write(20, 300);
            }
            if (this == REUSED) {
                for (int slot = 22; slot < 32; slot += 2) {
                    made.write(slot, 1900);
                }
                made.trim(24, true);
                for (int slot = 32; slot < 38; slot += 2) {
                    made.write(slot, 1900);
                }
                made.idle();
                made.write(38, 300);
            }
            if (this == CLOSED || this == TRIMMED) {
                made.idle();
                made.stop();
            }
            made.look();
            SegmentHeader last = Objects.requireNonNull(made.headers.get(made.last));
            assertThat(last.usedBefore()).isEqualTo(this == REUSED);
            return made;
        }
    }

    /** A directory, what it went through, and what is in it. */
    private static final class Directory {
        private final RecordedDisk disk = new RecordedDisk(Map.of());
        private final SplittableRandom ids = new SplittableRandom(11);
        private boolean background = true;
        private FileStorage storage = fresh();

        final List<Stored> records = new ArrayList<>();
        final List<Stored> trimmed = new ArrayList<>(); // and those that went before them
        long bootCount;
        final List<SortedMap<String, byte[]>> past = new ArrayList<>(); // after each step
        private long manifestMark; // a journal position: everything below is known to be durable
        private final List<Long> positions = new ArrayList<>(); // of the records
        SortedMap<String, byte[]> files = new TreeMap<>();
        final SortedMap<String, SegmentHeader> headers = new TreeMap<>(); // of those that are in use
        private final Map<String, Integer> ends = new TreeMap<>(); // of the records of those that were left
        private long durable; // the end of the journal
        int passed; // stops that a visitor that takes damage does not meet
        String last = "";

        private FileStorage fresh() {
            Executor executor = work -> {
                if (background) {
                    work.run();
                }
            };
            return FileStorage.on(disk, executor, ids::nextLong).withSegmentBytes(Fixture.SEGMENT_BYTES);
        }

        void start() throws StorageException {
            storage = fresh();
            bootCount = storage.open(NODE, FOUNDING).bootCount();
            assertThat(Fixture.replay(storage)).isEqualTo(records);
            note();
        }

        void trim(long upTo, boolean delete) throws StorageException {
            long position = storage.durablePosition();
            for (int group = 1; group <= 2; group++) {
                Stored promise = new Stored(group, 3, 0, 0, Bytes.utf8("a promise of group " + group));
                promise.appendTo(storage);
                records.add(promise);
            }
            background = delete;
            storage.trim(1, upTo, position, 0);
            past.add(disk.files());
            storage.trim(2, upTo, position, 0);
            note();
            try (FileStorage another = FileStorage.on(new RecordedDisk(disk.files()), work -> {}, ids::nextLong)) {
                int left = Fixture.start(another).size();
                trimmed.addAll(records.subList(0, records.size() - left));
                records.subList(0, records.size() - left).clear();
            }
            assertThat(trimmed).isNotEmpty().allMatch(record -> record.slotTo() <= upTo);
        }

        /** Appends two records and syncs. */
        void write(int slot, int bytes) throws StorageException {
            List<Stored> batch = List.of(Stored.of(1, slot, bytes), Stored.of(2, slot + 1, bytes));
            for (Stored record : batch) {
                record.appendTo(storage);
            }
            storage.sync();
            records.addAll(batch);
            note();
        }

        private void note() {
            past.add(disk.files());
            durable = storage.durablePosition();
        }

        void idle() throws StorageException {
            storage.idle();
            note();
        }

        void stop() {
            storage.close();
            past.add(disk.files());
        }

        void look() throws IOException {
            files = disk.files();
            CopiedFile.Content content = new CopiedFile(disk, Manifest.FILE, Manifest.MAGIC, Manifest.FORMAT).read();
            Manifest manifest = Manifest.decode(content.payload(), content.format());
            manifestMark = manifest.durable();
            for (long id : manifest.segments()) {
                last = Segment.name(id);
                try (DiskFile file = disk.open(last, false)) {
                    SegmentHeader header = Objects.requireNonNull(SegmentHeader.read(file, last));
                    headers.put(last, header);
                    ends.put(Segment.name(header.previousSegment()), header.previousEnd());
                }
            }
            assertThat(headers).hasSizeGreaterThanOrEqualTo(3);
            for (long id : manifest.segments()) {
                notePositions(Segment.name(id));
            }
            assertThat(positions).hasSameSizeAs(records);
        }

        private void notePositions(String segment) {
            ByteBuffer bytes = records(segment);
            List<Integer> borders = borders(segment);
            for (int at : borders.subList(0, borders.size() - 1)) {
                if (!isHeader(bytes, at)) {
                    positions.add(position(segment, at));
                }
            }
        }

        private long position(String segment, int at) {
            return Objects.requireNonNull(headers.get(segment)).logicalStart() + at - SegmentHeader.BYTES;
        }

        private static boolean isHeader(ByteBuffer bytes, int at) {
            return (bytes.getShort(at + RecordLayout.FLAGS) & RecordLayout.OWN) != 0;
        }

        /** {@return the highest mark that is left, if these are the bytes of a file} */
        long markLeft(String name, byte[] now) {
            long highest = name.equals(Manifest.FILE) ? 0 : manifestMark;
            ByteBuffer bytes = records(last);
            List<Integer> borders = borders(last);
            for (int i = 0; i + 1 < borders.size(); i++) {
                int at = borders.get(i);
                int length = borders.get(i + 1) - at;
                boolean gone = name.equals(last) && (now.length < at + length || changed(now, bytes(last), at, length));
                if (isHeader(bytes, at) && !gone) {
                    highest = Math.max(highest, bytes.getLong(at + RecordLayout.SYNCED_UP_TO));
                }
            }
            return Math.max(highest, position(last, SegmentHeader.BYTES));
        }

        SortedMap<String, byte[]> copy() {
            SortedMap<String, byte[]> copy = new TreeMap<>();
            files.forEach((name, bytes) -> copy.put(name, bytes.clone()));
            return copy;
        }

        /** {@return where the records of a segment begin, batch headers included, and where the last one ends} */
        List<Integer> borders(String segment) {
            ByteBuffer bytes = records(segment);
            int end = ends.getOrDefault(segment, (int) (durable - position(segment, 0)));
            List<Integer> borders = new ArrayList<>(List.of(SegmentHeader.BYTES));
            for (int at = SegmentHeader.BYTES; at < end; ) {
                at += bytes.getInt(at);
                borders.add(at);
            }
            return borders;
        }

        private ByteBuffer records(String segment) {
            return ByteBuffer.wrap(bytes(segment)).order(ByteOrder.LITTLE_ENDIAN);
        }

        byte[] bytes(String name) {
            return Objects.requireNonNull(files.get(name));
        }

        /**
         * {@return how many records a start must find when these are the bytes of a segment; or {@link #STOPS}}
         */
        int expected(String segment, byte[] now) {
            byte[] then = bytes(segment);
            if (now.length < ends.getOrDefault(segment, then.length)
                    || (changed(now, then, 0, HEADER_BYTES)
                            && changed(now, then, SegmentHeader.COPY_BYTES, HEADER_BYTES))) {
                return STOPS;
            }
            List<Integer> borders = borders(segment);
            if (!segment.equals(last)) {
                int bytes = borders.get(borders.size() - 1) - SegmentHeader.BYTES;
                return changed(now, then, SegmentHeader.BYTES, bytes) ? STOPS : records.size();
            }
            return expectedInLast(now, then, borders);
        }

        /** The first batch that is not as it was, is cut with all behind it, unless a mark is left that is higher. */
        private int expectedInLast(byte[] now, byte[] then, List<Integer> borders) {
            ByteBuffer bytes = records(last);
            long origin = Objects.requireNonNull(headers.get(last)).logicalStart() - SegmentHeader.BYTES;
            int bad = -1; // where the first bad record is
            int lost = 0; // records from the batch on in which it is
            int inBatch = 0;
            boolean stops = false;
            for (int i = 0; i + 1 < borders.size(); i++) {
                int at = borders.get(i);
                boolean isHeader = isHeader(bytes, at);
                boolean changed = changed(now, then, at, borders.get(i + 1) - at);
                if (isHeader) {
                    stops |= bad >= 0 && !changed;
                    inBatch = 0;
                } else {
                    inBatch++;
                    lost += bad >= 0 ? 1 : 0;
                }
                if (changed && bad < 0) {
                    bad = at;
                    lost = inBatch;
                }
            }
            return bad < 0 ? records.size() : stops || origin + bad < manifestMark ? STOPS : records.size() - lost;
        }

        private static boolean changed(byte[] now, byte[] then, int from, int length) {
            return !Arrays.equals(now, from, from + length, then, from, from + length);
        }
    }

    /** {@return how many records are found, all as they were; or {@link #STOPS}} */
    private static int start(Directory directory, SortedMap<String, byte[]> files, String what) {
        RecordedDisk disk = new RecordedDisk(files);
        SplittableRandom ids = new SplittableRandom(what.hashCode());
        FileStorage small = FileStorage.on(disk, Runnable::run, ids::nextLong).withSegmentBytes(Fixture.SEGMENT_BYTES);
        try (FileStorage storage = small) {
            Identity identity = storage.open(NODE, FOUNDING);
            assertThat(identity.formatted()).as(what).isFalse();
            assertThat(identity.bootCount()).as(what).isGreaterThan(directory.bootCount);
            List<Stored> found = withoutTrimmed(directory, Fixture.replay(storage));
            assertThat(found.size()).as(what).isLessThanOrEqualTo(directory.records.size());
            assertThat(found).as(what).isEqualTo(directory.records.subList(0, found.size()));
            return found.size();
        } catch (StorageException stop) {
            assertThat(stop.code()).as("%s: %s", what, stop).isIn(Code.DAMAGED, Code.MISSING_FILE);
            assertThat(stop).as(what).hasMessageMatching("(?s).*(journal-|MANIFEST|IDENTITY).*add it as a new one.*");
            return STOPS;
        }
    }

    /** What is obsolete may be found again, if an older manifest is back and nothing was deleted yet. */
    private static List<Stored> withoutTrimmed(Directory directory, List<Stored> found) {
        int count = directory.trimmed.size();
        boolean again =
                count > 0 && found.size() >= count && found.subList(0, count).equals(directory.trimmed);
        return again ? found.subList(count, found.size()) : found;
    }

    /**
     * One file has changed, and the visitor takes damage. Each record below a mark is found, or what is reported as lost covers it;
     * or the start stops. And what is found is what was written, in that order.
     *
     * @return whether it goes on
     */
    private static boolean goesOn(Directory directory, SortedMap<String, byte[]> files, String name, String what) {
        RecordedDisk disk = new RecordedDisk(files);
        SplittableRandom ids = new SplittableRandom(what.hashCode());
        Fixture.Patient patient;
        Stored next = Stored.of(3, 99, 100);
        try (FileStorage storage =
                FileStorage.on(disk, Runnable::run, ids::nextLong).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            patient = Fixture.startPatiently(storage);
            next.appendTo(storage);
            storage.sync();
        } catch (StorageException stop) {
            assertThat(stop.code()).as("%s: %s", what, stop).isIn(Code.DAMAGED, Code.MISSING_FILE);
            assertThat(stop).as(what).hasMessageMatching("(?s).*(journal-|MANIFEST|IDENTITY).*add it as a new one.*");
            return false;
        }
        mustCover(directory, patient, directory.markLeft(name, Objects.requireNonNull(files.get(name))), what);
        try (FileStorage storage = FileStorage.on(new RecordedDisk(disk.files()), Runnable::run, ids::nextLong)
                .withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            Fixture.Patient again = Fixture.startPatiently(storage);
            patient.found.add(next);
            assertThat(again.found).as("%s, again", what).isEqualTo(patient.found);
            assertThat(again.lost).as("%s, again", what).isEqualTo(patient.lost);
        } catch (StorageException stop) {
            throw new AssertionError(what + ", again: " + stop, stop);
        }
        return true;
    }

    private static void mustCover(Directory directory, Fixture.Patient patient, long mark, String what) {
        List<Stored> found = withoutTrimmed(directory, patient.found);
        int at = 0;
        for (int i = 0; i < directory.records.size(); i++) {
            Stored record = directory.records.get(i);
            if (at < found.size() && found.get(at).equals(record)) {
                at++;
            } else if (directory.positions.get(i) < mark) {
                assertThat(patient.lost).as("%s: %s is lost", what, record).anyMatch(lost -> lost.covers(record));
            }
        }
        assertThat(at).as("%s: found, and each as it was", what).isEqualTo(found.size());
        assertThat(patient.lost).as(what).allMatch(lost -> lost.round() == 5 && lost.node() == NODE);
    }

    /** One file has changed. */
    private static int check(Directory directory, SortedMap<String, byte[]> files, String name, String what) {
        String said = what + " of " + name;
        int found = start(directory, files, said);
        if (found == STOPS && Segment.isName(name) && goesOn(directory, files, name, said)) {
            directory.passed++;
        }
        if (directory.headers.containsKey(name)) {
            int expected = directory.expected(name, Objects.requireNonNull(files.get(name)));
            if (expected != STOPS || found != directory.records.size()) { // an empty batch may be lost, and no record
                assertThat(found).as(said).isEqualTo(expected);
            }
        } else {
            assertThat(found).as(said).isIn(directory.records.size(), STOPS); // identity, manifest or a spare
        }
        return found;
    }

    @ParameterizedTest
    @EnumSource
    void one_flipped_bit_anywhere(Base base) throws Exception {
        Directory directory = base.make();
        int stopped = 0;
        for (String name : directory.files.keySet()) {
            SortedMap<String, byte[]> files = directory.copy();
            byte[] bytes = directory.bytes(name);
            for (int at = 0; at < bytes.length; at += FULL ? 1 : stride(base, bytes, at)) {
                byte[] flipped = bytes.clone();
                flipped[at] ^= (byte) (1 << at % 8);
                files.put(name, flipped);
                boolean stops = check(directory, files, name, "bit in byte " + at) == STOPS;
                assertThat(stops && !Segment.isName(name))
                        .as("one copy suffices: byte %d of %s", at, name)
                        .isFalse();
                stopped += stops ? 1 : 0;
            }
        }
        assertThat(stopped).isGreaterThan(3_000);
        assertThat(directory.passed).as("most of it has an extent").isGreaterThan(stopped * 9 / 10);
    }

    /** Everyday, zeros among zeros are skimmed, and all directories but one. */
    private static int stride(Base base, byte[] bytes, int at) {
        int end = Math.min(at + 32, bytes.length);
        boolean empty = Arrays.equals(bytes, at, end, new byte[32], 0, end - at);
        return empty ? 31 : base == Base.CLOSED ? 1 : 5;
    }

    @ParameterizedTest
    @EnumSource
    void one_sector_of_zeros_or_of_another_place(Base base) throws Exception {
        Directory directory = base.make();
        for (String name : directory.files.keySet()) {
            byte[] bytes = directory.bytes(name);
            for (int at = 0; at < bytes.length; at += SECTOR_BYTES) {
                SortedMap<String, byte[]> files = directory.copy();
                byte[] now = Objects.requireNonNull(files.get(name));
                Arrays.fill(now, at, at + SECTOR_BYTES, (byte) 0);
                check(directory, files, name, "zero sector at " + at);
                for (String source : directory.files.keySet()) {
                    byte[] other = directory.bytes(source);
                    int from = (at + SegmentHeader.BYTES) % other.length;
                    System.arraycopy(other, from, now, at, SECTOR_BYTES);
                    check(directory, files, name, "sector at " + at + " from " + source);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_file_that_ends_too_early_or_too_late(Base base) throws Exception {
        Directory directory = base.make();
        for (String name : directory.files.keySet()) {
            byte[] bytes = directory.bytes(name);
            TreeSet<Integer> sizes = new TreeSet<>();
            for (int size = 0; size < bytes.length; size += FULL ? 1 : 64) {
                sizes.add(size);
            }
            if (directory.headers.containsKey(name)) {
                directory.borders(name).forEach(at -> sizes.addAll(List.of(at - 1, at, at + 1)));
            }
            sizes.addAll(List.of(bytes.length + 1, bytes.length + 100, bytes.length + 4096, bytes.length + 8192));
            for (int size : sizes) {
                SortedMap<String, byte[]> files = directory.copy();
                byte[] resized = Arrays.copyOf(bytes, size);
                Arrays.fill(resized, Math.min(bytes.length, size), size, (byte) 0x5A);
                files.put(name, resized);
                check(directory, files, name, size + " bytes");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void two_records_that_changed_places(Base base) throws Exception {
        Directory directory = base.make();
        int swapped = 0;
        for (String name : directory.headers.keySet()) {
            List<Integer> borders = directory.borders(name);
            for (int i = 0; i + 2 < borders.size(); i++) {
                for (int j = i + 1; j + 1 < borders.size(); j++) {
                    SortedMap<String, byte[]> files = directory.copy();
                    files.put(name, swapped(directory.bytes(name), borders, i, j));
                    check(directory, files, name, "record " + i + " for " + j);
                    swapped++;
                }
            }
        }
        assertThat(swapped).isGreaterThan(30);
    }

    private static byte[] swapped(byte[] bytes, List<Integer> borders, int i, int j) {
        ByteBuffer swapped = ByteBuffer.wrap(bytes.clone());
        swapped.position(borders.get(i));
        swapped.put(bytes, borders.get(j), borders.get(j + 1) - borders.get(j));
        swapped.put(bytes, borders.get(i + 1), borders.get(j) - borders.get(i + 1));
        swapped.put(bytes, borders.get(i), borders.get(i + 1) - borders.get(i));
        return swapped.array();
    }

    @ParameterizedTest
    @EnumSource
    void a_file_that_is_gone_or_empty_or_in_the_place_of_another(Base base) throws Exception {
        Directory directory = base.make();
        int all = directory.records.size();
        for (String name : directory.files.keySet()) {
            boolean inUse = directory.headers.containsKey(name);
            boolean needed = inUse || !(Segment.isName(TailCopy.finished(name)) || name.equals(Reserve.FILE));
            int expected = needed ? STOPS : all;
            SortedMap<String, byte[]> files = directory.copy();
            files.remove(name);
            assertThat(start(directory, files, name + " is gone")).as(name).isEqualTo(expected);
            files.put(name, new byte[0]);
            assertThat(start(directory, files, name + " is empty")).as(name).isEqualTo(expected);
            for (String other : directory.files.keySet()) {
                if (!other.equals(name)) {
                    files.put(name, directory.bytes(other));
                    assertThat(start(directory, files, other + " as " + name))
                            .as("%s as %s", other, name)
                            .isIn(expected, STOPS);
                }
            }
            files.put(name, directory.bytes(name));
            files.put(Segment.name(0x1234), directory.bytes(name));
            assertThat(start(directory, files, name + " under another name"))
                    .as(name)
                    .isIn(inUse ? STOPS : all, STOPS);
        }
    }

    @ParameterizedTest
    @EnumSource
    void an_older_copy_of_one_file_or_of_half_of_it(Base base) throws Exception {
        Directory directory = base.make();
        int stopped = 0;
        for (SortedMap<String, byte[]> past : directory.past) {
            for (String name : past.keySet()) {
                byte[] then = Objects.requireNonNull(past.get(name));
                SortedMap<String, byte[]> files = directory.copy();
                files.put(name, then.clone());
                stopped += check(directory, files, name, "old copy") == STOPS ? 1 : 0;
                int half = then.length / 2;
                for (int at = 0; directory.files.containsKey(name) && at < then.length; at += half) {
                    byte[] bytes = directory.bytes(name);
                    byte[] mixed = Arrays.copyOf(bytes, Math.max(bytes.length, at + half)); // it may have been longer
                    System.arraycopy(then, at, mixed, at, half);
                    files.put(name, mixed);
                    stopped += check(directory, files, name, "old half at " + at) == STOPS ? 1 : 0;
                }
            }
        }
        assertThat(stopped).isGreaterThan(20);
    }

    /** The journal knows better in which life it is: nothing else tells that the manifest is of another time. */
    @Test
    void an_older_manifest_that_names_the_same_segments_does_not_bring_an_old_boot_count_back() throws Exception {
        Directory directory = new Directory();
        directory.start();
        directory.write(1, 40);
        directory.idle(); // else the next life would copy the batch to another segment
        SortedMap<String, byte[]> past = directory.disk.files();
        for (int life = 2; life < 6; life++) {
            directory.stop();
            directory.start();
        }
        SortedMap<String, byte[]> files = directory.disk.files();
        files.put(Manifest.FILE, Objects.requireNonNull(past.get(Manifest.FILE)));

        RecordedDisk disk = new RecordedDisk(files);
        for (int life = 6; life < 8; life++) {
            try (FileStorage storage = FileStorage.on(disk, work -> {}, new SplittableRandom(life)::nextLong)) {
                assertThat(storage.open(NODE, FOUNDING).bootCount()).isEqualTo(life);
                assertThat(Fixture.replay(storage)).isEqualTo(directory.records);
            }
        }
    }
}
