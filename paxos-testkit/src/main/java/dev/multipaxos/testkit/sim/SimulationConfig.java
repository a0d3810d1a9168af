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
 */
public record SimulationConfig(int sizeMin, int sizeMax, List<Fault> faults) {

    /** One to five nodes, everything may go wrong. */
    public static final SimulationConfig DEFAULT = new SimulationConfig(1, 5, EnumSet.allOf(Fault.class));

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
        faults = List.copyOf(faults);
    }

    /**
     * Says what may be drawn.
     *
     * @param sizeMin the fewest nodes
     * @param sizeMax the most nodes
     * @param faults what may go wrong
     */
    public SimulationConfig(int sizeMin, int sizeMax, Collection<Fault> faults) {
        this(sizeMin, sizeMax, List.copyOf(faults));
    }
}
