package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DiskSpace.Level;
import org.junit.jupiter.api.Test;

class DiskRoomTest {

    private DiskSpace disk = DiskSpace.PLENTY;
    private final DiskRoom room = new DiskRoom(1, () -> disk);

    private boolean changesTo(Level level, long usableBytes) {
        disk = new DiskSpace(level, usableBytes);
        return room.hasChanged();
    }

    @Test
    void every_change_of_what_the_room_means_is_noticed_once_and_back_again() {
        assertThat(changesTo(Level.PLENTY, 1_000)).isFalse();
        assertThat(changesTo(Level.LOW, 100)).isTrue();
        assertThat(room.isShort()).isFalse();
        assertThat(changesTo(Level.FULL, 10)).isTrue();
        assertThat(room.isShort()).isTrue();
        assertThat(changesTo(Level.FULL, 9)).isFalse();
        assertThat(room.space().usableBytes()).isEqualTo(9);
        assertThat(changesTo(Level.LOW, 100)).isTrue();
        assertThat(room.isShort()).isFalse();
    }
}
