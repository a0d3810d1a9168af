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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node finds when it opens its storage.
 *
 * @param identity who it is
 * @param durable what its acceptor remembers; everything up to its {@code executed} was executed
 * @param lost the slots of which the journal has lost records
 * @param standing what its journal says that touches no slot
 * @param snapshot the snapshot that it began with
 * @param journalBytes about how much of the journal lies behind that
 * @param trimmedUpTo up to where the journal is trimmed
 */
record Recovered(
        NodeIdentity identity,
        Durable durable,
        SlotRanges lost,
        Standing standing,
        Snapshots.View snapshot,
        long journalBytes,
        long trimmedUpTo) {
    private static final Logger LOG = LoggerFactory.getLogger(Recovered.class);

    /**
     * Opens the storage and executes what it holds.
     *
     * @param settings the node's
     * @param execution is set to a snapshot
     * @param slots executes what lies behind it
     * @throws StorageException if the storage cannot be had or read
     */
    static Recovered from(NodeSettings<?, ?> settings, Execution<?, ?> execution, SlotExecution slots)
            throws StorageException {
        long begun = System.nanoTime();
        FoundingRecord founding = founding(settings);
        Bytes encoded = FoundingRecordCodec.encode(founding);
        DurableStorage.Identity storage = settings.storage().open(settings.node(), encoded);
        long trimmedUpTo = settings.storage().trimmedUpTo(settings.group());
        Begin begin = begin(settings, founding, execution, trimmedUpTo);
        Journal journal =
                new Journal(begin.slot(), trimmedUpTo, (slot, value) -> slots.execute(slot, value, Outcomes.NONE));
        settings.storage().replay(journal);
        Durable durable = journal.replay.finish();
        checkRepairable(settings, durable);
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
        NodeIdentity identity =
                NodeIdentity.of(settings.node(), founding, encoded, storage.storageId(), storage.bootCount());
        return new Recovered(
                identity,
                durable,
                journal.replay.lost(),
                journal.standing,
                begin.snapshot(),
                journal.bytes,
                trimmedUpTo);
    }

    /** What is read from the journal. */
    private static final class Journal implements DurableStorage.RecordVisitor {
        private final long beginSlot;
        private final Replay replay;
        private final Standing standing = new Standing();
        private long bytes; // of the slots behind the snapshot

        Journal(long beginSlot, long trimmedUpTo, Replay.Execute execute) {
            this.beginSlot = beginSlot;
            this.replay = new Replay(beginSlot, trimmedUpTo, execute);
        }

        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws WireException {
            if (slotTo > beginSlot) {
                bytes += body.length();
            }
            if (kind == RecordCodec.PINNED) {
                standing.note(RecordCodec.decodePinned(body));
            } else {
                Record record = RecordCodec.decode(kind, body);
                standing.note(record);
                replay.record(record);
            }
        }

        @Override
        public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode) {
            Ballot promised = promisedRound == 0 ? Ballot.ZERO : new Ballot(promisedRound, promisedNode);
            standing.note(new Record.Promised(promised)); // or it would go with the segment that is damaged
            replay.damaged(slotFrom, slotTo, promised);
        }
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
                    "the journal of node " + settings.node() + " has lost records, and no other member has them: "
                            + what,
                    null);
        }
        LOG.warn(
                "node {} has lost records on its disk, and gets them from the other members: {}",
                settings.node(),
                what);
    }

    /** Where the state machine is before the journal is read, and the snapshot that it was set to. */
    private record Begin(long slot, Snapshots.View snapshot) {}

    /** Sets the state machine to the newest snapshot, unless its own store is further. */
    private static Begin begin(
            NodeSettings<?, ?> settings, FoundingRecord founding, Execution<?, ?> execution, long trimmedUpTo)
            throws StorageException {
        long held = open(execution);
        SnapshotStore store = settings.storage().snapshots();
        SnapshotStore.Id id = null;
        try {
            id = store.latest(settings.group());
            if (id != null && id.slot() >= trimmedUpTo && id.slot() > held) {
                Snapshots.View restored = Snapshots.View.of(new SnapshotReader(store, founding, execution).restore(id));
                return new Begin(restored.slot(), restored);
            }
        } catch (StorageException e) {
            if (e.code() != StorageException.Code.DAMAGED || held < trimmedUpTo) {
                throw e;
            }
            LOG.warn(
                    "node {}: its snapshot cannot be used; the log reaches back to slot {} and is executed from there",
                    settings.node(),
                    held + 1,
                    e);
        }
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
