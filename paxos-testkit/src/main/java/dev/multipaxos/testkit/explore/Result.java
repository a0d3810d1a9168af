package dev.multipaxos.testkit.explore;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How an exploration ended.
 *
 * @param bounds what was explored
 * @param finished whether every state within the bounds was seen; if not, it stopped at a limit or a violation
 * @param states how many different states were seen
 * @param transitions how many steps led from one of them to one of them
 * @param depth the length of the longest shortest way to a state
 * @param nodeStates how many states of single nodes they are put together from
 * @param nodeSteps how many pairs of such a state and an input the real code has run
 * @param nanos how long it took
 * @param violation what does not hold, or null
 * @param trace the shortest way there, step by step; empty without a violation
 */
record Result(
        Bounds bounds,
        boolean finished,
        long states,
        long transitions,
        int depth,
        int nodeStates,
        int nodeSteps,
        long nanos,
        @Nullable String violation,
        List<String> trace) {

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s: %,d states, %,d transitions, depth %d, %,d states/s, %,d states of nodes, %,d steps of nodes",
                violation != null ? "VIOLATION" : finished ? "FINISHED" : "not finished",
                states,
                transitions,
                depth,
                states * 1_000_000_000L / Math.max(1, nanos),
                nodeStates,
                nodeSteps);
    }
}
