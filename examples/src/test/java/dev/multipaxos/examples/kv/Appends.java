package dev.multipaxos.examples.kv;

import dev.multipaxos.examples.kv.demo.Workload;

/**
 * Appends of words that occur once each: one that is lost or comes twice shows.
 *
 * @param size how many
 */
record Appends(int size) implements Workload {
    private static final int WORDS_PER_KEY = 64;

    @Override
    public KvCommand.Write write(int index) {
        return new KvCommand.Append("list/" + index / WORDS_PER_KEY, "w" + index + " ");
    }
}
