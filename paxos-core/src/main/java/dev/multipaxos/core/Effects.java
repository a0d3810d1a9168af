package dev.multipaxos.core;

/**
 * What a {@link Replica} wants done. Called during a step, in order; an implementation must not call the replica back from
 * inside one of these methods.
 */
public interface Effects {

    /**
     * Sends a message. A {@link Message.Binding} leaves only when every record appended before is durable; any other leaves
     * at once.
     *
     * @param to the receiver; a message to the replica itself comes back as {@link Input.Received}
     * @param message what to say
     */
    void send(int to, Message message);

    /**
     * Writes a record behind all earlier ones. It need not be durable before something waits for it.
     *
     * @param record the record
     */
    void append(Record record);

    /**
     * A slot is chosen and it is its turn: slots come 1, 2, 3 … with no gap. Answered, in time, by {@link Input.Executed}.
     *
     * @param slot the slot
     * @param value the chosen value
     */
    void execute(long slot, Value value);

    /**
     * A read may run as soon as the state machine has executed this slot.
     *
     * @param token the read
     * @param slot the slot
     */
    void readReady(long token, long slot);

    /**
     * A read cannot be served here: this replica does not lead, or stopped to lead before it knew.
     *
     * @param token the read
     */
    void readRefused(long token);

    /**
     * A peer wants chosen values that are no longer in memory. Answered by {@link Input.LogRead}, or not at all; the peer
     * asks again.
     *
     * @param to the peer
     * @param fromSlot the first slot wanted
     * @param toSlot the last slot wanted; all of them are chosen
     * @param maxBytes about how many payload bytes fit into the answer; at least one value is sent whatever its size
     */
    void readLog(int to, long fromSlot, long toSlot, int maxBytes);
}
