package dev.multipaxos.core;

/**
 * Something that may never happen did: a broken disk, a foreign node with our name, or a bug. The group must stop on this
 * node; to go on would be to guess.
 */
public final class InvariantViolation extends RuntimeException {
    private static final long serialVersionUID = 1;

    /**
     * Reports a violation.
     *
     * @param message slot, ballots and both values
     */
    public InvariantViolation(String message) {
        super(message);
    }
}
