package dev.multipaxos.testkit.explore;

import java.util.ArrayDeque;

/** States that wait for their turn, first in, first out, packed in about as many bytes as they have small numbers. */
final class Frontier {

    private static final int BLOCK_BYTES = 1 << 20;

    private final ArrayDeque<byte[]> blocks = new ArrayDeque<>();
    private int readAt;
    private int writeAt = BLOCK_BYTES;
    private long size;

    long size() {
        return size;
    }

    void add(int[] state, int length) {
        put(length);
        for (int i = 0; i < length; i++) {
            put(state[i]);
        }
        size++;
    }

    /** Takes the oldest state out; says how many numbers it has. */
    int take(int[] state) {
        int length = get();
        for (int i = 0; i < length; i++) {
            state[i] = get();
        }
        size--;
        return length;
    }

    private void put(int number) {
        int rest = number;
        while ((rest & ~0x7F) != 0) {
            putByte((byte) (rest | 0x80));
            rest >>>= 7;
        }
        putByte((byte) rest);
    }

    private void putByte(byte next) {
        if (writeAt == BLOCK_BYTES) {
            blocks.addLast(new byte[BLOCK_BYTES]);
            writeAt = 0;
        }
        blocks.getLast()[writeAt++] = next;
    }

    private int get() {
        int number = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = getByte();
            number |= (next & 0x7F) << shift;
            if (next >= 0) {
                return number;
            }
        }
    }

    private byte getByte() {
        byte next = blocks.getFirst()[readAt++];
        if (readAt == BLOCK_BYTES) {
            blocks.removeFirst();
            readAt = 0;
        }
        return next;
    }
}
