package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Tells the witness what the real storage has forced, what it lets go of, and what it finds again. */
final class WitnessedStorage extends PassingStorage {
    private static final int INSTALLED = RecordCodec.kind(new Record.Installed(1));

    private final DurableFacts facts;
    private final Witness witness;
    private final Consumer<String> damageHeard;
    private final BooleanSupplier isAtFault;
    private boolean replayed;

    /**
     * Witnesses a storage.
     *
     * @param storage the real one
     * @param facts what must be on its disk
     * @param witness is told what is
     * @param damageHeard is told where the scrubber finds something
     * @param isAtFault whether the disk was damaged, or could not be read in this life
     */
    WitnessedStorage(
            DurableStorage storage,
            DurableFacts facts,
            Witness witness,
            Consumer<String> damageHeard,
            BooleanSupplier isAtFault) {
        super(storage);
        this.facts = facts;
        this.witness = witness;
        this.damageHeard = damageHeard;
        this.isAtFault = isAtFault;
    }

    @Override
    public void replay(RecordVisitor visitor) throws StorageException {
        List<JournalMatch.Found> found = new ArrayList<>();
        super.replay(new RecordVisitor() {
            @Override
            public void record(int group, int kind, long slotFrom, long slotTo, Bytes bytes) throws IOException {
                found.add(new JournalMatch.Appended(kind, slotFrom, slotTo, bytes));
                visitor.record(group, kind, slotFrom, slotTo, bytes);
            }

            @Override
            public void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode)
                    throws IOException {
                Ballot promised = promisedRound == 0 ? Ballot.ZERO : new Ballot(promisedRound, promisedNode);
                found.add(new JournalMatch.Gap(slotFrom, slotTo, promised));
                visitor.damaged(group, slotFrom, slotTo, promisedRound, promisedNode);
            }
        });
        replayed = true;
        facts.recovered(found);
        witnessForced(); // whatever is visited is durable
    }

    @Override
    public void append(
            int group,
            int kind,
            long slotFrom,
            long slotTo,
            long promisedRound,
            int promisedNode,
            Bytes head,
            Bytes body)
            throws StorageException {
        byte[] bytes = new byte[head.length() + body.length()];
        head.toByteBuffer().get(bytes, 0, head.length());
        body.toByteBuffer().get(bytes, head.length(), body.length());
        if (kind == INSTALLED && decode(kind, Bytes.wrap(bytes)) instanceof Record.Installed installed) {
            facts.saysInstalled(installed.slot());
        }
        facts.append(new JournalMatch.Appended(
                kind, slotFrom, slotTo, Bytes.wrap(bytes))); // first: what fails may be there all the same
        super.append(group, kind, slotFrom, slotTo, promisedRound, promisedNode, head, body);
    }

    @Override
    public void sync() throws StorageException {
        super.sync();
        witnessForced();
    }

    @Override
    public void idle() throws StorageException {
        super.idle();
        witnessForced();
    }

    @Override
    public void trim(int group, long upTo, long restatedFrom, long keepBytes) throws StorageException {
        facts.trims(upTo, restatedFrom); // first, as above
        super.trim(group, upTo, restatedFrom, keepBytes);
        facts.trimmed(upTo);
        witnessForced(); // who trims makes all durable before
    }

    @Override
    public long trimmedUpTo(int group) {
        long upTo = super.trimmedUpTo(group);
        facts.saysTrimmed(upTo);
        return upTo;
    }

    @Override
    public void watch(DamageListener listener) {
        super.watch(new DamageListener() {
            @Override
            public void journalDamaged(String where, long upTo) {
                damageHeard.accept(where);
                listener.journalDamaged(where, upTo);
            }

            @Override
            public void snapshotDamaged(SnapshotStore.Id id) {
                damageHeard.accept(id.toString());
                listener.snapshotDamaged(id);
            }
        });
    }

    @Override
    public SnapshotStore snapshots() {
        return new WitnessedSnapshots(super.snapshots(), facts, witness, () -> !replayed, isAtFault);
    }

    private void witnessForced() throws StorageException {
        List<JournalMatch.Appended> forced = facts.forced();
        facts.position(durablePosition());
        for (JournalMatch.Appended record : forced) {
            if (!RecordCodec.isRuntimes(record.kind())) {
                witness.durable(facts, decode(record.kind(), record.bytes()));
            }
        }
    }

    private static Record decode(int kind, Bytes bytes) {
        try {
            return RecordCodec.decode(kind, bytes);
        } catch (WireException e) {
            throw new AssertionError("a record that was written cannot be read: kind " + kind + ", " + bytes, e);
        }
    }
}
