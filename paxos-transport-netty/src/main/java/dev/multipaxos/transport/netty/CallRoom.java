package dev.multipaxos.transport.netty;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The bound on what a client has open: calls, and their bytes. Any thread. */
final class CallRoom {

    private final int callsMax;
    private final long bytesMax;
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    CallRoom(int callsMax, long bytesMax) {
        this.callsMax = callsMax;
        this.bytesMax = bytesMax;
    }

    /** {@return true if the call has its room, which it must {@link #leave}} */
    boolean enter(int callBytes) {
        if (calls.incrementAndGet() > callsMax) {
            calls.decrementAndGet();
            return false;
        }
        if (bytes.addAndGet(callBytes) > bytesMax) {
            leave(callBytes);
            return false;
        }
        return true;
    }

    void leave(int callBytes) {
        calls.decrementAndGet();
        bytes.addAndGet(-callBytes);
    }

    /** {@return the limits, and how much of them is taken} */
    @Override
    public String toString() {
        return calls.get() + " of " + callsMax + " calls and " + bytes.get() + " of " + bytesMax + " bytes are open";
    }
}
