package dev.multipaxos.runtime;

import dev.multipaxos.wire.Pinned;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a peer's storage: that it is the peer's, and how far it has come. Its boot count rises with every life and its
 * durable position never falls, so a storage that begins a life below what was seen of it has lost something that its node has
 * answered for. Thread-safe.
 */
final class KnownStorage {

    /** What a peer has written since this was last noted down, in bytes, is forgotten if this node restarts. */
    static final long NOTED_EVERY_BYTES = 1 << 20;

    private final int node;
    private final long storageId;

    // guarded by this
    private boolean durable; // this node's disk knows the storage
    private long bootCount; // the latest life that was seen
    private long lifeId; // of that life; 0 if it is not known
    private long position; // the highest that was seen, in whatever life
    private long positionBefore; // the highest that was seen before the latest life: what it cannot have begun below
    private boolean noted; // somebody was told to write it down
    private long notedBootCount;
    private long notedPosition;

    KnownStorage(int node, long storageId) {
        this.node = node;
        this.storageId = storageId;
    }

    long storageId() {
        return storageId;
    }

    synchronized boolean isDurable() {
        return durable;
    }

    /** It is on this node's disk. */
    synchronized void noted(Pinned pinned) {
        durable = true;
        noted = true;
        notedBootCount = Math.max(notedBootCount, pinned.bootCount());
        notedPosition = Math.max(notedPosition, pinned.position());
        bootCount = Math.max(bootCount, pinned.bootCount());
        position = Math.max(position, pinned.position());
    }

    /**
     * A life of it says how it stands. What is compared is a life with earlier ones: within one there are several connections, and
     * a greeting may be older than what was seen meanwhile.
     *
     * @param life which
     * @param id another number in every life, or 0: two lives that are counted alike are those of a storage and a copy
     * @param at its durable position
     * @return null if that can be; else what this node has seen of it
     */
    synchronized @Nullable String problem(long life, long id, long at) {
        if (life < bootCount) {
            return "its life " + bootCount + ", and this is life " + life;
        }
        if (life == bootCount && lifeId != 0 && id != 0 && id != lifeId) {
            return "another life " + life;
        }
        long least = life == bootCount ? positionBefore : position;
        if (at < least) {
            return "position " + least + " of its journal, which now ends at " + at;
        }
        if (life > bootCount) {
            bootCount = life;
            positionBefore = position;
            lifeId = id;
        }
        if (lifeId == 0) {
            lifeId = id;
        }
        position = Math.max(position, at);
        return null;
    }

    /** A frame of it says how far it is. */
    synchronized void seen(long at) {
        position = Math.max(position, at);
    }

    /** {@return what should be written down now; null if that is not worth a record} */
    synchronized @Nullable Pinned news() {
        if (noted && bootCount == notedBootCount && position - notedPosition < NOTED_EVERY_BYTES) {
            return null;
        }
        noted = true;
        notedBootCount = bootCount;
        notedPosition = position;
        return pinned();
    }

    /** {@return what is known now} */
    synchronized Pinned pinned() {
        return new Pinned(node, storageId, bootCount, position);
    }
}
