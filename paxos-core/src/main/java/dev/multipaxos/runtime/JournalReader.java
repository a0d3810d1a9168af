package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads chosen values that are no longer in memory from the journal, for members that lag; what the journal does not reach back to
 * is left to {@link TransferJob}, and so is what it has lost: of that this node says nothing. Its queue is short, and what finds it
 * full is dropped: the member asks again.
 */
final class JournalReader implements Job {

    /** What a peer wants. */
    private record Wanted(int to, long fromSlot, long toSlot, int maxBytes) {}

    /** What was found. */
    private record Found(Input.LogRead input) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onLogRead(input);
        }
    }

    /** What the journal says of chosen slots: the last record of each holds what is chosen there, if none is lost. */
    private static final class Latest implements DurableStorage.RecordVisitor {
        private final Map<Long, Value> values = new TreeMap<>();
        private SlotRanges lost;
        private long lostUpTo = -1; // the last slot of which records are lost, as far as was read

        Latest(SlotRanges lost) {
            this.lost = lost;
        }

        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws WireException {
            Record record = RecordCodec.decode(kind, body);
            if (record instanceof Record.Accepted vote) {
                values.put(vote.slot(), vote.value());
            } else if (record instanceof Record.Chosen choice) {
                values.put(choice.slot(), choice.value());
            }
        }

        @Override
        public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode) {
            if (slotTo != 0) {
                boolean known = lost.containsAll(Math.max(1, slotFrom), slotTo); // since the start, which sees to it
                lostUpTo = known ? lostUpTo : Math.max(lostUpTo, slotTo);
                lost = lost.with(Math.max(1, slotFrom), slotTo);
            }
        }

        @Nullable
        Value value(long slot) {
            return lost.containsAll(slot, slot) ? null : values.get(slot);
        }
    }

    private static final int QUEUE_MAX = 64;

    private final DurableStorage storage;
    private final int group;
    private final SlotRanges lost;
    private final Mailbox mailbox;
    private final TransferJob transfers;
    private long lostUpTo; // the last slot of which it is known that records are lost; this thread's
    private final ArrayDeque<Wanted> queue = new ArrayDeque<>(); // guarded by itself
    private boolean finished; // guarded by queue
    private volatile long silentUpTo;

    /**
     * Begins.
     *
     * @param lost slots of which the journal has lost records: what it still says there may have been overruled
     * @param silentUpTo as {@link #installed}
     */
    JournalReader(
            DurableStorage storage,
            int group,
            SlotRanges lost,
            long silentUpTo,
            Mailbox mailbox,
            TransferJob transfers) {
        this.storage = storage;
        this.group = group;
        this.lost = lost;
        this.silentUpTo = silentUpTo;
        this.mailbox = mailbox;
        this.transfers = transfers;
    }

    /** Asks for values, or drops the question. Any thread. */
    void read(int to, long fromSlot, long toSlot, int maxBytes) {
        Wanted wanted = new Wanted(to, fromSlot, toSlot, maxBytes);
        synchronized (queue) {
            if (queue.size() < QUEUE_MAX && !queue.contains(wanted)) {
                queue.add(wanted);
                queue.notifyAll();
            }
        }
    }

    /**
     * A snapshot stands for the slots up to this one, which hides whether what the journal says of them is what was chosen: it
     * may hold votes that came to nothing. Before any of these slots is asked for here. Any thread.
     */
    void installed(long slot) {
        silentUpTo = Math.max(silentUpTo, slot);
    }

    /** Ends the thread after what it is reading. Any thread. */
    void finish() {
        synchronized (queue) {
            finished = true;
            queue.clear();
            queue.notifyAll();
        }
    }

    @Override
    public boolean step() throws StorageException, InterruptedException {
        synchronized (queue) {
            while (queue.isEmpty() && !finished) {
                queue.wait();
            }
        }
        return serveNext();
    }

    /** {@return whether a question waits} */
    boolean hasWork() {
        synchronized (queue) {
            return !queue.isEmpty();
        }
    }

    /** Answers the oldest question; false if there is none. */
    boolean serveNext() throws StorageException {
        Wanted wanted;
        synchronized (queue) {
            wanted = queue.poll();
        }
        if (wanted != null) {
            serve(wanted);
        }
        return wanted != null;
    }

    private void serve(Wanted wanted) throws StorageException {
        Latest latest = new Latest(lost);
        long readTo = wanted.fromSlot() <= silentUpTo
                ? 0
                : storage.read(group, wanted.fromSlot(), wanted.toSlot(), wanted.maxBytes(), latest);
        if (latest.lostUpTo > lostUpTo) { // once, whoever asks how often
            lostUpTo = latest.lostUpTo;
            mailbox.add(new DamageWatch.JournalDamaged(storage.durablePosition()));
        }
        List<Value> values = new ArrayList<>();
        long payload = 0;
        for (long slot = wanted.fromSlot(); slot <= Math.min(readTo, wanted.toSlot()); slot++) {
            Value value = latest.value(slot);
            if (value == null || (!values.isEmpty() && payload + value.bytes() > wanted.maxBytes())) {
                break;
            }
            payload += value.bytes();
            values.add(value);
        }
        if (values.isEmpty()) {
            transfers.onMissing(wanted.to(), wanted.fromSlot());
        } else {
            transfers.onServed(wanted.to(), wanted.fromSlot());
            Found found = new Found(new Input.LogRead(wanted.to(), wanted.fromSlot(), values));
            if (mailbox.add(Mailbox.Part.LOG, found, (int) payload)) { // else the member asks again
                mailbox.wake();
            }
        }
    }
}
