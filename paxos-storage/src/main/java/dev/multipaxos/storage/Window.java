package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A part of a file in memory, moved forward and back as needed. */
final class Window {
    private static final int BYTES = 1024 * 1024;

    private final DiskFile file;
    private final int bytesMax;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private long start;
    private int filled;

    Window(DiskFile file) {
        this(file, BYTES);
    }

    Window(DiskFile file, int bytesMax) {
        this.file = file;
        this.bytesMax = bytesMax;
    }

    /** Brings bytes into memory. {@return false if the file ends before them} */
    boolean holds(long offset, int length) throws IOException {
        if (offset >= start && offset + length <= start + filled) {
            return true;
        }
        long left = file.size() - offset;
        if (length > left) {
            return false;
        }
        int wanted = (int) Math.min(left, Math.max(length, bytesMax));
        if (buffer.capacity() < wanted) {
            buffer = ByteBuffer.allocate(wanted).order(ByteOrder.LITTLE_ENDIAN);
        }
        start = offset;
        filled = 0;
        buffer.clear().limit(wanted);
        while (filled < wanted) {
            int count = file.read(buffer, offset + filled);
            if (count <= 0) {
                break;
            }
            filled += count;
        }
        buffer.clear();
        return length <= filled;
    }

    /** {@return the bytes; those last asked for begin at {@link #index}} */
    ByteBuffer buffer() {
        return buffer.clear();
    }

    /** {@return the index in {@link #buffer} of a place in the file that is in memory} */
    int index(long offset) {
        return Math.toIntExact(offset - start);
    }
}
