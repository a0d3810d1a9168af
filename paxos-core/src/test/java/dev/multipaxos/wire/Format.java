package dev.multipaxos.wire;

import com.google.protobuf.CodedOutputStream;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One of the things that cross the wire or reach the disk, so that tests can go through all of them.
 *
 * @param name what the golden file calls it
 * @param sample draws one at random
 * @param encode all of its bytes
 * @param decode the inverse
 */
record Format(String name, Function<Samples, Object> sample, Function<Object, Bytes> encode, Decode decode) {

    @Override
    public String toString() {
        return name; // in the names of tests
    }

    interface Decode {
        Object decode(Bytes bytes) throws WireException;
    }

    /** Head and body: what a transport or a storage does to them. */
    static Bytes joined(Bytes head, Bytes body) {
        byte[] whole = new byte[head.length() + body.length()];
        System.arraycopy(head.array(), head.offset(), whole, 0, head.length());
        System.arraycopy(body.array(), body.offset(), whole, head.length(), body.length());
        return Bytes.wrap(whole);
    }

    /** A head behind its length as a varint. */
    static Bytes behindItsLength(Bytes head) {
        byte[] length = new byte[CodedOutputStream.computeUInt32SizeNoTag(head.length())];
        try {
            CodedOutputStream.newInstance(length).writeUInt32NoTag(head.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return joined(Bytes.wrap(length), head);
    }

    /** What a frame between members says, and who says it. */
    record Framed(Envelope envelope, Object said) {}

    static Format named(String name) {
        return all().stream()
                .filter(format -> format.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no format is called " + name));
    }

    static List<Format> all() {
        List<Format> all = new ArrayList<>();
        all.add(peer("PreVote", Samples::preVote));
        all.add(peer("PreVoteReply", Samples::preVoteReply));
        all.add(peer("Prepare", Samples::prepare));
        all.add(peer("Promise", Samples::promise));
        all.add(peer("Accept", Samples::accept));
        all.add(peer("Accepted", Samples::accepted));
        all.add(peer("Rejected", Samples::rejected));
        all.add(peer("Heartbeat", Samples::heartbeat));
        all.add(peer("HeartbeatAck", Samples::heartbeatAck));
        all.add(peer("Holds", Samples::holds));
        all.add(peer("CatchUpRequest", Samples::catchUpRequest));
        all.add(peer("CatchUpReply", Samples::catchUpReply));
        all.add(peer("Forward", Samples::forward));
        all.add(peer("ForwardRefused", Samples::forwardRefused));
        all.add(peer("ReadIndex", Samples::readIndex));
        all.add(peer("ReadIndexReply", Samples::readIndexReply));
        all.add(peer("SnapshotOffer", Samples::snapshotOffer));
        all.add(peer("SnapshotRequest", Samples::snapshotRequest));
        all.add(peer("SnapshotChunk", Samples::snapshotChunk));
        all.add(peer("SnapshotGone", Samples::snapshotGone));
        all.add(peer("PinRequest", Samples::pinRequest));
        all.add(peer("PinReply", Samples::pinReply));
        all.add(record("record.Promised", 1, Samples::promised));
        all.add(record("record.Accepted", 2, Samples::acceptedRecord));
        all.add(record("record.Chosen", 3, Samples::chosen));
        all.add(record("record.ChosenUpTo", 4, Samples::chosenUpTo));
        all.add(record("record.Installed", 5, Samples::installed));
        all.add(runtimes("record.Pinned", 16, Samples::pinned));
        all.add(runtimes("record.Confirmed", 17, Samples::confirmed));
        all.add(runtimes("record.LeaseLimit", 18, Samples::leaseLimit));
        all.add(hello("hello.Member", Samples::member));
        all.add(hello("hello.Client", Samples::client));
        all.add(hello("hello.Refusal", Samples::refusal));
        all.add(new Format(
                "FoundingRecord",
                Samples::foundingRecord,
                record -> FoundingRecordCodec.encode((FoundingRecord) record),
                FoundingRecordCodec::decode));
        all.add(client("client.Submit", Samples::submit));
        all.add(client("client.Query", Samples::query));
        all.add(client("client.Results", Samples::results));
        all.add(client("client.QueryResult", Samples::queryResult));
        all.add(client("client.NotLeader", Samples::notLeader));
        all.add(snapshot("snapshot.Header", Samples::snapshotHeader, SnapshotCodec::readHeader));
        all.add(snapshot("snapshot.Configuration", Samples::snapshotConfiguration, SnapshotCodec::readConfiguration));
        all.add(snapshot("snapshot.Session", Samples::snapshotSession, SnapshotCodec::readSession));
        all.add(snapshot("snapshot.Answer", Samples::snapshotAnswer, SnapshotCodec::readAnswer));
        all.add(new Format("Commands", Samples::commandList, Format::encodeCommands, bytes -> {
            List<Command> commands = new ArrayList<>();
            Commands.forEach(bytes, commands::add);
            return commands;
        }));
        return all;
    }

    private static Bytes encodeCommands(Object commands) {
        return Commands.encode(
                ((List<?>) commands).stream().map(Command.class::cast).toList());
    }

    private static Format peer(String name, Function<Samples, Object> said) {
        return new Format(
                name,
                samples -> new Framed(samples.envelope(), said.apply(samples)),
                framed -> encodePeer((Framed) framed),
                Format::decodePeer);
    }

    static Bytes encodePeer(Framed framed) {
        return framed.said() instanceof Message message
                ? joined(PeerCodec.head(framed.envelope(), message), PeerCodec.body(message))
                : joined(PeerCodec.head(framed.envelope(), (Edge) framed.said()), PeerCodec.body((Edge) framed.said()));
    }

    static Framed decodePeer(Bytes frame) throws WireException {
        List<Framed> received = new ArrayList<>(1);
        PeerCodec.decode(frame, new PeerFrames() {
            @Override
            public void onMessage(Envelope envelope, Message message) {
                received.add(new Framed(envelope, message));
            }

            @Override
            public void onEdge(Envelope envelope, Edge edge) {
                received.add(new Framed(envelope, edge));
            }
        });
        if (received.size() != 1) {
            throw new AssertionError("a frame that says " + received);
        }
        return received.get(0);
    }

    private static Format record(String name, int kind, Function<Samples, Object> sample) {
        return new Format(
                name,
                sample,
                record -> joined(RecordCodec.head((Record) record), RecordCodec.body((Record) record)),
                bytes -> RecordCodec.decode(kind, bytes));
    }

    private static Format runtimes(String name, int kind, Function<Samples, Object> sample) {
        return new Format(
                name,
                sample,
                record -> RecordCodec.encode((RuntimeRecord) record),
                bytes -> RecordCodec.decodeRuntimes(kind, bytes));
    }

    private static Format hello(String name, Function<Samples, Object> sample) {
        return new Format(name, sample, hello -> HelloCodec.encode((Hello) hello), HelloCodec::decode);
    }

    private static Format client(String name, Function<Samples, Object> sample) {
        return new Format(
                name,
                sample,
                message -> joined(ClientCodec.head((ClientMessage) message), ClientCodec.body((ClientMessage) message)),
                ClientCodec::decode);
    }

    private interface ReadPart {
        SnapshotPart from(InputStream in) throws IOException;
    }

    private static Format snapshot(String name, Function<Samples, Object> sample, ReadPart read) {
        return new Format(name, sample, part -> SnapshotCodec.encode((SnapshotPart) part), bytes -> {
            try {
                return read.from(new ByteArrayInputStream(bytes.array(), bytes.offset(), bytes.length()));
            } catch (WireException e) {
                throw e;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
