package dev.multipaxos;

import java.util.ArrayList;
import java.util.List;

/**
 * How much of the past a node keeps, and when it takes a snapshot in its place. It may differ between members. Change a number
 * with the {@code with} methods; {@link PaxosNode.Builder#start} checks all rules at once.
 *
 * <p>What is kept in memory is bounded by {@link Limits#retainedBytes}; this is about the disk.
 *
 * @param snapshotEveryBytes a snapshot is taken when the journal has grown by so many bytes since the one before. Fewer make a
 *     start faster and cost more writing; 0 takes snapshots on demand only
 * @param keepBytes how much of the journal stays at least behind a snapshot, for members that lag: they catch up from it
 *     without a snapshot
 * @param transferBytesPerSecond how fast a snapshot is sent to a member that needs one
 */
public record Retention(long snapshotEveryBytes, long keepBytes, long transferBytesPerSecond) {

    /** {@return a snapshot every 128 MiB of journal, 64 MiB kept, 64 MiB a second} */
    public static Retention defaults() {
        return new Retention(128L << 20, 64L << 20, 64L << 20);
    }

    /**
     * Changes how often a snapshot is taken.
     *
     * @param bytes the new growth of the journal, in bytes; 0 for on demand only
     * @return the changed copy
     */
    public Retention withSnapshotEveryBytes(long bytes) {
        return new Retention(bytes, keepBytes, transferBytesPerSecond);
    }

    /**
     * Changes how much of the journal stays.
     *
     * @param bytes the new size in bytes
     * @return the changed copy
     */
    public Retention withKeepBytes(long bytes) {
        return new Retention(snapshotEveryBytes, bytes, transferBytesPerSecond);
    }

    /**
     * Changes how fast snapshots are sent.
     *
     * @param bytes the new rate in bytes a second
     * @return the changed copy
     */
    public Retention withTransferBytesPerSecond(long bytes) {
        return new Retention(snapshotEveryBytes, keepBytes, bytes);
    }

    /**
     * Finds everything that is wrong.
     *
     * @return one sentence each; empty if all is well
     */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        range(problems, "snapshotEveryBytes", snapshotEveryBytes, 0);
        range(problems, "keepBytes", keepBytes, 0);
        range(problems, "transferBytesPerSecond", transferBytesPerSecond, 1_024);
        return problems;
    }

    private static void range(List<String> problems, String name, long value, long min) {
        if (value < min || value > 1L << 50) {
            problems.add(name + " " + value + " must be between " + min + " and " + (1L << 50));
        }
    }
}
