package dev.multipaxos.testkit.contract;

/** The snapshots of the storage for tests. */
class MemorySnapshotContractTest extends SnapshotStoreContract {

    @Override
    protected StoragePlace newPlace() {
        return new MemoryPlace();
    }
}
