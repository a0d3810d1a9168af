package dev.multipaxos.wire;

/**
 * A record of the runtime: this member has met another one, and from now on believes it only with the storage that it had
 * then. A member that comes back with an empty disk has forgotten its votes and must not pass for the one that gave them.
 *
 * @param node the other member
 * @param storageId its storage, not 0
 */
public record Pinned(int node, long storageId) {}
