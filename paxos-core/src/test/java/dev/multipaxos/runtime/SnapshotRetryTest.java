package dev.multipaxos.runtime;

import static dev.multipaxos.runtime.SnapshotRetry.PAUSE_NANOS_MIN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.NodeListener;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.Edge;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** When a snapshot that could not be read is tried again, and what comes of it. */
class SnapshotRetryTest {

    /** Keeps what is to be installed. */
    private static final class Installing implements TransferHost {
        final List<SnapshotStore.Id> installed = new ArrayList<>();

        @Override
        public void say(int to, Edge edge) {
            throw new IllegalStateException("there is nothing to say");
        }

        @Override
        public boolean sendBulk(int to, Edge.SnapshotChunk chunk) {
            throw new IllegalStateException("there is nothing to send");
        }

        @Override
        public void takeSnapshot(boolean again) {
            throw new IllegalStateException("none is taken");
        }

        @Override
        public void install(SnapshotStore.Id id) {
            installed.add(id);
        }

        @Override
        public void tell(Consumer<NodeListener> event) {
            throw new IllegalStateException("there is nothing to tell");
        }
    }

    private final SnapshotsInMemory store = new SnapshotsInMemory();
    private final Installing host = new Installing();
    private long executed;
    private final SnapshotRetry retry = new SnapshotRetry(1, 1, store, () -> executed, host, 0);

    @Test
    void a_start_is_followed_by_one_look_when_there_is_nothing_that_could_not_be_read() {
        assertThat(retry.dueNanos()).isEqualTo(PAUSE_NANOS_MIN);
        retry.step(PAUSE_NANOS_MIN - 1);
        assertThat(store.attempts).isZero();
        retry.step(PAUSE_NANOS_MIN);
        assertThat(store.attempts).isEqualTo(1);
        assertThat(retry.dueNanos()).isEqualTo(Long.MAX_VALUE);
    }

    /** A snapshot that a reader has failed over. */
    private void unread(long slot, boolean still) {
        store.put(slot, new byte[100]);
        store.unread.add(slot);
        if (still) {
            store.unreadable.add(slot);
        }
    }

    @Test
    void it_is_tried_with_growing_pauses_until_it_can_be_read_and_then_installed() {
        unread(20, true);
        List<Long> pauses = new ArrayList<>();
        long now = 0;
        for (int i = 0; i < 8; i++) {
            pauses.add((retry.dueNanos() - now) / PAUSE_NANOS_MIN);
            now = retry.dueNanos();
            retry.step(now);
        }
        assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 64L, 64L);
        assertThat(host.installed).isEmpty();

        store.unreadable.clear();
        retry.step(retry.dueNanos());
        retry.step(retry.dueNanos());
        assertThat(host.installed).extracting(SnapshotStore.Id::slot).containsExactly(20L);
        assertThat(retry.dueNanos()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void what_is_executed_meanwhile_is_not_restored() {
        unread(20, false);
        executed = 20;
        retry.step(retry.dueNanos());
        assertThat(host.installed).isEmpty();
    }

    @Test
    void one_that_fails_again_while_it_is_restored_is_tried_later() {
        unread(20, false);
        retry.step(retry.dueNanos());
        assertThat(host.installed).hasSize(1);
        retry.step(retry.dueNanos()); // there is no other one
        assertThat(retry.dueNanos()).isEqualTo(Long.MAX_VALUE);

        long now = 5 * PAUSE_NANOS_MIN;
        unread(20, false);
        retry.begin(now);
        assertThat(retry.dueNanos()).isEqualTo(now + 2 * PAUSE_NANOS_MIN);
        retry.begin(now + 1);
        assertThat(retry.dueNanos()).as("planned already").isEqualTo(now + 2 * PAUSE_NANOS_MIN);
        retry.step(retry.dueNanos());
        assertThat(host.installed).hasSize(2);
    }

    @Test
    void the_newest_is_tried_on_after_an_older_one_could_be_read_again() {
        unread(10, false);
        unread(20, true);
        retry.step(retry.dueNanos());
        assertThat(host.installed).extracting(SnapshotStore.Id::slot).containsExactly(10L);
        executed = 10; // nobody calls begin() then
        assertThat(retry.dueNanos()).isLessThan(Long.MAX_VALUE);

        retry.step(retry.dueNanos());
        store.unreadable.clear();
        assertThat(retry.dueNanos()).isLessThan(Long.MAX_VALUE);
        retry.step(retry.dueNanos());
        assertThat(host.installed).extracting(SnapshotStore.Id::slot).containsExactly(10L, 20L);
    }
}
