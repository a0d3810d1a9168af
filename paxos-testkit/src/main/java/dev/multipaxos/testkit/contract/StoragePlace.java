package dev.multipaxos.testkit.contract;

import dev.multipaxos.spi.DurableStorage;
import org.junit.jupiter.api.Assumptions;

/** Where a storage keeps what outlives it, such as a directory; see {@link DurableStorageContract}. */
@FunctionalInterface
public interface StoragePlace {
    /**
     * Makes a storage over what the place holds, or finds the one that is the place itself.
     *
     * @return a storage, not opened by this call
     * @throws Exception if it cannot be made
     */
    DurableStorage storage() throws Exception;

    /**
     * Loses the power: whoever uses the place is gone without a close, and any part of what was not synced may be lost.
     *
     * @throws Exception if that cannot be done
     */
    default void crash() throws Exception {
        Assumptions.abort("this place cannot lose its power");
    }

    /**
     * Makes what the open storage writes to fail: its next {@code sync} throws, or the {@code append} before it.
     *
     * @throws Exception if that cannot be done
     */
    default void breakDevice() throws Exception {
        Assumptions.abort("this place has no device that can be made to fail");
    }

    /**
     * Makes the next write of a snapshot in the open storage fail, or its commit, and nothing after that.
     *
     * @throws Exception if that cannot be done
     */
    default void failNextSnapshot() throws Exception {
        Assumptions.abort("this place has no snapshots that can be made to fail");
    }

    /**
     * Makes reads of the content of snapshots fail from now on in the open storage, or succeed again; what they read is not changed.
     *
     * @param fail whether they fail
     * @throws Exception if that cannot be done
     */
    default void failSnapshotReads(boolean fail) throws Exception {
        Assumptions.abort("this place has no snapshots that can be made unreadable for a while");
    }

    /**
     * Changes some of the content of a group's snapshots behind the open storage's back.
     *
     * @param group the group
     * @throws Exception if that cannot be done
     */
    default void damageSnapshot(int group) throws Exception {
        Assumptions.abort("this place has no snapshots that can be damaged");
    }
}
