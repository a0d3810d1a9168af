package dev.multipaxos;

import java.util.ArrayList;
import java.util.List;

/**
 * The bounds that a node runs with: nothing in it grows without one. Change one with the {@code with} methods; {@link
 * PaxosNode.Builder#start} checks all rules at once.
 *
 * <p>{@code alpha}, {@code valueBytes} and {@code frameBytes} belong to the cluster's foundation: they are the same on every
 * member and never change.
 *
 * @param alpha how many slots may be open at once; more hides latency, fewer bounds what an election has to merge
 * @param ring how many slots are kept in memory, at least 2 × alpha; more helps members that lag, each costs what it holds
 * @param batchBytes a batch is closed when it has this many bytes; larger means fewer slots under load, and a longer wait for
 *     the first command in it
 * @param valueBytes the largest command, encoded, in bytes
 * @param frameBytes the largest frame between nodes or clients, in bytes; must hold the largest batch and 4 KiB besides
 * @param pendingCalls how many calls may wait at this node, its clients' included; one more is {@link
 *     PaxosException.Overloaded}
 * @param memoryBytes how many bytes of payload a node may hold altogether; the shares of it are {@link #pendingBytes}, {@link
 *     #arrivingBytes}, {@link #inFlightBytes}, {@link #retainedBytes}, and the answers that are remembered. More: longer bursts are
 *     taken, and members that lag are served from memory for longer. Less: calls are refused and frames dropped earlier
 */
public record Limits(
        int alpha, int ring, int batchBytes, int valueBytes, int frameBytes, int pendingCalls, long memoryBytes) {

    /**
     * How far, in sequence numbers, a session's newest command may be ahead of its oldest open one. It is part of what is
     * replicated, the same on every member, and so no setting.
     */
    public static final int SESSION_WINDOW = 4_096;

    /**
     * How many sessions a cluster keeps; when one more is opened, the one that was idle longest goes. It is part of what is
     * replicated, the same on every member, and so no setting.
     */
    public static final int SESSIONS_MAX = 16_384;

    /**
     * How many bytes the answers that are remembered for clients may have, those of all sessions together, each with 64 bytes
     * besides; when they are more, the session that holds most of them goes, and its client sees {@link
     * PaxosException.SessionExpired}. It is part of what is replicated, the same on every member, and so no setting.
     */
    public static final long SESSION_ANSWERS_BYTES_MAX = 32L << 20;

    /** A snapshot that is written keeps the answers of its slot: they may be held twice. */
    private static final long ANSWERS_SHARE_BYTES = 2 * SESSION_ANSWERS_BYTES_MAX;

    /** Into so many parts is divided what the answers leave. */
    private static final int PARTS = 7;

    /** What a frame or a batch needs besides the bytes of its largest command. */
    static final int FRAME_OVERHEAD_BYTES = 4_096;

    /** {@return the limits that a node has when it is not told otherwise} */
    public static Limits defaults() {
        return new Limits(1_024, 2_048, 64 << 10, 1 << 20, 4 << 20, 65_536, 256L << 20);
    }

    /**
     * Changes how many slots may be open, and the ring to twice as many if it is too small.
     *
     * @param changed the new window, in slots
     * @return the changed copy
     */
    public Limits withAlpha(int changed) {
        int fitting = (int) Math.min(Integer.MAX_VALUE, Math.max(ring, 2L * changed));
        return new Limits(changed, fitting, batchBytes, valueBytes, frameBytes, pendingCalls, memoryBytes);
    }

    /**
     * Changes how many slots are kept in memory.
     *
     * @param changed the new ring, in slots
     * @return the changed copy
     */
    public Limits withRing(int changed) {
        return new Limits(alpha, changed, batchBytes, valueBytes, frameBytes, pendingCalls, memoryBytes);
    }

    /**
     * Changes the size at which a batch is closed.
     *
     * @param changed the new size, in bytes
     * @return the changed copy
     */
    public Limits withBatchBytes(int changed) {
        return new Limits(alpha, ring, changed, valueBytes, frameBytes, pendingCalls, memoryBytes);
    }

    /**
     * Changes the largest command.
     *
     * @param changed its new size, in bytes
     * @return the changed copy
     */
    public Limits withValueBytes(int changed) {
        return new Limits(alpha, ring, batchBytes, changed, frameBytes, pendingCalls, memoryBytes);
    }

    /**
     * Changes the largest frame.
     *
     * @param changed its new size, in bytes
     * @return the changed copy
     */
    public Limits withFrameBytes(int changed) {
        return new Limits(alpha, ring, batchBytes, valueBytes, changed, pendingCalls, memoryBytes);
    }

    /**
     * Changes how many calls may wait.
     *
     * @param changed the new number of calls
     * @return the changed copy
     */
    public Limits withPendingCalls(int changed) {
        return new Limits(alpha, ring, batchBytes, valueBytes, frameBytes, changed, memoryBytes);
    }

    /**
     * Changes how much a node may hold altogether.
     *
     * @param changed the new number of bytes
     * @return the changed copy
     */
    public Limits withMemoryBytes(long changed) {
        return new Limits(alpha, ring, batchBytes, valueBytes, frameBytes, pendingCalls, changed);
    }

    /** {@return how many bytes of commands and queries may wait at this node} */
    public long pendingBytes() {
        return parts(2);
    }

    /** {@return how many bytes of frames that arrive, and of answers that leave, may wait for the event loop} */
    public long arrivingBytes() {
        return parts(2);
    }

    /** {@return how many bytes a leader may have proposed that are not chosen yet} */
    public long inFlightBytes() {
        return parts(1);
    }

    /**
     * {@return how many bytes of chosen and executed slots stay in memory for members that lag; older ones are read from the
     * journal}
     */
    public long retainedBytes() {
        return parts(2);
    }

    private long parts(int count) {
        return Math.max(0, memoryBytes - ANSWERS_SHARE_BYTES) / PARTS * count;
    }

    /**
     * Finds everything that is wrong.
     *
     * @return one sentence each; empty if all is well
     */
    public List<String> problems() {
        List<String> problems = new ArrayList<>();
        range(problems, "alpha", alpha, 1, 1 << 16);
        range(problems, "ring", ring, 2, 1 << 20);
        range(problems, "batchBytes", batchBytes, 1_024, 16 << 20);
        range(problems, "valueBytes", valueBytes, 1, 64 << 20);
        range(problems, "frameBytes", frameBytes, 16 << 10, 128 << 20);
        range(problems, "pendingCalls", pendingCalls, 1, 1 << 24);
        range(problems, "memoryBytes", memoryBytes, ANSWERS_SHARE_BYTES + PARTS, 1L << 40);
        if (ring < 2L * alpha) {
            problems.add("ring " + ring + " must be at least 2 × alpha (" + 2L * alpha + ")");
        }
        if (valueBytes + (long) FRAME_OVERHEAD_BYTES > frameBytes) {
            problems.add("frameBytes " + frameBytes + " must hold the largest value, " + valueBytes + " bytes, and "
                    + FRAME_OVERHEAD_BYTES
                    + " bytes besides: an entry too large for a frame would block every election");
        }
        if (batchBytes + (long) FRAME_OVERHEAD_BYTES > frameBytes) {
            problems.add("frameBytes " + frameBytes + " must hold a batch of " + batchBytes + " bytes and "
                    + FRAME_OVERHEAD_BYTES + " bytes besides");
        }
        long slotBytes = Math.max(valueBytes, batchBytes) + (long) FRAME_OVERHEAD_BYTES;
        fits(problems, pendingBytes(), "commands that wait", "the largest value", valueBytes);
        fits(problems, inFlightBytes(), "slots in flight", "the largest slot", slotBytes);
        fits(problems, arrivingBytes() / 4, "a client's frames that arrive", "the largest frame", frameBytes);
        return problems;
    }

    private void fits(List<String> problems, long share, String holder, String largest, long bytes) {
        if (bytes > share) {
            problems.add("memoryBytes " + memoryBytes + " leaves " + share + " bytes for " + holder + "; " + largest
                    + " has " + bytes);
        }
    }

    private static void range(List<String> problems, String name, long value, long min, long max) {
        if (value < min || value > max) {
            problems.add(name + " " + value + " must be between " + min + " and " + max);
        }
    }
}
