package dev.multipaxos.core;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The cheap checks that always run ({@code docs/protocol.md} §2). */
final class Invariants {

    private Invariants() {}

    static void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw new InvariantViolation(otherwise.get());
        }
    }

    /** Agreement: a slot that is chosen with one value is never chosen, or proposed by a later leader, with another. */
    static void agreement(long slot, @Nullable Value chosen, Ballot at, Value other, Ballot otherAt) {
        check(
                other.equals(chosen),
                () -> "slot " + slot + " is chosen with " + chosen + " (accepted at " + at + "), but " + other
                        + " came at " + otherAt);
    }

    /** One value per slot and ballot. */
    static void oneValuePerBallot(long slot, Ballot ballot, @Nullable Value held, Value other) {
        check(
                other.equals(held),
                () -> "ballot " + ballot + " proposed two values in slot " + slot + ": " + held + " and " + other);
    }
}
