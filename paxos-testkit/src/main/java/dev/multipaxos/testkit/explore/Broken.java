package dev.multipaxos.testkit.explore;

import java.util.function.Supplier;

/** Something does not hold that must. */
final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1;

    Broken(String message) {
        super(message);
    }

    static void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw new Broken(otherwise.get());
        }
    }
}
