package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import java.io.IOException;
import java.util.List;

/**
 * Frames between members: a head, which is its length as a varint and a {@code PeerHead} of the schema, and a body, which is
 * the raw bytes of the values. The body is shared with the journal and the frames to other members; only the head is made
 * anew for each receiver. Stateless; any thread.
 */
public final class PeerCodec {
    private static final int CLUSTER = PeerHead.CLUSTER_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_FIXED64;
    private static final int GROUP = PeerHead.GROUP_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int FROM = PeerHead.FROM_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int TO = PeerHead.TO_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int STORAGE_ID = PeerHead.STORAGE_ID_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_FIXED64;
    private static final int BOOT_COUNT = PeerHead.BOOT_COUNT_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;
    private static final int POSITION = PeerHead.POSITION_FIELD_NUMBER << 3 | WireFormat.WIRETYPE_VARINT;

    /** Kinds from here on are edges, kinds below are the protocol's. */
    private static final int FIRST_EDGE = PeerHead.FORWARD_FIELD_NUMBER;

    private PeerCodec() {}

    /**
     * Encodes the first part of a frame.
     *
     * @param envelope who sends it to whom
     * @param message what it says
     * @return the head with its length
     */
    public static Bytes head(Envelope envelope, Message message) {
        return Head.delimited(new Enveloped(envelope, MessageWriter.of(message)));
    }

    /**
     * Finds the second part of a frame.
     *
     * @param message what the frame says
     * @return of an {@link Message.Accept} the commands, the same object; of a {@link Message.Promise} and a
     *     {@link Message.CatchUpReply} the commands of all values, copied one after the other; else nothing
     */
    public static Bytes body(Message message) {
        if (message instanceof Message.Accept accept) {
            return Values.body(accept.value());
        } else if (message instanceof Message.Promise promise) {
            return concatenated(
                    promise.entries().stream().map(Message.Entry::value).toList());
        } else if (message instanceof Message.CatchUpReply reply) {
            return concatenated(reply.values());
        }
        return Bytes.EMPTY;
    }

    /**
     * Encodes the first part of a frame.
     *
     * @param envelope who sends it to whom
     * @param edge what it says
     * @return the head with its length
     */
    public static Bytes head(Envelope envelope, Edge edge) {
        return Head.delimited(new Enveloped(envelope, EdgeFields.of(edge)));
    }

    /**
     * Finds the second part of a frame.
     *
     * @param edge what the frame says
     * @return of an {@link Edge.Forward} the commands, of an {@link Edge.SnapshotChunk} the part, the same object; else nothing
     */
    public static Bytes body(Edge edge) {
        if (edge instanceof Edge.Forward forward) {
            return forward.commands();
        }
        return edge instanceof Edge.SnapshotChunk chunk ? chunk.bytes() : Bytes.EMPTY;
    }

    /**
     * Decodes a frame. The commands of an {@link Edge.Forward} and of values, and the part in an {@link Edge.SnapshotChunk}, are
     * parts of it, not copied; that commands have the layout of {@link Commands} is not checked.
     *
     * @param frame a head and a body; anything at all may be in it
     * @param receiver called once, when the whole frame was found to be valid
     * @throws WireException if it is not valid
     */
    public static void decode(Bytes frame, PeerFrames receiver) throws WireException {
        long cluster = 0;
        int group = 0;
        int from = 0;
        int to = 0;
        long storageId = 0;
        long bootCount = 0;
        long position = 0;
        Message message = null;
        Edge edge = null;
        try {
            CodedInputStream in = CodedInputStream.newInstance(frame.array(), frame.offset(), frame.length());
            Body body = Body.behindHead(frame, in);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case CLUSTER -> cluster = in.readFixed64();
                    case GROUP -> group = in.readInt32();
                    case FROM -> from = in.readInt32();
                    case TO -> to = in.readInt32();
                    case STORAGE_ID -> storageId = in.readFixed64();
                    case BOOT_COUNT -> bootCount = in.readInt64();
                    case POSITION -> position = in.readInt64();
                    default -> {
                        int kind = Head.kind(tag);
                        if (kind == 0) {
                            Head.skip(in, tag);
                        } else {
                            if (message != null || edge != null) {
                                throw Head.bad("a frame with two messages");
                            }
                            if (kind < FIRST_EDGE) {
                                message = MessageReader.read(kind, in, body);
                            } else {
                                edge = EdgeFields.read(kind, in, body);
                            }
                        }
                    }
                }
            }
            in.checkLastTagWas(0);
            body.end();
            Head.group(group);
            Head.node("the sender", from);
            Head.node("the receiver", to);
            Head.notNegative("the boot count", bootCount);
            Head.notNegative("the journal position", position);
        } catch (IOException e) {
            throw Head.invalid("frame between members", e);
        }
        Envelope envelope = new Envelope(cluster, group, from, to, storageId, bootCount, position);
        if (message != null) {
            receiver.onMessage(envelope, message);
        } else if (edge != null) {
            receiver.onEdge(envelope, edge);
        } else {
            throw Head.bad("a frame without a message");
        }
    }

    private static Bytes concatenated(List<Value> values) {
        return Head.concatenated(values.stream().map(Values::body).toList());
    }

    /** A {@code PeerHead}. Written by hand, as it is in every frame. */
    private record Enveloped(Envelope envelope, Content.Said said) implements Content {
        @Override
        public int size() {
            return Head.sizeOfFixed64(PeerHead.CLUSTER_FIELD_NUMBER, envelope.cluster())
                    + Head.sizeOfInt64(PeerHead.GROUP_FIELD_NUMBER, envelope.group())
                    + Head.sizeOfInt64(PeerHead.FROM_FIELD_NUMBER, envelope.from())
                    + Head.sizeOfInt64(PeerHead.TO_FIELD_NUMBER, envelope.to())
                    + Head.sizeOfFixed64(PeerHead.STORAGE_ID_FIELD_NUMBER, envelope.storageId())
                    + Head.sizeOfInt64(PeerHead.BOOT_COUNT_FIELD_NUMBER, envelope.bootCount())
                    + Head.sizeOfInt64(PeerHead.POSITION_FIELD_NUMBER, envelope.position())
                    + Head.sizeOfMessage(said.kind(), said.content().size());
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            Head.writeFixed64(out, PeerHead.CLUSTER_FIELD_NUMBER, envelope.cluster());
            Head.writeInt64(out, PeerHead.GROUP_FIELD_NUMBER, envelope.group());
            Head.writeInt64(out, PeerHead.FROM_FIELD_NUMBER, envelope.from());
            Head.writeInt64(out, PeerHead.TO_FIELD_NUMBER, envelope.to());
            Head.writeFixed64(out, PeerHead.STORAGE_ID_FIELD_NUMBER, envelope.storageId());
            Head.writeInt64(out, PeerHead.BOOT_COUNT_FIELD_NUMBER, envelope.bootCount());
            Head.writeInt64(out, PeerHead.POSITION_FIELD_NUMBER, envelope.position());
            Head.startMessage(out, said.kind(), said.content().size());
            said.content().writeTo(out);
        }
    }
}
