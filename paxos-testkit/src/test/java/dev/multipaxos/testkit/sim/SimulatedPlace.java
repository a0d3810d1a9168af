package dev.multipaxos.testkit.sim;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.testkit.contract.StoragePlace;
import java.util.SplittableRandom;

/** The simulator's disk, with the storage of production on it, for contracts. */
final class SimulatedPlace implements StoragePlace {
    private final SimulatedDisk disk = new SimulatedDisk("contract");
    private final SplittableRandom random;

    SimulatedPlace(SplittableRandom random) {
        this.random = random;
    }

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
    public void breakDevice() {
        disk.failIn(0);
    }

    @Override
    public void failSnapshotReads(boolean fail) {
        disk.failReadIn(fail ? 0 : -1);
    }

    @Override
    public void failNextSnapshot() {
        disk.failIn(0);
    }
}
