package dev.multipaxos.core;

import java.util.List;

/** What may happen to a {@link Replica}. */
public sealed interface Input {

    /**
     * A message arrived, perhaps from the replica itself.
     *
     * @param from the node that sent it
     * @param message what it says
     */
    record Received(int from, Message message) implements Input {}

    /** One tick of the clock passed. */
    record Tick() implements Input {}

    /**
     * The application wants this value in the log. Only while {@link Replica#openSlots} is positive.
     *
     * @param value the value
     */
    record Propose(Value value) implements Input {}

    /**
     * The state machine has executed every slot up to this one.
     *
     * @param slot the last slot executed
     */
    record Executed(long slot) implements Input {}

    /**
     * A linearizable read wants to know after which slot it may run; answered by {@link Effects#readReady} or {@link
     * Effects#readRefused}.
     *
     * @param token the caller's name for the read
     */
    record Read(long token) implements Input {}

    /**
     * What {@link Effects#readLog} asked for.
     *
     * @param to the node that wants the values
     * @param fromSlot the slot of the first value
     * @param values chosen values of consecutive slots
     */
    record LogRead(int to, long fromSlot, List<Value> values) implements Input {
        /** Freezes the list. */
        public LogRead {
            values = List.copyOf(values);
        }
    }

    /**
     * A snapshot of the state machine came from another member. It is durable, and the state machine has been set to it.
     *
     * @param upTo the last slot whose effects are in it
     */
    record Installed(long upTo) implements Input {}

    /**
     * A snapshot that this node took of its own state machine is durable.
     *
     * @param upTo the last slot whose effects are in it
     */
    record Snapshotted(long upTo) implements Input {}

    /**
     * Whether this node may campaign and lead; it may until told otherwise. A node that may not, because its disk is nearly
     * full, say, gives leadership up at once, and goes on to vote, to promise and to answer. A restart forgets it.
     *
     * @param may whether it may
     */
    record MayLead(boolean may) implements Input {}

    /**
     * The time, which the other inputs of a turn come behind: each of them had happened by then. Only leases need it.
     *
     * @param nanos nanoseconds since this node was started, on its own clock, which never goes back
     */
    record Now(long nanos) implements Input {}

    /**
     * An earlier life of this node may have granted leases: it promises nothing for so long, from now.
     *
     * @param nanos their length
     */
    record AwaitLeases(long nanos) implements Input {}

    /**
     * The disk says that this node may have granted leases, so it may.
     *
     * @param nanosMax their length at most
     */
    record MayGrantLeases(long nanosMax) implements Input {}
}
