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
import java.util.NavigableMap;
import java.util.TreeMap;

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

    /** What the journal says of some slots. */
    private static final class Reading implements DurableStorage.RecordVisitor {
        private final NavigableMap<Long, Value> latest =
                new TreeMap<>(); // the last record of a chosen slot holds what is chosen there
        private long lostUpTo = -1; // of these

        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws WireException {
            Record record = RecordCodec.decode(kind, body);
            if (record instanceof Record.Accepted vote) {
                latest.put(vote.slot(), vote.value());
            } else if (record instanceof Record.Chosen choice) {
                latest.put(choice.slot(), choice.value());
            }
        }

        /** What was said before may have been overruled here. */
        @Override
        public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode) {
            lostUpTo = Math.max(lostUpTo, slotTo);
            latest.subMap(slotFrom, true, slotTo, true).clear();
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

    /**
     * Begins.
     *
     * @param recovered the slots of which the journal has lost records: what it still says there may have been overruled
     */
    JournalReader(DurableStorage storage, int group, Recovered recovered, Mailbox mailbox, TransferJob transfers) {
        this.storage = storage;
        this.group = group;
        this.lost = recovered.lost();
        this.lostUpTo = recovered.damagedUpTo();
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
        Reading reading = new Reading();
        long readTo = storage.read(group, wanted.fromSlot(), wanted.toSlot(), wanted.maxBytes(), reading);
        if (reading.lostUpTo > lostUpTo) { // once, whoever asks how often
            lostUpTo = reading.lostUpTo;
            mailbox.add(new DamageWatch.JournalDamaged(storage.durablePosition()));
        }
        List<Value> values = new ArrayList<>();
        long payload = 0;
        for (long slot = wanted.fromSlot(); slot <= Math.min(readTo, wanted.toSlot()); slot++) {
            Value value = lost.containsAll(slot, slot) ? null : reading.latest.get(slot);
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
            mailbox.add(new Found(new Input.LogRead(wanted.to(), wanted.fromSlot(), values)));
        }
    }
}
