package dev.multipaxos.testkit.sim;

import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a seed may draw from, and what of it does not happen. It has a readable form, {@link #parse}, which a failure prints.
 *
 * <p>A fault that is not in {@code faults} is never drawn, so everything is drawn differently. One in {@code without}, or a
 * strike in {@code skipped}, is drawn, and then does not happen: all other draws stay, which is how a failure is made smaller.
 *
 * @param sizeMin the fewest nodes
 * @param sizeMax the most nodes
 * @param faults what may go wrong
 * @param forced what goes wrong whether it was drawn or not
 * @param without what does not go wrong though it was drawn
 * @param skipped the numbers, from 1 on, of the strikes of chaos that do not happen
 * @param commandsMax how many commands and reads clients ask for before the healing; then they are silent
 * @param unboundedEvery damage to disks is <i>bounded</i>: so few of them are hit that the others hold every quorum, and must go
 *     on. Of so many seeds that draw damage one is <i>unbounded</i>: any disk is hit, and only safety is asked for; 0 for none
 */
public record SimulationConfig(
        int sizeMin,
        int sizeMax,
        List<Fault> faults,
        Set<Fault> forced,
        Set<Fault> without,
        SortedSet<Integer> skipped,
        long commandsMax,
        int unboundedEvery) {

    /** One to five nodes, everything may go wrong. */
    public static final SimulationConfig DEFAULT = new SimulationConfig(1, 5, EnumSet.allOf(Fault.class));

    private static final int UNBOUNDED_EVERY = 8;

    /** The most nodes that there may be. */
    static final int SIZE_MAX = 9;

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if there is no such cluster
     */
    public SimulationConfig {
        if (sizeMin < 1 || sizeMax < sizeMin || sizeMax > SIZE_MAX) {
            throw new IllegalArgumentException(
                    "from " + sizeMin + " to " + sizeMax + " nodes: must be from at least 1 to at most " + SIZE_MAX);
        }
        if (commandsMax < 0 || unboundedEvery < 0) {
            throw new IllegalArgumentException(
                    commandsMax + " commands, unbounded every " + unboundedEvery + " seeds: must not be negative");
        }
        faults = faults.stream().distinct().sorted().toList();
        forced = Set.copyOf(forced);
        without = Set.copyOf(without);
        skipped = Collections.unmodifiableSortedSet(new TreeSet<>(skipped));
    }

    /**
     * Says what may be drawn; all of it happens, and of eight seeds that draw damage, it is unbounded in one.
     *
     * @param sizeMin the fewest nodes
     * @param sizeMax the most nodes
     * @param faults what may go wrong
     */
    public SimulationConfig(int sizeMin, int sizeMax, Collection<Fault> faults) {
        this(
                sizeMin,
                sizeMax,
                List.copyOf(faults),
                Set.of(),
                Set.of(),
                new TreeSet<>(),
                Long.MAX_VALUE,
                UNBOUNDED_EVERY);
    }

    /**
     * Reads what {@link #toString} writes, such as {@code nodes=3..5,faults=LOSS+KILL} or {@code faults=-SLOW_DISK}.
     *
     * @param text {@code default}, or settings with commas between them
     * @return what it says; what it does not say is as in {@link #DEFAULT}
     * @throws IllegalArgumentException if it is no such text; the message says what is wrong and what is possible
     */
    public static SimulationConfig parse(String text) {
        return ConfigText.parse(text);
    }

    SimulationConfig withSize(int min, int max) {
        return new SimulationConfig(min, max, faults, forced, without, skipped, commandsMax, unboundedEvery);
    }

    SimulationConfig withFaults(Collection<Fault> drawable) {
        return new SimulationConfig(
                sizeMin, sizeMax, List.copyOf(drawable), forced, without, skipped, commandsMax, unboundedEvery);
    }

    SimulationConfig withForced(Set<Fault> certain) {
        return new SimulationConfig(sizeMin, sizeMax, faults, certain, without, skipped, commandsMax, unboundedEvery);
    }

    SimulationConfig withWithout(Set<Fault> left) {
        return new SimulationConfig(sizeMin, sizeMax, faults, forced, left, skipped, commandsMax, unboundedEvery);
    }

    SimulationConfig withSkipped(SortedSet<Integer> strikes) {
        return new SimulationConfig(sizeMin, sizeMax, faults, forced, without, strikes, commandsMax, unboundedEvery);
    }

    SimulationConfig withCommandsMax(long most) {
        return new SimulationConfig(sizeMin, sizeMax, faults, forced, without, skipped, most, unboundedEvery);
    }

    SimulationConfig withUnboundedEvery(int seeds) {
        return new SimulationConfig(sizeMin, sizeMax, faults, forced, without, skipped, commandsMax, seeds);
    }

    /** {@return the readable form, which {@link #parse} reads} */
    @Override
    public String toString() {
        return ConfigText.write(this);
    }
}
