package dev.multipaxos.testkit.sim;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** A bug that is put into a cluster on purpose, to see that the simulation finds it. */
interface Plant {

    /** {@return how it is called, in capitals} */
    String name();

    /** {@return what it does, in a sentence} */
    String breaks();

    /** {@return why the simulation cannot find it yet; empty if it must} */
    default String pending() {
        return "";
    }

    /**
     * Makes everything ready to run seeds with this bug.
     *
     * @param events how many events each seed gets before it is healed
     * @return runs a seed, and tells what was found to be false, or null
     */
    LongFunction<@Nullable String> plant(long events);
}
