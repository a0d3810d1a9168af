package dev.multipaxos.runtime;

import dev.multipaxos.core.Value;

/** Executes chosen slots, one after the other. */
@FunctionalInterface
public interface SlotExecution {

    /**
     * Executes a slot.
     *
     * @param slot the slot, one more than that before
     * @param value its chosen value
     * @param outcomes is told how each command ended
     * @throws IllegalStateException if the value cannot be read or the state machine throws, naming slot and command
     */
    void execute(long slot, Value value, Outcomes outcomes);
}
