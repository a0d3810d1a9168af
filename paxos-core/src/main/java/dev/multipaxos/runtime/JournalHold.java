package dev.multipaxos.runtime;

import dev.multipaxos.Retention;
import java.util.ArrayDeque;

/**
 * How much of the journal is held for members that are being sent a snapshot. Behind one that lives but is slower than the log
 * grows it would else grow for ever. Whoever is let go of gets a newer snapshot, so the bound is wide: it is met only by who
 * would hardly ever catch up. Owned by the event loop.
 */
final class JournalHold {

    /** So many times what a trim usually leaves is held, */
    private static final int TRIMS = 8;

    /** or so many times the bytes of the snapshot, if that is more: the log may grow faster than it is sent, a few times. */
    private static final int SNAPSHOTS = 4;

    private static final int MARKS = 16; // within the smallest bound

    /** What lies above a slot lies behind a journal position. */
    private record Mark(long slot, long position) {}

    private final boolean isBounded;
    private final long usualBytesMax;
    private final ArrayDeque<Mark> marks = new ArrayDeque<>(); // ascending
    private long lowest;

    /** With snapshots on demand only the application bounds the journal, and this does not. */
    JournalHold(Retention retention) {
        isBounded = retention.snapshotEveryBytes() > 0;
        usualBytesMax = TRIMS * (retention.snapshotEveryBytes() + retention.keepBytes());
    }

    /** Something stands for the slots up to this one; what follows them lies behind this journal position. */
    void passed(long slot, long position) {
        Mark last = marks.peekLast();
        if (last == null || (slot > last.slot() && position - last.position() >= usualBytesMax / MARKS)) {
            marks.add(new Mark(slot, position));
        }
    }

    /**
     * {@return the lowest slot for which the journal is held; whoever needs a lower one is let go of}
     *
     * @param position the end of the journal
     * @param snapshotBytes the size of a snapshot
     */
    long lowest(long position, long snapshotBytes) {
        long bytesMax = Math.max(usualBytesMax, SNAPSHOTS * snapshotBytes);
        while (isBounded && !marks.isEmpty() && position - marks.element().position() > bytesMax) {
            lowest = marks.remove().slot() + 1;
        }
        return lowest;
    }
}
