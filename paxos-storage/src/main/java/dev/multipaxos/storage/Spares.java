package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the next segment before it is needed: a new file full of zeros, so that a force need not write where the file ends.
 * It is made under a name of its own, in the background; the storage thread takes it. And makes the {@link Reserve}. When one of
 * them cannot be made, the disk counts as full, long before the segment in use is.
 */
final class Spares {
    private static final Logger LOG = LoggerFactory.getLogger(Spares.class);

    /** So often a retry is refused while the room has not grown. */
    private static final int RETRIES_REFUSED_MAX = 16;

    private final Disk disk;
    private final Executor background;
    private final LongSupplier random;
    private final int bytes;
    private final Reserve reserve;
    private final SpaceGauge gauge;

    // guarded by this
    private boolean asked; // and not begun yet
    private boolean making;
    private boolean failed; // and not tried since: no reason to fill the disk again and again
    private long usableThen; // when that failed
    private int retriesRefused; // since
    private @Nullable Spare ready;
    private volatile boolean closing;

    Spares(Disk disk, Executor background, LongSupplier random, int segmentBytes, Reserve reserve, SpaceGauge gauge) {
        this.disk = disk;
        this.background = background;
        this.random = random;
        this.bytes = segmentBytes;
        this.reserve = reserve;
        this.gauge = gauge;
    }

    /** A file that is nothing but zeros, durably. */
    record Spare(long segment, int bytes, DiskFile file) {}

    /** Has the next one made, and the reserve, if they are not there yet. */
    void prepare() {
        synchronized (this) {
            if (asked || making || failed || closing || (ready != null && reserve.isWhole())) {
                return;
            }
            asked = true;
        }
        long segment = StorageDirectory.nonZero(random);
        background.execute(() -> make(segment));
    }

    /**
     * Tries again what has failed, if there is more room than there was then; and now and then even if there is not, since not
     * every limit shows in what the file system says. Called about once a second.
     */
    void retry() {
        synchronized (this) {
            if (!failed) {
                return;
            }
            boolean more = gauge.space().usableBytes() - usableThen >= bytes;
            if (!more && ++retriesRefused < RETRIES_REFUSED_MAX) {
                return;
            }
            failed = false;
        }
        prepare();
    }

    private void make(long segment) {
        boolean wanted;
        synchronized (this) {
            if (!asked) {
                return; // the storage thread was faster
            }
            asked = false;
            wanted = ready == null;
            making = wanted;
        }
        if (!wanted || makeSpare(segment)) {
            makeReserve();
        }
    }

    private boolean makeSpare(long segment) {
        Spare spare = null;
        try {
            if (hasRoom(bytes)) {
                spare = create(segment, bytes);
            }
        } catch (IOException e) {
            // Taken up by the storage thread, which tries again and fails for good if it must.
            LOG.warn("{}: the next segment could not be made in advance", disk.describe(Segment.name(segment)), e);
        } finally {
            made(spare != null || closing);
            synchronized (this) {
                ready = spare;
                making = false;
                notifyAll();
            }
        }
        return spare != null;
    }

    private void makeReserve() {
        boolean done = reserve.isWhole();
        try {
            reserve.make(() -> closing);
            done = true;
        } catch (IOException e) {
            LOG.warn("{}: the reserve could not be made", disk.describe(Reserve.FILE), e);
        } finally {
            made(done);
        }
    }

    /** Tells the gauge first: whoever hears that there is no spare must find the disk full. */
    private void made(boolean done) {
        gauge.segmentMade(done);
        synchronized (this) {
            failed = !done;
            usableThen = gauge.space().usableBytes();
            retriesRefused = 0;
        }
    }

    /** Takes a file of at least so many bytes: the one that is ready or being made, else it makes one now. */
    Spare take(int bytesMin) throws IOException {
        Spare spare;
        synchronized (this) {
            asked = false;
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
        spare = createOrReserve(StorageDirectory.nonZero(random), bytesMin);
        if (spare == null) {
            throw new IOException("the storage is being closed");
        }
        return spare;
    }

    private @Nullable Spare createOrReserve(long segment, int bytesMin) throws IOException {
        int size = Math.max(bytes, bytesMin);
        IOException full = null;
        if (hasRoom(size)) {
            try {
                Spare created = create(segment, size);
                made(true);
                return created;
            } catch (IOException e) {
                full = e;
            }
        }
        made(false);
        DiskFile reserved = reserve.become(Segment.name(segment), bytesMin);
        if (reserved != null) {
            return new Spare(segment, bytes, reserved);
        } else if (full != null) {
            throw full;
        }
        return create(segment, size); // to the last byte, or fails and says why
    }

    /** Whether a file of this size leaves room for the small ones; as far as the file system tells. */
    private boolean hasRoom(int size) {
        gauge.measure();
        return gauge.space().usableBytes() - Reserve.SMALL_BYTES >= size;
    }

    /** {@return the file, or null if the storage is being closed} */
    private @Nullable Spare create(long segment, int size) throws IOException {
        String name = Segment.name(segment);
        DiskFile file = disk.create(name);
        boolean done = false;
        try {
            if (Writes.zeros(file, size, () -> closing)) {
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
