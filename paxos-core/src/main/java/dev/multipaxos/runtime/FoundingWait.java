package dev.multipaxos.runtime;

import dev.multipaxos.PaxosException.StorageRefused;
import dev.multipaxos.PaxosException.StorageRefused.Reason;
import dev.multipaxos.wire.Confirmed;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.Hello.Cause;
import java.util.List;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a storage that was just formatted from voting, promising and campaigning, until more than half of the <i>other</i>
 * founders have it on their disks as this node's first ({@code docs/protocol.md} §8, Identity). Of two storages of one node at most
 * one gets that far, so a disk that was wiped, or a twin, cannot vote a second time where the first has voted.
 *
 * <p>It stands in front of the core, which is not asked before. That it is over is a record, so it is waited for once in the life
 * of a storage. Owned by the event loop.
 */
final class FoundingWait {
    private static final Logger LOG = LoggerFactory.getLogger(FoundingWait.class);
    private static final long SAY_NANOS = 5_000_000_000L;

    private final NodeIdentity identity;
    private final IntConsumer asks;
    private final long askNanos;
    private final int needed;
    private final TreeSet<Integer> silent = new TreeSet<>(); // founders who have not said that they know this storage
    private int agreed; // founders who have

    private boolean over;
    private boolean enough; // agreed; the record of it may not be durable yet
    private volatile List<Integer> awaited;
    private long askedNanos;
    private long saidNanos;

    /**
     * Begins.
     *
     * @param identity who the node is
     * @param asks asks a founder whether this storage is on its disk
     * @param confirmed whether the journal says that it is over
     * @param askNanos how often a founder that says nothing is asked
     * @param nowNanos the time
     */
    FoundingWait(NodeIdentity identity, IntConsumer asks, boolean confirmed, long askNanos, long nowNanos) {
        this.identity = identity;
        this.asks = asks;
        this.askNanos = askNanos;
        this.askedNanos = nowNanos;
        this.saidNanos = nowNanos;
        identity.founding().members().stream()
                .map(founder -> founder.node())
                .filter(node -> node != identity.node())
                .forEach(silent::add);
        this.needed = needed(silent.size());
        this.over = confirmed || needed == 0;
        this.awaited = over ? List.of() : List.copyOf(silent);
    }

    /** More than half, so that two storages of one node cannot both have them; who founds alone has nobody to ask. */
    private static int needed(int others) {
        return others == 0 ? 0 : others / 2 + 1;
    }

    /** {@return whether this storage may vote} */
    boolean isOver() {
        return over;
    }

    /** {@return the founders who have not said that they know this storage, ascending; none once it may vote. Any thread} */
    List<Integer> awaited() {
        return awaited;
    }

    /** Asks those who have said nothing, now and then. */
    void ask(long nowNanos) {
        if (over || enough) {
            return;
        }
        if (nowNanos - askedNanos >= askNanos) {
            askedNanos = nowNanos;
            silent.forEach(asks::accept);
        }
        if (nowNanos - saidNanos >= SAY_NANOS) {
            saidNanos = nowNanos;
            LOG.info(
                    "node {} starts for the first time and waits until {} more of nodes {} run and have its storage on their disks; "
                            + "it does not vote before",
                    identity.node(),
                    needed - agreed,
                    silent);
        }
    }

    /** {@return whether a founder's word completes the number: then {@link #record} must be written} */
    boolean agrees(int from, Edge.PinReply reply) {
        if (over || enough || reply.storageId() != identity.storageId() || !silent.remove(from)) {
            return false;
        }
        agreed++;
        awaited = List.copyOf(silent);
        enough = agreed >= needed;
        return enough;
    }

    /**
     * Judges a peer's word that this storage is never let in. An old copy has been seen to be one, and of another storage the word
     * of one founder is enough before this one was confirmed. Afterwards it is not: then more than half of the others know this
     * storage as the first, and who says otherwise met a twin, and is alone with it.
     *
     * @param refusal what the peer says, about this very storage
     * @return what stops the node; null if nothing does
     */
    @Nullable
    StorageRefused judge(Hello.Refusal refusal) {
        boolean old = refusal.exclusion() != null && refusal.exclusion().cause() == Cause.OLD_COPY;
        if (!old && over) {
            return null;
        }
        return old
                ? new StorageRefused(
                        Reason.OLD_COPY,
                        "the storage of node " + identity.node()
                                + " is an old copy of itself, or another process runs on a copy of it: "
                                + "stop the node, and if no other process runs on the original, remove the node from the cluster and "
                                + "add a new one; the peer said: " + refusal.reason())
                : new StorageRefused(
                        Reason.LOST_MEMORY,
                        "node " + identity.node()
                                + " has lost its memory: remove it and add a new one (if it was started twice, stop the one with the "
                                + "wrong directory); the peer said: " + refusal.reason());
    }

    /** {@return what makes it last} */
    Confirmed record() {
        return new Confirmed(identity.storageId());
    }

    /** The record is durable. */
    void confirmed() {
        over = true;
        awaited = List.of();
        LOG.info("node {} votes from now on: {} of the other founders know its storage", identity.node(), agreed);
    }
}
