package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.io.InputStream;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Reads a stored snapshot from the first byte to the last, a piece at a time. */
final class SnapshotInput extends InputStream {

    private static final int PIECE_BYTES = 256 << 10;

    private final SnapshotStore.Reader reader;
    private Bytes piece = Bytes.EMPTY;
    private int at; // in the piece
    private long next; // where the next piece begins
    private @Nullable StorageException failure;

    SnapshotInput(SnapshotStore.Reader reader) {
        this.reader = reader;
    }

    @Override
    public int read() throws StorageException {
        return fill() ? piece.get(at++) & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws StorageException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int part = Math.min(length, piece.length() - at);
        System.arraycopy(piece.array(), piece.offset() + at, into, offset, part);
        at += part;
        return part;
    }

    /** Takes the next piece if this one is used up; false at the end. */
    private boolean fill() throws StorageException {
        if (at < piece.length()) {
            return true;
        }
        try {
            piece = reader.read(next, PIECE_BYTES);
        } catch (StorageException e) {
            failure = e;
            throw e;
        }
        next += piece.length();
        at = 0;
        return piece.length() > 0;
    }

    /** {@return why the last read failed, whatever its caller has made of that; null if none has} */
    @Nullable
    StorageException failure() {
        return failure;
    }

    @Override
    public int available() {
        return piece.length() - at;
    }
}
