package dev.multipaxos.runtime;

import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.Edge;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches a snapshot from another member when this node needs slots that nobody has in a journal any more. Members offer theirs in
 * answer to the core's requests for values, which go on meanwhile; one snapshot is fetched at a time, from one member, and from
 * another with the same one if the first does not go on. What came is kept as long as the process lives: a broken connection or a
 * provider that was started again costs nothing. A receiver that is started again begins anew.
 *
 * <p>Whatever goes wrong here, a full disk too, costs this attempt; the node goes on, and tries again later.
 *
 * <p>Owned by the thread of {@link TransferJob}.
 */
final class SnapshotReceiver {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotReceiver.class);

    /** An offer counts only when nothing was executed for so long: else another member has the log. */
    static final long STALLED_NANOS = 1_000_000_000;
    /** A provider that sends nothing for so long is left, if another one has made an offer. */
    static final long PROVIDER_NANOS_MAX = 10_000_000_000L;
    /** An offer is worth something for so long. */
    private static final long OFFER_NANOS_MAX = 30_000_000_000L;
    /** While a snapshot is being restored its provider hears of it at least so often. */
    private static final long KEEP_ALIVE_NANOS = 5_000_000_000L;

    private static final long BACK_OFF_NANOS_MIN = 5_000_000_000L;
    private static final int BACK_OFF_DOUBLINGS_MAX = 6;
    private static final int AVOIDED_MAX = 64;

    /** What was of no use once is tried again after so long: it may be the only one, and the damage have been on the way. */
    static final long AVOIDED_NANOS = 60_000_000_000L;

    /** What a member has. */
    private record Offered(SnapshotStore.Id id, long heardNanos) {}

    /** A snapshot of a member that turned out to be of no use. */
    private record Avoided(int from, SnapshotStore.Id id) {}

    private final int self;
    private final int group;
    private final SnapshotStore store;
    private final int partBytesMax;
    private final LongSupplier executedUpTo;
    private final TransferHost host;
    private final Map<Integer, Offered> offers = new TreeMap<>(); // by member
    private final Map<Avoided, Long> avoided = new HashMap<>(); // since when

    private @Nullable Incoming incoming;
    private boolean installing; // incoming is durable, and the state machine is being set to it
    private long keptAliveNanos;
    private long executed;
    private long executedNanos; // since when it is that
    private long notBeforeNanos;
    private int failures;

    /**
     * Begins.
     *
     * @param self this node
     * @param group its group
     * @param store takes what comes
     * @param partBytesMax the largest part that fits into a frame
     * @param executedUpTo the last slot that the state machine has executed
     * @param host the rest of the node
     * @param nowNanos now
     */
    SnapshotReceiver(
            int self,
            int group,
            SnapshotStore store,
            int partBytesMax,
            LongSupplier executedUpTo,
            TransferHost host,
            long nowNanos) {
        this.self = self;
        this.group = group;
        this.store = store;
        this.partBytesMax = partBytesMax;
        this.executedUpTo = executedUpTo;
        this.host = host;
        this.executed = executedUpTo.getAsLong();
        this.executedNanos = nowNanos;
        this.notBeforeNanos = nowNanos;
    }

    // ---- what others say

    /**
     * A member has a snapshot.
     *
     * @param from the member
     * @param offer which
     * @param lowestUseful the lowest slot at which a snapshot that is of use here may end
     * @param nowNanos now
     */
    void onOffer(int from, Edge.SnapshotOffer offer, long lowestUseful, long nowNanos) {
        SnapshotStore.Id id = TransferJob.id(group, offer.id());
        noticeExecuted(nowNanos);
        if (id.slot() < lowestUseful || id.slot() <= executed || isAvoided(from, id, nowNanos)) {
            return;
        }
        offers.put(from, new Offered(id, nowNanos));
        if (incoming == null && nowNanos >= notBeforeNanos && nowNanos - executedNanos >= STALLED_NANOS) {
            beginBest(nowNanos);
        }
    }

    void onGone(int from, Edge.SnapshotGone gone, long nowNanos) {
        Incoming now = incoming;
        offers.remove(from);
        if (now != null && !installing && now.from() == from && now.id().equals(TransferJob.id(group, gone.id()))) {
            if (!change(now, nowNanos)) {
                abandon(now, "node " + from + " does not have it any more");
            }
        }
    }

    void onChunk(int from, Edge.SnapshotChunk chunk, long nowNanos) {
        Incoming now = incoming;
        if (now == null || installing) {
            return;
        }
        try {
            int before = now.view(self).tenths();
            if (now.onPart(from, chunk, nowNanos)) {
                SnapshotTransfer view = now.view(self);
                if (now.isWhole()) {
                    complete(now, nowNanos);
                } else if (view.tenths() > before) {
                    host.tell(listener -> listener.snapshotTransferProgress(view));
                }
            }
        } catch (StorageException e) {
            failed(now, e, nowNanos);
        }
    }

    // ---- from the begin to the end

    /** Begins with the offer that goes furthest, if there is one. */
    private boolean beginBest(long nowNanos) {
        int from = 0;
        SnapshotStore.Id best = null;
        for (Map.Entry<Integer, Offered> offer : offers.entrySet()) {
            SnapshotStore.Id id = offer.getValue().id();
            if (isWorth(offer.getKey(), offer.getValue(), nowNanos) && (best == null || id.slot() > best.slot())) {
                from = offer.getKey();
                best = id;
            }
        }
        if (best != null) {
            begin(from, best, nowNanos);
        }
        return best != null;
    }

    private boolean isWorth(int from, Offered offer, long nowNanos) {
        return nowNanos - offer.heardNanos() < OFFER_NANOS_MAX
                && offer.id().slot() > executed
                && !isAvoided(from, offer.id(), nowNanos);
    }

    private boolean isAvoided(int from, SnapshotStore.Id id, long nowNanos) {
        Long since = avoided.get(new Avoided(from, id));
        return since != null && nowNanos - since < AVOIDED_NANOS;
    }

    private void begin(int from, SnapshotStore.Id id, long nowNanos) {
        SnapshotStore.Writer writer;
        try {
            writer = store.create(group, id.slot());
        } catch (StorageException e) {
            retreat(id.slot(), e, nowNanos);
            return;
        }
        Incoming begun = new Incoming(id, writer, from, partBytesMax, host, nowNanos);
        incoming = begun;
        LOG.info(
                "node {} is at slot {} and fetches a snapshot of slot {}, {} bytes, from node {}",
                self,
                executed,
                id.slot(),
                id.bytes(),
                from);
        SnapshotTransfer view = begun.view(self);
        host.tell(listener -> listener.snapshotTransferStarted(view));
        if (begun.isWhole()) { // it is empty
            complete(begun, nowNanos);
        } else {
            begun.ask(nowNanos);
        }
    }

    /** Takes another provider; one with the same snapshot goes on where this one stopped. False if there is none. */
    private boolean change(Incoming now, long nowNanos) {
        for (Map.Entry<Integer, Offered> offer : offers.entrySet()) {
            int other = offer.getKey();
            if (other != now.from()
                    && offer.getValue().id().equals(now.id())
                    && isWorth(other, offer.getValue(), nowNanos)) {
                LOG.info(
                        "node {} goes on with the snapshot of slot {} from node {}",
                        self,
                        now.id().slot(),
                        other);
                now.goOnWith(other, nowNanos);
                return true;
            }
        }
        Offered silent = offers.remove(now.from());
        if (offers.entrySet().stream().anyMatch(offer -> isWorth(offer.getKey(), offer.getValue(), nowNanos))) {
            abandon(now, "node " + now.from() + " does not send it");
            return beginBest(nowNanos);
        }
        if (silent != null) {
            offers.put(now.from(), silent);
        }
        return false;
    }

    private void complete(Incoming now, long nowNanos) {
        if (!now.isRight()) {
            LOG.warn(
                    "node {} drops the snapshot of slot {} from node {}: its checksum is not what was said; damage there, or"
                            + " on the way",
                    self,
                    now.id().slot(),
                    now.from());
            avoid(now, nowNanos);
            abandon(now, "its checksum is wrong");
            beginBest(nowNanos);
            return;
        }
        try {
            SnapshotStore.Id durable = now.commit();
            if (!durable.equals(now.id())) {
                throw new StorageException(
                        StorageException.Code.DAMAGED, now.id() + " was written, but it is " + durable, null);
            }
        } catch (StorageException e) {
            failed(now, e, nowNanos);
            return;
        }
        installing = true;
        keptAliveNanos = nowNanos;
        now.keepAlive();
        ended(now, true);
        host.install(now.id());
    }

    /** The state machine is at this slot or beyond. */
    void installed(long slot) {
        Incoming now = incoming;
        if (now != null && installing && slot >= now.id().slot()) {
            incoming = null;
            installing = false;
            failures = 0;
            avoided.clear();
        }
    }

    /** A snapshot was not restored. */
    void notInstalled(SnapshotStore.Id id, long nowNanos) {
        Incoming now = incoming;
        if (now != null && installing && now.id().equals(id)) {
            incoming = null;
            installing = false;
            noticeExecuted(nowNanos);
            if (executed < id.slot()) { // not for being late
                avoid(now, nowNanos);
                backOff(nowNanos);
            }
        }
    }

    private void avoid(Incoming now, long nowNanos) {
        if (avoided.size() >= AVOIDED_MAX) {
            avoided.clear();
        }
        avoided.put(new Avoided(now.from(), now.id()), nowNanos);
        offers.remove(now.from());
    }

    private void abandon(Incoming now, String why) {
        incoming = null;
        now.close();
        LOG.info(
                "node {} gives up the snapshot of slot {} from node {} at {} of {} bytes: {}",
                self,
                now.id().slot(),
                now.from(),
                now.view(self).bytes(),
                now.id().bytes(),
                why);
        ended(now, false);
    }

    private void ended(Incoming now, boolean whole) {
        SnapshotTransfer view = now.view(self);
        if (whole) {
            LOG.info("node {} has the snapshot of slot {} from node {}", self, view.slot(), view.from());
        }
        host.tell(listener -> listener.snapshotTransferEnded(view, whole));
    }

    private void failed(Incoming now, StorageException why, long nowNanos) {
        abandon(now, "it cannot be written");
        retreat(now.id().slot(), why, nowNanos);
    }

    private void retreat(long slot, StorageException why, long nowNanos) {
        backOff(nowNanos);
        LOG.warn(
                "node {} could not keep a snapshot of slot {}; it goes on, and tries again in {} s: {}",
                self,
                slot,
                (notBeforeNanos - nowNanos) / 1_000_000_000,
                why.getMessage());
    }

    private void backOff(long nowNanos) {
        notBeforeNanos = nowNanos + (BACK_OFF_NANOS_MIN << Math.min(failures, BACK_OFF_DOUBLINGS_MAX));
        failures++;
    }

    // ---- time

    /** Asks again, looks for another provider, or stops, if it is time. */
    void step(long nowNanos) {
        noticeExecuted(nowNanos);
        Incoming now = incoming;
        if (now == null) {
            return;
        }
        if (installing) {
            if (nowNanos - keptAliveNanos >= KEEP_ALIVE_NANOS) {
                keptAliveNanos = nowNanos;
                now.keepAlive();
            }
        } else if (executed >= now.id().slot()) {
            abandon(now, "it is not needed any more");
        } else if (nowNanos - now.progressNanos() < PROVIDER_NANOS_MAX || !change(now, nowNanos)) {
            now.onTime(nowNanos);
        }
    }

    private void noticeExecuted(long nowNanos) {
        long slot = executedUpTo.getAsLong();
        if (slot != executed) {
            executed = slot;
            executedNanos = nowNanos;
        }
    }

    /** {@return when {@link #step} has something to do; {@link Long#MAX_VALUE} if never} */
    long dueNanos() {
        Incoming now = incoming;
        if (now == null) {
            return Long.MAX_VALUE;
        }
        return installing ? keptAliveNanos + KEEP_ALIVE_NANOS : now.retryDueNanos();
    }

    /** {@return what is on its way} */
    List<SnapshotTransfer> view() {
        List<SnapshotTransfer> views = new ArrayList<>();
        if (incoming != null) {
            views.add(incoming.view(self));
        }
        return views;
    }

    /** Forgets what is not durable. */
    void close() {
        if (incoming != null && !installing) {
            incoming.close();
        }
    }
}
