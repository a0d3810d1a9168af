package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;

/** Writes everything: the operating system may take only a part and say so without an error. */
final class Writes {
    /** So many zeros at once: a few milliseconds of a disk. */
    static final int ZEROS_BYTES = 1024 * 1024;

    private Writes() {}

    static void all(DiskFile file, ByteBuffer source, long position) throws IOException {
        all(file, new ByteBuffer[] {source}, position);
    }

    static void all(DiskFile file, ByteBuffer[] sources, long position) throws IOException {
        long left = 0;
        for (ByteBuffer source : sources) {
            left += source.remaining();
        }
        for (long at = position; left > 0; ) {
            long count = file.write(sources, at);
            if (count <= 0) {
                throw new IOException("a write of " + left + " bytes at " + at + " wrote nothing");
            }
            at += count;
            left -= count;
        }
    }

    static ByteBuffer zeros(long bytes) {
        return ByteBuffer.allocateDirect((int) Math.min(bytes, ZEROS_BYTES));
    }

    /**
     * Fills a new file with zeros, all but the last of them forced: given a whole segment at once, the disk would be busy with it
     * while the journal waits for a force of its own.
     *
     * @return false if it was given up between two writes
     */
    static boolean zeros(DiskFile file, long size, BooleanSupplier cancelled) throws IOException {
        ByteBuffer zeros = zeros(size);
        for (long at = 0; at < size; at += zeros.capacity()) {
            if (cancelled.getAsBoolean()) {
                return false;
            }
            if (at > 0) {
                file.force(false);
            }
            all(file, zeros.clear().limit((int) Math.min(zeros.capacity(), size - at)), at);
        }
        return !cancelled.getAsBoolean();
    }

    static void zeros(DiskFile file, long from, long to) throws IOException {
        ByteBuffer zeros = zeros(to - from);
        for (long at = from; at < to; at += zeros.capacity()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), to - at));
            all(file, zeros, at);
        }
    }
}
