package dev.multipaxos.wire;

/**
 * A record of the runtime: from now on this node may grant leases up to this length, and none that it granted before lasts; so after a
 * restart it promises nothing for so long. The last one counts.
 *
 * @param nanos the length, in nanoseconds; 0: it grants none
 */
public record LeaseLimit(long nanos) implements RuntimeRecord {}
