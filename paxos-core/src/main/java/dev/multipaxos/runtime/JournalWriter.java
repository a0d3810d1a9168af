package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.RuntimeRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes the journal: takes all records that wait, appends them, forces them once if anybody waits for one of them, and
 * publishes how many are durable (group commit). After a failure it does nothing any more.
 *
 * <p>Its thread does all that; or, if it is told so, the loop does, where it would hand over. Then the thread only tells the storage
 * when nothing comes, sees to the end, and stops the node if the loop met a failure: nothing is durable from then on, and
 * so nothing leaves that waits for the disk.
 */
final class JournalWriter implements Job, Driver.Journal {

    /** What the loop hands over. */
    private interface Task {
        void run(JournalWriter storage) throws StorageException;
    }

    /** A record of the protocol. */
    private record Append(Record record, Ballot promised) implements Task {
        @Override
        public void run(JournalWriter storage) throws StorageException {
            storage.onAppend(this);
        }
    }

    /** A record of the runtime. */
    private record Note(RuntimeRecord record, Ballot promised) implements Task {
        @Override
        public void run(JournalWriter storage) throws StorageException {
            storage.onNote(this);
        }
    }

    /** Something durable stands for the slots up to this one; nothing below a position is kept for its own sake. */
    private record Trim(long upTo, long keepBytes, long below) implements Task {
        Trim and(Trim other) {
            return new Trim(
                    Math.max(upTo, other.upTo), Math.min(keepBytes, other.keepBytes), Math.max(below, other.below));
        }

        @Override
        public void run(JournalWriter storage) throws StorageException {
            storage.onTrim(this);
        }
    }

    /** Somebody waits for what was handed over before. */
    private record Sync() implements Task {
        @Override
        public void run(JournalWriter storage) {
            storage.wanted = true;
        }
    }

    /** A record of the runtime is on the disk for good. */
    record Noted(RuntimeRecord record) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onNoted(record);
        }
    }

    private static final long IDLE_MILLIS = 50;

    /** While nothing is written, the storage looks so often whether there is room again. */
    private static final long LOOK_MILLIS = 1_000;

    private static final int LOOKS = (int) (LOOK_MILLIS / IDLE_MILLIS);

    private static final int RECORD_OVERHEAD_BYTES = 64;
    private static final Task SYNC = new Sync();

    private final DurableStorage storage;
    private final int group;
    private final Mailbox mailbox;
    private final boolean onLoop;

    private final Handover<Task> tasks = new Handover<>();
    private final AtomicLong backlogBytes = new AtomicLong();
    private volatile long durable;
    private volatile long position;
    private volatile DiskSpace space;

    // of whoever writes; guarded by this if the loop does
    private long appended; // records of the protocol, which is what tickets count
    private boolean wanted;
    private boolean unsynced;
    private final List<RuntimeRecord> notes = new ArrayList<>(); // appended, not durable yet
    private final Standing standing;
    private @Nullable Trim trim; // what is said again for it was appended
    private long restatedFrom;
    private final List<Task> taken = new ArrayList<>();
    private boolean idle = true; // nothing was written since the storage was last told so
    private boolean quiet = true; // nor since the thread last looked
    private int looks; // of the thread, beside the loop, since the storage was last told so
    private @Nullable StorageException failure; // that the loop met

    /**
     * Begins behind what was replayed.
     *
     * @param storage where to
     * @param group whose records
     * @param standing what the journal says that touches no slot
     * @param mailbox where progress is told
     * @param onLoop whether the loop writes and forces, within {@link #sync} and {@link #handOver}
     */
    JournalWriter(DurableStorage storage, int group, Standing standing, Mailbox mailbox, boolean onLoop) {
        this.onLoop = onLoop;
        this.standing = standing;
        this.storage = storage;
        this.group = group;
        this.mailbox = mailbox;
        this.position = storage.durablePosition();
        this.space = storage.space();
    }

    // ---- the loop says

    @Override
    public void append(Record record, Ballot promised) {
        backlogBytes.addAndGet(bytes(record));
        tasks.say(new Append(record, promised));
    }

    @Override
    public void sync(long ticket) {
        tasks.say(SYNC);
        handOver();
    }

    /** Writes a record of the runtime behind all earlier ones; answered by {@link Noted} when it is durable, which may take a while. */
    void note(RuntimeRecord record, Ballot promised) {
        tasks.say(new Note(record, promised));
    }

    /** As {@link #note}, and somebody waits for it. */
    void noteNow(RuntimeRecord record, Ballot promised) {
        note(record, promised);
        tasks.say(SYNC);
        handOver();
    }

    /**
     * Lets the journal go up to a slot, as {@link DurableStorage#trim} does, behind all records that were said before.
     *
     * @param upTo the slot
     * @param keepBytes how much of the journal stays for members that lag
     * @param below what lies below this journal position, which was durable, need not stay for them: it is damaged
     */
    void trim(long upTo, long keepBytes, long below) {
        tasks.say(new Trim(upTo, keepBytes, below));
    }

    /** Hands over what was said, or does it. */
    void handOver() {
        if (!onLoop) {
            tasks.push();
        } else if (!tasks.isSilent()) {
            writeOnLoop();
        }
    }

    private synchronized void writeOnLoop() {
        Thread.interrupted(); // a callback may have left it set, and it would close the file
        tasks.takeBack(taken);
        if (failure != null) {
            taken.clear();
            return;
        }
        try {
            writeTaken();
            sync();
        } catch (StorageException e) {
            failure = e;
            tasks.finish(); // the thread hears of it
        }
    }

    /** {@return how many records, counted from the start, are durable; any thread} */
    long durable() {
        return durable;
    }

    /** {@return the durable end of the journal; any thread} */
    long position() {
        return position;
    }

    /** {@return how much room the disk has; any thread} */
    DiskSpace space() {
        return space;
    }

    /** {@return the bytes that wait to be written; any thread} */
    long backlogBytes() {
        return backlogBytes.get();
    }

    /** Ends the thread after what was handed over. Any thread. */
    void finish() {
        tasks.finish();
    }

    // ---- this thread

    @Override
    public boolean step() throws StorageException {
        return onLoop ? stepBeside() : stepAlone();
    }

    /** Looks often, however long nothing was written: the loop does not wake it, and what it writes is to be marked soon. */
    private boolean stepBeside() throws StorageException {
        boolean more = tasks.take(new ArrayList<>(), IDLE_MILLIS); // nothing but the end
        synchronized (this) {
            throwFailure();
            looks++;
            if (!more) {
                syncAll();
            } else if (quiet && (!idle || looks >= LOOKS)) {
                idle();
                looks = 0;
            }
            quiet = true;
        }
        return more;
    }

    private void throwFailure() throws StorageException {
        if (failure != null) {
            throw failure;
        }
    }

    private boolean stepAlone() throws StorageException {
        boolean more = tasks.take(taken, idle ? LOOK_MILLIS : IDLE_MILLIS);
        if (!taken.isEmpty()) {
            writeTaken();
            sync();
        } else if (more) {
            idle();
        } else {
            syncAll();
        }
        return more;
    }

    /** {@return whether something waits to be written, or a failure to be thrown} */
    boolean hasWork() {
        return failure != null || !taken.isEmpty() || !tasks.isEmpty();
    }

    /** Appends everything that waits; {@link #sync} must follow. */
    void write() throws StorageException {
        throwFailure();
        tasks.poll(taken);
        writeTaken();
    }

    private void writeTaken() throws StorageException {
        for (Task task : taken) {
            task.run(this);
        }
        taken.clear();
        idle = false;
        quiet = false;
    }

    /** Makes all durable, and tells the storage that nothing comes; again and again as long as nothing does. */
    void idle() throws StorageException {
        syncAll();
        storage.idle();
        idle = true;
        look();
    }

    private void look() {
        DiskSpace found = storage.space();
        boolean another = found.level() != space.level();
        space = found;
        if (another) {
            mailbox.poke();
        }
    }

    private void syncAll() throws StorageException {
        wanted = unsynced;
        sync();
    }

    private void onAppend(Append append) throws StorageException {
        Record record = append.record();
        Ballot promised = append.promised();
        storage.append(
                group,
                RecordCodec.kind(record),
                RecordCodec.slotFrom(record),
                RecordCodec.slotTo(record),
                promised.round(),
                promised.node(),
                RecordCodec.head(record),
                RecordCodec.body(record));
        standing.note(record);
        appended++;
        unsynced = true;
        backlogBytes.addAndGet(-bytes(record));
    }

    private void onNote(Note note) throws StorageException {
        append(note.record(), note.promised());
        standing.note(note.record());
        notes.add(note.record());
    }

    private void append(RuntimeRecord record, Ballot promised) throws StorageException {
        Bytes encoded = RecordCodec.encode(record);
        storage.append(group, RecordCodec.kind(record), 0, 0, promised.round(), promised.node(), encoded, Bytes.EMPTY);
        unsynced = true;
    }

    /**
     * Says again what touches no slot: all that was said of it lies below the end of this sync, some of it in what goes. What was
     * appended but is not durable yet lies above {@code restatedFrom}, as what is said again does.
     */
    private void onTrim(Trim wantedTrim) throws StorageException {
        if (trim == null) {
            restatedFrom = storage.durablePosition();
            restate(standing.promise());
            restate(standing.snapshot());
            restate(standing.mark());
            for (RuntimeRecord record : standing.notes()) {
                append(record, standing.promised());
            }
        }
        trim = trim == null ? wantedTrim : trim.and(wantedTrim);
        wanted = true;
    }

    /** Appends a record that no ticket counts. */
    private void restate(@Nullable Record record) throws StorageException {
        if (record != null) {
            Ballot promised = standing.promised();
            storage.append(
                    group,
                    RecordCodec.kind(record),
                    0,
                    0,
                    promised.round(),
                    promised.node(),
                    RecordCodec.head(record),
                    RecordCodec.body(record));
            unsynced = true;
        }
    }

    /** Makes what was appended durable, if anybody waits for it, and says so. */
    void sync() throws StorageException {
        if (!wanted) {
            return;
        }
        wanted = false;
        if (unsynced) {
            storage.sync();
            unsynced = false;
        }
        position = storage.durablePosition();
        durable = appended;
        look();
        if (trim != null) {
            long keepBytes = Math.max(0, Math.min(trim.keepBytes(), position - trim.below()));
            storage.trim(group, trim.upTo(), restatedFrom, keepBytes);
            trim = null;
        }
        notes.forEach(record -> mailbox.add(new Noted(record)));
        notes.clear();
        if (!onLoop) {
            mailbox.poke();
        }
    }

    private static int bytes(Record record) {
        return RecordCodec.body(record).length() + RECORD_OVERHEAD_BYTES;
    }
}
