package dev.multipaxos.testkit.contract;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.testkit.MemoryStorage;

/** The storage for tests, which is its own disk, for contracts. */
final class MemoryPlace implements StoragePlace {
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

    @Override
    public void failNextSnapshot() {
        disk.failNextSnapshot("no space left");
    }

    @Override
    public void failSnapshotReads(boolean fail) {
        disk.failSnapshotReads(fail ? "input/output error" : null);
    }

    @Override
    public void damageSnapshot(int group) {
        disk.damageSnapshot(group);
    }
}
