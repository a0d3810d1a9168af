package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;
import org.jspecify.annotations.Nullable;

/** The first frame of a connection, in each direction. */
public sealed interface Hello {

    /** The version of everything on the wire that this library speaks. */
    int PROTOCOL_VERSION = 1;

    /**
     * A member greets a member.
     *
     * @param version the sender's {@link #PROTOCOL_VERSION}
     * @param cluster the cluster, derived from the founding record
     * @param group the group
     * @param from the sender
     * @param to whom it means to greet; 0 if it was dialled and does not know yet
     * @param storageId the sender's storage
     * @param bootCount how often it was opened
     * @param position its durable journal position
     * @param foundingRecord the encoded founding record, byte for byte the same on all members
     * @param lifeId another number in every life, which tells lives apart that a copied storage has counted alike; 0 if an earlier
     *     version greets
     */
    record Member(
            int version,
            long cluster,
            int group,
            int from,
            int to,
            long storageId,
            long bootCount,
            long position,
            Bytes foundingRecord,
            long lifeId)
            implements Hello {}

    /**
     * A client greets a member.
     *
     * @param version the sender's {@link #PROTOCOL_VERSION}
     * @param cluster the cluster that it expects, or 0 for whichever this is
     * @param group the group
     */
    record Client(int version, long cluster, int group) implements Hello {}

    /**
     * A member's answer to a greeting that it does not accept; the connection is closed after it.
     *
     * @param version the sender's {@link #PROTOCOL_VERSION}
     * @param reason for people: what is wrong and what to do
     * @param exclusion null if the sender may be let in another time; else why it never will be
     */
    record Refusal(int version, String reason, @Nullable Exclusion exclusion) implements Hello {

        /**
         * Refuses for the moment.
         *
         * @param version the sender's {@link #PROTOCOL_VERSION}
         * @param reason for people: what is wrong and what to do
         */
        public Refusal(int version, String reason) {
            this(version, reason, null);
        }
    }

    /** Why a storage is never let in. */
    enum Cause {
        /** The sender has known the node by another storage first. */
        ANOTHER_STORAGE,
        /** The sender has seen more of this storage than there is in it now. */
        OLD_COPY
    }

    /**
     * That a storage is never let in, and which: who hears it stops, and must not do so over what was meant for another.
     *
     * @param cause why
     * @param cluster the cluster of both
     * @param node the node that is refused
     * @param storageId its storage
     * @param bootCount the life of it that is refused
     */
    record Exclusion(Cause cause, long cluster, int node, long storageId, long bootCount) {}
}
