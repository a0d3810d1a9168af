package dev.multipaxos.testkit.explore;

/** From long to int, without boxes: open addressing, linear probing. Values are not negative; nothing is ever taken out. */
final class LongIntMap {

    private long[] keys = new long[1 << 12];
    private int[] values = new int[1 << 12]; // plus 1; 0 where there is nothing
    private int size;

    /** {@return the value, or -1} */
    int get(long key) {
        for (int at = place(key, keys.length); values[at] != 0; at = (at + 1) & (keys.length - 1)) {
            if (keys[at] == key) {
                return values[at] - 1;
            }
        }
        return -1;
    }

    /** Puts a value under a key that has none. */
    void put(long key, int value) {
        if (++size > keys.length / 2) {
            grow();
        }
        insert(key, value + 1);
    }

    int size() {
        return size;
    }

    private void insert(long key, int stored) {
        int at = place(key, keys.length);
        while (values[at] != 0) {
            at = (at + 1) & (keys.length - 1);
        }
        keys[at] = key;
        values[at] = stored;
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new int[oldKeys.length * 2];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldValues[i] != 0) {
                insert(oldKeys[i], oldValues[i]);
            }
        }
    }

    private static int place(long key, int length) {
        return (int) (Visited.mix(key) >>> 20) & (length - 1);
    }
}
