package dev.multipaxos.testkit.sim;

import dev.multipaxos.testkit.contract.SnapshotStoreContract;
import dev.multipaxos.testkit.contract.StoragePlace;
import java.util.SplittableRandom;

/** The snapshots of the storage of production on the simulator's disk, which loses its power and fails. */
class SimulatedDiskSnapshotContractTest extends SnapshotStoreContract {

    private final SplittableRandom random = new SplittableRandom(1);

    @Override
    protected StoragePlace newPlace() {
        return new SimulatedPlace(random);
    }
}
