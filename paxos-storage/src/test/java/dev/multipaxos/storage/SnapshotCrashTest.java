package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.SEGMENT_BYTES;
import static dev.multipaxos.storage.Snapshots.commit;
import static dev.multipaxos.storage.Snapshots.content;
import static dev.multipaxos.storage.Snapshots.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.CrashStates.Effort;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.RecordedDisk.Force;
import dev.multipaxos.storage.RecordedDisk.Operation;
import dev.multipaxos.storage.RecordedDisk.SyncDirectory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A crash at every operation of writing, committing and replacing snapshots, with every part of what was not forced: the old one or
 * the new one is there, whole; the journal is as it was. Then some crashes of the start that follows.
 */
class SnapshotCrashTest {
    private static final Effort EFFORT = new Effort(8, 10);
    private static final Effort NESTED = new Effort(4, 2);
    private static final int NESTED_EVERY = 25;

    private final RecordedDisk disk = new RecordedDisk(Map.of());
    private final SplittableRandom ids = new SplittableRandom(1);
    private final SplittableRandom random = new SplittableRandom(2);
    private final NavigableMap<Integer, Integer> committed = new TreeMap<>(); // by operations before: how many
    private final List<byte[]> contents = new ArrayList<>(); // the first for slot 10, the next for slot 20 …
    private int states;
    private int nested;

    private FileStorage on(RecordedDisk used) {
        return FileStorage.on(used, Runnable::run, ids::nextLong).withSegmentBytes(SEGMENT_BYTES);
    }

    private void run(int... sizes) throws StorageException {
        FileStorage storage = on(disk);
        Fixture.start(storage);
        Stored.of(1, 1, 300).appendTo(storage);
        storage.sync();
        int ready = disk.operations().size();
        committed.put(ready, 0);
        for (int bytes : sizes) {
            contents.add(content(contents.size(), bytes));
            commit(storage, 1, 10L * contents.size(), contents.get(contents.size() - 1));
            committed.put(disk.operations().size(), contents.size());
            SnapshotStore.Writer unfinished = storage.snapshots().create(1, 999);
            unfinished.write(new byte[100], 0, 100);
            if (contents.size() < sizes.length) {
                unfinished.close();
            }
        }
        crashes(ready);
        assertThat(states).isGreaterThan(100);
        assertThat(nested).isGreaterThan(100);
    }

    /** Crashes after each operation from one on. */
    private void crashes(int from) {
        CrashStates left = new CrashStates(disk.firstNames());
        Set<Integer> seen = new HashSet<>();
        List<Operation> operations = List.copyOf(disk.operations());
        for (int i = 0; i < operations.size(); i++) {
            left.add(operations.get(i));
            int done = i + 1;
            if (done >= from) {
                int acknowledged = committed.floorEntry(done).getValue();
                left.forEach(EFFORT, random, files -> {
                    if (seen.add(31 * hash(files) + acknowledged)) {
                        restart(files, acknowledged, "crash after operation " + done + " " + operations.get(done - 1));
                    }
                });
            }
        }
    }

    private static int hash(SortedMap<String, byte[]> files) {
        int hash = 0;
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            hash = 31 * (31 * hash + file.getKey().hashCode()) + Arrays.hashCode(file.getValue());
        }
        return hash;
    }

    private void restart(SortedMap<String, byte[]> files, int acknowledged, String what) {
        RecordedDisk found = new RecordedDisk(files);
        try {
            check(found, acknowledged);
        } catch (AssertionError | RuntimeException | StorageException e) {
            throw new AssertionError(what + ": " + files.keySet() + ": " + e, e);
        }
        if (found.operations().isEmpty() || ++states % NESTED_EVERY != 0) {
            return;
        }
        CrashStates left = new CrashStates(found.firstNames());
        for (Operation operation : found.operations()) {
            left.add(operation);
            left.forEach(NESTED, random, again -> {
                nested++;
                try {
                    check(new RecordedDisk(again), acknowledged);
                } catch (AssertionError | RuntimeException | StorageException e) {
                    throw new AssertionError(what + "; then after " + operation + ": " + again.keySet() + ": " + e, e);
                }
            });
        }
    }

    private void check(RecordedDisk found, int acknowledged) throws StorageException {
        try (FileStorage storage = on(found)) {
            assertThat(Fixture.start(storage)).containsExactly(Stored.of(1, 1, 300));
            SnapshotStore.@Nullable Id latest = storage.snapshots().latest(1);
            long number = latest == null ? 0 : latest.slot() / 10;
            assertThat(number).as("the old one or the new one").isBetween((long) acknowledged, acknowledged + 1L);
            assertThat(number).as("none that was not committed").isLessThanOrEqualTo(contents.size());
            if (latest != null) {
                assertThat(read(storage, latest)).isEqualTo(contents.get((int) number - 1));
            }
            assertThat(found.files().keySet().stream().filter(name -> name.startsWith("snapshot-")))
                    .as("nothing else is left")
                    .hasSize(latest == null ? 0 : 1);
        }
    }

    @Test
    void small_snapshots_replace_each_other() throws Exception {
        run(0, 700, 2500);
    }

    @Test
    void snapshots_of_several_chunks_replace_each_other() throws Exception {
        run(70_000, 66_000);
    }

    @Test
    void a_force_or_a_sync_of_the_directory_that_is_left_out_is_found() {
        for (Class<? extends Operation> without : List.of(Force.class, SyncDirectory.class)) {
            SnapshotCrashTest broken = new SnapshotCrashTest();
            assertThatThrownBy(() -> broken.runWithout(without))
                    .as(without.getSimpleName())
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("crash after operation");
        }
    }

    private void runWithout(Class<? extends Operation> kind) throws StorageException {
        FileStorage storage = on(disk);
        Fixture.start(storage);
        Stored.of(1, 1, 300).appendTo(storage);
        storage.sync();
        int ready = disk.operations().size();
        disk.leaveOut(kind);
        committed.put(ready, 0);
        contents.add(content(0, 700));
        commit(storage, 1, 10, contents.get(0));
        committed.put(disk.operations().size(), 1);
        crashes(ready);
    }
}
