package dev.multipaxos.storage;

import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the next segment ready before it is needed: a file of its full size, so that a force need not write where a file ends. Either
 * one that was trimmed, or, if there is none, a new one full of zeros. That happens in the background; the storage thread takes it.
 * And makes the {@link Reserve}. When one of them cannot be made, the disk counts as full, long before the segment in use is.
 */
final class Spares {
    private static final Logger LOG = LoggerFactory.getLogger(Spares.class);

    /** So often a retry is refused while the room has not grown. */
    private static final int RETRIES_REFUSED_MAX = 16;

    /** So many are kept at most: what a trim mostly finds, two, and the one that was ready before. */
    private static final int READY_MAX = 3;

    private final Disk disk;
    private final Owner owner;
    private final Executor background;
    private final LongSupplier random;
    private final int bytes;
    private final Reserve reserve;
    private final SpaceGauge gauge;
    private final Remover remover;

    // guarded by this
    private boolean asked; // and not begun yet
    private boolean making;
    private boolean failed; // and not tried since: no reason to fill the disk again and again
    private long usableThen; // when that failed
    private int retriesRefused; // since
    private final Deque<Spare> ready = new ArrayDeque<>();
    private volatile boolean closing;

    Spares(
            StorageDirectory directory,
            Executor background,
            LongSupplier random,
            int segmentBytes,
            SpaceGauge gauge,
            Remover remover) {
        this.disk = directory.disk();
        this.owner = directory.owner();
        this.background = background;
        this.random = random;
        this.bytes = segmentBytes;
        this.reserve = directory.reserve();
        this.gauge = gauge;
        this.remover = remover;
    }

    /**
     * A file that may become a segment.
     *
     * @param segment the id that the segment will have
     * @param bytes its size, durably
     * @param usedBefore whether it was a segment; else it is nothing but zeros, durably
     * @param file the file, open
     */
    record Spare(long segment, int bytes, boolean usedBefore, DiskFile file) {
        String name() {
            return Segment.name(segment);
        }
    }

    /** Has the next one made, and the reserve, if they are not there yet. */
    void prepare() {
        synchronized (this) {
            if (asked || making || failed || closing || isPrepared()) {
                return;
            }
            asked = true;
        }
        long segment = StorageDirectory.nonZero(random);
        background.execute(() -> make(segment));
    }

    private synchronized boolean isPrepared() {
        return !ready.isEmpty() && reserve.isWhole();
    }

    /**
     * Tries again what has failed, if there is more room than there was then; and now and then even if there is not, since not
     * every limit shows in what the file system says. Called about once a second.
     */
    void retry() {
        giveBack();
        synchronized (this) {
            if (!failed) {
                return;
            }
            boolean more = gauge.space().usableBytes() - usableThen >= bytes;
            if (!isPrepared() && !more && ++retriesRefused < RETRIES_REFUSED_MAX) {
                return;
            }
            failed = false;
        }
        prepare();
        if (isPrepared()) {
            made(true); // one was taken over meanwhile
        }
    }

    private void make(long segment) {
        boolean wanted;
        synchronized (this) {
            if (!asked) {
                return; // the storage thread was faster
            }
            asked = false;
            wanted = ready.isEmpty();
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
            boolean another;
            synchronized (this) {
                another = !ready.isEmpty();
            }
            made(spare != null || another || closing);
            keep(spare);
            synchronized (this) {
                making = false;
                notifyAll();
            }
        }
        return spare != null;
    }

    private void keep(@Nullable Spare spare) {
        if (spare == null) {
            return;
        }
        synchronized (this) {
            if (!closing) {
                ready.add(spare);
                notifyAll();
                return;
            }
        }
        discard(spare);
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
            while (making && ready.isEmpty()) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new InterruptedIOException("the storage thread was interrupted, which it must never be");
                }
            }
            spare = ready.peek();
            if (spare != null && spare.bytes() >= bytesMin) {
                return ready.remove();
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
            return new Spare(segment, bytes, false, reserved);
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
        return done ? new Spare(segment, size, false, file) : null;
    }

    /**
     * Takes over the file of a segment that was trimmed, unless there are enough, or the disk could do with the room. What is in it
     * cannot be taken for records of another segment ({@link Chain}). All forces of it must have succeeded, in this process: after one
     * that failed, what is written to the same place again may not reach the disk.
     *
     * @param trimmed its name; the manifest does not name it any more, durably
     * @return false if it is still there, to be deleted
     */
    boolean takeOver(String trimmed) {
        long segment = StorageDirectory.nonZero(random);
        String finished = Segment.name(segment);
        String name = trimmed;
        DiskFile file = null;
        try {
            if (!wantsMore() || size(trimmed) != bytes) {
                return false;
            }
            disk.rename(trimmed, TailCopy.unfinished(finished));
            name = TailCopy.unfinished(finished);
            disk.syncDirectory(); // before anything is written: under its old name that must be what it was
            file = disk.open(name, true);
            Writes.all(file, SegmentHeader.waiting(owner, segment, bytes).encode(), 0);
            file.force(false);
            disk.rename(name, finished);
            name = finished;
            disk.syncDirectory();
            keep(new Spare(segment, bytes, true, file));
            return true;
        } catch (IOException e) {
            LOG.warn("{}: is not used again", disk.describe(trimmed), e);
            if (file != null) {
                close(file);
            }
            if (name.equals(trimmed)) {
                return false;
            }
            StorageDirectory.deleteIfPossible(disk, name);
            return true;
        }
    }

    private synchronized boolean wantsMore() {
        int made = ready.size() + (making ? 1 : 0);
        return !closing && made < READY_MAX && isPlenty();
    }

    private boolean isPlenty() {
        return gauge.space().level() == DiskSpace.Level.PLENTY;
    }

    /** On a disk that is nearly full one must do. */
    private void giveBack() {
        List<Spare> surplus = new ArrayList<>();
        synchronized (this) {
            while (ready.size() > 1 && !isPlenty()) {
                surplus.add(ready.removeLast());
            }
        }
        if (!surplus.isEmpty()) {
            surplus.forEach(spare -> close(spare.file()));
            remover.remove(surplus.stream().map(Spare::name).toList(), name -> false);
        }
    }

    private long size(String name) throws IOException {
        try (DiskFile file = disk.open(name, false)) {
            return file.size();
        }
    }

    /** Stops making; what is ready is removed. Called by {@link FileStorage#close}. */
    void close() {
        List<Spare> unused;
        synchronized (this) {
            closing = true;
            unused = List.copyOf(ready);
            ready.clear();
        }
        unused.forEach(this::discard);
    }

    private void discard(Spare spare) {
        discard(spare.name(), spare.file());
    }

    private void close(DiskFile file) {
        try {
            file.close();
        } catch (IOException e) {
            LOG.debug("{}: a file could not be closed", disk.describe(""), e);
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
