package dev.multipaxos.runtime;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What the event loop has for another thread. The loop {@link #say}s many things in a turn and {@link #push}es once; the other
 * side takes everything at once.
 *
 * @param <T> what is handed over
 */
final class Handover<T> {

    private final List<T> said = new ArrayList<>(); // the loop's
    private final List<T> queue = new ArrayList<>(); // guarded by this
    private boolean finished; // guarded by this

    /** Notes one thing. Loop only. */
    void say(T thing) {
        said.add(thing);
    }

    /** Hands over what was said. Loop only. */
    void push() {
        if (said.isEmpty()) {
            return;
        }
        synchronized (this) {
            move(said, queue);
            notifyAll();
        }
    }

    /** {@return whether nothing was said that was not handed over} Loop only. */
    boolean isSilent() {
        return said.isEmpty();
    }

    /** Takes back what was said and not handed over. Loop only. */
    void takeBack(Collection<? super T> into) {
        move(said, into);
    }

    /**
     * Takes everything, after waiting for something.
     *
     * @param into empty, for what is taken; still empty if nothing came
     * @param waitMillis how long to wait; 0 for ever
     * @return false if nothing will come any more
     */
    synchronized boolean take(Collection<? super T> into, long waitMillis) {
        long deadline = System.nanoTime() + waitMillis * 1_000_000;
        while (queue.isEmpty() && !finished) {
            long left = waitMillis == 0 ? 0 : (deadline - System.nanoTime() + 999_999) / 1_000_000;
            if (left < 0 || (left == 0 && waitMillis > 0)) {
                break;
            }
            try {
                wait(left);
            } catch (InterruptedException e) {
                // Nobody ends these threads that way; a callback or a state machine may have left it set.
            }
        }
        move(queue, into);
        return !into.isEmpty() || !finished;
    }

    /** Takes what is there, without waiting. */
    synchronized void poll(Collection<? super T> into) {
        move(queue, into);
    }

    /** One by one: {@code addAll} makes a copy of all of them first. */
    private static <T> void move(List<T> from, Collection<? super T> to) {
        for (int i = 0; i < from.size(); i++) {
            to.add(from.get(i));
        }
        from.clear();
    }

    /** {@return whether nothing was handed over that was not taken} */
    synchronized boolean isEmpty() {
        return queue.isEmpty();
    }

    /** Nothing is waited for any more; what was handed over can still be taken. */
    synchronized void finish() {
        finished = true;
        notifyAll();
    }
}
