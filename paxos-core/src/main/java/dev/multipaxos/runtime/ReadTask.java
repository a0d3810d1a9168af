package dev.multipaxos.runtime;

import java.util.function.BooleanSupplier;

/** A read on its way: gets a slot from the leader, then runs on the apply thread once that is executed. */
interface ReadTask {

    /** {@return when it is given up, on the clock of {@link System#nanoTime}} */
    long deadlineNanos();

    /** {@return whether nobody waits for it any more} */
    boolean isOver();

    /** Gives it up because the deadline has passed. Loop. */
    void expire();

    /** Gives it up. Loop. */
    void fail(Throwable cause);

    /**
     * Runs it. Apply thread.
     *
     * @param mayAnswer is asked behind the query, before its answer is given
     * @return false if it may not be, and the read is to be asked again
     */
    boolean run(BooleanSupplier mayAnswer);
}
