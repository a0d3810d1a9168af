package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.FileSystemDisk;
import dev.multipaxos.storage.inspect.DirectoryVisitor;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
 * file under it, and the storage has failed. The thread that reads may be. Three more end with {@link #close}: {@code paxos-storage-spare}, which
 * makes segments in advance, {@code paxos-storage-remove}, which deletes those that were trimmed, and snapshots that were replaced, and
 * {@code paxos-storage-scrub}, which looks for damage.
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
    private final @Nullable Executor background; // null: threads of our own
    private final LongSupplier random;
    private final Options options;
    private final SpaceGauge gauge;

    private final SlotIndex index = new SlotIndex();
    private @Nullable Closeable lock;
    private final List<BackgroundThread> ownThreads = new ArrayList<>();
    private @Nullable StorageDirectory directory;
    private @Nullable Remover remover;
    private @Nullable FileSnapshots snapshots;
    private @Nullable Spares spares;
    private @Nullable JournalReader reader;
    private @Nullable Journal journal;
    private @Nullable Trimmer trimmer;
    private @Nullable Scrubber scrubber;
    private @Nullable DamageListener listener;
    private @Nullable StorageException failure; // of the storage thread
    private volatile boolean pastCache; // the replay's word, for any thread

    private FileStorage(Disk disk, @Nullable Executor background, LongSupplier random, Options options) {
        this.disk = disk;
        this.background = background;
        this.random = random;
        this.options = options;
        this.gauge = new SpaceGauge(disk, options.warnBytes(), options.stopBytes());
    }

    /**
     * Stands for a directory; touches nothing before {@link #open}.
     *
     * @param directory the directory; made if it does not exist. On a local disk: a network file system may break the lock
     *     and the promises of a force
     * @return the storage
     */
    public static FileStorage at(Path directory) {
        return new FileStorage(new FileSystemDisk(directory), null, new SecureRandom()::nextLong, Options.DEFAULT);
    }

    /**
     * Stands for a disk of another kind; for simulators. It scrubs only when {@link #scrubStep} is called.
     *
     * @param disk the disk
     * @param background runs what need not be waited for; may run it at once
     * @param random draws the ids of storages and segments
     * @return the storage
     */
    @SuppressWarnings("exports") // the seam is open to the testkit only
    public static FileStorage on(Disk disk, Executor background, LongSupplier random) {
        return new FileStorage(disk, background, random, Options.DEFAULT.withScrubbing(Scrubber.Schedule.NEVER));
    }

    /**
     * Looks through a directory and changes nothing; for tools.
     *
     * @param disk the directory
     * @param visitor is told what is in it
     * @return false if it is not the directory of a storage; then nothing was told
     * @throws IOException if it cannot be read
     */
    @SuppressWarnings("exports") // the seam is open to the testkit only
    public static boolean inspect(Disk disk, DirectoryVisitor visitor) throws IOException {
        return new Inspection(disk, visitor).run();
    }

    /**
     * Says whether a node uses a directory; for tools.
     *
     * @param disk the directory
     * @return whether it is locked
     * @throws IOException if that cannot be found out
     */
    @SuppressWarnings("exports") // the seam is open to the testkit only
    public static boolean isInUse(Disk disk) throws IOException {
        return disk.isLocked(LOCK);
    }

    /**
     * Sets the size of new segments. A larger one makes rotation rarer, and the space that is set aside larger: up to four
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
        return new FileStorage(disk, background, random, options.withSegmentBytes(bytes));
    }

    /**
     * Sets how often segments that were left, and snapshots, are read again to find out whether they are still what was written.
     * What is found is logged, with the file and the place, and told to who {@link #watch}es. Faster finds it sooner and takes more
     * from the disk. Unless told otherwise it is 4 MiB a second, once a day.
     *
     * @param bytesPerSecond how much is read at most, on average over a second; 0: never
     * @param interval the time between two rounds, and from a start, which reads everything itself, to the first
     * @return a storage that does so, not opened
     * @throws IllegalArgumentException if the first is negative, or the second not positive
     */
    public FileStorage withScrub(long bytesPerSecond, Duration interval) {
        if (bytesPerSecond < 0 || interval.isNegative() || interval.isZero()) {
            throw new IllegalArgumentException("scrubbed bytes per second " + bytesPerSecond
                    + " must not be negative, the interval " + interval + " must be positive");
        }
        return new FileStorage(
                disk, background, random, options.withScrubbing(new Scrubber.Schedule(bytesPerSecond, interval)));
    }

    /**
     * Sets what counts as a disk that is nearly full. Unless told otherwise these are the sizes of 16 and of 4 segments, with
     * segments of 64 MiB so 1 GiB and 256 MiB.
     *
     * @param warnBytes with less room than so many bytes the node warns ({@link DiskSpace.Level#LOW}). More give operators more
     *     time
     * @param stopBytes with less room than so many bytes the node takes no values and does not lead ({@link
     *     DiskSpace.Level#FULL}), until there is room again half-way up to {@code warnBytes}. It must hold what is under way then, two
     *     segments, and a snapshot; more leave disk unused
     * @return a storage with these watermarks, not opened
     * @throws IllegalArgumentException if {@code stopBytes} is not positive or {@code warnBytes} is not above it
     */
    public FileStorage withSpaceWatermarks(long warnBytes, long stopBytes) {
        if (stopBytes <= 0 || warnBytes <= stopBytes) {
            throw new IllegalArgumentException(
                    "stopBytes " + stopBytes + " must be positive and warnBytes " + warnBytes + " must be above it");
        }
        return new FileStorage(disk, background, random, options.withSpace(warnBytes, stopBytes));
    }

    @Override
    public Identity open(int node, Bytes foundingRecord) throws StorageException {
        if (node <= 0) {
            throw new IllegalArgumentException("node id " + node + " must be positive");
        }
        if (lock != null) {
            throw new IllegalStateException("opened already");
        }
        StorageDirectory opened = new StorageDirectory(disk, random, options.segmentBytes());
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
            Remover made = new Remover(disk, executor("paxos-storage-remove"));
            remover = made;
            snapshots = new FileSnapshots(disk, opened.owner().cluster(), random, made);
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
            gauge.measure();
            Spares made = new Spares(
                    opened, executor("paxos-storage-spare"), random, options.segmentBytes(), gauge, opened(remover));
            Journal recovered = new Journal(opened, made, gauge, index, end);
            spares = made;
            journal = recovered;
            reader = new JournalReader(disk, index, opened.owner());
            trimmer = new Trimmer(opened, index, opened(remover), made);
            scrub(opened.owner());
            recovered.begin(); // so that damage to what was just visited is never taken for a torn tail
            if (opened.manifest().durable() < end.mark()) {
                opened.replaceManifest(opened.manifest().durableTo(end.mark()));
            }
        } catch (IOException e) {
            failure = named(e, disk.describe(""));
            throw failure;
        }
    }

    private void scrub(Owner owner) {
        Scrubber made = new Scrubber(disk, index, opened(snapshots), owner, listener);
        scrubber = made;
        if (options.scrubbing().bytesPerSecond() > 0) {
            made.start(options.scrubbing());
        }
    }

    private static <T> T opened(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("not opened");
        }
        return value;
    }

    /**
     * {@return whether the end of the journal was read past the page cache, after {@link #replay}. If not, the file system refuses
     * that, and a start after a failed write may take for durable what is in the memory of the machine only}
     */
    @Override
    public boolean readsPastCache() {
        return pastCache;
    }

    private Executor executor(String name) {
        if (background != null) {
            return background;
        }
        BackgroundThread made = new BackgroundThread(name);
        ownThreads.add(made);
        return made;
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
            open.measure();
            retry();
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e, open);
        }
    }

    @Override
    public void trim(int group, long upTo, long restatedFrom, long keepBytes) throws StorageException {
        Journal open = working();
        sync(); // what was said again must not be lost when what it repeats is gone
        if (group <= 0 || upTo < 0 || restatedFrom < 0 || restatedFrom > open.durable() || keepBytes < 0) {
            throw new IllegalArgumentException(
                    "group " + group + " must be positive, slot " + upTo + " and " + keepBytes
                            + " bytes to keep not negative, position " + restatedFrom + " from 0 to " + open.durable()
                            + ", the durable end");
        }
        try {
            Objects.requireNonNull(trimmer).trim(group, upTo, restatedFrom, keepBytes, open.durable());
        } catch (IOException | RuntimeException | Error e) {
            throw failed(e, open);
        }
    }

    private void retry() {
        if (spares != null) {
            spares.retry();
        }
    }

    @Override
    public long trimmedUpTo(int group) {
        StorageDirectory opened = directory;
        if (opened == null) {
            throw new IllegalStateException("not opened");
        }
        return opened.manifest().trim(group).upTo();
    }

    @Override
    public DiskSpace space() {
        return gauge.space();
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
        return opened(snapshots);
    }

    @Override
    public void watch(DamageListener damageListener) {
        listener = damageListener;
    }

    /**
     * Reads again the next 256 KiB or so of what lies on the disk, as {@link #withScrub} does in the background; for simulators that have no
     * threads. Called where nothing else scrubs, after {@link #replay}.
     *
     * @return false if that was the end of a round; the next call begins another
     */
    public boolean scrubStep() {
        Scrubber open = scrubber;
        if (open == null || options.scrubbing().bytesPerSecond() > 0) {
            throw new IllegalStateException(open == null ? "not replayed" : "a thread scrubs");
        }
        return open.step() > 0;
    }

    private static StorageException named(IOException e, String path) {
        return e instanceof StorageException named ? named : Failures.failed(path, e);
    }

    @Override
    public void close() {
        closeQuietly(scrubber);
        closeQuietly(snapshots == null ? null : snapshots::close);
        if (spares != null) {
            spares.close();
        }
        if (remover != null) {
            remover.close();
        }
        ownThreads.forEach(this::closeQuietly); // soon: they stop between two writes
        ownThreads.clear();
        closeQuietly(reader == null ? null : reader::close);
        closeQuietly(journal == null ? null : journal::close);
        closeQuietly(lock);
        lock = null;
        directory = null;
        remover = null;
        snapshots = null;
        scrubber = null;
        spares = null;
        reader = null;
        journal = null;
        trimmer = null;
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
