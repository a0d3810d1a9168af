package dev.multipaxos.testkit.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How often each fault struck and each situation was reached. Not thread-safe. */
@SuppressWarnings("EnumOrdinal") // one counter each, added to after every event; they never leave the process
public final class Coverage {

    private final long[] faults = new long[Fault.values().length];
    private final long[] situations = new long[Situation.values().length];

    /** Nothing is hit yet. */
    public Coverage() {}

    void hit(Fault fault) {
        faults[fault.ordinal()]++;
    }

    void hit(Situation situation) {
        situations[situation.ordinal()]++;
    }

    /**
     * Adds the counts of another run.
     *
     * @param other what was reached there
     */
    public void add(Coverage other) {
        for (int i = 0; i < faults.length; i++) {
            faults[i] += other.faults[i];
        }
        for (int i = 0; i < situations.length; i++) {
            situations[i] += other.situations[i];
        }
    }

    /**
     * Looks at a fault.
     *
     * @param fault which
     * @return how often it struck
     */
    public long count(Fault fault) {
        return faults[fault.ordinal()];
    }

    /**
     * Looks at a situation.
     *
     * @param situation which
     * @return how often it was reached
     */
    public long count(Situation situation) {
        return situations[situation.ordinal()];
    }

    /** {@return how many points there are that the default configuration can reach} */
    public static int points() {
        return SimulationConfig.DEFAULT.faults().size() + Situation.values().length;
    }

    /** {@return the names of the points that were never hit, faults first} */
    public List<String> missing() {
        List<String> missing = new ArrayList<>();
        for (Fault fault : SimulationConfig.DEFAULT.faults()) {
            if (count(fault) == 0) {
                missing.add(fault.name());
            }
        }
        for (Situation situation : Situation.values()) {
            if (count(situation) == 0) {
                missing.add(situation.name());
            }
        }
        return missing;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Coverage that
                && Arrays.equals(faults, that.faults)
                && Arrays.equals(situations, that.situations);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(faults) + Arrays.hashCode(situations);
    }

    @Override
    public String toString() {
        return points() - missing().size() + " of " + points() + " points hit";
    }
}
