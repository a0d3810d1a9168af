package dev.multipaxos.testkit.contract;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.testkit.MemoryStorage;

/** The snapshots of the storage for tests. */
class MemorySnapshotContractTest extends SnapshotStoreContract {

    @Override
    protected StoragePlace newPlace() {
        return new StoragePlace() {
            private MemoryStorage disk = new MemoryStorage();

            @Override
            public DurableStorage storage() {
                return disk;
            }

            @Override
            public void crash() {
                disk = disk.crash();
            }

            @Override
            public void failNextSnapshot() {
                disk.failNextSnapshot("no space left");
            }

            @Override
            public void damageSnapshot(int group) {
                disk.damageSnapshot(group);
            }
        };
    }
}
