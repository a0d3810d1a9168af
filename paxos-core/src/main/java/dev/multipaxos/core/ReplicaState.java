package dev.multipaxos.core;

/**
 * Everything that a {@link Replica} is, as a value: compared by content, restored by {@link Replica#restore}. Taken between
 * steps. A crash keeps {@link #durable} and nothing else; where a disk is slow, {@code durable} is what was appended, and what
 * of it has reached the disk is for the environment to know.
 *
 * @param durable the disk
 * @param memory the rest
 */
public record ReplicaState(Durable durable, Volatile memory) {

    /**
     * What a crash takes away.
     *
     * @param chosen slots in memory that are known to be chosen
     * @param chosenUpTo the chosen prefix
     * @param handedOut what was given to the state machine
     * @param executed what the state machine has done
     * @param election when to campaign, when to stop
     * @param proposer the ballot of this node and what was answered to it
     * @param reads reads that wait for a confirmation
     * @param catchUp what is missing, and who may have it
     * @param compaction who holds what
     * @param lease what was granted
     */
    public record Volatile(
            SlotRanges chosen,
            long chosenUpTo,
            long handedOut,
            long executed,
            Part election,
            Part proposer,
            Part reads,
            Part catchUp,
            Part compaction,
            Part lease) {}

    /** What one role remembers; compared by content, and shown by {@code toString}. */
    public sealed interface Part
            permits Election.State, Proposer.State, ReadBarrier.State, CatchUp.State, Compaction.State, Lease.State {}
}
