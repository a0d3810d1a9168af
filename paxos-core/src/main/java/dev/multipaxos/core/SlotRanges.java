package dev.multipaxos.core;

import java.util.Arrays;
import java.util.function.LongConsumer;

/** An immutable set of slots, kept as disjoint ranges in ascending order; equal by content. */
public final class SlotRanges {

    /** No slot. */
    public static final SlotRanges EMPTY = new SlotRanges(new long[0]);

    private final long[] bounds; // first, last, first, last, …; ascending, no two ranges touch

    private SlotRanges(long[] bounds) {
        this.bounds = bounds;
    }

    /**
     * Makes one range.
     *
     * @param first its first slot
     * @param last its last slot, not below the first
     * @return the range
     */
    public static SlotRanges of(long first, long last) {
        if (last < first) {
            throw new IllegalArgumentException("range " + first + ".." + last + " ends before it begins");
        }
        return new SlotRanges(new long[] {first, last});
    }

    /**
     * Adds a range.
     *
     * @param first its first slot
     * @param last its last slot, not below the first
     * @return the union
     */
    public SlotRanges with(long first, long last) {
        if (last < first) {
            throw new IllegalArgumentException("range " + first + ".." + last + " ends before it begins");
        }
        long[] merged = new long[bounds.length + 2];
        int n = 0;
        int i = 0;
        long from = first;
        long to = last;
        for (; i < bounds.length && bounds[i + 1] < from - 1; i += 2) {
            merged[n++] = bounds[i];
            merged[n++] = bounds[i + 1];
        }
        for (; i < bounds.length && (to == Long.MAX_VALUE || bounds[i] <= to + 1); i += 2) {
            from = Math.min(from, bounds[i]);
            to = Math.max(to, bounds[i + 1]);
        }
        merged[n++] = from;
        merged[n++] = to;
        for (; i < bounds.length; i += 2) {
            merged[n++] = bounds[i];
            merged[n++] = bounds[i + 1];
        }
        return new SlotRanges(n == merged.length ? merged : Arrays.copyOf(merged, n));
    }

    /**
     * Tells whether every slot of a range is in the set.
     *
     * @param first the first slot
     * @param last the last slot; true if it is below the first
     * @return whether all are in
     */
    public boolean containsAll(long first, long last) {
        return last < first || last <= lastFrom(first);
    }

    /**
     * Finds how far the set goes on from a slot without a gap.
     *
     * @param first the slot
     * @return the last slot of its range; the one before it if it is not in the set
     */
    public long lastFrom(long first) {
        for (int i = 0; i < bounds.length; i += 2) {
            if (bounds[i] <= first && first <= bounds[i + 1]) {
                return bounds[i + 1];
            }
        }
        return first - 1;
    }

    /** {@return whether no slot is in the set} */
    public boolean isEmpty() {
        return bounds.length == 0;
    }

    /** {@return the number of ranges} */
    public int count() {
        return bounds.length / 2;
    }

    /**
     * Reads a range.
     *
     * @param range its index, from 0
     * @return its first slot
     */
    public long first(int range) {
        return bounds[2 * range];
    }

    /**
     * Reads a range.
     *
     * @param range its index, from 0
     * @return its last slot
     */
    public long last(int range) {
        return bounds[2 * range + 1];
    }

    /**
     * Visits the slots of the set that lie in a range, ascending.
     *
     * @param from the first slot that matters
     * @param to the last slot that matters
     * @param visitor called once a slot
     */
    public void forEachWithin(long from, long to, LongConsumer visitor) {
        for (int i = 0; i < bounds.length; i += 2) {
            long last = Math.min(bounds[i + 1], to);
            for (long slot = Math.max(bounds[i], from); slot <= last; slot++) {
                visitor.accept(slot);
            }
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SlotRanges that && Arrays.equals(bounds, that.bounds);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bounds);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < bounds.length; i += 2) {
            text.append(i == 0 ? "" : ",").append(bounds[i]);
            if (bounds[i + 1] == Long.MAX_VALUE) {
                text.append("..");
            } else if (bounds[i + 1] != bounds[i]) {
                text.append("..").append(bounds[i + 1]);
            }
        }
        return text.isEmpty() ? "none" : text.toString();
    }
}
