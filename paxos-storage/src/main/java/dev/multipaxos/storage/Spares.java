package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the next segment before it is needed: a new file full of zeros, so that a force need not write where the file ends.
 * It is made under a name of its own, in the background; the storage thread takes it.
 */
final class Spares {
    private static final Logger LOG = LoggerFactory.getLogger(Spares.class);

    private final Disk disk;
    private final Executor background;
    private final LongSupplier random;
    private final int bytes;

    // guarded by this
    private boolean asked; // and not begun yet
    private boolean making;
    private boolean failed; // and not needed since: no reason to fill the disk again and again
    private @Nullable Spare ready;
    private volatile boolean closing;

    Spares(Disk disk, Executor background, LongSupplier random, int bytes) {
        this.disk = disk;
        this.background = background;
        this.random = random;
        this.bytes = bytes;
    }

    /** A file that is nothing but zeros, durably. */
    record Spare(long segment, int bytes, DiskFile file) {}

    /** Has the next one made, if it is not there yet. */
    void prepare() {
        synchronized (this) {
            if (asked || making || failed || ready != null || closing) {
                return;
            }
            asked = true;
        }
        long segment = StorageDirectory.nonZero(random);
        background.execute(() -> make(segment));
    }

    private void make(long segment) {
        synchronized (this) {
            if (!asked) {
                return; // the storage thread was faster
            }
            asked = false;
            making = true;
        }
        Spare spare = null;
        try {
            spare = create(segment, bytes);
        } catch (IOException e) {
            // Taken up by the storage thread, which tries again and fails for good if it must.
            LOG.warn("{}: the next segment could not be made in advance", disk.describe(Segment.name(segment)), e);
        } finally {
            synchronized (this) {
                ready = spare;
                failed = spare == null;
                making = false;
                notifyAll();
            }
        }
    }

    /** Takes a file of at least so many bytes: the one that is ready or being made, else it makes one now. */
    Spare take(int bytesMin) throws IOException {
        Spare spare;
        synchronized (this) {
            asked = false;
            failed = false;
            while (making) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException("the storage thread was interrupted, which it must never be");
                }
            }
            spare = ready;
            if (spare != null && spare.bytes() >= bytesMin) {
                ready = null;
                return spare;
            }
        }
        spare = create(StorageDirectory.nonZero(random), Math.max(bytes, bytesMin));
        if (spare == null) {
            throw new IOException("the storage is being closed");
        }
        return spare;
    }

    /** {@return the file, or null if the storage is being closed} */
    private @Nullable Spare create(long segment, int size) throws IOException {
        String name = Segment.name(segment);
        DiskFile file = disk.create(name);
        boolean done = false;
        try {
            ByteBuffer zeros = Writes.zeros(size);
            for (long at = 0; at < size && !closing; at += zeros.capacity()) {
                Writes.all(file, zeros.clear().limit((int) Math.min(zeros.capacity(), size - at)), at);
            }
            if (!closing) {
                file.force(true);
                disk.syncDirectory();
                done = true;
            }
        } finally {
            if (!done) {
                discard(name, file);
            }
        }
        return done ? new Spare(segment, size, file) : null;
    }

    /** Stops making; what is ready is removed. Called by {@link FileStorage#close}. */
    void close() {
        closing = true;
        Spare spare;
        synchronized (this) {
            spare = ready;
            ready = null;
        }
        if (spare != null) {
            discard(Segment.name(spare.segment()), spare.file());
        }
    }

    private void discard(String name, DiskFile file) {
        try {
            file.close();
            disk.delete(name);
        } catch (IOException e) {
            LOG.warn("{}: an unused segment could not be removed; the next start removes it", disk.describe(name), e);
        }
    }
}
