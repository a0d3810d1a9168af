package dev.multipaxos.testkit.sim;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;

/**
 * What a seed may draw from.
 *
 * @param sizeMin the fewest nodes
 * @param sizeMax the most nodes
 * @param faults what may go wrong, in the order in which it is drawn
 * @param unboundedEvery damage to disks is <i>bounded</i>: so few of them are hit that the others hold every quorum, and must go
 *     on. Of so many seeds that draw damage one is <i>unbounded</i>: any disk is hit, and only safety is asked for; 0 for none
 */
public record SimulationConfig(int sizeMin, int sizeMax, List<Fault> faults, int unboundedEvery) {

    /** One to five nodes, everything may go wrong but what the storage is known not to stand. */
    public static final SimulationConfig DEFAULT =
            new SimulationConfig(1, 5, EnumSet.complementOf(EnumSet.of(Fault.LYING_PAGE_CACHE)));

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there is no such cluster
     */
    public SimulationConfig {
        if (sizeMin < 1 || sizeMax < sizeMin || sizeMax > 9) {
            throw new IllegalArgumentException(
                    "from " + sizeMin + " to " + sizeMax + " nodes: must be from at least 1 to at most 9");
        }
        if (unboundedEvery < 0) {
            throw new IllegalArgumentException("unbounded every " + unboundedEvery + " seeds: must not be negative");
        }
        faults = List.copyOf(faults);
    }

    /**
     * Says what may be drawn; of eight seeds that draw damage, it is unbounded in one.
     *
     * @param sizeMin the fewest nodes
     * @param sizeMax the most nodes
     * @param faults what may go wrong
     */
    public SimulationConfig(int sizeMin, int sizeMax, Collection<Fault> faults) {
        this(sizeMin, sizeMax, List.copyOf(faults), 8);
    }
}
