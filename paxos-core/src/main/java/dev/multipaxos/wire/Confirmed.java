package dev.multipaxos.wire;

/**
 * A record of the runtime: more than half of the other founders have this storage as this node's first on their disks. From now
 * on it may promise and vote, in all its lives.
 *
 * @param storageId the storage that lies around this record, not 0
 */
public record Confirmed(long storageId) implements RuntimeRecord {}
