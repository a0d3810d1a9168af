package dev.multipaxos.storage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the durable records of a group's slots are, coarsely: for each block of about 64 KiB of the journal and each group in
 * it, the lowest and the highest slot; and what each segment holds of each group, so that trimming need not read it. Primitives
 * in arrays: a journal of a gigabyte costs about half a megabyte.
 *
 * <p>The storage thread adds and drops, the reading thread looks up.
 */
final class SlotIndex {
    static final int BLOCK_BYTES = 64 * 1024;

    private final List<Segment> segments = new ArrayList<>();
    private int segmentsGone; // the number of the first segment
    private final Map<Integer, GroupIndex> groups = new HashMap<>();

    // by block
    private int blocks;
    private int blocksGone; // the number of the first block
    private int[] segment = new int[64];
    private int[] start = new int[64];
    private int[] end = new int[64];
    private int[] crcBefore = new int[64];

    /** A part of a segment that begins and ends with a record; and which slots of the group may be in it. */
    record Block(Segment segment, int start, int end, int crcBefore, long slotFrom, long slotTo) {}

    /**
     * What to read.
     *
     * @param blocks the blocks, in journal order
     * @param slotTo the last slot of which these are all blocks
     */
    record Selection(List<Block> blocks, long slotTo) {}

    /** Begins a segment: what is added from now on is in it. */
    synchronized void add(Segment next) {
        segments.add(next);
    }

    /** Adds the record that follows the one added last, in the segment added last. */
    synchronized void add(int offset, int length, int previousCrc, ByteBuffer buffer, int at) {
        extend(offset, offset + length, previousCrc);
        if (buffer.getShort(at + RecordLayout.FLAGS) == RecordLayout.OWN) {
            return;
        }
        long from = buffer.getLong(at + RecordLayout.SLOT_FROM);
        long to = buffer.getLong(at + RecordLayout.SLOT_TO);
        touch(buffer.getInt(at + RecordLayout.GROUP), offset + length, length, from, to);
    }

    /** Adds what is lost behind what was added last: whoever looks for these slots must find that they are not there. */
    synchronized void addDamaged(int offset, int offsetEnd, GroupMarks lost) {
        extend(offset, offsetEnd, 0);
        for (int i = 0; i < lost.count(); i++) {
            touch(lost.group(i), offsetEnd, 0, lost.slotFrom(i), lost.slotTo(i));
        }
    }

    private void touch(int inGroup, int offsetEnd, int length, long from, long to) {
        GroupIndex group = groups.computeIfAbsent(inGroup, none -> new GroupIndex());
        Segment file = segments.get(segments.size() - 1);
        group.hold(segmentsGone + segments.size() - 1, to, file.position(offsetEnd));
        if (to != 0) {
            group.add(blocksGone + blocks - 1, length, from, to);
        }
    }

    private void extend(int offset, int offsetEnd, int previousCrc) {
        int current = segmentsGone + segments.size() - 1;
        if (blocks == 0 || segment[blocks - 1] != current || offset - start[blocks - 1] >= BLOCK_BYTES) {
            if (blocks == segment.length) {
                segment = Arrays.copyOf(segment, 2 * blocks);
                start = Arrays.copyOf(start, 2 * blocks);
                end = Arrays.copyOf(end, 2 * blocks);
                crcBefore = Arrays.copyOf(crcBefore, 2 * blocks);
            }
            segment[blocks] = current;
            start[blocks] = offset;
            crcBefore[blocks] = previousCrc;
            blocks++;
        }
        end[blocks - 1] = offsetEnd;
    }

    /**
     * Finds the blocks to read for some slots. A slot may be in several, far from each other: so slots are taken one by one,
     * from the first, each with all its blocks, until the blocks hold enough.
     *
     * @param group the group
     * @param from the first slot
     * @param to the last slot
     * @param maxBytes how much is enough; the blocks of the first slot are always taken
     * @return the blocks and the last slot that they hold
     */
    synchronized Selection find(int group, long from, long to, long maxBytes) {
        GroupIndex entries = groups.get(group);
        if (entries == null) {
            return new Selection(List.of(), to);
        }
        List<Integer> candidates = new ArrayList<>();
        for (int i = 0; i < entries.count; i++) {
            if (entries.slotFrom[i] <= to && entries.slotTo[i] >= from) {
                candidates.add(i);
            }
        }
        List<Integer> bySlot = new ArrayList<>(candidates);
        bySlot.sort((a, b) -> Long.compare(entries.slotFrom[a], entries.slotFrom[b]));
        long last = to;
        long first = bySlot.isEmpty() ? from : Math.max(from, entries.slotFrom[bySlot.get(0)]);
        long bytes = 0;
        for (int i : bySlot) {
            if (bytes >= maxBytes && entries.slotFrom[i] > first) {
                last = entries.slotFrom[i] - 1;
                break;
            }
            bytes += entries.bytes[i];
        }
        List<Block> selected = new ArrayList<>();
        for (int i : candidates) {
            if (entries.slotFrom[i] <= last) {
                int block = entries.block[i] - blocksGone;
                Segment file = segments.get(segment[block] - segmentsGone);
                selected.add(new Block(
                        file, start[block], end[block], crcBefore[block], entries.slotFrom[i], entries.slotTo[i]));
            }
        }
        return new Selection(selected, last);
    }

    /**
     * Finds out how much is obsolete. The last segment, which is being written, never is.
     *
     * @param points how far each group is
     * @param below a journal position; what reaches beyond it stays
     * @return how many segments, from the oldest on
     */
    synchronized int obsolete(Map<Integer, TrimPoint> points, long below) {
        int needed = segmentsGone + segments.size() - 1;
        for (Map.Entry<Integer, GroupIndex> group : groups.entrySet()) {
            TrimPoint point = points.getOrDefault(group.getKey(), TrimPoint.NONE);
            needed = Math.min(needed, group.getValue().firstNeeded(point, needed));
        }
        int count = needed - segmentsGone;
        while (count > 0 && segment(count).header.logicalStart() > below) {
            count--;
        }
        return count;
    }

    /** {@return a segment, the oldest being 0} */
    synchronized Segment segment(int number) {
        return segments.get(number);
    }

    synchronized boolean holds(Segment wanted) {
        return segments.contains(wanted);
    }

    /** Forgets the oldest segments. {@return them} */
    synchronized List<Segment> drop(int count) {
        List<Segment> oldest = segments.subList(0, count);
        List<Segment> dropped = List.copyOf(oldest);
        oldest.clear();
        segmentsGone += count;
        int gone = 0;
        while (gone < blocks && segment[gone] < segmentsGone) {
            gone++;
        }
        blocks -= gone;
        blocksGone += gone;
        System.arraycopy(segment, gone, segment, 0, blocks);
        System.arraycopy(start, gone, start, 0, blocks);
        System.arraycopy(end, gone, end, 0, blocks);
        System.arraycopy(crcBefore, gone, crcBefore, 0, blocks);
        groups.values().removeIf(group -> !group.dropBefore(blocksGone, segmentsGone));
        return dropped;
    }
}
