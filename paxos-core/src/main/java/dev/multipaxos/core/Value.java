package dev.multipaxos.core;

import dev.multipaxos.bytes.Bytes;

/** What a slot holds. Equal by content: two nodes that hold the same value hold equal values. */
public sealed interface Value {

    /** Fills a slot about which nobody proposed anything that may have been chosen. */
    NoOp NO_OP = new NoOp();

    /** {@return the number of payload bytes, for budgets} */
    int bytes();

    /** Nothing is executed. */
    record NoOp() implements Value {
        @Override
        public int bytes() {
            return 0;
        }
    }

    /**
     * The commands of one slot.
     *
     * @param stampMillis the leader's wall clock when it closed the batch, in milliseconds since 1970; log time is computed
     *     from it at execution ({@code docs/protocol.md} §7)
     * @param commands the encoded commands, opaque here, the same bytes in every frame and on every disk
     */
    record Batch(long stampMillis, Bytes commands) implements Value {
        @Override
        public int bytes() {
            return commands.length();
        }
    }
}
