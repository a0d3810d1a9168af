package dev.multipaxos.testkit.sim;

import dev.multipaxos.testkit.contract.DurableStorageContract;
import dev.multipaxos.testkit.contract.StoragePlace;
import java.util.SplittableRandom;

/** The storage of production on the simulator's disk, which loses its power and fails. */
class SimulatedDiskContractTest extends DurableStorageContract {

    private final SplittableRandom random = new SplittableRandom(1);

    @Override
    protected StoragePlace newPlace() {
        return new SimulatedPlace(random);
    }
}
