package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Parser;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Content.Said;
import dev.multipaxos.wire.Edge.SnapshotId;
import dev.multipaxos.wire.proto.PeerProto;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import java.io.IOException;

/** What the heads of frames between members say of snapshots. */
final class SnapshotFields {
    private static final Parser<PeerProto.SnapshotOffer> OFFER = Head.parser(PeerProto.SnapshotOffer.parser());
    private static final Parser<PeerProto.SnapshotRequest> REQUEST = Head.parser(PeerProto.SnapshotRequest.parser());
    private static final Parser<PeerProto.SnapshotChunk> CHUNK = Head.parser(PeerProto.SnapshotChunk.parser());
    private static final Parser<PeerProto.SnapshotGone> GONE = Head.parser(PeerProto.SnapshotGone.parser());

    private SnapshotFields() {}

    static Said of(Edge edge) {
        if (edge instanceof Edge.SnapshotOffer offer) {
            return Said.generated(
                    PeerHead.SNAPSHOT_OFFER_FIELD_NUMBER,
                    PeerProto.SnapshotOffer.newBuilder()
                            .setId(toProto(offer.id()))
                            .build());
        } else if (edge instanceof Edge.SnapshotRequest request) {
            return Said.generated(
                    PeerHead.SNAPSHOT_REQUEST_FIELD_NUMBER,
                    PeerProto.SnapshotRequest.newBuilder()
                            .setId(toProto(request.id()))
                            .setOffset(request.offset())
                            .setMaxBytes(request.maxBytes())
                            .build());
        } else if (edge instanceof Edge.SnapshotChunk chunk) {
            return Said.generated(
                    PeerHead.SNAPSHOT_CHUNK_FIELD_NUMBER,
                    PeerProto.SnapshotChunk.newBuilder()
                            .setId(toProto(chunk.id()))
                            .setOffset(chunk.offset())
                            .setBodyBytes(chunk.bytes().length())
                            .build());
        } else if (edge instanceof Edge.SnapshotGone gone) {
            return Said.generated(
                    PeerHead.SNAPSHOT_GONE_FIELD_NUMBER,
                    PeerProto.SnapshotGone.newBuilder()
                            .setId(toProto(gone.id()))
                            .build());
        }
        throw new IllegalStateException("no encoding for " + edge.getClass());
    }

    static Edge read(int kind, CodedInputStream in, Body body) throws IOException {
        switch (kind) {
            case PeerHead.SNAPSHOT_OFFER_FIELD_NUMBER -> {
                return new Edge.SnapshotOffer(id(Head.readMessage(in, OFFER).getId()));
            }
            case PeerHead.SNAPSHOT_REQUEST_FIELD_NUMBER -> {
                PeerProto.SnapshotRequest request = Head.readMessage(in, REQUEST);
                SnapshotId id = id(request.getId());
                int maxBytes = (int) Head.notNegative("the part wanted of a snapshot", request.getMaxBytes());
                return new Edge.SnapshotRequest(id, offset(id, request.getOffset(), 0), maxBytes);
            }
            case PeerHead.SNAPSHOT_CHUNK_FIELD_NUMBER -> {
                PeerProto.SnapshotChunk chunk = Head.readMessage(in, CHUNK);
                SnapshotId id = id(chunk.getId());
                Bytes part = body.take(chunk.getBodyBytes());
                return new Edge.SnapshotChunk(id, offset(id, chunk.getOffset(), part.length()), part);
            }
            case PeerHead.SNAPSHOT_GONE_FIELD_NUMBER -> {
                return new Edge.SnapshotGone(id(Head.readMessage(in, GONE).getId()));
            }
            default -> throw Head.unknownKind("message", kind);
        }
    }

    private static PeerProto.SnapshotId toProto(SnapshotId id) {
        return PeerProto.SnapshotId.newBuilder()
                .setSlot(id.slot())
                .setBytes(id.bytes())
                .setChecksum(id.checksum())
                .build();
    }

    private static SnapshotId id(PeerProto.SnapshotId id) throws WireException {
        return new SnapshotId(
                Head.slot(id.getSlot()), Head.notNegative("the size of a snapshot", id.getBytes()), id.getChecksum());
    }

    private static long offset(SnapshotId id, long offset, int length) throws WireException {
        if (offset < 0 || offset > id.bytes() - length) {
            throw Head.bad(length + " bytes at " + offset + " of a snapshot of " + id.bytes());
        }
        return offset;
    }
}
