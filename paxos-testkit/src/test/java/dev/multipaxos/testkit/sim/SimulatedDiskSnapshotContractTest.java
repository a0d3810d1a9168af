package dev.multipaxos.testkit.sim;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.testkit.contract.SnapshotStoreContract;
import dev.multipaxos.testkit.contract.StoragePlace;
import java.util.SplittableRandom;

/** The snapshots of the storage of production on the simulator's disk, which loses its power and fails. */
class SimulatedDiskSnapshotContractTest extends SnapshotStoreContract {

    private final SplittableRandom random = new SplittableRandom(1);

    @Override
    protected StoragePlace newPlace() {
        SimulatedDisk disk = new SimulatedDisk("contract");
        return new StoragePlace() {
            @Override
            public DurableStorage storage() {
                return FileStorage.on(disk, Runnable::run, random::nextLong).withSegmentBytes(256 * 1024);
            }

            @Override
            public void crash() {
                disk.losePower(random);
                disk.release();
            }

            @Override
            public void failNextSnapshot() {
                disk.failIn(0);
            }
        };
    }
}
