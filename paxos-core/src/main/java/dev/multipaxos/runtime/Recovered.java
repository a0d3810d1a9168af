package dev.multipaxos.runtime;

import dev.multipaxos.Limits;
import dev.multipaxos.Member;
import dev.multipaxos.Membership;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replay;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node finds when it opens its storage.
 *
 * @param identity who it is
 * @param durable what its acceptor remembers; everything up to its {@code base} was executed
 * @param standing what its journal says that touches no slot
 * @param snapshot the snapshot that it began with
 * @param journalBytes about how much of the journal lies behind that
 * @param trimmedUpTo up to where the journal is trimmed
 */
record Recovered(
        NodeIdentity identity,
        Durable durable,
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
        Snapshots.View snapshot = restore(settings, founding, execution, trimmedUpTo);
        Journal journal = new Journal(snapshot.slot(), (slot, value) -> slots.execute(slot, value, Outcomes.NONE));
        settings.storage().replay(journal);
        Durable durable = journal.replay.finish();
        LOG.info(
                "node {} opened storage {} for the {}. time{}: restored a snapshot of slot {}, executed up to slot {}, {} more held, in {} ms",
                settings.node(),
                Long.toHexString(storage.storageId()),
                storage.bootCount(),
                storage.formatted() ? ", newly formatted" : "",
                snapshot.slot(),
                durable.base(),
                durable.entries().size(),
                (System.nanoTime() - begun) / 1_000_000);
        NodeIdentity identity =
                NodeIdentity.of(settings.node(), founding, encoded, storage.storageId(), storage.bootCount());
        return new Recovered(identity, durable, journal.standing, snapshot, journal.bytes, trimmedUpTo);
    }

    /** What is read from the journal. */
    private static final class Journal implements DurableStorage.RecordVisitor {
        private final long snapshotSlot;
        private final Replay replay;
        private final Standing standing = new Standing();
        private long bytes; // of the slots behind the snapshot

        Journal(long snapshotSlot, Replay.Execute execute) {
            this.snapshotSlot = snapshotSlot;
            this.replay = new Replay(snapshotSlot, execute);
        }

        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws WireException {
            if (slotTo > snapshotSlot) {
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
    }

    /** Sets the state machine to the newest snapshot, if there is one. */
    private static Snapshots.View restore(
            NodeSettings<?, ?> settings, FoundingRecord founding, Execution<?, ?> execution, long trimmedUpTo)
            throws StorageException {
        SnapshotStore store = settings.storage().snapshots();
        SnapshotStore.Id id;
        try {
            id = store.latest(settings.group());
            if (id != null && id.slot() >= trimmedUpTo) {
                return Snapshots.View.of(new SnapshotReader(store, founding, execution).restore(id));
            }
        } catch (StorageException e) {
            if (e.code() != StorageException.Code.DAMAGED || trimmedUpTo > 0) {
                throw e;
            }
            LOG.warn(
                    "node {}: its snapshot cannot be used; the log reaches back to the first slot and is executed from there",
                    settings.node(),
                    e);
            return Snapshots.View.NONE;
        }
        if (trimmedUpTo > 0) {
            throw new StorageException(
                    StorageException.Code.MISSING_FILE,
                    "the log of group " + settings.group() + " was trimmed up to slot " + trimmedUpTo
                            + ", but the newest snapshot in the storage of node " + settings.node() + " "
                            + (id == null ? "is gone" : "ends at slot " + id.slot())
                            + ": a snapshot file was removed or an older one put in its place. Put it back, or remove this"
                            + " node from the cluster and add a new one with an empty directory",
                    null);
        }
        return Snapshots.View.NONE;
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
