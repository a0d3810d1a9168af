package dev.multipaxos.runtime;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.SnapshotCodec;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * Sets what is replicated to a stored snapshot. All of it is read twice: once to be sure of it, and only then by the state
 * machine, which so never sees a byte of a damaged one. Used by whoever executes.
 *
 * @param store where the snapshot is
 * @param founding who decides; the snapshot must say so too
 * @param execution what is set
 */
record SnapshotReader(SnapshotStore store, FoundingRecord founding, Execution<?, ?> execution) {

    /**
     * Verifies a snapshot and restores it.
     *
     * @param id which
     * @return what it begins with
     * @throws StorageException if it is not there, damaged, or makes no sense; nothing was changed
     * @throws IllegalStateException if the state machine failed over it: it is neither what it was nor what the snapshot says
     * @throws UncheckedIOException if the disk failed while the state machine was reading; likewise
     */
    SnapshotPart.Header restore(SnapshotStore.Id id) throws StorageException {
        try (SnapshotStore.Reader reader = open(id)) {
            SnapshotStore.verify(reader);
            SnapshotInput in = new SnapshotInput(reader);
            SnapshotPart.Header header = readHeader(id, in);
            restore(header, in);
            return header;
        } catch (StorageException e) {
            throw e;
        } catch (WireException e) {
            throw bad(id, e.getMessage(), e);
        } catch (IOException e) {
            throw new StorageException(
                    StorageException.Code.IO_FAILED, "the snapshot of slot " + id.slot() + " cannot be read: " + e, e);
        }
    }

    private void restore(SnapshotPart.Header header, SnapshotInput in) throws IOException {
        try {
            execution.restore(header, in);
        } catch (IllegalStateException e) {
            StorageException failure = in.failure();
            if (failure == null) {
                throw e;
            }
            String message = "the state machine is half set to the snapshot of slot " + header.slot()
                    + ", the rest of which could not be read: " + failure.getMessage() + "; start the node again";
            throw new UncheckedIOException(message, new StorageException(failure.code(), message, e));
        }
    }

    private SnapshotStore.Reader open(SnapshotStore.Id id) throws StorageException {
        SnapshotStore.Reader reader = store.open(id);
        if (reader == null) {
            throw new StorageException(
                    StorageException.Code.MISSING_FILE, "the snapshot of slot " + id.slot() + " is gone", null);
        }
        return reader;
    }

    private SnapshotPart.Header readHeader(SnapshotStore.Id id, InputStream in) throws IOException {
        SnapshotPart.Header header = SnapshotCodec.readHeader(in);
        if (header.slot() != id.slot()) {
            throw bad(id, "it says that it is of slot " + header.slot(), null);
        }
        for (int i = 0; i < header.configurations(); i++) {
            SnapshotPart.Configuration configuration = SnapshotCodec.readConfiguration(in);
            if (!configuration.founding().equals(founding) || configuration.firstSlot() > id.slot() + 1) {
                throw bad(id, "it is of a cluster that was founded as " + configuration.founding(), null);
            }
        }
        return header;
    }

    private static StorageException bad(SnapshotStore.Id id, @Nullable String why, @Nullable Throwable cause) {
        return new StorageException(
                StorageException.Code.DAMAGED, "the snapshot of slot " + id.slot() + " cannot be used: " + why, cause);
    }
}
