package dev.multipaxos.storage;

import java.util.Arrays;

/**
 * What {@link SlotIndex} knows of one group: for each block the slots in it, and for each segment what must be obsolete before
 * that can go. Blocks and segments are known by numbers that only rise. Guarded by the index.
 */
final class GroupIndex {

    // by block that holds slots of the group, in order
    int count;
    int[] block = new int[16];
    int[] bytes = new int[16];
    long[] slotFrom = new long[16];
    long[] slotTo = new long[16];

    // by segment that holds records of the group, in order
    private int segments;
    private int[] segment = new int[4];
    private long[] highestSlot = new long[4]; // 0 if it holds none
    private long[] slotlessEnd =
            new long[4]; // where the last record ends that touches no slot, a journal position, or 0

    /** Notes a record that touches slots. */
    void add(int inBlock, int length, long from, long to) {
        if (count == 0 || block[count - 1] != inBlock) {
            if (count == block.length) {
                block = Arrays.copyOf(block, 2 * count);
                bytes = Arrays.copyOf(bytes, 2 * count);
                slotFrom = Arrays.copyOf(slotFrom, 2 * count);
                slotTo = Arrays.copyOf(slotTo, 2 * count);
            }
            block[count] = inBlock;
            bytes[count] = 0;
            slotFrom[count] = from;
            slotTo[count] = to;
            count++;
        }
        bytes[count - 1] += length;
        slotFrom[count - 1] = Math.min(slotFrom[count - 1], from);
        slotTo[count - 1] = Math.max(slotTo[count - 1], to);
    }

    /**
     * Notes that a segment holds a record, or may hold one that is lost.
     *
     * @param inSegment the number of the segment
     * @param to the last slot that the record touches, 0 if it touches none
     * @param end where it ends, a journal position
     */
    void hold(int inSegment, long to, long end) {
        if (segments == 0 || segment[segments - 1] != inSegment) {
            if (segments == segment.length) {
                segment = Arrays.copyOf(segment, 2 * segments);
                highestSlot = Arrays.copyOf(highestSlot, 2 * segments);
                slotlessEnd = Arrays.copyOf(slotlessEnd, 2 * segments);
            }
            segment[segments] = inSegment;
            highestSlot[segments] = 0;
            slotlessEnd[segments] = 0;
            segments++;
        }
        if (to == 0) {
            slotlessEnd[segments - 1] = end;
        } else {
            highestSlot[segments - 1] = Math.max(highestSlot[segments - 1], to);
        }
    }

    /** {@return the number of the first segment that holds something not obsolete, or {@code none}} */
    int firstNeeded(TrimPoint point, int none) {
        for (int i = 0; i < segments; i++) {
            if (highestSlot[i] > point.upTo() || slotlessEnd[i] > point.restatedFrom()) {
                return segment[i];
            }
        }
        return none;
    }

    /** Forgets what is in front of a block, the first of a segment. {@return whether anything is left} */
    boolean dropBefore(int firstBlock, int firstSegment) {
        int gone = lowerBound(block, count, firstBlock);
        count -= gone;
        System.arraycopy(block, gone, block, 0, count);
        System.arraycopy(bytes, gone, bytes, 0, count);
        System.arraycopy(slotFrom, gone, slotFrom, 0, count);
        System.arraycopy(slotTo, gone, slotTo, 0, count);
        gone = lowerBound(segment, segments, firstSegment);
        segments -= gone;
        System.arraycopy(segment, gone, segment, 0, segments);
        System.arraycopy(highestSlot, gone, highestSlot, 0, segments);
        System.arraycopy(slotlessEnd, gone, slotlessEnd, 0, segments);
        return segments > 0;
    }

    private static int lowerBound(int[] sorted, int length, int wanted) {
        int found = Arrays.binarySearch(sorted, 0, length, wanted);
        return found < 0 ? -found - 1 : found;
    }
}
