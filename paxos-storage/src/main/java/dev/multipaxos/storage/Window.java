package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/** A part of a file in memory, moved forward and back as needed. */
final class Window {
    private static final int BYTES = 1024 * 1024;
    private static final int PAGE_BYTES = 4096;

    private final DiskFile file;
    private final int bytesMax;
    private final boolean overUnreadable;
    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private long start;
    private int filled;
    private @Nullable IOException unreadable; // the last one
    private long unreadableAt;

    Window(DiskFile file) {
        this(file, BYTES);
    }

    Window(DiskFile file, int bytesMax) {
        this(file, bytesMax, false);
    }

    private Window(DiskFile file, int bytesMax, boolean overUnreadable) {
        this.file = file;
        this.bytesMax = bytesMax;
        this.overUnreadable = overUnreadable;
    }

    /** {@return a window that shows zeros where the file cannot be read: for what has checksums} */
    static Window overUnreadable(DiskFile file) {
        return new Window(file, BYTES, true);
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
            int count = read(offset + filled);
            if (count <= 0) {
                break;
            }
            filled += count;
        }
        buffer.clear();
        return length <= filled;
    }

    private int read(long offset) throws IOException {
        try {
            return file.read(buffer, offset);
        } catch (ClosedChannelException e) {
            throw e; // by an interrupt: this says nothing about the file
        } catch (IOException e) {
            if (!overUnreadable) {
                throw e;
            }
            return readPage(offset);
        }
    }

    /** Once more, and no more than one page, so that it is known which one it is. */
    private int readPage(long offset) throws IOException {
        int limit = buffer.limit();
        int count = Math.min(buffer.remaining(), PAGE_BYTES - (int) (offset % PAGE_BYTES));
        try {
            return file.read(buffer.limit(buffer.position() + count), offset);
        } catch (ClosedChannelException e) {
            throw e;
        } catch (IOException e) {
            unreadable = e;
            unreadableAt = offset;
            buffer.put(new byte[count]);
            return count;
        } finally {
            buffer.limit(limit);
        }
    }

    /** Lets through the error of the last page that could not be read, unless all of it is before a place. */
    void mustHaveRead(long from) throws IOException {
        IOException failed = unreadable;
        if (failed != null && unreadableAt + PAGE_BYTES > from) {
            throw failed;
        }
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
