package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.examples.kv.KvCommand;

/**
 * Numbered writes whose traces can be told apart afterwards: each is a put on a key of its own, or an append of a word of its
 * own, with a blank at its end. Called from any thread.
 */
public interface Workload {

    /** {@return how many writes there are} */
    int size();

    /**
     * Makes a write.
     *
     * @param index its number, from 0; the same number makes the same write
     * @return a {@link KvCommand.Put} or a {@link KvCommand.Append}
     */
    KvCommand.Write write(int index);
}
