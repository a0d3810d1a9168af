package dev.multipaxos.core;

import java.util.Arrays;

/**
 * Who decides about a slot. Members are kept in ascending order, and a set of members is a {@code long} with one bit for each:
 * bit {@code i} stands for {@code members[i]}.
 */
public final class Configuration {

    /** The most members that a group can have. */
    public static final int MEMBERS_MAX = 64;

    private final int[] members;
    private final Quorums quorums;

    /**
     * Makes a configuration in which every member votes.
     *
     * @param quorums the quorum system, for as many voters as there are members
     * @param members the node ids, positive, each once, in any order
     */
    public Configuration(Quorums quorums, int... members) {
        this.members = members.clone();
        this.quorums = quorums;
        Arrays.sort(this.members);
        if (members.length == 0 || members.length > MEMBERS_MAX || members.length != quorums.voters()) {
            throw new IllegalArgumentException(members.length + " members, " + quorums.voters()
                    + " voters: there must be as many voters as members, 1 to " + MEMBERS_MAX);
        }
        for (int i = 0; i < this.members.length; i++) {
            if (this.members[i] <= 0 || (i > 0 && this.members[i] == this.members[i - 1])) {
                throw new IllegalArgumentException(
                        "node ids must be positive and different, but are " + Arrays.toString(this.members));
            }
        }
    }

    /**
     * Makes a configuration with majority quorums.
     *
     * @param members the node ids, positive, each once, in any order
     * @return the configuration
     */
    public static Configuration majority(int... members) {
        return new Configuration(Quorums.majority(members.length), members);
    }

    /** {@return how many members there are} */
    public int size() {
        return members.length;
    }

    /**
     * Reads a member.
     *
     * @param index its index, in ascending order of ids
     * @return its node id
     */
    public int member(int index) {
        return members[index];
    }

    /**
     * Finds a member.
     *
     * @param node a node id
     * @return its index, or a negative number if it is no member
     */
    public int indexOf(int node) {
        return Arrays.binarySearch(members, node);
    }

    /**
     * Tells whether a node is a member.
     *
     * @param node a node id
     * @return true if it is
     */
    public boolean contains(int node) {
        return indexOf(node) >= 0;
    }

    /**
     * Makes the set that holds one node.
     *
     * @param node a node id
     * @return its bit, or no bit if it is no member
     */
    public long bit(int node) {
        int index = indexOf(node);
        return index < 0 ? 0 : 1L << index;
    }

    /**
     * Tells whether a set of voters may elect a leader for a slot of this configuration.
     *
     * @param votes the set
     * @return true if every phase-2 quorum meets it
     */
    public boolean isPhase1Quorum(long votes) {
        return Long.bitCount(votes) >= quorums.phase1();
    }

    /**
     * Tells whether a set of voters chooses a value in a slot of this configuration.
     *
     * @param votes the set
     * @return true if it does
     */
    public boolean isPhase2Quorum(long votes) {
        return Long.bitCount(votes) >= quorums.phase2();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Configuration that
                && quorums.equals(that.quorums)
                && Arrays.equals(members, that.members);
    }

    @Override
    public int hashCode() {
        return 31 * quorums.hashCode() + Arrays.hashCode(members);
    }

    @Override
    public String toString() {
        return Arrays.toString(members) + ", phase 1: " + quorums.phase1() + ", phase 2: " + quorums.phase2();
    }
}
