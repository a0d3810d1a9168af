package dev.multipaxos.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class WritesTest {

    private final MemoryDisk disk = new MemoryDisk();

    @Test
    void zeros_are_forced_in_portions_so_that_the_journal_never_waits_for_a_whole_segment() throws IOException {
        try (DiskFile file = disk.create("new")) {
            assertThat(Writes.zeros(file, Writes.ZEROS_BYTES, () -> false)).isTrue();
            assertThat(disk.forces).as("the last portion is the caller's").isZero();
            assertThat(Writes.zeros(file, 5L * Writes.ZEROS_BYTES + 1, () -> false))
                    .isTrue();
            assertThat(disk.forces).isEqualTo(5);
            assertThat(file.size()).isEqualTo(5L * Writes.ZEROS_BYTES + 1);
        }
    }
}
