package dev.multipaxos.testkit.contract;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.testkit.MemoryStorage;

/** The storage for tests: it is its own disk. */
class MemoryStorageContractTest extends DurableStorageContract {

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
            public void breakDevice() {
                disk.fail("the device is gone");
            }
        };
    }
}
