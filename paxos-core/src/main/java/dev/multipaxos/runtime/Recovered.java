package dev.multipaxos.runtime;

import dev.multipaxos.Limits;
import dev.multipaxos.Member;
import dev.multipaxos.Membership;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replay;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node finds when it opens its storage.
 *
 * @param identity who it is
 * @param durable what its acceptor remembers; everything up to its {@code executed} was executed
 * @param lost the slots of which the journal has lost records
 * @param damagedUpTo the last of these slots; 0 if what was lost touched none, negative if nothing was lost
 * @param standing what its journal says that touches no slot
 * @param snapshot the snapshot that it began with
 * @param journalBytes about how much of the journal lies behind that
 * @param trimmedUpTo up to where the journal is trimmed
 * @param confirmed whether this storage may vote without asking the other founders
 */
record Recovered(
        NodeIdentity identity,
        Durable durable,
        SlotRanges lost,
        long damagedUpTo,
        Standing standing,
        Snapshots.View snapshot,
        long journalBytes,
        long trimmedUpTo,
        boolean confirmed) {
    private static final Logger LOG = LoggerFactory.getLogger(Recovered.class);

    /**
     * Opens the storage and executes what it holds.
     *
     * @param settings the node's
     * @param execution is set to a snapshot
     * @param slots executes what lies behind it
     * @param time the clocks
     * @throws StorageException if the storage cannot be had or read
     */
    static Recovered from(NodeSettings<?, ?> settings, Execution<?, ?> execution, SlotExecution slots, TimeSource time)
            throws StorageException {
        long begun = System.nanoTime();
        FoundingRecord founding = founding(settings);
        Bytes encoded = FoundingRecordCodec.encode(founding);
        DurableStorage.Identity storage = settings.storage().open(settings.node(), encoded);
        long trimmedUpTo = settings.storage().trimmedUpTo(settings.group());
        Begin begin = begin(settings, founding, execution, trimmedUpTo);
        Replay replay =
                new Replay(begin.slot(), trimmedUpTo, (slot, value) -> slots.execute(slot, value, Outcomes.NONE));
        Journal journal = new Journal(begin.slot(), replay);
        settings.storage().replay(journal);
        Durable durable = replay.finish();
        checkRepairable(settings, durable);
        vouchFor(begin.slot(), settings, journal.standing);
        LOG.info(
                "node {} opened storage {} for the {}. time{}: began behind slot {}, executed up to slot {}, {} more held, in {} ms",
                settings.node(),
                Long.toHexString(storage.storageId()),
                storage.bootCount(),
                storage.formatted() ? ", newly formatted" : "",
                begin.slot(),
                durable.executed(),
                durable.entries().size(),
                (System.nanoTime() - begun) / 1_000_000);
        NodeIdentity identity = NodeIdentity.of(
                settings.node(), founding, encoded, storage.storageId(), storage.bootCount(), lifeId(time));
        return new Recovered(
                identity,
                durable,
                replay.lost(),
                journal.damagedUpTo,
                journal.standing,
                begin.snapshot(),
                journal.bytes,
                trimmedUpTo,
                journal.voted || journal.standing.isConfirmed());
    }

    /** What is read from the journal. */
    private static final class Journal implements DurableStorage.RecordVisitor {
        private final long beginSlot;
        private final Replay replay;
        private final Standing standing = new Standing();
        private long bytes; // of the slots that were executed
        private long damagedUpTo = -1;
        private boolean voted; // who is not confirmed lets the protocol write nothing, but earlier versions did

        Journal(long beginSlot, Replay replay) {
            this.beginSlot = beginSlot;
            this.replay = replay;
        }

        @Override
        public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode) {
            Ballot promised = promisedRound == 0 ? Ballot.ZERO : new Ballot(promisedRound, promisedNode);
            damagedUpTo = Math.max(damagedUpTo, slotTo);
            voted |= slotTo > 0; // and the confirmation may be among what is lost
            standing.note(new Record.Promised(promised));
            replay.damaged(slotFrom, slotTo, promised);
        }

        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws WireException {
            if (slotTo > beginSlot) {
                bytes += body.length();
            }
            if (RecordCodec.isRuntimes(kind)) {
                standing.note(RecordCodec.decodeRuntimes(kind, body));
            } else {
                Record record = RecordCodec.decode(kind, body);
                voted |= !(record instanceof Record.Installed);
                standing.note(record);
                replay.record(record);
            }
        }
    }

    /** Where the state machine is before the journal is read, and the snapshot that it was set to. */
    private record Begin(long slot, Snapshots.View snapshot) {}

    /** Sets the state machine to the newest snapshot, unless its own store is further. */
    private static Begin begin(
            NodeSettings<?, ?> settings, FoundingRecord founding, Execution<?, ?> execution, long trimmedUpTo)
            throws StorageException {
        long held = open(execution);
        SnapshotStore store = settings.storage().snapshots();
        SnapshotReader reader = new SnapshotReader(store, founding, execution);
        try {
            Snapshots.View restored = restore(store, settings.group(), reader, held);
            if (restored != null) {
                checkAllWasRead(settings, restored.slot(), trimmedUpTo);
                if (restored.slot()
                        < trimmedUpTo) { // it was got while rebuilding, which had to stop before it was done
                    LOG.warn(
                            "node {}: its snapshot ends at slot {}, its log was trimmed up to slot {}",
                            settings.node(),
                            restored.slot(),
                            trimmedUpTo);
                }
                return new Begin(restored.slot(), restored);
            }
        } catch (UncheckedIOException e) { // half of it is in the state machine
            throw new StorageException(
                    StorageException.Code.IO_FAILED, "node " + settings.node() + ": " + e.getMessage(), e);
        } catch (StorageException e) {
            if (!isOfNoUse(e)) {
                throw e;
            }
            checkAllWasRead(settings, held, trimmedUpTo);
            LOG.warn(
                    "node {}: its snapshot cannot be used; {}",
                    settings.node(),
                    held < trimmedUpTo
                            ? "the log alone does not say what was up to slot " + trimmedUpTo
                            : "the log reaches back to slot " + (held + 1) + " and is executed from there",
                    e);
            return new Begin(held, Snapshots.View.NONE);
        }
        SnapshotStore.Id id = store.latest(settings.group());
        if (held < trimmedUpTo) {
            throw new StorageException(
                    StorageException.Code.MISSING_FILE,
                    "the log of group " + settings.group() + " was trimmed up to slot " + trimmedUpTo
                            + ", but the newest snapshot in the storage of node " + settings.node() + " "
                            + (id == null ? "is gone" : "ends at slot " + id.slot())
                            + ": a snapshot file, or the state machine's own store, was removed or an older one put in"
                            + " its place. Put it back, or remove this node from the cluster and add a new one with an"
                            + " empty directory",
                    null);
        }
        return new Begin(held, Snapshots.View.NONE);
    }

    /**
     * Sets the state machine to the newest snapshot that is whole, if one goes beyond what it holds.
     *
     * @return which; null if none does
     * @throws StorageException {@code DAMAGED} if one would, and none of them is whole; {@code IO_FAILED} if the newest cannot be read
     */
    private static Snapshots.@Nullable View restore(SnapshotStore store, int group, SnapshotReader reader, long held)
            throws StorageException {
        SnapshotStore.Id id = store.latest(group);
        if (id == null || id.slot() <= held) {
            return null;
        }
        try {
            return Snapshots.View.of(reader.restore(id));
        } catch (StorageException e) {
            if (!isOfNoUse(e) || id.equals(store.latest(group))) {
                throw e;
            }
            LOG.warn("the snapshot of slot {} cannot be used, an older one is tried", id.slot(), e);
            Snapshots.View older = restore(store, group, reader, held);
            if (older == null) {
                throw e;
            }
            return older;
        }
    }

    /**
     * Alone, a node has nobody who has what is in a snapshot that could not be read: the next start may read it.
     *
     * @throws StorageException {@code IO_FAILED} if there is one, and what was restored does not reach the log
     */
    private static void checkAllWasRead(NodeSettings<?, ?> settings, long restored, long trimmedUpTo)
            throws StorageException {
        boolean alone = settings.membership().members().size() == 1;
        if (!alone || restored >= trimmedUpTo) {
            return;
        }
        SnapshotStore.Id id = settings.storage().snapshots().readAgain(settings.group());
        if (id != null) {
            throw new StorageException(
                    StorageException.Code.IO_FAILED,
                    "the snapshot of slot " + id.slot() + " could not be read, and then it could: start node "
                            + settings.node() + " again",
                    null);
        }
    }

    /** {@return whether a snapshot is damaged, or cannot be read now; then this node has others to ask} */
    private static boolean isOfNoUse(StorageException e) {
        return e.code() == StorageException.Code.DAMAGED || isUnread(e);
    }

    private static boolean isUnread(StorageException e) {
        return e.code() == StorageException.Code.IO_FAILED;
    }

    private static long open(Execution<?, ?> execution) throws StorageException {
        try {
            return execution.open();
        } catch (StorageException e) {
            throw e;
        } catch (IOException e) {
            throw new StorageException(
                    StorageException.Code.IO_FAILED, "the state machine's own store: " + e.getMessage(), e);
        }
    }

    /**
     * The snapshot, or the state machine's own store, may be further than the journal: a member's snapshot was durable, but not yet
     * that it is installed; or a choice was executed, but is not in the journal, which still says what this node had voted for
     * instead. That must not be taken for what is chosen, now or later.
     */
    private static void vouchFor(long slot, NodeSettings<?, ?> settings, Standing standing) throws StorageException {
        if (standing.vouchesFor(slot) || settings.membership().members().size() == 1) {
            return; // alone, a node votes for what is chosen
        }
        Record.Installed installed = new Record.Installed(slot);
        settings.storage()
                .append(
                        settings.group(),
                        RecordCodec.kind(installed),
                        0,
                        0,
                        standing.promised().round(),
                        standing.promised().node(),
                        RecordCodec.head(installed),
                        RecordCodec.body(installed)); // durable with the first that is said behind it
        standing.note(installed);
    }

    /**
     * {@return the slot up to which the journal must not be asked what is chosen: a snapshot that was installed hides it. Where records
     * are lost, that one was may be among them}
     */
    long silentUpTo() {
        return damagedUpTo < 0 ? standing.installed() : Math.max(standing.installed(), trimmedUpTo);
    }

    /** What a disk has lost comes from others; where there are none, it is lost. */
    private static void checkRepairable(NodeSettings<?, ?> settings, Durable durable) throws StorageException {
        boolean isWhole = !durable.isRebuilding() && durable.unknown().isEmpty();
        if (isWhole) {
            return;
        }
        String what = durable.isRebuilding()
                ? "slots " + (durable.executed() + 1) + " to " + durable.base()
                        + " are chosen and have to be executed again"
                : "what it voted for in " + durable.unknown() + " is not known";
        if (settings.membership().members().size() == 1) {
            throw new StorageException(
                    StorageException.Code.DAMAGED,
                    "the disk of node " + settings.node()
                            + " has lost records or the snapshot, and there is no other member that has them: " + what,
                    null);
        }
        LOG.warn(
                "node {} has lost records or the snapshot on its disk, and gets them from the other members: {}",
                settings.node(),
                what);
    }

    /** No two lives of a storage, or of copies of it, begin at one moment of both clocks. */
    private static long lifeId(TimeSource time) {
        return new SplittableRandom(time.currentTimeMillis() * 1_000_003 ^ time.nanoTime()).nextLong() | 1;
    }

    private static FoundingRecord founding(NodeSettings<?, ?> settings) {
        Membership membership = settings.membership();
        Limits limits = settings.limits();
        int count = membership.members().size();
        boolean majority = membership.phase1() == 0;
        Quorums quorums =
                majority ? Quorums.majority(count) : new Quorums(count, membership.phase1(), membership.phase2());
        return new FoundingRecord(
                settings.group(),
                limits.alpha(),
                limits.valueBytes(),
                limits.frameBytes(),
                majority ? "majority" : "flexible",
                quorums.phase1(),
                quorums.phase2(),
                membership.members().stream().map(Recovered::founder).toList());
    }

    private static FoundingRecord.Founder founder(Member member) {
        return new FoundingRecord.Founder(member.id(), member.address());
    }
}
