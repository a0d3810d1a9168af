package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;

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
            Bytes foundingRecord)
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
     */
    record Refusal(int version, String reason) implements Hello {}
}
