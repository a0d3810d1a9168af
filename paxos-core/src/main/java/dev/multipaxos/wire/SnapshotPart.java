package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;

/**
 * What a snapshot holds before the bytes of the state machine: a header, then so many configurations and so many sessions as it
 * says, each session followed by its answers.
 */
public sealed interface SnapshotPart {

    /**
     * The first part.
     *
     * @param slot the last slot that was executed
     * @param logTimeMillis the time of the log behind it, in milliseconds since 1970
     * @param writtenMillis when it was written, on the clock of the member that did; for people only
     * @param configurations how many configurations follow, at least one
     * @param sessions how many sessions follow behind these
     */
    record Header(long slot, long logTimeMillis, long writtenMillis, int configurations, int sessions)
            implements SnapshotPart {}

    /**
     * Which members decide about slots above the snapshot.
     *
     * @param firstSlot the first slot that it governs, up to the first of the next one
     * @param founding what says so
     */
    record Configuration(long firstSlot, FoundingRecord founding) implements SnapshotPart {}

    /**
     * One session; they come in the order of last use, the eldest first.
     *
     * @param id its id
     * @param lastUseMillis when it was last used, in log time
     * @param floor the lowest sequence that may still be open
     * @param answers how many answers follow
     */
    record Session(long id, long lastUseMillis, long floor, int answers) implements SnapshotPart {}

    /**
     * What a session remembers; ascending by sequence.
     *
     * @param sequence which command
     * @param answer its answer
     */
    record Answer(long sequence, Bytes answer) implements SnapshotPart {}
}
