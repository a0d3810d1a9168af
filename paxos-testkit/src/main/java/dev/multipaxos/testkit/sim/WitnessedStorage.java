package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;

/** Tells the witness what the real storage has forced and what it finds again. */
final class WitnessedStorage extends PassingStorage {
    private final DurableFacts facts;
    private final Witness witness;

    WitnessedStorage(DurableStorage storage, DurableFacts facts, Witness witness) {
        super(storage);
        this.facts = facts;
        this.witness = witness;
    }

    @Override
    public void replay(RecordVisitor visitor) throws StorageException {
        List<DurableFacts.Appended> found = new ArrayList<>();
        super.replay((group, kind, slotFrom, slotTo, bytes) -> {
            found.add(new DurableFacts.Appended(kind, bytes));
            visitor.record(group, kind, slotFrom, slotTo, bytes);
        });
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
        facts.append(new DurableFacts.Appended(kind, Bytes.wrap(bytes))); // first: what fails may be there all the same
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

    private void witnessForced() throws StorageException {
        facts.position(durablePosition());
        for (DurableFacts.Appended record : facts.forced()) {
            if (RecordCodec.isRuntimes(record.kind())) {
                continue;
            }
            try {
                witness.durable(facts, RecordCodec.decode(record.kind(), record.bytes()));
            } catch (WireException e) {
                throw new AssertionError("a record that was written cannot be read: " + record, e);
            }
        }
    }
}
