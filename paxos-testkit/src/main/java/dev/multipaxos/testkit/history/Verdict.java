package dev.multipaxos.testkit.history;

import java.util.List;

/**
 * What the {@link LinearizabilityChecker} found out.
 *
 * @param kind yes, no, or neither
 * @param operations if linearizable, an order that explains all answers: those answered, and those of unknown outcome that must
 *     have taken effect; if not, few operations whose answers no order explains, whatever others did, or were answered; if undecided, those
 *     of the partition that was too hard
 * @param steps how many times the specification was asked
 * @param message the same, for readers
 * @param <C> commands
 * @param <R> answers
 */
public record Verdict<C, R>(Kind kind, List<Operation<C, R>> operations, long steps, String message) {

    /** Yes, no, or neither. */
    public enum Kind {
        /** One order explains all answers. */
        LINEARIZABLE,
        /** No order does. */
        NOT_LINEARIZABLE,
        /** The search was given up. */
        UNDECIDED
    }

    /** {@return whether one order explains all answers} */
    public boolean isLinearizable() {
        return kind == Kind.LINEARIZABLE;
    }

    /**
     * For tests: fails unless the history is linearizable; what is undecided fails, too.
     *
     * @throws AssertionError with the message
     */
    public void orThrow() {
        if (!isLinearizable()) {
            throw new AssertionError(message);
        }
    }

    @Override
    public String toString() {
        return message;
    }
}
