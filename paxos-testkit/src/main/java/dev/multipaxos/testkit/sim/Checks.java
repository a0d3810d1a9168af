package dev.multipaxos.testkit.sim;

import java.util.function.Supplier;

/** The word for what must hold. */
final class Checks {

    private Checks() {}

    static void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise.get());
        }
    }
}
