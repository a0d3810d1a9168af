package dev.multipaxos.core;

/** What a replica knows of a slot. */
public enum SlotState {
    /** Nothing. */
    EMPTY,
    /** It voted for a value. */
    ACCEPTED,
    /** It knows the chosen value. */
    CHOSEN,
    /** Chosen, executed and held by every member; gone from memory. */
    CLEARED
}
