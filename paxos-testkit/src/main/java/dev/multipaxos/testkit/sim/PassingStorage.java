package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;

/** Passes everything on to another storage; whoever wants to see or to spoil something overrides that. */
class PassingStorage implements DurableStorage {
    private final DurableStorage storage;

    PassingStorage(DurableStorage storage) {
        this.storage = storage;
    }

    @Override
    public Identity open(int node, Bytes foundingRecord) throws StorageException {
        return storage.open(node, foundingRecord);
    }

    @Override
    public void replay(RecordVisitor visitor) throws StorageException {
        storage.replay(visitor);
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
        storage.append(group, kind, slotFrom, slotTo, promisedRound, promisedNode, head, body);
    }

    @Override
    public void sync() throws StorageException {
        storage.sync();
    }

    @Override
    public void idle() throws StorageException {
        storage.idle();
    }

    @Override
    public long durablePosition() {
        return storage.durablePosition();
    }

    @Override
    public DiskSpace space() {
        return storage.space();
    }

    @Override
    public boolean readsPastCache() {
        return storage.readsPastCache();
    }

    @Override
    public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
            throws StorageException {
        return storage.read(group, slotFrom, slotTo, maxBytes, visitor);
    }

    @Override
    public SnapshotStore snapshots() {
        return storage.snapshots();
    }

    @Override
    public void watch(DamageListener listener) {
        storage.watch(listener);
    }

    @Override
    public void trim(int group, long upTo, long restatedFrom, long keepBytes) throws StorageException {
        storage.trim(group, upTo, restatedFrom, keepBytes);
    }

    @Override
    public long trimmedUpTo(int group) {
        return storage.trimmedUpTo(group);
    }

    @Override
    public void close() {
        storage.close();
    }
}
