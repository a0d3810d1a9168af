package dev.multipaxos.core;

/**
 * Which sets of voters decide: {@code phase1} votes elect, {@code phase2} votes choose, and the two always meet (Howard et
 * al., "Flexible Paxos").
 *
 * @param voters how many voters there are
 * @param phase1 how many must promise
 * @param phase2 how many must accept
 */
public record Quorums(int voters, int phase1, int phase2) {

    /**
     * Checks that the quorums meet.
     *
     * @throws IllegalArgumentException if two of them could miss each other, or one cannot be reached
     */
    public Quorums {
        if (voters < 1 || phase1 < 1 || phase2 < 1 || phase1 > voters || phase2 > voters) {
            throw new IllegalArgumentException("quorums of " + phase1 + " (phase 1) and " + phase2
                    + " (phase 2) must each be between 1 and the number of voters, " + voters);
        }
        if (phase1 + phase2 <= voters) {
            throw new IllegalArgumentException(
                    "the first " + phase1 + " voters (phase 1) and the last " + phase2 + " voters (phase 2) of "
                            + voters + " do not meet: the two sizes must add up to more than " + voters);
        }
    }

    /**
     * Any majority, in both phases.
     *
     * @param voters how many voters there are
     * @return the quorum system
     */
    public static Quorums majority(int voters) {
        return new Quorums(voters, voters / 2 + 1, voters / 2 + 1);
    }
}
