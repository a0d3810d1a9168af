package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.CommonProto;
import dev.multipaxos.wire.proto.CommonProto.MemberAddress;
import dev.multipaxos.wire.proto.CommonProto.ValueHead;
import dev.multipaxos.wire.proto.CommonProto.ValueKind;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Ballots, values and addresses: what messages, records and greetings have in common, by hand and for generated classes. */
final class Values {
    private static final int BALLOT_ROUND = CommonProto.Ballot.ROUND_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int BALLOT_NODE = CommonProto.Ballot.NODE_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int VALUE_KIND = ValueHead.KIND_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int VALUE_BODY_BYTES = ValueHead.BODY_BYTES_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int VALUE_STAMP = ValueHead.STAMP_MILLIS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int ADDRESS_NODE = MemberAddress.NODE_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int ADDRESS_TEXT =
            MemberAddress.ADDRESS_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private Values() {}

    // Ballots. The one below all others is left out, as a 0 is.

    static int sizeOfBallot(int field, Ballot ballot) {
        return ballot.round() == 0 ? 0 : Head.sizeOfMessage(field, ballotContent(ballot));
    }

    static void writeBallot(CodedOutputStream out, int field, Ballot ballot) throws IOException {
        if (ballot.round() != 0) {
            Head.startMessage(out, field, ballotContent(ballot));
            Head.writeInt64(out, CommonProto.Ballot.ROUND_FIELD_NUMBER, ballot.round());
            Head.writeInt64(out, CommonProto.Ballot.NODE_FIELD_NUMBER, ballot.node());
        }
    }

    private static int ballotContent(Ballot ballot) {
        return Head.sizeOfInt64(CommonProto.Ballot.ROUND_FIELD_NUMBER, ballot.round())
                + Head.sizeOfInt64(CommonProto.Ballot.NODE_FIELD_NUMBER, ballot.node());
    }

    static Ballot readBallot(CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        long round = 0;
        int node = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case BALLOT_ROUND -> round = in.readInt64();
                case BALLOT_NODE -> node = in.readInt32();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return ballot(round, node);
    }

    static CommonProto.Ballot toProto(Ballot ballot) {
        return CommonProto.Ballot.newBuilder()
                .setRound(ballot.round())
                .setNode(ballot.node())
                .build();
    }

    static Ballot fromProto(CommonProto.Ballot ballot) throws WireException {
        return ballot(ballot.getRound(), ballot.getNode());
    }

    private static Ballot ballot(long round, int node) throws WireException {
        if (round < 0 || node < 0 || (round == 0) != (node == 0)) {
            throw Head.bad("no ballot: round " + round + ", node " + node);
        }
        return round == 0 ? Ballot.ZERO : new Ballot(round, node);
    }

    /**
     * Refuses the ballot in which nobody speaks.
     *
     * @param ballot the ballot
     * @return the ballot
     */
    static Ballot used(Ballot ballot) throws WireException {
        if (ballot.round() == 0) {
            throw Head.bad("the ballot is missing");
        }
        return ballot;
    }

    // Values.

    /**
     * Finds what of a value goes into the body.
     *
     * @param value the value
     * @return its commands, the same object; empty for a no-op
     */
    static Bytes body(Value value) {
        return value instanceof Value.Batch batch ? batch.commands() : Bytes.EMPTY;
    }

    static int sizeOfValue(int field, Value value) {
        return Head.sizeOfMessage(field, valueContent(value));
    }

    static void writeValue(CodedOutputStream out, int field, Value value) throws IOException {
        Head.startMessage(out, field, valueContent(value));
        if (value instanceof Value.Batch batch) {
            out.writeEnum(ValueHead.KIND_FIELD_NUMBER, ValueKind.VALUE_KIND_BATCH_VALUE);
            Head.writeInt64(
                    out, ValueHead.BODY_BYTES_FIELD_NUMBER, batch.commands().length());
            Head.writeInt64(out, ValueHead.STAMP_MILLIS_FIELD_NUMBER, batch.stampMillis());
        } else {
            out.writeEnum(ValueHead.KIND_FIELD_NUMBER, ValueKind.VALUE_KIND_NO_OP_VALUE);
        }
    }

    private static int valueContent(Value value) {
        return value instanceof Value.Batch batch
                ? CodedOutputStream.computeEnumSize(ValueHead.KIND_FIELD_NUMBER, ValueKind.VALUE_KIND_BATCH_VALUE)
                        + Head.sizeOfInt64(
                                ValueHead.BODY_BYTES_FIELD_NUMBER,
                                batch.commands().length())
                        + Head.sizeOfInt64(ValueHead.STAMP_MILLIS_FIELD_NUMBER, batch.stampMillis())
                : CodedOutputStream.computeEnumSize(ValueHead.KIND_FIELD_NUMBER, ValueKind.VALUE_KIND_NO_OP_VALUE);
    }

    /**
     * Reads the head of a value and takes the rest of it from the body.
     *
     * @param in stands behind the tag
     * @param body the body
     * @return the value
     */
    static Value readValue(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        int kind = 0;
        int bodyBytes = 0;
        long stampMillis = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case VALUE_KIND -> kind = in.readEnum();
                case VALUE_BODY_BYTES -> bodyBytes = in.readInt32();
                case VALUE_STAMP -> stampMillis = in.readInt64();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        switch (kind) {
            case ValueKind.VALUE_KIND_NO_OP_VALUE -> {
                if (bodyBytes != 0) {
                    throw Head.bad("a no-op with " + bodyBytes + " bytes");
                }
                return Value.NO_OP;
            }
            case ValueKind.VALUE_KIND_BATCH_VALUE -> {
                return new Value.Batch(stampMillis, body.take(bodyBytes));
            }
            default -> throw Head.unknownKind("value", kind);
        }
    }

    /**
     * Refuses a slot without a value.
     *
     * @param slot the slot
     * @param value its value, or null if there was none
     * @return the value
     */
    static Value present(long slot, @Nullable Value value) throws WireException {
        if (value == null) {
            throw Head.bad("slot " + slot + " comes without a value");
        }
        return value;
    }

    static ValueHead toProto(Value value) {
        return value instanceof Value.Batch batch
                ? ValueHead.newBuilder()
                        .setKind(ValueKind.VALUE_KIND_BATCH)
                        .setBodyBytes(batch.commands().length())
                        .setStampMillis(batch.stampMillis())
                        .build()
                : ValueHead.newBuilder().setKind(ValueKind.VALUE_KIND_NO_OP).build();
    }

    // Addresses.

    static MemberAddress toProto(int node, String address) {
        return MemberAddress.newBuilder().setNode(node).setAddress(address).build();
    }

    static FoundingRecord.Founder readAddress(CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        int node = 0;
        String address = "";
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case ADDRESS_NODE -> node = in.readInt32();
                case ADDRESS_TEXT -> address = in.readStringRequireUtf8();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        if (address.isEmpty()) {
            throw Head.bad("node " + node + " has no address");
        }
        return new FoundingRecord.Founder(Head.node("a member", node), address);
    }
}
