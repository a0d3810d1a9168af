package dev.multipaxos.wire;

/** What a member writes down besides what its acceptor does. The protocol knows nothing of it; it touches no slot. */
public sealed interface RuntimeRecord permits Pinned, Confirmed, LeaseLimit {}
