package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.FileSystemDisk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The acceptor's memory in a directory of a local disk: one journal for all groups, in segments, with a chained CRC-32C.
 *
 * <p>The directory is made if it does not exist and formatted if it is empty. One storage uses it at a time. Its format and
 * what each error means to an operator are in {@code docs/storage.md}.
 *
 * <p><b>Threads.</b> As {@link DurableStorage} says. The thread that appends must not be interrupted: an interrupt closes the
 * file under it, and the storage has failed. The thread that reads may be. One more, {@code paxos-storage-spare}, makes
 * segments in advance; {@link #close} joins it.
 *
 * <p><b>Errors.</b> A write or a force that fails is final: every later call throws the same exception, and nothing is tried
 * again, since a force that succeeds after one that failed says nothing about the bytes in between. Restart the process.
 */
public final class FileStorage implements DurableStorage {
    /** The size of a segment unless told otherwise: 64 MiB. */
    public static final int SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024;

    /** The smallest segment, 16 KiB: half of it is its header. */
    public static final int SEGMENT_BYTES_MIN = 16 * 1024;

    /** The largest segment, 1 GiB. */
    public static final int SEGMENT_BYTES_MAX = 1024 * 1024 * 1024;

    /** The largest record, head and body, 512 MiB; one that is larger than a segment gets a segment of its own size. */
    public static final int RECORD_BYTES_MAX = 512 * 1024 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(FileStorage.class);
    private static final String LOCK = "LOCK";

    private final Disk disk;
    private final @Nullable Executor background; // null: a thread of our own
    private final LongSupplier random;
    private final int segmentBytes;

    private final SlotIndex index = new SlotIndex();
    private @Nullable Closeable lock;
    private @Nullable BackgroundThread ownThread;
    private @Nullable StorageDirectory directory;
    private @Nullable FileSnapshots snapshots;
    private @Nullable Spares spares;
    private @Nullable JournalReader reader;
    private @Nullable Journal journal;
    private @Nullable StorageException failure; // of the storage thread
    private boolean pastCache;

    private FileStorage(Disk disk, @Nullable Executor background, LongSupplier random, int segmentBytes) {
        this.disk = disk;
        this.background = background;
        this.random = random;
        this.segmentBytes = segmentBytes;
    }

    /**
     * Stands for a directory; touches nothing before {@link #open}.
     *
     * @param directory the directory; made if it does not exist. On a local disk: a network file system may break the lock
     *     and the promises of a force
     * @return the storage
     */
    public static FileStorage at(Path directory) {
        return new FileStorage(
                new FileSystemDisk(directory), null, new SecureRandom()::nextLong, SEGMENT_BYTES_DEFAULT);
    }

    /**
     * Stands for a disk of another kind; for simulators.
     *
     * @param disk the disk
     * @param background runs what need not be waited for; may run it at once
     * @param random draws the ids of storages and segments
     * @return the storage
     */
    @SuppressWarnings("exports") // the seam is open to the testkit only
    public static FileStorage on(Disk disk, Executor background, LongSupplier random) {
        return new FileStorage(disk, background, random, SEGMENT_BYTES_DEFAULT);
    }

    /**
     * Sets the size of new segments. A larger one makes rotation rarer, and the space that is set aside larger: up to two
     * segments. Segments that exist keep their size.
     *
     * @param bytes the size in bytes, a multiple of 4,096 from {@link #SEGMENT_BYTES_MIN} to {@link #SEGMENT_BYTES_MAX}
     * @return a storage with this size, not opened
     * @throws IllegalArgumentException if it is not such a number
     */
    public FileStorage withSegmentBytes(int bytes) {
        if (bytes < SEGMENT_BYTES_MIN || bytes > SEGMENT_BYTES_MAX || bytes % SegmentHeader.COPY_BYTES != 0) {
            throw new IllegalArgumentException("segment size " + bytes + " bytes must be a multiple of "
                    + SegmentHeader.COPY_BYTES + " from " + SEGMENT_BYTES_MIN + " to " + SEGMENT_BYTES_MAX);
        }
        return new FileStorage(disk, background, random, bytes);
    }

    @Override
    public Identity open(int node, Bytes foundingRecord) throws StorageException {
        if (node <= 0) {
            throw new IllegalArgumentException("node id " + node + " must be positive");
        }
        if (lock != null) {
            throw new IllegalStateException("opened already");
        }
        StorageDirectory opened = new StorageDirectory(disk, random, segmentBytes);
        try {
            disk.createDirectory();
            lock = disk.lock(LOCK);
            if (lock == null) {
                throw new StorageException(
                        Code.IN_USE,
                        disk.describe(LOCK) + " is locked: another process, or another node in this one, uses the"
                                + " directory. Stop it, or give this node a directory of its own.",
                        null);
            }
            boolean formatted = opened.open(node, foundingRecord);
            snapshots = new FileSnapshots(disk, opened.owner().cluster(), random);
            directory = opened;
            return new Identity(opened.owner().storageId(), opened.manifest().bootCount(), formatted);
        } catch (IOException e) {
            close();
            throw named(e, disk.describe(""));
        }
    }

    @Override
    public void replay(RecordVisitor visitor) throws StorageException {
        if (failure != null) {
            throw failure;
        }
        StorageDirectory opened = directory;
        if (opened == null || journal != null) {
            throw new IllegalStateException(opened == null ? "not opened" : "replayed already");
        }
        try {
            Recovery recovery = new Recovery(opened, index, visitor);
            Journal.End end = recovery.run();
            pastCache = recovery.readPastCache();
            Spares made = new Spares(disk, background == null ? ownThread() : background, random, segmentBytes);
            Journal recovered = new Journal(opened, made, index, end);
            spares = made;
            journal = recovered;
            reader = new JournalReader(disk, index, opened.owner());
            recovered.mark(); // so that damage to what was just visited is never taken for a torn tail
            if (opened.manifest().durable() < end.mark()) {
                opened.replaceManifest(opened.manifest().durableTo(end.mark()));
            }
        } catch (IOException e) {
            failure = named(e, disk.describe(""));
            throw failure;
        }
    }

    /**
     * {@return whether the end of the journal was read past the page cache, after {@link #replay}. If not, the file system refuses
     * that, and a start after a failed write may take for durable what is in the memory of the machine only}
     */
    public boolean readsPastCache() {
        return pastCache;
    }

    private Executor ownThread() {
        BackgroundThread started = new BackgroundThread("paxos-storage-spare");
        ownThread = started;
        return started;
    }

    @Override
    public void append(
            int group,
            int kind,
            long slotFrom,
            long slotTo,
            long promisedRound,
            int promisedNode,
            Bytes head,
            Bytes body)
            throws StorageException {
        Journal open = working();
        if (group <= 0
                || kind < 1
                || kind > 255
                || slotFrom < 0
                || slotTo < slotFrom
                || (slotFrom == 0) != (slotTo == 0)) {
            throw new IllegalArgumentException("group " + group + " must be positive, kind " + kind
                    + " from 1 to 255, slots " + slotFrom + " to " + slotTo + " ascending and positive or both 0");
        }
        if ((long) head.length() + body.length() > RECORD_BYTES_MAX) {
            throw new IllegalArgumentException("a record of " + ((long) head.length() + body.length())
                    + " bytes is larger than " + RECORD_BYTES_MAX);
        }
        try {
            open.append(group, kind, slotFrom, slotTo, promisedRound, promisedNode, head, body);
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e, open);
        }
    }

    @Override
    public void sync() throws StorageException {
        Journal open = working();
        try {
            open.sync();
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e, open);
        }
    }

    @Override
    public void idle() throws StorageException {
        Journal open = working();
        try {
            open.mark();
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e, open);
        }
    }

    private Journal working() throws StorageException {
        StorageException latched = failure;
        if (latched != null) {
            throw latched;
        }
        return recovered();
    }

    private Journal recovered() {
        Journal open = journal;
        if (open == null) {
            throw new IllegalStateException("not replayed");
        }
        return open;
    }

    /** Latches, an error of the machine too: what is in the file and in the page cache is not known any more, so nothing is written there again. */
    private StorageException failed(Throwable cause, Journal open) {
        IOException why = cause instanceof IOException io ? io : new IOException(cause);
        StorageException latched = Failures.failed(open.path(), why);
        failure = latched;
        return latched;
    }

    @Override
    public long durablePosition() {
        return recovered().durable();
    }

    @Override
    public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
            throws StorageException {
        JournalReader open = reader;
        if (open == null) {
            throw new IllegalStateException("not replayed");
        }
        if (slotFrom < 1) {
            throw new IllegalArgumentException("first slot " + slotFrom + " must be positive");
        }
        try {
            return open.read(group, slotFrom, slotTo, maxBytes, visitor);
        } catch (IOException e) {
            try {
                open.close(); // an interrupt closes files: the next read opens them again
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw named(e, disk.describe(""));
        }
    }

    @Override
    public SnapshotStore snapshots() {
        SnapshotStore open = snapshots;
        if (open == null) {
            throw new IllegalStateException("not opened");
        }
        return open;
    }

    private static StorageException named(IOException e, String path) {
        return e instanceof StorageException named ? named : Failures.failed(path, e);
    }

    @Override
    public void close() {
        closeQuietly(snapshots == null ? null : snapshots::close);
        if (spares != null) {
            spares.close();
        }
        closeQuietly(ownThread); // soon: it stops between two writes
        ownThread = null;
        if (spares != null) {
            spares.close(); // one that was finished meanwhile
        }
        closeQuietly(reader == null ? null : reader::close);
        closeQuietly(journal == null ? null : journal::close);
        closeQuietly(lock);
        lock = null;
        directory = null;
        snapshots = null;
        spares = null;
        reader = null;
        journal = null;
    }

    private void closeQuietly(@Nullable Closeable open) {
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("{}: could not be closed", disk.describe(""), e); // nothing depends on it: close does not sync
            }
        }
    }
}
