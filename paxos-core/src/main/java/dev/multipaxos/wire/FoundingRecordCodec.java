package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.wire.proto.HandshakeProto.Foundation;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/**
 * The founding record. Members compare its encoding byte by byte and derive the cluster's id from it, so equal records have
 * equal encodings, in this and in every later version. Stateless; any thread.
 */
public final class FoundingRecordCodec {
    private static final int VARINT = WireFormat.WIRETYPE_VARINT;
    private static final int DELIMITED = WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private FoundingRecordCodec() {}

    /**
     * Encodes a founding record.
     *
     * @param record the record
     * @return its only encoding
     * @throws IllegalArgumentException if it is one that {@link #decode} would refuse; the message says why
     */
    public static Bytes encode(FoundingRecord record) {
        try {
            check(record);
        } catch (WireException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        Foundation.Builder proto = Foundation.newBuilder()
                .setGroup(record.group())
                .setAlpha(record.alpha())
                .setValueBytesMax(record.valueBytesMax())
                .setFrameBytesMax(record.frameBytesMax())
                .setQuorumSystem(record.quorumSystem())
                .setPhase1(record.phase1())
                .setPhase2(record.phase2());
        record.members().forEach(member -> proto.addMembers(Values.toProto(member.node(), member.address())));
        return Bytes.wrap(proto.build().toByteArray());
    }

    /**
     * Decodes a founding record.
     *
     * @param bytes the encoding; anything at all may be in it
     * @return the record
     * @throws WireException if it is not valid
     */
    public static FoundingRecord decode(Bytes bytes) throws WireException {
        try {
            CodedInputStream in = CodedInputStream.newInstance(bytes.array(), bytes.offset(), bytes.length());
            int group = 0;
            int alpha = 0;
            int valueBytesMax = 0;
            int frameBytesMax = 0;
            String quorumSystem = "";
            int phase1 = 0;
            int phase2 = 0;
            List<FoundingRecord.Founder> members = new ArrayList<>();
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case Foundation.GROUP_FIELD_NUMBER << 3 | VARINT -> group = in.readInt32();
                    case Foundation.ALPHA_FIELD_NUMBER << 3 | VARINT -> alpha = in.readInt32();
                    case Foundation.VALUE_BYTES_MAX_FIELD_NUMBER << 3 | VARINT -> valueBytesMax = in.readInt32();
                    case Foundation.FRAME_BYTES_MAX_FIELD_NUMBER << 3 | VARINT -> frameBytesMax = in.readInt32();
                    case Foundation.QUORUM_SYSTEM_FIELD_NUMBER << 3 | DELIMITED ->
                        quorumSystem = in.readStringRequireUtf8();
                    case Foundation.PHASE1_FIELD_NUMBER << 3 | VARINT -> phase1 = in.readInt32();
                    case Foundation.PHASE2_FIELD_NUMBER << 3 | VARINT -> phase2 = in.readInt32();
                    case Foundation.MEMBERS_FIELD_NUMBER << 3 | DELIMITED -> {
                        members.add(Values.readAddress(in));
                        if (members.size() > Configuration.MEMBERS_MAX) {
                            throw Head.bad("more than " + Configuration.MEMBERS_MAX + " founders");
                        }
                    }
                    default -> Head.skip(in, tag);
                }
            }
            in.checkLastTagWas(0);
            FoundingRecord record = new FoundingRecord(
                    group, alpha, valueBytesMax, frameBytesMax, quorumSystem, phase1, phase2, members);
            check(record);
            return record;
        } catch (IOException e) {
            throw Head.invalid("founding record", e);
        }
    }

    /**
     * Derives the id of a cluster.
     *
     * @param encoded the founding record, encoded
     * @return the first 8 bytes of its SHA-256, big-endian; never 0
     */
    public static long clusterId(Bytes encoded) {
        byte[] digest;
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(encoded.array(), encoded.offset(), encoded.length());
            digest = sha.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256, but not this one", e);
        }
        long id = Bytes.wrap(digest).toByteBuffer().getLong();
        return id == 0 ? 1 : id;
    }

    private static void check(FoundingRecord record) throws WireException {
        Head.group(record.group());
        positive("alpha", record.alpha());
        positive("the largest value, in bytes,", record.valueBytesMax());
        positive("the largest frame, in bytes,", record.frameBytesMax());
        if (record.quorumSystem().isEmpty()) {
            throw Head.bad("a founding record without a quorum system");
        }
        if (record.members().isEmpty() || record.members().size() > Configuration.MEMBERS_MAX) {
            throw Head.bad("a founding record with " + record.members().size() + " founders; there must be 1 to "
                    + Configuration.MEMBERS_MAX);
        }
        inQuorum("phase 1", record.phase1(), record.members().size());
        inQuorum("phase 2", record.phase2(), record.members().size());
        int before = 0;
        for (FoundingRecord.Founder member : record.members()) {
            if (member.node() <= before) {
                throw Head.bad("founder " + member.node() + " after " + before
                        + "; founders have positive ids, each once, ascending");
            }
            if (member.address().isEmpty()) {
                throw Head.bad("founder " + member.node() + " has no address");
            }
            before = member.node();
        }
    }

    private static void positive(String what, int number) throws WireException {
        if (number < 1) {
            throw Head.bad(what + " is " + number + " but must be positive");
        }
    }

    private static void inQuorum(String phase, int quorum, int members) throws WireException {
        if (quorum < 1 || quorum > members) {
            throw Head.bad("a quorum of " + quorum + " for " + phase + " among " + members + " founders");
        }
    }
}
