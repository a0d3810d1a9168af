package dev.multipaxos.runtime;

import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Edge.SnapshotId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves this node's snapshots to members whose log cannot be filled from anybody's journal. The receiver asks for each part, so
 * that nothing is kept here but an open file and a few questions. All receivers share one rate, in turns.
 *
 * <p>Whoever is being served finds the log behind its snapshot as long as it is heard of, within wide bounds ({@link JournalHold}): it
 * would else return only to need the next snapshot, and so for ever.
 *
 * <p>Owned by the thread of {@link TransferJob}, {@link #lowestNeeded} apart.
 */
final class SnapshotSender {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotSender.class);

    /** A receiver that was not heard of for so long is given up, and the log behind its snapshot may go. */
    static final long SILENT_NANOS_MAX = 30_000_000_000L;
    /** After a part was not taken by the transport, the next attempt waits for so long. */
    private static final long FULL_PAUSE_NANOS = 20_000_000;

    private static final int ASKED_MAX = 16;
    private static final int PART_BYTES_MIN = 1_024;
    /** A part is no more than what the rate allows in this part of a second. */
    private static final int PARTS_PER_SECOND_MIN = 8;

    /** What one member is being sent. */
    private static final class Sending {
        private final int to;
        private final SnapshotStore.Id id;
        private final ArrayDeque<Edge.SnapshotRequest> asked = new ArrayDeque<>();
        private SnapshotStore.@Nullable Reader reader; // null once all was read
        private long heardNanos;
        private long pausedUntilNanos;
        private long holdsUpTo; // what lies above in the log will be needed
        private long sent;
        private boolean whole;

        Sending(int to, SnapshotStore.Id id, SnapshotStore.Reader reader, long nowNanos) {
            this.to = to;
            this.id = id;
            this.reader = reader;
            this.heardNanos = nowNanos;
            this.pausedUntilNanos = nowNanos;
            this.holdsUpTo = id.slot();
        }

        SnapshotTransfer view(int self) {
            return new SnapshotTransfer(self, to, id.slot(), sent, id.bytes());
        }

        void close() {
            if (reader != null) {
                reader.close();
                reader = null;
            }
        }
    }

    private final int self;
    private final int group;
    private final SnapshotStore store;
    private final TransferHost host;
    private final Throttle throttle;
    private final int partBytesMax;
    private final Map<Integer, Sending> sendings = new TreeMap<>(); // by receiver
    private int lastServed;
    private volatile long[] needed = {}; // the lowest slot of the log that each receiver will need

    /**
     * Begins.
     *
     * @param self this node
     * @param group its group
     * @param store its snapshots
     * @param bytesPerSecond how many bytes all receivers together get
     * @param frameBytesMax what fits into a frame beside its head
     * @param host the rest of the node
     * @param nowNanos now
     */
    SnapshotSender(
            int self,
            int group,
            SnapshotStore store,
            long bytesPerSecond,
            int frameBytesMax,
            TransferHost host,
            long nowNanos) {
        this.self = self;
        this.group = group;
        this.store = store;
        this.host = host;
        this.throttle = new Throttle(bytesPerSecond, nowNanos);
        long share = Math.max(PART_BYTES_MIN, bytesPerSecond / PARTS_PER_SECOND_MIN);
        this.partBytesMax = (int) Math.min(frameBytesMax, share);
    }

    // ---- what others say

    /** A member wants slots from here on, of which the journal knows nothing: offers a snapshot that stands for them. */
    void onMissing(int to, long fromSlot) {
        Sending current = sendings.get(to);
        if (current != null && current.id.slot() >= fromSlot) {
            offer(to, current.id); // not a newer one: it would begin again
            return;
        }
        try {
            SnapshotStore.Id latest = store.latest(group);
            if (latest != null && latest.slot() >= fromSlot) {
                offer(to, latest);
            } else {
                host.takeSnapshot(false);
            }
        } catch (StorageException e) {
            LOG.debug("node {} has no snapshot that it could send: {}", self, e.getMessage());
            host.takeSnapshot(true);
        }
    }

    private void offer(int to, SnapshotStore.Id id) {
        host.say(to, new Edge.SnapshotOffer(TransferJob.named(id)));
    }

    /** A member reads the log from here on: what lies below is not needed by it. */
    void onServed(int to, long fromSlot, long nowNanos) {
        Sending sending = sendings.get(to);
        if (sending != null && fromSlot > sending.id.slot()) {
            sending.heardNanos = nowNanos;
            sending.holdsUpTo = Math.max(sending.holdsUpTo, fromSlot - 1);
            sending.close();
            publish();
        }
    }

    void onRequest(int from, Edge.SnapshotRequest request, long nowNanos) {
        SnapshotId name = request.id();
        SnapshotStore.Id id = TransferJob.id(group, name);
        Sending sending = sendings.get(from);
        if (sending == null || !sending.id.equals(id) || sending.reader == null) {
            SnapshotStore.Reader reader = open(id);
            if (reader == null) {
                host.say(from, new Edge.SnapshotGone(name));
                return;
            }
            if (sending != null) {
                giveUp(sending);
            }
            sending = new Sending(from, id, reader, nowNanos);
            sendings.put(from, sending);
            begun(sending);
            publish();
        }
        sending.heardNanos = nowNanos;
        if (request.maxBytes() > 0 && sending.asked.size() < ASKED_MAX && !sending.asked.contains(request)) {
            sending.asked.add(request);
        }
    }

    private SnapshotStore.@Nullable Reader open(SnapshotStore.Id id) {
        try {
            return store.open(id);
        } catch (StorageException e) {
            damaged(id, e);
            return null;
        }
    }

    private void damaged(SnapshotStore.Id id, StorageException why) {
        LOG.warn(
                "node {} cannot read its snapshot of slot {} and takes another: {}", self, id.slot(), why.getMessage());
        host.takeSnapshot(true);
    }

    private void begun(Sending sending) {
        LOG.info(
                "node {} sends its snapshot of slot {}, {} bytes, to node {}",
                self,
                sending.id.slot(),
                sending.id.bytes(),
                sending.to);
        SnapshotTransfer view = sending.view(self);
        host.tell(listener -> listener.snapshotTransferStarted(view));
    }

    private void giveUp(Sending sending) {
        sending.close();
        if (!sending.whole) {
            ended(sending, false);
        }
    }

    private void ended(Sending sending, boolean whole) {
        LOG.info(
                "node {} has sent {} of {} bytes of its snapshot of slot {} to node {}{}",
                self,
                sending.sent,
                sending.id.bytes(),
                sending.id.slot(),
                sending.to,
                whole ? "" : ", which asks for it no more");
        SnapshotTransfer view = sending.view(self);
        host.tell(listener -> listener.snapshotTransferEnded(view, whole));
    }

    // ---- time

    /** Sends what may be sent now, and gives up whom it has not heard of for long. */
    void step(long nowNanos) {
        Sending next = next(nowNanos);
        for (int i = 0; i < ASKED_MAX && next != null && throttle.isOpen(nowNanos); i++) {
            lastServed = next.to;
            serve(next, nowNanos);
            next = next(nowNanos);
        }
        Iterator<Sending> all = sendings.values().iterator();
        while (all.hasNext()) {
            Sending sending = all.next();
            if (nowNanos - sending.heardNanos >= SILENT_NANOS_MAX) {
                all.remove();
                giveUp(sending);
                publish();
            }
        }
    }

    private static boolean isReady(Sending sending, long nowNanos) {
        return !sending.asked.isEmpty() && nowNanos - sending.pausedUntilNanos >= 0;
    }

    /** Everybody in turn. */
    private @Nullable Sending next(long nowNanos) {
        Sending first = null;
        for (Sending sending : sendings.values()) {
            if (isReady(sending, nowNanos)) {
                if (sending.to > lastServed) {
                    return sending;
                }
                first = first == null ? sending : first;
            }
        }
        return first;
    }

    private void serve(Sending sending, long nowNanos) {
        SnapshotStore.Reader reader = sending.reader;
        Edge.SnapshotRequest request = sending.asked.element();
        if (reader == null) {
            sending.asked.clear(); // it reads the log by now
            return;
        }
        Edge.SnapshotChunk part;
        try {
            int most = Math.min(request.maxBytes(), partBytesMax);
            part = new Edge.SnapshotChunk(request.id(), request.offset(), reader.read(request.offset(), most));
        } catch (StorageException e) {
            damaged(sending.id, e);
            host.say(sending.to, new Edge.SnapshotGone(request.id()));
            sending.asked.clear();
            sending.close();
            return;
        }
        if (part.bytes().length() == 0) {
            sending.asked.remove();
        } else if (host.sendBulk(sending.to, part)) {
            sending.asked.remove();
            throttle.take(part.bytes().length());
            progress(sending, part.offset() + part.bytes().length());
        } else {
            sending.pausedUntilNanos = nowNanos + FULL_PAUSE_NANOS;
        }
    }

    private void progress(Sending sending, long upTo) {
        int before = sending.view(self).tenths();
        sending.sent = Math.max(sending.sent, upTo);
        SnapshotTransfer view = sending.view(self);
        if (sending.sent == sending.id.bytes() && !sending.whole) {
            sending.whole = true;
            ended(sending, true);
        } else if (view.tenths() > before) {
            host.tell(listener -> listener.snapshotTransferProgress(view));
        }
    }

    /** {@return when {@link #step} has something to do; {@link Long#MAX_VALUE} if never} */
    long dueNanos(long nowNanos) {
        long due = Long.MAX_VALUE;
        for (Sending sending : sendings.values()) {
            due = Math.min(due, sending.heardNanos + SILENT_NANOS_MAX);
            if (!sending.asked.isEmpty()) {
                due = Math.min(due, Math.max(sending.pausedUntilNanos, throttle.opensNanos(nowNanos)));
            }
        }
        return due;
    }

    // ---- others

    private void publish() {
        needed = sendings.values().stream()
                .mapToLong(sending -> sending.holdsUpTo + 1)
                .toArray();
    }

    /**
     * {@return the lowest slot of the log that a receiver will need; {@link Long#MAX_VALUE} if there is none; any thread}
     *
     * @param from those who need a lower one do not matter
     */
    long lowestNeeded(long from) {
        long lowest = Long.MAX_VALUE;
        for (long slot : needed) {
            lowest = slot >= from ? Math.min(lowest, slot) : lowest;
        }
        return lowest;
    }

    /** {@return what is on its way} */
    List<SnapshotTransfer> view() {
        List<SnapshotTransfer> views = new ArrayList<>();
        for (Sending sending : sendings.values()) {
            if (!sending.whole) {
                views.add(sending.view(self));
            }
        }
        return views;
    }

    /** Lets every snapshot go. */
    void close() {
        sendings.values().forEach(Sending::close);
    }
}
