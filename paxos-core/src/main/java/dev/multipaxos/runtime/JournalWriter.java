package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes the journal: takes all records that wait, appends them, forces them once if anybody waits for one of them, and
 * publishes how many are durable (group commit). After a failure it does nothing any more.
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
    private record Pin(Pinned pinned, Ballot promised) implements Task {
        @Override
        public void run(JournalWriter storage) throws StorageException {
            storage.onPin(this);
        }
    }

    /** Something durable stands for the slots up to this one. */
    private record Trim(long upTo, long keepBytes) implements Task {
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

    /** A peer's storage is pinned for good. */
    record PinDurable(Pinned pinned) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onPinDurable(pinned);
        }
    }

    private static final long IDLE_MILLIS = 50;
    private static final int RECORD_OVERHEAD_BYTES = 64;
    private static final Task SYNC = new Sync();

    private final DurableStorage storage;
    private final int group;
    private final Mailbox mailbox;

    private final Handover<Task> tasks = new Handover<>();
    private final AtomicLong backlogBytes = new AtomicLong();
    private volatile long durable;
    private volatile long position;

    // this thread's
    private long appended; // records of the protocol, which is what tickets count
    private boolean wanted;
    private boolean unsynced;
    private final List<Pinned> pinned = new ArrayList<>();
    private final Standing standing;
    private @Nullable Trim trim; // what is said again for it was appended
    private long restatedFrom;
    private final List<Task> taken = new ArrayList<>();
    private boolean idle = true; // nothing was written since the storage was last told so

    /**
     * Begins behind what was replayed.
     *
     * @param storage where to
     * @param group whose records
     * @param standing what the journal says that touches no slot
     * @param mailbox where progress is told
     */
    JournalWriter(DurableStorage storage, int group, Standing standing, Mailbox mailbox) {
        this.standing = standing;
        this.storage = storage;
        this.group = group;
        this.mailbox = mailbox;
        this.position = storage.durablePosition();
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
        tasks.push();
    }

    /** Writes that a peer is known by this storage; answered by {@link PinDurable}. */
    void pin(Pinned peer, Ballot promised) {
        tasks.say(new Pin(peer, promised));
        tasks.say(SYNC);
        tasks.push();
    }

    /** Lets the journal go up to a slot, as {@link DurableStorage#trim} does, behind all records that were said before. */
    void trim(long upTo, long keepBytes) {
        tasks.say(new Trim(upTo, keepBytes));
    }

    /** Hands over what was said. */
    void handOver() {
        tasks.push();
    }

    /** {@return how many records, counted from the start, are durable; any thread} */
    long durable() {
        return durable;
    }

    /** {@return the durable end of the journal; any thread} */
    long position() {
        return position;
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
        boolean more = tasks.take(taken, idle ? 0 : IDLE_MILLIS);
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

    /** {@return whether something waits to be written} */
    boolean hasWork() {
        return !taken.isEmpty() || !tasks.isEmpty();
    }

    /** Appends everything that waits; {@link #sync} must follow. */
    void write() throws StorageException {
        tasks.poll(taken);
        writeTaken();
    }

    private void writeTaken() throws StorageException {
        for (Task task : taken) {
            task.run(this);
        }
        taken.clear();
        idle = false;
    }

    /** {@return whether nothing was written since the storage was last told so} */
    boolean isIdle() {
        return idle;
    }

    /** Makes all durable, and tells the storage that nothing comes. */
    void idle() throws StorageException {
        syncAll();
        storage.idle();
        idle = true;
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

    private void onPin(Pin pin) throws StorageException {
        appendPinned(pin.pinned(), pin.promised());
        standing.note(pin.pinned());
        pinned.add(pin.pinned());
    }

    private void appendPinned(Pinned peer, Ballot promised) throws StorageException {
        Bytes record = RecordCodec.encode(peer);
        storage.append(group, RecordCodec.PINNED, 0, 0, promised.round(), promised.node(), record, Bytes.EMPTY);
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
            restate(standing.installed()); // first: it tells why the mark covers slots that the log lacks
            restate(standing.mark());
            for (Pinned peer : standing.pinned()) {
                appendPinned(peer, standing.promised());
            }
        }
        trim = trim == null
                ? wantedTrim
                : new Trim(
                        Math.max(trim.upTo(), wantedTrim.upTo()), Math.min(trim.keepBytes(), wantedTrim.keepBytes()));
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
        if (trim != null) {
            storage.trim(group, trim.upTo(), restatedFrom, trim.keepBytes());
            trim = null;
        }
        pinned.forEach(peer -> mailbox.add(new PinDurable(peer)));
        pinned.clear();
        mailbox.poke();
    }

    private static int bytes(Record record) {
        return RecordCodec.body(record).length() + RECORD_OVERHEAD_BYTES;
    }
}
