package dev.multipaxos.wire;

/**
 * A record of the runtime: this member has met another one, and from now on believes it only with the storage that it had
 * then. A member that comes back with an empty disk has forgotten its votes and must not pass for the one that gave them.
 *
 * <p>Written again now and then with what was seen of that storage since, so that an old copy of it is known for one. Of several
 * records the highest numbers count.
 *
 * @param node the other member
 * @param storageId its storage, not 0
 * @param bootCount the latest life of it that was seen; 0 if an earlier version wrote this
 * @param position the highest durable journal position of it that was seen; 0 if an earlier version wrote this
 */
public record Pinned(int node, long storageId, long bootCount, long position) implements RuntimeRecord {}
