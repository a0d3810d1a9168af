package dev.multipaxos.core;

/**
 * The number of one leader's term: totally ordered, first by round, then by node. A node uses one ballot for all its roles
 * and never the same ballot in two lives.
 *
 * @param round counts up; 0 only in {@link #ZERO}
 * @param node who leads in it; 0 only in {@link #ZERO}
 */
public record Ballot(long round, int node) implements Comparable<Ballot> {

    /** Lower than every ballot that is used. */
    public static final Ballot ZERO = new Ballot(0, 0);

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative, or only one of them is 0
     */
    public Ballot {
        if (round < 0 || node < 0 || (round == 0) != (node == 0)) {
            throw new IllegalArgumentException("no ballot: round " + round + ", node " + node);
        }
    }

    @Override
    public int compareTo(Ballot other) {
        int byRound = Long.compare(round, other.round);
        return byRound != 0 ? byRound : Integer.compare(node, other.node);
    }

    /**
     * Tells whether this ballot is strictly lower.
     *
     * @param other the other
     * @return true if this is lower
     */
    public boolean isBelow(Ballot other) {
        return compareTo(other) < 0;
    }

    /**
     * Finds the higher of two.
     *
     * @param other the other
     * @return the higher one
     */
    public Ballot max(Ballot other) {
        return isBelow(other) ? other : this;
    }

    @Override
    public String toString() {
        return round + "." + node;
    }
}
