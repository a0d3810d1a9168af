package dev.multipaxos.testkit.explore;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The states seen so far, each as a hash of 64 bits with that of the state it was first reached from. Two of <i>n</i> states have the
 * same hash, so that one is not explored, with a probability of about n² / 2⁶⁵: 3 in a million for ten million states.
 */
final class Visited {

    private static final int SEGMENTS = 256; // so that only a small part is copied when one has to grow

    private final long[][] hashes = new long[SEGMENTS][512]; // 0: free
    private final long[][] parents = new long[SEGMENTS][512];
    private final int[] sizes = new int[SEGMENTS];
    private long size;

    long size() {
        return size;
    }

    /** Adds a state; says whether it is new. */
    boolean add(long hash, long parent) {
        int segment = (int) (hash >>> 56);
        int at = find(hashes[segment], hash);
        if (hashes[segment][at] == hash) {
            return false;
        }
        if (sizes[segment] * 5L >= hashes[segment].length * 4L) {
            grow(segment);
            at = find(hashes[segment], hash);
        }
        hashes[segment][at] = hash;
        parents[segment][at] = parent;
        sizes[segment]++;
        size++;
        return true;
    }

    /** {@return the hashes of the states on the way to this one, the first state first} */
    List<Long> path(long hash) {
        List<Long> path = new ArrayList<>();
        for (long at = hash; at != 0; ) {
            path.add(at);
            int segment = (int) (at >>> 56);
            at = parents[segment][find(hashes[segment], at)];
        }
        Collections.reverse(path);
        return path;
    }

    private static int find(long[] table, long hash) {
        int at = (int) Math.multiplyHigh((hash << 8) >>> 1, (long) table.length << 1);
        while (table[at] != 0 && table[at] != hash) {
            at = at + 1 == table.length ? 0 : at + 1;
        }
        return at;
    }

    private void grow(int segment) {
        long[] oldHashes = hashes[segment];
        long[] oldParents = parents[segment];
        int length = oldHashes.length + oldHashes.length / 2;
        hashes[segment] = new long[length];
        parents[segment] = new long[length];
        for (int i = 0; i < oldHashes.length; i++) {
            if (oldHashes[i] != 0) {
                int at = find(hashes[segment], oldHashes[i]);
                hashes[segment][at] = oldHashes[i];
                parents[segment][at] = oldParents[i];
            }
        }
    }

    /** A hash of a state, never 0. */
    static long hash(int[] state, int length) {
        long hash = 0x9E3779B97F4A7C15L ^ length;
        for (int i = 0; i < length; i++) {
            hash = mix(hash ^ state[i]) + 0x9E3779B97F4A7C15L;
        }
        return hash == 0 ? 1 : hash;
    }

    /** The finalizer of Stafford's variant 13, a bijection. */
    static long mix(long bits) {
        long mixed = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
