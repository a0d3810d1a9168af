package dev.multipaxos.runtime;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** How much room is left for what waits at a node: bounded in count and bytes. Thread-safe. */
final class Room {

    private final int countMax;
    private final long bytesMax;
    private final AtomicInteger count = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    Room(int countMax, long bytesMax) {
        this.countMax = countMax;
        this.bytesMax = bytesMax;
    }

    /** Takes room for some calls; false, and nothing taken, if there is not enough. */
    boolean enter(int calls, long size) {
        if (count.addAndGet(calls) > countMax) {
            count.addAndGet(-calls);
            return false;
        }
        if (bytes.addAndGet(size) > bytesMax) {
            leave(calls, size);
            return false;
        }
        return true;
    }

    /** Gives back what was taken. */
    void leave(int calls, long size) {
        count.addAndGet(-calls);
        bytes.addAndGet(-size);
    }

    int count() {
        return count.get();
    }

    long bytes() {
        return bytes.get();
    }

    @Override
    public String toString() {
        return count + " of " + countMax + " calls and " + bytes + " of " + bytesMax + " bytes wait";
    }
}
