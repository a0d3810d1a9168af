package dev.multipaxos.testkit.history;

/**
 * What a caller knows of its call at the end.
 *
 * @param <R> answers
 */
public sealed interface Outcome<R> {

    /**
     * It was executed, between the call and the answer.
     *
     * @param answer what came back
     * @param <R> answers
     */
    record Answered<R>(R answer) implements Outcome<R> {
        @Override
        public String toString() {
            return "-> " + answer;
        }
    }

    /**
     * It was not executed and will not be: {@code PaxosException.mayHaveBeenApplied()} is false.
     *
     * @param <R> answers
     */
    record NotExecuted<R>() implements Outcome<R> {
        @Override
        public String toString() {
            return "not executed";
        }
    }

    /**
     * It was executed at some time after the call, even long after the caller gave up, or never: a deadline passed, or the caller
     * is still waiting.
     *
     * @param <R> answers
     */
    record Unknown<R>() implements Outcome<R> {
        @Override
        public String toString() {
            return "unknown";
        }
    }
}
