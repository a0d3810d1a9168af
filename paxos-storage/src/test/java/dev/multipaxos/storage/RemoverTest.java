package dev.multipaxos.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Files go in the background and piece by piece. */
class RemoverTest {
    private static final int BYTES = 64 * 4_096;

    private final MemoryDisk disk = new MemoryDisk();
    private final Queue<Runnable> background = new ArrayDeque<>();
    private final Remover remover = new Remover(disk, background::add);

    @Test
    void each_sixteenth_is_cut_off_by_itself_before_a_file_is_deleted() {
        disk.put("old", new byte[BYTES]);
        disk.put("tiny", new byte[1]);
        remover.remove(List.of("old", "tiny"));
        assertThat(disk.bytes("old")).as("not by who asks for it").hasSize(BYTES);
        disk.deletesFail = true;
        background.remove().run();
        assertThat(disk.bytes("old")).hasSize(BYTES / 16);
        assertThat(disk.bytes("tiny")).hasSize(1);
        assertThat(disk.forces).isEqualTo(15);

        disk.deletesFail = false;
        remover.remove(List.of("old", "tiny"));
        background.remove().run();
        assertThat(disk.list()).isEmpty();
    }

    @Test
    void of_a_large_file_no_more_than_a_few_megabytes_go_at_once() {
        disk.put("old", new byte[20 * Remover.STEP_BYTES]);
        remover.remove(List.of("old"));
        background.remove().run();
        assertThat(disk.forces).isEqualTo(19);
        assertThat(disk.list()).isEmpty();
    }

    @Test
    void nothing_is_cut_under_a_name_that_a_power_loss_brings_back() throws IOException {
        disk.put("snapshot", new byte[BYTES]);
        disk.rename("snapshot", "snapshot.new");
        disk.deletesFail = true;
        remover.remove(List.of("snapshot.new"));
        background.remove().run();
        assertThat(disk.afterPowerLoss(MemoryDisk.Survivors.NOTHING, new SplittableRandom(1))
                        .list())
                .containsExactly("snapshot.new");
    }

    @Test
    void what_is_left_when_it_is_closed_stays() {
        disk.put("old", new byte[BYTES]);
        remover.remove(List.of("old"));
        remover.close();
        background.remove().run();
        assertThat(disk.bytes("old")).hasSize(BYTES);
    }

    @Test
    void a_file_that_cannot_be_cut_is_deleted_at_once() throws IOException {
        disk.put("old", new byte[BYTES]);
        disk.forcesFailFrom = 0;
        remover.remove(List.of("old"));
        background.remove().run();
        assertThat(disk.list()).isEmpty();
    }
}
