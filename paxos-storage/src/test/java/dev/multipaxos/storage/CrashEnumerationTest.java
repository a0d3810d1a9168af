package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.Identity;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.RecordedDisk.Force;
import dev.multipaxos.storage.RecordedDisk.Operation;
import dev.multipaxos.storage.RecordedDisk.SyncDirectory;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/**
 * Everything that a crash may leave, after each operation of some workloads, is recovered from; and a crash in the middle of
 * such a recovery, too. {@code -Dstorage.enumeration=full} tries more of it.
 */
class CrashEnumerationTest {
    private static final boolean FULL = "full".equals(System.getProperty("storage.enumeration"));

    private static final CrashStates.Effort FIRST = new CrashStates.Effort(12, FULL ? 1_000 : 100);

    private static final int GROUPS = 3;

    /** Of so many recoveries one is interrupted by a second crash, anywhere in it. */
    private static final int NESTED_EVERY = FULL ? 5 : 50;

    private static final CrashStates.Effort NESTED =
            FULL ? new CrashStates.Effort(12, 20) : new CrashStates.Effort(5, 4);

    @Test
    void formatting_and_the_first_records() throws Exception {
        enumerate(25, Spares.AT_ONCE, (life, slots) -> {
            life.begin();
            life.appendAndSync(slots, 1, 100);
            life.end();
        });
    }

    @Test
    void batches_of_every_shape_idle_marks_and_a_second_life() throws Exception {
        enumerate(4_000, Spares.AT_ONCE, (life, slots) -> {
            life.begin();
            life.appendAndSync(slots, 1, 10);
            life.appendAndSync(slots, 6, 880); // 12 sectors
            life.idle();
            life.appendAndSync(slots, 2, 300);
            life.append(slots, 1, 40); // and never synced
            life.end();
            life.begin();
            life.appendAndSync(slots, 2, 50);
            life.idle();
            life.end();
        });
    }

    @Test
    void rotation_into_a_segment_that_was_made_in_advance() throws Exception {
        enumerate(1_000, Spares.AT_ONCE, CrashEnumerationTest::rotate);
    }

    @Test
    void rotation_while_the_next_segment_is_made_late() throws Exception {
        enumerate(1_000, Spares.LATER, CrashEnumerationTest::rotate);
    }

    @Test
    void rotation_into_a_segment_that_is_made_when_it_is_needed() throws Exception {
        enumerate(1_000, Spares.NEVER, CrashEnumerationTest::rotate);
    }

    /** The process is killed with a spare segment at hand; the next one finds it. */
    private static void rotate(Life life, Slots slots) throws StorageException {
        life.begin();
        for (int i = 0; i < 3; i++) {
            life.appendAndSync(slots, 2, 1700);
        }
        life.appendAndSync(slots, 1, 2000);
        life.isKilled();
        life.begin();
        life.appendAndSync(slots, 3, 1700);
        life.end();
    }

    @Test
    void a_record_that_is_larger_than_a_segment() throws Exception {
        enumerate(250, Spares.AT_ONCE, (life, slots) -> {
            life.begin();
            life.appendAndSync(slots, 1, 30);
            life.appendAndSync(slots, 1, 20_000);
            life.appendAndSync(slots, 1, 30);
            life.end();
        });
    }

    @Test
    void trimming_while_files_are_deleted_at_once() throws Exception {
        enumerate(400, Spares.AT_ONCE, CrashEnumerationTest::trim);
    }

    @Test
    void trimming_while_files_are_deleted_later() throws Exception {
        enumerate(400, Spares.LATER, CrashEnumerationTest::trim);
    }

    @Test
    void trimming_by_a_process_that_ends_before_anything_is_deleted() throws Exception {
        enumerate(400, Spares.NEVER, CrashEnumerationTest::trim);
    }

    /** Three groups with segments in common; what touches no slot is said again; a second life trims what the first has written. */
    private static void trim(Life life, Slots slots) throws StorageException {
        life.begin();
        life.restate();
        for (int i = 0; i < 3; i++) {
            life.appendAndSync(slots, 2, 1700);
        }
        life.trim(2);
        life.appendAndSync(slots, 2, 1700);
        life.trim(6);
        life.append(slots, 1, 1700); // and never synced
        life.isKilled();
        life.begin();
        assertThat(life.gone).as("records that were trimmed").isPositive();
        life.appendAndSync(slots, 2, 1700);
        life.trim(8);
        life.appendAndSync(slots, 1, 30);
        life.end();
    }

    @Test
    void segments_that_were_trimmed_and_are_used_again_at_once() throws Exception {
        enumerate(2_000, Spares.AT_ONCE, CrashEnumerationTest::useAgain);
    }

    @Test
    void segments_that_were_trimmed_and_are_used_again_later() throws Exception {
        enumerate(2_000, Spares.LATER, CrashEnumerationTest::useAgain);
    }

    /** Killed in a segment that was used twice before, with a tail that has no mark; then trimmed and used again once more. */
    private static void useAgain(Life life, Slots slots) throws StorageException {
        life.begin();
        for (int i = 0; i < 4; i++) {
            life.appendAndSync(slots, 2, 1700);
        }
        for (int round = 0; round < 3; round++) {
            life.trim(slots.last);
            for (int i = 0; i < 4; i++) {
                life.appendAndSync(slots, 2, 1700);
            }
        }
        life.appendAndSync(slots, 1, 300);
        assertThat(life.usedBefore()).isTrue();
        life.append(slots, 1, 900); // and never synced
        life.isKilled();
        life.begin();
        assertThat(life.gone).as("records that were trimmed").isPositive();
        life.appendAndSync(slots, 3, 1700);
        life.trim(slots.last);
        life.appendAndSync(slots, 2, 1700);
        life.idle();
        life.end();
        life.begin();
        life.end();
    }

    @Test
    void a_disk_without_room_for_the_next_segment_and_room_that_returns() throws Exception {
        enumerate(1_000, Spares.AT_ONCE, (life, slots) -> {
            life.begin();
            life.appendAndSync(slots, 3, 1700); // makes the next segment and the reserve
            life.fill();
            life.appendAndSync(slots, 3, 1700);
            assertThat(life.disk.files()).containsKey(Reserve.FILE);
            life.appendAndSync(slots, 3, 1700);
            assertThat(life.disk.files()).as("the reserve has become a segment").doesNotContainKey(Reserve.FILE);
            life.appendAndSync(slots, 1, 40);
            life.free();
            for (int i = 0; i < 20; i++) {
                life.idle();
            }
            assertThat(life.disk.files()).containsKey(Reserve.FILE);
            life.appendAndSync(slots, 4, 1700);
            life.end();
        });
    }

    @Test
    void a_start_on_a_full_disk_that_copies_the_tail_into_the_reserve() throws Exception {
        enumerate(1_000, Spares.AT_ONCE, (life, slots) -> {
            life.begin();
            life.appendAndSync(slots, 3, 1700); // makes the next segment and the reserve
            life.fill();
            life.appendAndSync(slots, 3, 1700); // in that segment, and no mark
            life.isKilled();
            assertThat(life.disk.files()).containsKey(Reserve.FILE);
            life.begin();
            assertThat(life.disk.files()).as("the reserve has become a segment").doesNotContainKey(Reserve.FILE);
            life.appendAndSync(slots, 1, 300);
            life.free();
            life.appendAndSync(slots, 3, 1700);
            life.end();
        });
    }

    @Test
    void a_snapshot_then_a_trim_then_a_tail_that_is_copied() throws Exception {
        enumerate(1_000, Spares.AT_ONCE, (life, slots) -> {
            life.begin();
            life.restate();
            for (int i = 0; i < 3; i++) {
                life.appendAndSync(slots, 2, 1700);
            }
            life.snapshot(4);
            life.trim(4);
            life.appendAndSync(slots, 2, 1700);
            life.snapshot(8);
            life.trim(8);
            life.appendAndSync(slots, 1, 1700); // and no mark
            life.isKilled();
            life.begin();
            assertThat(life.gone).as("records that were trimmed").isPositive();
            life.appendAndSync(slots, 2, 1700);
            life.snapshot(10);
            life.trim(10);
            life.end();
        });
    }

    @Test
    void the_repair_of_a_damaged_copy_of_the_identity() throws Exception {
        Life before = new Life(new RecordedDisk(Map.of()), Spares.AT_ONCE, 0, Said.NOTHING);
        before.begin();
        before.appendAndSync(new Slots(0), 1, 100);
        before.end();
        SortedMap<String, byte[]> files = before.disk.files();
        Objects.requireNonNull(files.get(Owner.FILE))[20] ^= 1;
        enumerate(10, new Life(new RecordedDisk(files), Spares.AT_ONCE, 1, before.last), (life, slots) -> {
            life.begin();
            life.end();
        });
    }

    @Test
    void a_force_or_a_sync_of_the_directory_that_is_left_out_is_found() {
        for (Class<? extends Operation> without : List.of(Force.class, SyncDirectory.class)) {
            RecordedDisk disk = new RecordedDisk(Map.of());
            disk.leaveOut(without);
            assertThatThrownBy(() -> enumerate(0, new Life(disk, Spares.AT_ONCE, 0, Said.NOTHING), (life, slots) -> {
                        life.begin();
                        life.appendAndSync(slots, 1, 100);
                        life.end();
                    }))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("crash after operation");
        }
    }

    // ---- the workloads ----

    private interface Workload {
        void run(Life life, Slots slots) throws StorageException;
    }

    /** When segments are made in advance: as soon as it is asked for, before the next record is appended, or not at all. */
    private enum Spares {
        AT_ONCE,
        LATER,
        NEVER
    }

    /** Hands out slots. */
    private static final class Slots {
        private long last;

        Slots(long last) {
            this.last = last;
        }

        List<Stored> next(int records, int bytes) {
            List<Stored> next = new ArrayList<>();
            for (int i = 0; i < records; i++) {
                last++;
                next.add(Stored.of(1 + (int) (last % GROUPS), last, bytes));
            }
            return next;
        }
    }

    /**
     * What a crash must leave.
     *
     * @param appended everything that may be found
     * @param acknowledged how many of them must be
     * @param position a journal position that was said
     * @param storageId the storage, 0 if it was not said
     * @param bootCount the last one that was said
     * @param trimmed how far the journal was trimmed at most, and at least
     * @param snapshot which snapshot there is
     * @param capacity how many bytes fit on the disk
     */
    private record Said(
            List<Stored> appended,
            int acknowledged,
            long position,
            long storageId,
            long bootCount,
            Trimmed trimmed,
            Snapshotted snapshot,
            long capacity) {
        static final Said NOTHING =
                new Said(List.of(), 0, 0, 0, 0, new Trimmed(0, 0, 0, 0, 0), new Snapshotted(0, 0), Long.MAX_VALUE);

        Said with(List<Stored> records, int durable, long end) {
            return new Said(records, durable, end, storageId, bootCount, trimmed, snapshot, capacity);
        }

        Said with(Identity identity) {
            return new Said(
                    appended,
                    acknowledged,
                    position,
                    identity.storageId(),
                    identity.bootCount(),
                    trimmed,
                    snapshot,
                    capacity);
        }

        Said with(Trimmed now) {
            return new Said(appended, acknowledged, position, storageId, bootCount, now, snapshot, capacity);
        }

        Said with(Snapshotted now) {
            return new Said(appended, acknowledged, position, storageId, bootCount, trimmed, now, capacity);
        }

        Said with(long bytes) {
            return new Said(appended, acknowledged, position, storageId, bootCount, trimmed, snapshot, bytes);
        }

        /** {@return how many of the oldest records may be missing} */
        int obsolete() {
            int count = 0;
            while (count < appended.size() && isObsolete(count)) {
                count++;
            }
            return count;
        }

        private boolean isObsolete(int at) {
            long slot = appended.get(at).slotTo();
            boolean first = appended.get(at).group() <= trimmed.groups();
            return slot == 0
                    ? at < (first ? trimmed.restatedNow() : trimmed.restatedFrom())
                    : slot <= trimmed.upToAtMost();
        }
    }

    /**
     * How far all groups were trimmed.
     *
     * @param upToAtLeast the slot that was acknowledged
     * @param upToAtMost the slot that was asked for
     * @param restatedFrom so many records were appended when it was begun to say again what touches no slot
     * @param groups up to this one, groups may have been trimmed once more
     * @param restatedNow so many records were appended when it was begun to say that again for them
     */
    private record Trimmed(long upToAtLeast, long upToAtMost, int restatedFrom, int groups, int restatedNow) {}

    /**
     * Which snapshot of group 1 there is.
     *
     * @param committed the slot of the last one, 0 if there is none
     * @param begun the slot of one that may be there instead
     */
    private record Snapshotted(long committed, long begun) {
        static byte[] content(long slot) {
            return Snapshots.content(slot, 600);
        }
    }

    /** Uses a recorded disk, and notes what the storage says. */
    private static final class Life {
        final RecordedDisk disk;
        final NavigableMap<Integer, Said> said = new TreeMap<>(); // the last of it, by the number of operations before
        private final Spares spares;
        private final ArrayDeque<Runnable> background = new ArrayDeque<>();
        private final SplittableRandom ids;
        private FileStorage storage;
        private Said last;
        private int gone; // records that the last start did not find, being trimmed

        Life(RecordedDisk disk, Spares spares, int depth, Said before) {
            this.disk = disk;
            this.spares = spares;
            this.ids = new SplittableRandom(depth); // none is drawn twice
            this.last = before;
            this.storage = fresh();
            disk.limit(before.capacity());
            say(before);
        }

        private FileStorage fresh() {
            Executor executor = spares == Spares.AT_ONCE ? Runnable::run : background::add;
            return FileStorage.on(disk, executor, ids::nextLong).withSegmentBytes(Fixture.SEGMENT_BYTES);
        }

        private void say(Said next) {
            last = next;
            said.put(disk.operations().size(), next);
        }

        /** Starts, and checks what is found. */
        void begin() throws StorageException {
            storage = fresh();
            Identity identity = storage.open(NODE, FOUNDING);
            assertThat(identity.bootCount()).isGreaterThan(last.bootCount());
            if (last.storageId() != 0) {
                assertThat(identity.storageId()).isEqualTo(last.storageId());
            }
            say(last.with(identity));
            for (int group = 1; group <= GROUPS; group++) {
                assertThat(storage.trimmedUpTo(group))
                        .isBetween(last.trimmed().upToAtLeast(), last.trimmed().upToAtMost());
            }
            List<Stored> found = Fixture.replay(storage);
            gone = found.isEmpty() ? 0 : last.appended().indexOf(found.get(0));
            assertThat(gone).isBetween(0, last.obsolete());
            assertThat(gone + found.size())
                    .isBetween(last.acknowledged(), last.appended().size());
            assertThat(found).isEqualTo(last.appended().subList(gone, gone + found.size()));
            acknowledged(last.appended().subList(0, gone + found.size()));
            lookAtSnapshot();
        }

        private void lookAtSnapshot() throws StorageException {
            SnapshotStore.Id latest = storage.snapshots().latest(1);
            long slot = latest == null ? 0 : latest.slot();
            assertThat(slot).isIn(last.snapshot().committed(), last.snapshot().begun());
            if (latest != null) {
                assertThat(Snapshots.read(storage, latest)).isEqualTo(Snapshotted.content(slot));
                assertThat(storage.trimmedUpTo(1)).isLessThanOrEqualTo(slot);
                say(last.with(new Snapshotted(slot, slot)));
            }
        }

        /** Takes one that stands for what is up to a slot. */
        void snapshot(long slot) throws StorageException {
            say(last.with(new Snapshotted(last.snapshot().committed(), slot)));
            Snapshots.commit(storage, 1, slot, Snapshotted.content(slot));
            say(last.with(new Snapshotted(slot, slot)));
        }

        /** Others take what is left of the disk. */
        void fill() {
            say(last.with(disk.used()));
            disk.limit(last.capacity());
        }

        /** And give it back. */
        void free() {
            say(last.with(Long.MAX_VALUE));
            disk.limit(last.capacity());
        }

        private void acknowledged(List<Stored> records) {
            assertThat(storage.durablePosition()).isGreaterThanOrEqualTo(last.position());
            say(last.with(records, records.size(), storage.durablePosition()));
        }

        void append(Slots slots, int records, int bytes) throws StorageException {
            append(slots.next(records, bytes));
        }

        private void append(List<Stored> records) throws StorageException {
            for (Stored record : records) {
                while (spares == Spares.LATER && !background.isEmpty()) {
                    background.remove().run();
                }
                List<Stored> more = new ArrayList<>(last.appended());
                more.add(record); // first: an append that needs room syncs what was appended before
                say(last.with(more, last.acknowledged(), last.position()));
                record.appendTo(storage);
            }
        }

        /** Says of each group what touches no slot; another text each time. */
        void restate() throws StorageException {
            for (int group = 1; group <= GROUPS; group++) {
                int number = last.appended().size();
                append(List.of(new Stored(group, 3, 0, 0, Bytes.utf8("promise of group " + group + ", " + number))));
            }
        }

        void trim(long upTo) throws StorageException {
            int from = last.appended().size();
            long position = storage.durablePosition();
            restate();
            for (int group = 1; group <= GROUPS; group++) {
                Trimmed before = last.trimmed();
                say(last.with(new Trimmed(before.upToAtLeast(), upTo, before.restatedFrom(), group, from)));
                storage.trim(group, upTo, position, 0);
                acknowledged(last.appended());
            }
            say(last.with(new Trimmed(upTo, upTo, from, 0, 0)));
        }

        void appendAndSync(Slots slots, int records, int bytes) throws StorageException {
            append(slots, records, bytes);
            storage.sync();
            acknowledged(last.appended());
        }

        void idle() throws StorageException {
            storage.idle();
            acknowledged(last.appended());
        }

        /** {@return whether the last segment is a file that was another one before} */
        boolean usedBefore() {
            SegmentHeader last = null;
            for (String name : disk.list()) {
                if (Segment.isName(name)) {
                    try (DiskFile file = disk.open(name, false)) {
                        SegmentHeader header = Objects.requireNonNull(SegmentHeader.read(file, name));
                        last = last == null || header.logicalStart() > last.logicalStart() ? header : last;
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                }
            }
            return last != null && last.usedBefore();
        }

        void end() {
            storage.close();
        }

        void isKilled() {
            disk.processEnds();
            background.clear();
        }
    }

    // ---- the enumeration ----

    private static void enumerate(int statesMin, Spares spares, Workload workload) throws StorageException {
        enumerate(statesMin, new Life(new RecordedDisk(Map.of()), spares, 0, Said.NOTHING), workload);
    }

    private static void enumerate(int statesMin, Life life, Workload workload) throws StorageException {
        workload.run(life, new Slots(0));
        Enumeration enumeration = new Enumeration();
        enumeration.crashes(life, FIRST, 0, "");
        System.out.println(enumeration);
        assertThat(enumeration.different).as("crash states").isGreaterThan(statesMin);
        assertThat(enumeration.nested).as("crashes while starting").isGreaterThan(statesMin / 10);
    }

    private static final class Enumeration {
        private final SplittableRandom random = new SplittableRandom(1);
        private int states;
        private int different;
        private int nested;

        /** Crashes after each operation of a life, in every way. */
        void crashes(Life life, CrashStates.Effort effort, int depth, String where) {
            CrashStates states = new CrashStates(life.disk.firstNames());
            Set<Long> seen = new HashSet<>();
            for (int at = 0; at <= life.disk.operations().size(); at++) {
                if (at > 0) {
                    states.add(life.disk.operations().get(at - 1));
                }
                Said said = life.said.floorEntry(at).getValue();
                String what = where + "crash after operation " + at + ", " + states;
                this.states += states.forEach(effort, random, files -> {
                    if (seen.add(hash(files, said))) {
                        recovers(files, said, depth, what);
                    }
                });
            }
        }

        private static long hash(SortedMap<String, byte[]> files, Said said) {
            CRC32C high = new CRC32C();
            CRC32 low = new CRC32();
            int before = Objects.hash(
                    said.appended().size(),
                    said.acknowledged(),
                    said.position(),
                    said.bootCount(),
                    said.trimmed(),
                    said.snapshot(),
                    said.capacity(),
                    files.keySet());
            files.values().forEach(bytes -> {
                high.update(bytes);
                low.update(bytes);
                low.update(bytes.length & 0xFF);
            });
            return (high.getValue() << 32 | low.getValue()) ^ (long) before << 16;
        }

        /** What must hold after any crash: see {@link Life#begin}; and the journal goes on. */
        private void recovers(SortedMap<String, byte[]> files, Said said, int depth, String what) {
            RecordedDisk disk = new RecordedDisk(files);
            // What was deleted and is there again needs room, too.
            Life life = new Life(disk, Spares.AT_ONCE, depth + 1, said.with(Math.max(said.capacity(), disk.used())));
            try {
                life.begin(); // where there is no room, too
                life.appendAndSync(new Slots(1_000L * (depth + 1)), 1, 20);
                life.end();
                life.free();
                new Life(new RecordedDisk(life.disk.files()), Spares.AT_ONCE, depth + 2, life.last).begin();
            } catch (AssertionError | RuntimeException | StorageException e) {
                throw new AssertionError(what + ": " + files.keySet() + ": " + e, e);
            }
            if (depth > 0) {
                nested++;
            } else if (different++ % NESTED_EVERY == 0) {
                crashes(life, NESTED, depth + 1, what + "; then ");
            }
        }

        @Override
        public String toString() {
            return states + " crash states, " + different + " different ones, " + nested + " crashes while starting";
        }
    }
}
