package dev.multipaxos.testkit.history;

/**
 * The numbers from 0 to n - 1 in order, some of them taken out. What was taken out is put back in the opposite order, so that it
 * still knows its place (Knuth, "Dancing Links", 2000): both cost nothing.
 */
final class Chain {

    private final int[] next; // the last place is the head's, so n is the end
    private final int[] previous;

    Chain(int size) {
        next = new int[size + 1];
        previous = new int[size + 1];
        for (int i = 0; i <= size; i++) {
            next[i] = i == size ? 0 : i + 1;
            previous[i] = i == 0 ? size : i - 1;
        }
    }

    /** {@return the first that is left, or n} */
    int first() {
        return next[next.length - 1];
    }

    /** {@return the next that is left, or n} */
    int after(int i) {
        return next[i];
    }

    void take(int i) {
        next[previous[i]] = next[i];
        previous[next[i]] = previous[i];
    }

    void putBack(int i) {
        next[previous[i]] = i;
        previous[next[i]] = i;
    }
}
