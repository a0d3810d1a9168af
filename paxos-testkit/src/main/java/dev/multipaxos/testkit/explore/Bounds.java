package dev.multipaxos.testkit.explore;

/**
 * What is explored: everything that fits into these numbers.
 *
 * @param acceptors how many members there are, all of them voters; nodes 1, 2, 3 …
 * @param proposers how many of them may campaign: the first ones
 * @param ballots how many campaigns there may be, of all nodes together; each takes a fresh ballot
 * @param slots a leader takes fresh values in slots up to this one
 * @param alpha how many slots may be open
 * @param crashes how many crashes there may be, of all nodes together; a node that crashes starts again from its disk
 * @param slowDisk whether a record is durable only some time after it was appended, or at once
 * @param reduced whether what cannot matter is left out of a state; without it, states are compared in full
 */
record Bounds(
        int acceptors,
        int proposers,
        int ballots,
        int slots,
        int alpha,
        int crashes,
        boolean slowDisk,
        boolean reduced) {

    static final int BALLOTS_MAX = 20;

    Bounds {
        require(acceptors >= 1 && acceptors <= 7, "there must be 1 to 7 acceptors, not " + acceptors);
        require(
                proposers >= 1 && proposers <= acceptors,
                "there must be 1 to " + acceptors + " proposers, not " + proposers);
        require(
                ballots >= 1 && ballots <= BALLOTS_MAX,
                "there must be 1 to " + BALLOTS_MAX + " ballots, not " + ballots);
        require(slots >= 1 && slots <= 16, "there must be 1 to 16 slots, not " + slots);
        require(alpha >= 1 && alpha <= 16, "alpha must be 1 to 16, not " + alpha);
        require(crashes >= 0 && crashes <= 100, "there must be 0 to 100 crashes, not " + crashes);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    @Override
    public String toString() {
        return acceptors + " acceptors, " + proposers + " proposers, " + ballots + " ballots, " + slots
                + " slots, alpha "
                + alpha + ", " + crashes + " crashes, " + (slowDisk ? "slow" : "instant") + " disks"
                + (reduced ? "" : ", not reduced");
    }
}
