package dev.multipaxos.runtime;

import dev.multipaxos.Limits;
import dev.multipaxos.Member;
import dev.multipaxos.Membership;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Replay;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.Confirmed;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.RuntimeRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node finds when it opens its storage.
 *
 * @param identity who it is
 * @param durable what its acceptor remembers; everything up to its {@code base} was executed
 * @param pinned the peers that it knows by their storage
 * @param confirmed whether this storage may vote without asking the other founders
 */
record Recovered(NodeIdentity identity, Durable durable, List<Pinned> pinned, boolean confirmed) {
    private static final Logger LOG = LoggerFactory.getLogger(Recovered.class);

    /**
     * Opens the storage and executes what it holds.
     *
     * @param settings the node's
     * @param execution executes
     * @param time the clocks
     * @throws StorageException if the storage cannot be had or read
     */
    static Recovered from(NodeSettings<?, ?> settings, SlotExecution execution, TimeSource time)
            throws StorageException {
        long begun = System.nanoTime();
        FoundingRecord founding = founding(settings);
        Bytes encoded = FoundingRecordCodec.encode(founding);
        DurableStorage.Identity storage = settings.storage().open(settings.node(), encoded);
        Notes notes = new Notes();
        Replay replay = new Replay(0, (slot, value) -> execution.execute(slot, value, Outcomes.NONE));
        settings.storage().replay((group, kind, slotFrom, slotTo, body) -> {
            if (RecordCodec.isRuntimes(kind)) {
                notes.add(RecordCodec.decodeRuntimes(kind, body));
            } else {
                replay.record(RecordCodec.decode(kind, body));
                notes.voted = true;
            }
        });
        Durable durable = replay.finish();
        LOG.info(
                "node {} opened storage {} for the {}. time{}: {} slots executed, {} more held, in {} ms",
                settings.node(),
                Long.toHexString(storage.storageId()),
                storage.bootCount(),
                storage.formatted() ? ", newly formatted" : "",
                durable.base(),
                durable.entries().size(),
                (System.nanoTime() - begun) / 1_000_000);
        NodeIdentity identity = NodeIdentity.of(
                settings.node(), founding, encoded, storage.storageId(), storage.bootCount(), lifeId(time));
        return new Recovered(identity, durable, notes.pinned, notes.confirmed || notes.voted);
    }

    /** What the runtime has written. */
    private static final class Notes {
        private final List<Pinned> pinned = new ArrayList<>();
        private boolean confirmed;
        private boolean voted; // the protocol has written too: who was not confirmed lets it write nothing, but earlier
        // versions did

        void add(RuntimeRecord record) {
            if (record instanceof Pinned peer) {
                pinned.add(peer);
            } else if (record instanceof Confirmed) {
                confirmed = true;
            }
        }
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
