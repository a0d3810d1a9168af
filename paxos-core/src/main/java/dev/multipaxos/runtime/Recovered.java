package dev.multipaxos.runtime;

import dev.multipaxos.Limits;
import dev.multipaxos.Member;
import dev.multipaxos.Membership;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Replay;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node finds when it opens its storage.
 *
 * @param identity who it is
 * @param durable what its acceptor remembers; everything up to its {@code executed} was executed
 * @param lost the slots of which the journal has lost records
 * @param pinned the peers that it knows by their storage
 */
record Recovered(NodeIdentity identity, Durable durable, SlotRanges lost, List<Pinned> pinned) {
    private static final Logger LOG = LoggerFactory.getLogger(Recovered.class);

    /**
     * Opens the storage and executes what it holds.
     *
     * @param settings the node's
     * @param execution executes
     * @throws StorageException if the storage cannot be had or read
     */
    static Recovered from(NodeSettings<?, ?> settings, SlotExecution execution) throws StorageException {
        long begun = System.nanoTime();
        FoundingRecord founding = founding(settings);
        Bytes encoded = FoundingRecordCodec.encode(founding);
        DurableStorage.Identity storage = settings.storage().open(settings.node(), encoded);
        List<Pinned> pinned = new ArrayList<>();
        Replay replay = new Replay(0, (slot, value) -> execution.execute(slot, value, Outcomes.NONE));
        settings.storage().replay(new Journal(replay, pinned));
        Durable durable = replay.finish();
        checkRepairable(settings, durable);
        LOG.info(
                "node {} opened storage {} for the {}. time{}: {} slots executed, {} more held, in {} ms",
                settings.node(),
                Long.toHexString(storage.storageId()),
                storage.bootCount(),
                storage.formatted() ? ", newly formatted" : "",
                durable.executed(),
                durable.entries().size(),
                (System.nanoTime() - begun) / 1_000_000);
        NodeIdentity identity =
                NodeIdentity.of(settings.node(), founding, encoded, storage.storageId(), storage.bootCount());
        return new Recovered(identity, durable, replay.lost(), pinned);
    }

    /** What the journal holds, to whom it belongs. */
    private record Journal(Replay replay, List<Pinned> pinned) implements DurableStorage.RecordVisitor {
        @Override
        public void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws IOException {
            if (kind == RecordCodec.PINNED) {
                pinned.add(RecordCodec.decodePinned(body));
            } else {
                replay.record(RecordCodec.decode(kind, body));
            }
        }

        @Override
        public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode) {
            Ballot promised = promisedRound == 0 ? Ballot.ZERO : new Ballot(promisedRound, promisedNode);
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
