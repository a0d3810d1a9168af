package dev.multipaxos.storage;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** What a batch says of each group it touches: the promised ballot at its end, and the range of slots. Reused, no garbage. */
final class GroupMarks {
    private int count;
    private int[] group = new int[8];
    private int[] promisedNode = new int[8];
    private long[] promisedRound = new long[8];
    private long[] slotFrom = new long[8];
    private long[] slotTo = new long[8];
    private int[] table = new int[16]; // open addressing: index + 1, or 0; at most half full

    int count() {
        return count;
    }

    int group(int index) {
        return group[index];
    }

    long promisedRound(int index) {
        return promisedRound[index];
    }

    int promisedNode(int index) {
        return promisedNode[index];
    }

    /** {@return the first slot touched, 0 if none is} */
    long slotFrom(int index) {
        return slotFrom[index];
    }

    /** {@return the last slot touched, 0 if none is} */
    long slotTo(int index) {
        return slotTo[index];
    }

    boolean contains(int wanted) {
        return table[place(wanted)] != 0;
    }

    /** Notes a record; slots 0 to 0 mean that it touches none. */
    void touch(int wanted, long round, int node, long from, long to) {
        int place = place(wanted);
        int index = table[place] - 1;
        if (index < 0) {
            if (count == group.length) {
                grow();
                place = place(wanted);
            }
            index = count++;
            table[place] = count;
            group[index] = wanted;
            slotFrom[index] = 0;
            slotTo[index] = 0;
        }
        promisedRound[index] = round;
        promisedNode[index] = node;
        if (to != 0) {
            slotFrom[index] = slotTo[index] == 0 ? from : Math.min(slotFrom[index], from);
            slotTo[index] = Math.max(slotTo[index], to);
        }
    }

    void clear() {
        count = 0;
        Arrays.fill(table, 0);
    }

    /** Writes the marks at the buffer's position. */
    void write(ByteBuffer buffer) {
        for (int i = 0; i < count; i++) {
            buffer.putInt(group[i]).putInt(promisedNode[i]).putLong(promisedRound[i]);
            buffer.putLong(slotFrom[i]).putLong(slotTo[i]);
        }
    }

    /** Reads back the marks of one batch. */
    void read(ByteBuffer buffer, int from, int marks) {
        clear();
        for (int i = 0; i < marks; i++) {
            int at = from + i * RecordLayout.MARK_BYTES;
            touch(
                    buffer.getInt(at),
                    buffer.getLong(at + 8),
                    buffer.getInt(at + 4),
                    buffer.getLong(at + 16),
                    buffer.getLong(at + 24));
        }
    }

    private int place(int wanted) {
        int place = (wanted * 0x9E3779B9) >>> (32 - Integer.numberOfTrailingZeros(table.length));
        while (table[place] != 0 && group[table[place] - 1] != wanted) {
            place = (place + 1) & (table.length - 1);
        }
        return place;
    }

    private void grow() {
        int size = 2 * group.length;
        group = Arrays.copyOf(group, size);
        promisedNode = Arrays.copyOf(promisedNode, size);
        promisedRound = Arrays.copyOf(promisedRound, size);
        slotFrom = Arrays.copyOf(slotFrom, size);
        slotTo = Arrays.copyOf(slotTo, size);
        table = new int[2 * size];
        for (int i = 0; i < count; i++) {
            table[place(group[i])] = i + 1;
        }
    }
}
