package dev.multipaxos.examples.kv;

import dev.multipaxos.examples.kv.demo.Workload;

/**
 * Puts of large values to few keys, over and over: what was written is many times what is left.
 *
 * @param size how many
 * @param valueBytes how large each value is
 */
record Rewrites(int size, int valueBytes) implements Workload {
    static final int KEYS = 10;

    @Override
    public KvCommand.Write write(int index) {
        String begin = index + " ";
        return new KvCommand.Put("key/" + index % KEYS, begin + "x".repeat(valueBytes - begin.length()));
    }
}
