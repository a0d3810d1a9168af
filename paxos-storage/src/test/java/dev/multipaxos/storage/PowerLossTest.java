package dev.multipaxos.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.MemoryDisk.PowerLoss;
import dev.multipaxos.storage.MemoryDisk.Survivors;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The power fails at every operation, and leaves everything, nothing or any part of what was not forced. */
class PowerLossTest {

    @Test
    void formatting_is_finished_or_done_again_wherever_the_power_failed() throws Exception {
        MemoryDisk whole = new MemoryDisk();
        Fixture.contents(whole);
        for (int at = 0; at < whole.operations; at++) {
            for (Survivors survivors : Survivors.values()) {
                MemoryDisk disk = new MemoryDisk();
                disk.powerFailsAt = at;
                new Workload(0).run(disk);
                MemoryDisk after = disk.afterPowerLoss(survivors, new SplittableRandom(at));
                Stored record = Stored.of(1, 1, 10);
                try (FileStorage storage = Fixture.on(after)) {
                    assertThat(Fixture.start(storage)).isEmpty();
                    record.appendTo(storage);
                    storage.sync();
                }
                assertThat(Fixture.contents(after))
                        .as("power failed at %d, leaving %s", at, survivors)
                        .containsExactly(record);
            }
        }
    }

    @Test
    void everything_acknowledged_is_there_wherever_the_power_failed() throws Exception {
        MemoryDisk whole = new MemoryDisk();
        new Workload(40).run(whole);
        for (int at = 0; at < whole.operations; at++) {
            for (Survivors survivors : Survivors.values()) {
                for (int seed = 0; seed < (survivors == Survivors.ANYTHING ? 4 : 1); seed++) {
                    String what = "power failed at " + at + ", leaving " + survivors + ", seed " + seed;
                    MemoryDisk disk = new MemoryDisk();
                    disk.powerFailsAt = at;
                    Workload workload = new Workload(40);
                    workload.run(disk);
                    MemoryDisk after = disk.afterPowerLoss(survivors, new SplittableRandom(1_000L * at + seed));
                    workload.mustBeIn(after, what);
                }
            }
        }
    }

    @Test
    void power_may_fail_again_while_a_tail_is_cut() throws Exception {
        Workload workload = new Workload(10);
        MemoryDisk disk = new MemoryDisk();
        workload.run(disk);
        String name = disk.journals().get(0);
        byte[] bytes = disk.bytes(name);
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        bytes[end - 1] ^= 1; // the last batch is torn
        disk.put(name, bytes);
        List<Stored> synced = Fixture.contents(disk.copy());
        MemoryDisk counted = disk.copy();
        Fixture.contents(counted);
        for (int at = 0; at < counted.operations; at++) {
            for (int seed = 0; seed < 4; seed++) {
                MemoryDisk again = disk.copy();
                again.powerFailsAt = at;
                try {
                    Fixture.contents(again);
                } catch (PowerLoss | StorageException expected) {
                    assertThat(again.operations).isGreaterThan(at);
                }
                MemoryDisk after = again.afterPowerLoss(Survivors.ANYTHING, new SplittableRandom(1_000L * at + seed));
                assertThat(Fixture.contents(after))
                        .as("power failed at %d, seed %d", at, seed)
                        .isEqualTo(synced);
            }
        }
    }

    /** As Linux does it: what a force failed to write stays in the page cache, and later forces pass over it. */
    @Test
    void what_only_the_page_cache_has_is_not_relied_on() throws Exception {
        for (int bytes : new int[] {30, 3000, 7000}) {
            Stored first = Stored.of(1, 1, 100);
            MemoryDisk disk = afterAFailedForce(first, Stored.of(1, 2, bytes));
            Stored third = Stored.of(1, 3, 500);
            try (FileStorage storage = Fixture.on(disk)) {
                assertThat(Fixture.start(storage)).containsExactly(first);
                assertThat(storage.readsPastCache()).isTrue();
                third.appendTo(storage);
                storage.sync();
            }
            disk.processEnds();
            MemoryDisk after = disk.afterPowerLoss(Survivors.NOTHING, new SplittableRandom(1));
            assertThat(Fixture.contents(after)).as("%d bytes", bytes).containsExactly(first, third);
        }
    }

    /** Then the cache has to be believed; but what it shows is written anew, to another place, before anyone relies on it. */
    @Test
    void where_the_cache_cannot_be_passed_what_it_shows_is_made_durable() throws Exception {
        Stored first = Stored.of(1, 1, 100);
        Stored second = Stored.of(1, 2, 3000);
        MemoryDisk disk = afterAFailedForce(first, second);
        disk.readsPastCache = false;
        try (FileStorage storage = Fixture.on(disk)) {
            assertThat(Fixture.start(storage)).containsExactly(first, second);
            assertThat(storage.readsPastCache()).isFalse();
        }
        disk.processEnds();
        MemoryDisk after = disk.afterPowerLoss(Survivors.NOTHING, new SplittableRandom(1));
        assertThat(Fixture.contents(after)).containsExactly(first, second);
    }

    private static MemoryDisk afterAFailedForce(Stored first, Stored second) throws StorageException {
        MemoryDisk disk = new MemoryDisk();
        try (FileStorage storage = Fixture.on(disk)) {
            Fixture.start(storage);
            first.appendTo(storage);
            storage.sync();
            second.appendTo(storage);
            disk.forcesFailFrom = disk.forces;
            disk.forcesFailTo = disk.forces + 1;
            assertThatThrownBy(storage::sync).isInstanceOf(StorageException.class);
        }
        disk.processEnds();
        return disk;
    }

    @Test
    void a_start_moves_what_no_mark_covers_and_nothing_else() throws Exception {
        Stored first = Stored.of(1, 1, 100);
        Stored second = Stored.of(2, 1, 300);
        MemoryDisk disk = Fixture.written(List.of(List.of(first), List.of(second)));
        String segment = disk.journals().get(0);
        long position;
        try (FileStorage storage = Fixture.on(disk)) {
            assertThat(Fixture.start(storage)).containsExactly(first, second);
            position = storage.durablePosition();
        }
        assertThat(disk.journals()).hasSize(2).contains(segment);
        assertThat(disk.bytes(segment)).as("the space behind is given back").hasSizeLessThan(Fixture.SEGMENT_BYTES);
        long begun = RecordLayout.headerLength(0); // the empty batch of this life
        try (FileStorage storage = Fixture.on(disk)) { // it has its mark now
            assertThat(Fixture.start(storage)).containsExactly(first, second);
            assertThat(storage.durablePosition()).isEqualTo(position + begun);
        }
        assertThat(disk.journals()).hasSize(2);
    }

    /** Appends, syncs, rotates, idles and starts again, until it is done or the power fails. */
    private static final class Workload {
        private final List<Stored> appended = new ArrayList<>();
        private final int records;
        private int acknowledged;

        Workload(int records) {
            this.records = records;
        }

        void run(MemoryDisk disk) {
            try {
                life(disk, records / 2);
                life(disk, records);
            } catch (PowerLoss | StorageException e) {
                assertThat(disk.operations).as("%s", e).isGreaterThan(disk.powerFailsAt);
            }
        }

        private void life(MemoryDisk disk, int upTo) throws StorageException {
            FileStorage storage = Fixture.on(disk);
            Fixture.start(storage);
            while (appended.size() < upTo) {
                Stored record = Stored.of(1 + appended.size() % 3, appended.size() + 1, 1300);
                appended.add(record);
                record.appendTo(storage);
                if (appended.size() % 3 == 0) {
                    storage.sync();
                    acknowledged = appended.size();
                }
                if (appended.size() % 9 == 0) {
                    storage.idle();
                }
            }
            storage.sync();
            acknowledged = appended.size();
            storage.close();
        }

        void mustBeIn(MemoryDisk disk, String what) throws StorageException {
            List<Stored> found = Fixture.contents(disk);
            assertThat(found.size()).as(what).isBetween(acknowledged, appended.size());
            assertThat(found).as(what).isEqualTo(appended.subList(0, found.size()));
            assertThat(Fixture.contents(disk)).as("%s, second start", what).isEqualTo(found);
        }
    }
}
