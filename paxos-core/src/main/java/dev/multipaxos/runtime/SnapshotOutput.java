package dev.multipaxos.runtime;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The stream into which a snapshot is written. It remembers that the store failed: the state machine, through whose hands the
 * exception goes, may swallow or wrap it.
 */
final class SnapshotOutput extends OutputStream {

    private static final int BUFFER_BYTES = 64 << 10;

    private final SnapshotStore.Writer writer;
    private final BooleanSupplier given;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int filled;
    private @Nullable IOException failure;
    private @Nullable RuntimeException bug;

    /**
     * Begins.
     *
     * @param writer gets everything
     * @param given whether nobody wants the snapshot any more
     */
    SnapshotOutput(SnapshotStore.Writer writer, BooleanSupplier given) {
        this.writer = writer;
        this.given = given;
    }

    @Override
    public void write(int single) throws IOException {
        if (filled == buffer.length) {
            empty();
        }
        buffer[filled++] = (byte) single;
    }

    @Override
    public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        int at = offset;
        int left = length;
        while (left > 0) {
            if (filled == buffer.length) {
                empty();
            }
            int part = Math.min(left, buffer.length - filled);
            System.arraycopy(source, at, buffer, filled, part);
            filled += part;
            at += part;
            left -= part;
        }
    }

    private void empty() throws IOException {
        check();
        int length = filled;
        filled = 0;
        try {
            writer.write(buffer, 0, length);
        } catch (StorageException e) {
            failure = e;
            throw e;
        } catch (RuntimeException e) {
            bug = e;
            throw e;
        }
    }

    private void check() throws IOException {
        if (bug != null) {
            throw bug;
        }
        if (failure == null && given.getAsBoolean()) {
            failure = new IOException("the node stops");
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Writes what is still here; fails if anything failed before, whatever the state machine made of it. */
    void finish() throws IOException {
        check();
        if (filled > 0) {
            empty();
        }
    }

    /** Lets through what no store throws: the store is broken, not the snapshot. */
    void throwBug() {
        if (bug != null) {
            throw bug;
        }
    }
}
