package dev.multipaxos.storage;

import dev.multipaxos.spi.DurableStorage.DamageListener;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.storage.disk.Disk;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads again, now and then and slowly, what lies on the disk and nobody reads: segments that were left, and snapshots. Bits rot
 * there unseen until the day on which they are needed, perhaps the day on which the other copies are lost. What is found early is
 * repaired from the others.
 *
 * <p>The segment being written is never touched, nor is anything changed. A file that is deleted meanwhile is no damage.
 *
 * <p><b>Threads.</b> {@link #step} is called by one thread at a time: by {@code paxos-storage-scrub} once {@link #start} was
 * called, else by whoever simulates it. {@link #close} by any; it waits for the step that is going on, not for a pause.
 */
final class Scrubber implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(Scrubber.class);

    /** How much is read between two pauses, 256 KiB; a larger record is read as a whole. */
    static final int STEP_BYTES = 256 * 1024;

    /**
     * How often everything is read, and how fast.
     *
     * @param bytesPerSecond at most so many; 0: never
     * @param interval the time from the end of a round, or from the start, to the next round
     */
    record Schedule(long bytesPerSecond, Duration interval) {
        static final Schedule NEVER = new Schedule(0, Duration.ofDays(1));
        static final Schedule DAILY = new Schedule(4 * 1024 * 1024, Duration.ofDays(1));
    }

    /** Lets time pass. */
    @FunctionalInterface
    interface Pace {
        /** {@return false, perhaps early, if there is no reason to go on} */
        boolean pause(long nanos);
    }

    private final Disk disk;
    private final SlotIndex index;
    private final FileSnapshots snapshots;
    private final Chain chain;
    private final @Nullable DamageListener listener;
    private final Deque<ScrubTask> round = new ArrayDeque<>(); // what is left of it
    private @Nullable BackgroundThread thread;
    private boolean closing; // guarded by this

    Scrubber(Disk disk, SlotIndex index, FileSnapshots snapshots, Owner owner, @Nullable DamageListener listener) {
        this.disk = disk;
        this.index = index;
        this.snapshots = snapshots;
        this.chain = new Chain(owner.cluster(), owner.storageId());
        this.listener = listener;
    }

    /** Goes to work in the background. */
    void start(Schedule schedule) {
        BackgroundThread started = new BackgroundThread("paxos-storage-scrub");
        thread = started;
        started.execute(() -> run(schedule, this::pause));
    }

    /** Goes on until there is no reason to. It begins with a pause: the start of the storage has read everything just now. */
    void run(Schedule schedule, Pace pace) {
        long interval = schedule.interval().toNanos();
        boolean goOn = pace.pause(interval);
        while (goOn) {
            long bytes = step();
            long nanos = TimeUnit.SECONDS.toNanos(bytes) / schedule.bytesPerSecond();
            goOn = pace.pause(bytes == 0 ? interval : nanos);
        }
    }

    private synchronized boolean pause(long nanos) {
        long end = System.nanoTime() + nanos;
        try {
            for (long left = nanos; left > 0 && !closing; left = end - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            return false; // nobody interrupts it but who wants it to end
        }
        return !closing;
    }

    /** Verifies the next piece. {@return how many bytes were looked at; 0: a round is over, and the next step begins another} */
    long step() {
        if (round.isEmpty()) {
            plan();
        }
        while (!round.isEmpty()) {
            long bytes = step(round.getFirst());
            if (bytes > 0) {
                return bytes;
            }
            close(round.removeFirst());
        }
        return 0;
    }

    private void plan() {
        List<Segment> segments = index.segments();
        for (int i = 0; i + 1 < segments.size(); i++) {
            SegmentHeader next = segments.get(i + 1).header;
            round.add(new SegmentScrub(disk, segments.get(i), next, chain, this::segmentDamaged));
        }
        snapshots.whole().forEach(id -> round.add(new SnapshotScrub(snapshots, id, this::snapshotDamaged)));
    }

    private long step(ScrubTask task) {
        try {
            return task.step();
        } catch (NoSuchFileException e) {
            return 0; // it was trimmed, or replaced
        } catch (IOException e) {
            LOG.info("{}: a file was left out by the scrubber", disk.describe(""), e);
            return 0;
        }
    }

    private void segmentDamaged(Segment segment, String path, long offset, String what) {
        List<Segment> segments = index.segments();
        int at = segments.indexOf(segment);
        if (at < 0) {
            return; // trimmed meanwhile: nobody will ask for it
        }
        long upTo = segments.get(at + 1).header.logicalStart();
        LOG.warn(
                "{}: offset {}: {}: the disk has lost or changed it. A snapshot, and a trim of the journal up to position {}, do"
                        + " without it.",
                path,
                offset,
                what,
                upTo);
        if (listener != null) {
            listener.journalDamaged(path + ": offset " + offset, upTo);
        }
    }

    private void snapshotDamaged(SnapshotStore.Id id) {
        if (listener != null) {
            listener.snapshotDamaged(id);
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            closing = true;
            notifyAll();
        }
        if (thread != null) {
            thread.close();
        }
        round.forEach(this::close);
        round.clear();
    }

    private void close(ScrubTask task) {
        try {
            task.close();
        } catch (IOException e) {
            LOG.debug("{}: a file could not be closed", disk.describe(""), e);
        }
    }
}
