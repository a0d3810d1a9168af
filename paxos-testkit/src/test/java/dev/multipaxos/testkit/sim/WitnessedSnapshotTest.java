package dev.multipaxos.testkit.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Record;
import dev.multipaxos.runtime.SessionRules;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.wire.RecordCodec;
import java.io.IOException;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the witness asks of a snapshot that the journal speaks of, and what it cannot ask of a disk that was damaged. */
class WitnessedSnapshotTest {
    private static final int GROUP = 1;
    private static final long SLOT = 5;
    private static final Bytes FOUNDING = Bytes.wrap(new byte[] {1, 2, 3});
    private static final byte[] CONTENT = new byte[100];

    private final SimulatedDisk disk = new SimulatedDisk("disk");
    private final DurableFacts facts = new DurableFacts(1);
    private final Witness witness = new Witness(
            Quorums.majority(3),
            SessionRules.STANDARD,
            new Load<>(new Registers(), 0, new SplittableRandom(1), () -> 0));
    private final SplittableRandom ids = new SplittableRandom(2);
    private @Nullable SnapshotStore unwitnessed; // of the last start

    @Test
    void that_a_snapshot_is_installed_is_not_said_before_it_is_durable() throws StorageException {
        DurableStorage storage = start();
        storage.replay(NOTHING);

        assertThatThrownBy(() -> sayInstalled(storage))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("durable before said: node 1 writes that a snapshot of slot 5 is installed")
                .hasMessageEndingWith("none");
    }

    /** The power fails in the middle of the force, which nobody hears of; the snapshot is lost then, too, since the disk lied. */
    @Test
    void what_was_said_of_a_snapshot_is_found_without_it_where_the_disk_lost_it() throws StorageException {
        int found = 0;
        for (long seed = 1; seed <= 10; seed++) {
            found += new WitnessedSnapshotTest().losesBothPowerAndSnapshot(new SplittableRandom(seed));
        }
        assertThat(found).as("disks that had what was never forced").isBetween(1, 9);
    }

    private int losesBothPowerAndSnapshot(SplittableRandom random) throws StorageException {
        DurableStorage storage = start();
        storage.replay(NOTHING);
        disk.loseNextWrite(random, false);
        makeSnapshot();
        sayInstalled(storage);
        disk.losePowerIn(0);
        assertThatThrownBy(storage::sync).hasStackTraceContaining("PowerLost");
        disk.release();
        disk.losePower(random);

        DurableStorage restarted = start();
        assertThatThrownBy(() -> restarted.snapshots().latest(GROUP)).hasMessageContaining("DAMAGED");
        restarted.replay(NOTHING);

        if (facts.keptUnforced() > 0) {
            sayInstalled(restarted); // again, behind what is trimmed
        } else {
            assertThatThrownBy(() -> sayInstalled(restarted)).hasMessageStartingWith("durable before said");
        }
        return facts.keptUnforced();
    }

    @Test
    void a_snapshot_that_was_durable_is_found_by_the_next_start() throws IOException {
        start().replay(NOTHING);
        makeSnapshot();
        disk.release();
        assertThat(start().snapshots().latest(GROUP)).isNotNull();

        disk.release();
        for (String file : disk.list()) {
            if (file.startsWith("snapshot-")) {
                disk.delete(file);
            }
        }
        assertThatThrownBy(() -> start().snapshots().latest(GROUP))
                .isInstanceOf(AssertionError.class)
                .hasMessage("snapshots: a start of node 1 finds none, its disk has one of slot 5");
    }

    // ---- one node ----

    private static final DurableStorage.RecordVisitor NOTHING = new DurableStorage.RecordVisitor() {
        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes bytes) {}

        @Override
        public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode) {}
    };

    private DurableStorage start() throws StorageException {
        DurableStorage files = FileStorage.on(disk, task -> {}, ids::nextLong).withSegmentBytes(256 * 1024);
        DurableStorage storage = new WitnessedStorage(
                files, facts, witness, where -> {}, () -> disk.isDamaged() || disk.hasFailedToRead());
        storage.open(1, FOUNDING);
        unwitnessed = files.snapshots();
        return storage;
    }

    /** As from a member; what is in it is not looked at. */
    private void makeSnapshot() throws StorageException {
        try (SnapshotStore.Writer writer = requireNonNull(unwitnessed).create(GROUP, SLOT)) {
            writer.write(CONTENT, 0, CONTENT.length);
            SnapshotStore.Id id = writer.commit();
            facts.snapshots().commits(id, Bytes.wrap(CONTENT));
            facts.snapshots().isDurable(id);
        }
    }

    private static void sayInstalled(DurableStorage storage) throws StorageException {
        Record installed = new Record.Installed(SLOT);
        storage.append(
                GROUP,
                RecordCodec.kind(installed),
                0,
                0,
                0,
                0,
                RecordCodec.head(installed),
                RecordCodec.body(installed));
    }
}
