package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Hello;

/**
 * Who a node is, in one life of its storage.
 *
 * @param node its id
 * @param cluster the cluster, derived from the founding record
 * @param founding what the cluster was founded with
 * @param foundingBytes the same, encoded
 * @param storageId its storage
 * @param bootCount how often that was opened
 * @param lifeId another number in every life
 */
record NodeIdentity(
        int node,
        long cluster,
        FoundingRecord founding,
        Bytes foundingBytes,
        long storageId,
        long bootCount,
        long lifeId) {

    static NodeIdentity of(
            int node, FoundingRecord founding, Bytes foundingBytes, long storageId, long bootCount, long lifeId) {
        return new NodeIdentity(
                node,
                FoundingRecordCodec.clusterId(foundingBytes),
                founding,
                foundingBytes,
                storageId,
                bootCount,
                lifeId);
    }

    int group() {
        return founding.group();
    }

    /**
     * {@return a number above all that an earlier life of this storage began with and counted up: what is asked in this life is
     * numbered from here, so that a late answer to the life before is not taken for one to a new question}
     */
    long firstNumber() {
        return bootCount << 40;
    }

    boolean isMember(int id) {
        return founding.members().stream().anyMatch(member -> member.node() == id);
    }

    Envelope envelope(int to, long position) {
        return new Envelope(cluster, group(), node, to, storageId, bootCount, position);
    }

    Hello.Member hello(int to, long position) {
        return new Hello.Member(
                Hello.PROTOCOL_VERSION,
                cluster,
                group(),
                node,
                to,
                storageId,
                bootCount,
                position,
                foundingBytes,
                lifeId);
    }
}
