package dev.multipaxos.runtime;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A call of the application that waits for its end: exactly one of an answer and a failure, whichever thread comes first. Its
 * room is given back at that moment.
 *
 * @param <T> what is answered
 */
abstract class Call<T> implements Mail {

    private final CompletableFuture<T> future = new CompletableFuture<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Room room;
    private final int bytes;
    private final long deadlineNanos;

    /**
     * Makes a call that has already taken its room.
     *
     * @param room where it took room for one call
     * @param bytes the size for which it did
     * @param deadlineNanos when it fails, on the clock of {@link System#nanoTime}
     */
    Call(Room room, int bytes, long deadlineNanos) {
        this.room = room;
        this.bytes = bytes;
        this.deadlineNanos = deadlineNanos;
    }

    CompletableFuture<T> future() {
        return future;
    }

    int bytes() {
        return bytes;
    }

    public final long deadlineNanos() {
        return deadlineNanos;
    }

    public final boolean isOver() {
        return over.get();
    }

    final void succeed(T answer) {
        if (end()) {
            future.complete(answer);
        }
    }

    public final void fail(Throwable cause) {
        if (end()) {
            future.completeExceptionally(cause);
        }
    }

    /** Fails because the deadline has passed. */
    public abstract void expire();

    private boolean end() {
        if (!over.compareAndSet(false, true)) {
            return false;
        }
        room.leave(1, bytes);
        return true;
    }
}
