package dev.multipaxos.runtime;

import java.lang.ref.WeakReference;
import java.util.concurrent.locks.LockSupport;

/** Waits for the garbage collector to find something; a test that waits in vain runs into its time-out. */
final class Garbage {

    private Garbage() {}

    static void await(WeakReference<?> watched) {
        while (!watched.refersTo(null)) {
            System.gc();
            LockSupport.parkNanos(1_000_000);
            if (Thread.interrupted()) {
                throw new AssertionError("it can still be reached");
            }
        }
    }
}
