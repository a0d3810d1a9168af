package dev.multipaxos.testkit.history;

/**
 * A call and what came of it. Times are in any unit in which they never fall; of two operations the first <i>precedes</i> the
 * second if it returned at a smaller time than the second was invoked.
 *
 * @param id unique within its history
 * @param client who called; a name for readers, one client may have several calls open
 * @param command what was asked for
 * @param invokedAt when it was called: not later than that
 * @param returnedAt when the caller knew the outcome, not earlier than that; {@link #NEVER} if it still waits
 * @param outcome what it knew then
 * @param <C> commands
 * @param <R> answers
 */
public record Operation<C, R>(long id, int client, C command, long invokedAt, long returnedAt, Outcome<R> outcome) {

    /** When a call returned that did not. */
    public static final long NEVER = Long.MAX_VALUE;

    /**
     * Checks the times.
     *
     * @throws IllegalArgumentException if it returned before it was called, or was answered without returning
     */
    public Operation {
        if (returnedAt < invokedAt || (returnedAt == NEVER && !(outcome instanceof Outcome.Unknown))) {
            throw new IllegalArgumentException("operation " + id + " was invoked at " + invokedAt
                    + " and cannot have returned at " + returnedAt + ": " + outcome);
        }
    }

    /** {@return whether there is an answer, so that it was executed} */
    public boolean isAnswered() {
        return outcome instanceof Outcome.Answered;
    }

    /** {@return whether it was certainly not executed} */
    public boolean isNotExecuted() {
        return outcome instanceof Outcome.NotExecuted;
    }

    /** {@return by when it was executed, if it ever was: an answered one by its return, one of unknown outcome at any time} */
    long executedBy() {
        return isAnswered() ? returnedAt : NEVER;
    }

    /** {@return whether the answer is this one} */
    boolean got(Object answer) {
        return outcome instanceof Outcome.Answered<R> answered
                && answered.answer().equals(answer);
    }

    /** {@return as in {@code #7 client 2 [12, 15] Get[key=x] -> 1}} */
    @Override
    public String toString() {
        return "#" + id + " client " + client + " [" + invokedAt + ", " + (returnedAt == NEVER ? "" : returnedAt) + "] "
                + command + " " + outcome;
    }
}
