package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.Identity;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.MemoryDisk.PowerLoss;
import dev.multipaxos.storage.MemoryDisk.Survivors;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** One life after the other ends at any operation: the process is killed, or the power fails, also while starting. */
class ManyCrashesTest {

    @Test
    void what_was_synced_survives_any_row_of_crashes() throws Exception {
        for (long seed = 1; seed <= 150; seed++) {
            new History(seed).run(12);
        }
    }

    private static final class History {
        private final String what;
        private final SplittableRandom random;
        private MemoryDisk disk = new MemoryDisk();
        private final List<Stored> appended = new ArrayList<>();
        private int acknowledged;
        private long position;
        private long storageId;
        private long bootCount;
        private long nextSlot = 1;

        History(long seed) {
            what = "seed " + seed;
            random = new SplittableRandom(seed);
        }

        void run(int lives) throws StorageException {
            for (int life = 0; life < lives; life++) {
                disk.writeBytesMax = random.nextBoolean() ? Integer.MAX_VALUE : 512 * (1 + random.nextInt(4));
                disk.powerFailsAt = disk.operations + random.nextInt(random.nextBoolean() ? 30 : 250);
                try {
                    live();
                } catch (PowerLoss | StorageException e) {
                    assertThat(disk.operations).as("%s: %s", what, e).isGreaterThan(disk.powerFailsAt);
                }
                if (random.nextInt(3) == 0) {
                    disk.processEnds();
                } else {
                    Survivors[] survivors = Survivors.values();
                    disk = disk.afterPowerLoss(survivors[random.nextInt(survivors.length)], random);
                }
            }
            live();
        }

        private void live() throws StorageException {
            FileStorage storage = Fixture.on(disk);
            Identity identity = storage.open(NODE, FOUNDING);
            assertThat(identity.bootCount()).as(what).isGreaterThan(bootCount);
            bootCount = identity.bootCount();
            storageId = storageId == 0 ? identity.storageId() : storageId;
            assertThat(identity.storageId()).as(what).isEqualTo(storageId);
            List<Stored> found = Fixture.replay(storage);
            assertThat(found.size()).as(what).isBetween(acknowledged, appended.size());
            assertThat(found).as(what).isEqualTo(appended.subList(0, found.size()));
            assertThat(storage.durablePosition()).as(what).isGreaterThanOrEqualTo(position);
            appended.subList(found.size(), appended.size()).clear();
            acknowledged(storage);
            int steps = random.nextInt(120);
            for (int i = 0; i < steps; i++) {
                step(storage);
            }
            storage.close();
        }

        private void step(FileStorage storage) throws StorageException {
            switch (random.nextInt(6)) {
                case 0 -> {
                    storage.sync();
                    acknowledged(storage);
                }
                case 1 -> {
                    storage.idle();
                    acknowledged(storage);
                }
                case 2 -> readBack(storage);
                default -> {
                    byte[] body = new byte[random.nextInt(random.nextInt(30) == 0 ? 40_000 : 1500)];
                    if (random.nextInt(4) != 0) {
                        random.nextBytes(body); // else zeros, which look like nothing
                    }
                    long slot = random.nextInt(4) == 0 ? 1 + random.nextLong(nextSlot) : nextSlot++;
                    Stored record = new Stored(1 + random.nextInt(3), 2, slot, slot, Bytes.wrap(body));
                    appended.add(record);
                    record.appendTo(storage);
                }
            }
        }

        private void acknowledged(FileStorage storage) {
            acknowledged = appended.size();
            assertThat(storage.durablePosition()).as(what).isGreaterThanOrEqualTo(position);
            position = storage.durablePosition();
        }

        /** Nothing synced is left out, and what is found has its place in the order. */
        private void readBack(FileStorage storage) throws StorageException {
            int group = 1 + random.nextInt(3);
            long from = 1 + random.nextLong(nextSlot);
            long to = from + random.nextLong(20);
            List<Stored> found = new ArrayList<>();
            long last = storage.read(
                    group,
                    from,
                    to,
                    random.nextInt(5000),
                    (of, kind, first, end, body) -> found.add(new Stored(of, kind, first, end, body)));
            List<Stored> synced = wanted(appended.subList(0, acknowledged), group, from, last);
            List<Stored> all = wanted(appended, group, from, last);
            assertThat(found.size()).as(what).isBetween(synced.size(), all.size());
            assertThat(found).as(what).isEqualTo(all.subList(0, found.size()));
            if (last < from) {
                assertThat(wanted(appended.subList(0, acknowledged), group, from, to))
                        .as(what)
                        .isEmpty();
            }
        }

        private static List<Stored> wanted(List<Stored> records, int group, long from, long to) {
            return records.stream()
                    .filter(record -> record.group() == group && record.slotFrom() >= from && record.slotFrom() <= to)
                    .toList();
        }
    }
}
