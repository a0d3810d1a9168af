package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Parser;
import dev.multipaxos.wire.Content.Said;
import dev.multipaxos.wire.proto.PeerProto;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import java.io.IOException;

/** What the heads of frames between members say of an {@link Edge}; of snapshots, {@link SnapshotFields}. */
final class EdgeFields {
    private static final Parser<PeerProto.Forward> FORWARD = Head.parser(PeerProto.Forward.parser());
    private static final Parser<PeerProto.ForwardRefused> FORWARD_REFUSED =
            Head.parser(PeerProto.ForwardRefused.parser());
    private static final Parser<PeerProto.ReadIndex> READ_INDEX = Head.parser(PeerProto.ReadIndex.parser());
    private static final Parser<PeerProto.ReadIndexReply> READ_INDEX_REPLY =
            Head.parser(PeerProto.ReadIndexReply.parser());

    private EdgeFields() {}

    static Said of(Edge edge) {
        if (edge instanceof Edge.Forward forward) {
            return Said.generated(
                    PeerHead.FORWARD_FIELD_NUMBER,
                    PeerProto.Forward.newBuilder()
                            .setId(forward.id())
                            .setBodyBytes(forward.commands().length())
                            .build());
        } else if (edge instanceof Edge.ForwardRefused refused) {
            return Said.generated(
                    PeerHead.FORWARD_REFUSED_FIELD_NUMBER,
                    PeerProto.ForwardRefused.newBuilder()
                            .setId(refused.id())
                            .setOverloaded(refused.overloaded())
                            .setLeader(refused.leader())
                            .build());
        } else if (edge instanceof Edge.ReadIndex question) {
            return Said.generated(
                    PeerHead.READ_INDEX_FIELD_NUMBER,
                    PeerProto.ReadIndex.newBuilder().setId(question.id()).build());
        } else if (edge instanceof Edge.ReadIndexReply reply) {
            return Said.generated(
                    PeerHead.READ_INDEX_REPLY_FIELD_NUMBER,
                    PeerProto.ReadIndexReply.newBuilder()
                            .setId(reply.id())
                            .setReady(reply.ready())
                            .setSlot(reply.slot())
                            .setLeader(reply.leader())
                            .build());
        }
        return SnapshotFields.of(edge);
    }

    static Edge read(int kind, CodedInputStream in, Body body) throws IOException {
        switch (kind) {
            case PeerHead.FORWARD_FIELD_NUMBER -> {
                PeerProto.Forward forward = Head.readMessage(in, FORWARD);
                return new Edge.Forward(forward.getId(), body.take(forward.getBodyBytes()));
            }
            case PeerHead.FORWARD_REFUSED_FIELD_NUMBER -> {
                PeerProto.ForwardRefused refused = Head.readMessage(in, FORWARD_REFUSED);
                return new Edge.ForwardRefused(refused.getId(), refused.getOverloaded(), leader(refused.getLeader()));
            }
            case PeerHead.READ_INDEX_FIELD_NUMBER -> {
                return new Edge.ReadIndex(Head.readMessage(in, READ_INDEX).getId());
            }
            case PeerHead.READ_INDEX_REPLY_FIELD_NUMBER -> {
                PeerProto.ReadIndexReply reply = Head.readMessage(in, READ_INDEX_REPLY);
                return new Edge.ReadIndexReply(
                        reply.getId(),
                        reply.getReady(),
                        Head.notNegative("the slot to read after", reply.getSlot()),
                        leader(reply.getLeader()));
            }
            default -> {
                return SnapshotFields.read(kind, in, body);
            }
        }
    }

    private static int leader(int node) throws WireException {
        return (int) Head.notNegative("the leader's id", node);
    }
}
