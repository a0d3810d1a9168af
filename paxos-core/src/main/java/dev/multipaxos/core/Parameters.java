package dev.multipaxos.core;

/**
 * The numbers that the protocol runs with. α belongs to the founding record: it is the same on every member for ever.
 *
 * @param alpha how many slots may be open: a leader proposes in slot {@code s} only if {@code s ≤ chosenUpTo + alpha}; more
 *     hides latency, fewer bounds what an election has to merge
 * @param ring how many slots are kept in memory, at least {@code 2 × alpha}
 * @param heartbeatTicks ticks between a leader's heartbeats, and between retransmissions
 * @param electionTicks T: a follower that hears no leader for a time in [T, 2T) ticks campaigns
 * @param jitterSeed makes the random part of that time differ between clusters; 0 turns the random part off
 * @param chunkBytes about how many bytes, payload and {@link #ENTRY_OVERHEAD_BYTES} for each slot, go into one {@link Message.Promise} or {@link Message.CatchUpReply}
 * @param inFlightBytesMax how many payload bytes a leader may have open, besides at least one slot
 * @param retainedBytesMax how many payload bytes of chosen and executed slots stay in memory for members that lag
 * @param leaseNanos how long a lease a leader asks for; 0: it asks for none
 * @param leaseUseNanos for how much of it a leader relies on it: {@code leaseNanos × (1 − ε)}, where ε bounds the difference of the
 *     rates of any two members' clocks
 */
public record Parameters(
        int alpha,
        int ring,
        int heartbeatTicks,
        int electionTicks,
        long jitterSeed,
        int chunkBytes,
        long inFlightBytesMax,
        long retainedBytesMax,
        long leaseNanos,
        long leaseUseNanos) {

    /** What a slot counts in a chunk besides its payload: a no-op must not be free. */
    static final int ENTRY_OVERHEAD_BYTES = 64;

    /** What the library uses unless told otherwise, with a tick of 10 ms. */
    public static final Parameters DEFAULT = new Parameters(1024, 2048, 5, 25, 1, 256 << 10, 32L << 20, 64L << 20);

    /**
     * Makes numbers without leases.
     *
     * @param alpha as above
     * @param ring as above
     * @param heartbeatTicks as above
     * @param electionTicks as above
     * @param jitterSeed as above
     * @param chunkBytes as above
     * @param inFlightBytesMax as above
     * @param retainedBytesMax as above
     */
    public Parameters(
            int alpha,
            int ring,
            int heartbeatTicks,
            int electionTicks,
            long jitterSeed,
            int chunkBytes,
            long inFlightBytesMax,
            long retainedBytesMax) {
        this(
                alpha,
                ring,
                heartbeatTicks,
                electionTicks,
                jitterSeed,
                chunkBytes,
                inFlightBytesMax,
                retainedBytesMax,
                0,
                0);
    }

    /**
     * Adds leases.
     *
     * @param nanos how long a lease a leader asks for; 0: it asks for none
     * @param useNanos for how much of it a leader relies on it
     * @return the changed copy
     */
    public Parameters withLease(long nanos, long useNanos) {
        return new Parameters(
                alpha,
                ring,
                heartbeatTicks,
                electionTicks,
                jitterSeed,
                chunkBytes,
                inFlightBytesMax,
                retainedBytesMax,
                nanos,
                useNanos);
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException naming the first one that makes no sense
     */
    public Parameters {
        require(alpha >= 1, "alpha must be at least 1 but is " + alpha);
        require(ring >= 2 * alpha, "ring must be at least 2 × alpha (" + 2 * alpha + ") but is " + ring);
        require(heartbeatTicks >= 1, "heartbeatTicks must be at least 1 but is " + heartbeatTicks);
        require(
                electionTicks > heartbeatTicks,
                "electionTicks (" + electionTicks + ") must be more than heartbeatTicks (" + heartbeatTicks + ")");
        require(chunkBytes >= 1, "chunkBytes must be at least 1 but is " + chunkBytes);
        require(inFlightBytesMax >= 1, "inFlightBytesMax must be at least 1 but is " + inFlightBytesMax);
        require(retainedBytesMax >= 0, "retainedBytesMax must not be negative but is " + retainedBytesMax);
        require(leaseNanos >= 0, "leaseNanos must not be negative but is " + leaseNanos);
        require(
                leaseUseNanos >= 0 && leaseUseNanos <= leaseNanos,
                "leaseUseNanos (" + leaseUseNanos + ") must be between 0 and leaseNanos (" + leaseNanos + ")");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }
}
