package dev.multipaxos.storage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the durable records of a group's slots are, coarsely: for each block of about 64 KiB of the journal and each group in
 * it, the lowest and the highest slot. Primitives in arrays: a journal of a gigabyte costs about half a megabyte.
 *
 * <p>The storage thread adds, the reading thread looks up.
 */
final class SlotIndex {
    static final int BLOCK_BYTES = 64 * 1024;

    private final List<Segment> segments = new ArrayList<>();
    private final Map<Integer, Entries> groups = new HashMap<>();

    // by block
    private int blocks;
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

    private static final class Entries {
        private int count;
        private int[] block = new int[16];
        private int[] bytes = new int[16];
        private long[] slotFrom = new long[16];
        private long[] slotTo = new long[16];

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
    }

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
        long to = buffer.getLong(at + RecordLayout.SLOT_TO);
        if (to != 0) {
            groups.computeIfAbsent(buffer.getInt(at + RecordLayout.GROUP), group -> new Entries())
                    .add(blocks - 1, length, buffer.getLong(at + RecordLayout.SLOT_FROM), to);
        }
    }

    /** Adds what is lost behind what was added last: whoever looks for these slots must find that they are not there. */
    synchronized void addDamaged(int offset, int offsetEnd, GroupMarks lost) {
        extend(offset, offsetEnd, 0);
        for (int i = 0; i < lost.count(); i++) {
            if (lost.slotTo(i) != 0) {
                groups.computeIfAbsent(lost.group(i), group -> new Entries())
                        .add(blocks - 1, 0, lost.slotFrom(i), lost.slotTo(i));
            }
        }
    }

    private void extend(int offset, int offsetEnd, int previousCrc) {
        int current = segments.size() - 1;
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
        Entries entries = groups.get(group);
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
                int block = entries.block[i];
                selected.add(new Block(
                        segments.get(segment[block]),
                        start[block],
                        end[block],
                        crcBefore[block],
                        entries.slotFrom[i],
                        entries.slotTo[i]));
            }
        }
        return new Selection(selected, last);
    }
}
