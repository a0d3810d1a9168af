package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;

/** Passes everything on to the real storage, and tells the witness what that has forced and what it finds again. */
final class WitnessedStorage implements DurableStorage {
    private final DurableStorage storage;
    private final DurableFacts facts;
    private final Witness witness;

    WitnessedStorage(DurableStorage storage, DurableFacts facts, Witness witness) {
        this.storage = storage;
        this.facts = facts;
        this.witness = witness;
    }

    @Override
    public Identity open(int node, Bytes foundingRecord) throws StorageException {
        return storage.open(node, foundingRecord);
    }

    @Override
    public void replay(RecordVisitor visitor) throws StorageException {
        List<DurableFacts.Appended> found = new ArrayList<>();
        storage.replay((group, kind, slotFrom, slotTo, bytes) -> {
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
        storage.append(group, kind, slotFrom, slotTo, promisedRound, promisedNode, head, body);
    }

    @Override
    public void sync() throws StorageException {
        storage.sync();
        witnessForced();
    }

    @Override
    public void idle() throws StorageException {
        storage.idle();
        witnessForced();
    }

    private void witnessForced() throws StorageException {
        facts.position(storage.durablePosition());
        for (DurableFacts.Appended record : facts.forced()) {
            try {
                witness.durable(facts, RecordCodec.decode(record.kind(), record.bytes()));
            } catch (WireException e) {
                throw new AssertionError("a record that was written cannot be read: " + record, e);
            }
        }
    }

    @Override
    public long durablePosition() {
        return storage.durablePosition();
    }

    @Override
    public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
            throws StorageException {
        return storage.read(group, slotFrom, slotTo, maxBytes, visitor);
    }

    @Override
    public void close() {
        storage.close();
    }
}
