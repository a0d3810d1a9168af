package dev.multipaxos.storage;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Verifies a snapshot while it is the latest; a newer one is not kept from replacing it for longer than a step. */
final class SnapshotScrub implements ScrubTask {
    private final SnapshotStore store;
    private final SnapshotStore.Id id;
    private final Consumer<SnapshotStore.Id> report;
    private SnapshotStore.@Nullable Reader reader;
    private long position;

    SnapshotScrub(SnapshotStore store, SnapshotStore.Id id, Consumer<SnapshotStore.Id> report) {
        this.store = store;
        this.id = id;
        this.report = report;
    }

    @Override
    public long step() throws StorageException {
        try {
            if (!id.equals(store.latest(id.group()))) {
                return 0;
            }
            if (reader == null) {
                reader = store.open(id);
            }
            int bytes = reader == null
                    ? 0
                    : reader.read(position, Scrubber.STEP_BYTES).length();
            position += bytes;
            return bytes;
        } catch (StorageException e) {
            boolean unread = e.code() == Code.IO_FAILED && e.getCause() instanceof IOException; // else it was closed
            if (e.code() != Code.DAMAGED && !unread) {
                throw e;
            }
            report.accept(id); // the store has logged what is wrong, and with which file
            return 0;
        }
    }

    @Override
    public void close() {
        if (reader != null) {
            reader.close();
        }
    }
}
