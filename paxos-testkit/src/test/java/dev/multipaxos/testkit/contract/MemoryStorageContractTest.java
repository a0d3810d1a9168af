package dev.multipaxos.testkit.contract;

/** The storage for tests: it is its own disk. */
class MemoryStorageContractTest extends DurableStorageContract {

    @Override
    protected StoragePlace newPlace() {
        return new MemoryPlace();
    }
}
