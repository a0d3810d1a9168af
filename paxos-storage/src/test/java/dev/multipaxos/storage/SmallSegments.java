package dev.multipaxos.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.spi.DiskSpace.Level;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A storage with a few records in each segment, whose background work is done when a test says so. */
abstract class SmallSegments {
    MemoryDisk disk = new MemoryDisk();
    final Queue<Runnable> background = new ArrayDeque<>();
    FileStorage storage = fresh();
    long slot;

    FileStorage fresh() {
        return FileStorage.on(disk, background::add, disk.ids::nextLong).withSegmentBytes(Fixture.SEGMENT_BYTES);
    }

    @BeforeEach
    void start() throws Exception {
        Fixture.start(storage);
    }

    @AfterEach
    void close() {
        storage.close();
    }

    /** Two records of 3,000 bytes go into a segment. */
    void write(int group, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            Stored.of(group, ++slot, 3_000).appendTo(storage);
            storage.sync();
        }
    }

    void trim(int group, long upTo) throws StorageException {
        storage.trim(group, upTo, storage.durablePosition(), 0);
    }

    void work() {
        for (Runnable next = background.poll(); next != null; next = background.poll()) {
            next.run();
        }
    }

    List<Stored> restart() throws Exception {
        storage.close();
        background.clear();
        storage = fresh();
        return Fixture.start(storage);
    }

    /** From here on files that were trimmed are deleted, all of them. */
    void almostFull() throws Exception {
        disk.capacity = disk.used() + 10 * Fixture.SEGMENT_BYTES;
        storage.idle();
        assertThat(storage.space().level()).isNotEqualTo(Level.PLENTY);
    }
}
