package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Content.Said;
import dev.multipaxos.wire.proto.ClientProto;
import dev.multipaxos.wire.proto.ClientProto.ClientHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Frames between a client and a member: a head, which is its length as a varint and a {@code ClientHead} of the schema, and a
 * body, which is the application's bytes. Stateless; any thread.
 */
public final class ClientCodec {
    private static final int VARINT = WireFormat.WIRETYPE_VARINT;
    private static final int DELIMITED = WireFormat.WIRETYPE_LENGTH_DELIMITED;
    private static final int FIXED64 = WireFormat.WIRETYPE_FIXED64;

    private static final Parser<ClientProto.Submit> SUBMIT = Head.parser(ClientProto.Submit.parser());
    private static final Parser<ClientProto.Query> QUERY = Head.parser(ClientProto.Query.parser());
    private static final Parser<ClientProto.QueryResult> QUERY_RESULT = Head.parser(ClientProto.QueryResult.parser());

    private ClientCodec() {}

    /**
     * Encodes the first part of a frame.
     *
     * @param message what it says
     * @return the head with its length
     */
    public static Bytes head(ClientMessage message) {
        if (message instanceof ClientMessage.Results results) {
            ResultsWriter writer = new ResultsWriter();
            for (ClientMessage.Result result : results.results()) {
                writer.add(result.session(), result.sequence(), result.status(), result.payload());
            }
            return writer.head();
        }
        return head(of(message));
    }

    /**
     * Encodes the first part of a frame.
     *
     * @param said what it says
     * @return the head with its length
     */
    static Bytes head(Said said) {
        return Head.delimited(new HeadContent(said));
    }

    /**
     * Finds the second part of a frame.
     *
     * @param message what the frame says
     * @return the commands, the query or the answer, the same object; of {@link ClientMessage.Results} all payloads, copied one
     *     after the other unless there is but one; else nothing
     */
    public static Bytes body(ClientMessage message) {
        if (message instanceof ClientMessage.Submit submit) {
            return submit.commands();
        } else if (message instanceof ClientMessage.Query query) {
            return query.query();
        } else if (message instanceof ClientMessage.Results results) {
            return Head.concatenated(results.results().stream()
                    .map(ClientMessage.Result::payload)
                    .toList());
        } else if (message instanceof ClientMessage.QueryResult result) {
            return result.payload();
        }
        return Bytes.EMPTY;
    }

    /**
     * Decodes a frame. Commands, queries and answers are parts of it, not copied; that commands have the layout of {@link
     * Commands} is not checked.
     *
     * @param frame a head and a body; anything at all may be in it
     * @return what it says
     * @throws WireException if it is not valid
     */
    public static ClientMessage decode(Bytes frame) throws WireException {
        try {
            CodedInputStream in = CodedInputStream.newInstance(frame.array(), frame.offset(), frame.length());
            Body body = Body.behindHead(frame, in);
            ClientMessage message = null;
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                int kind = Head.kind(tag);
                if (kind == 0) {
                    Head.skip(in, tag);
                } else if (message == null) {
                    message = read(kind, in, body);
                } else {
                    throw Head.bad("a frame with two messages");
                }
            }
            in.checkLastTagWas(0);
            body.end();
            if (message == null) {
                throw Head.bad("a frame without a message");
            }
            return message;
        } catch (IOException e) {
            throw Head.invalid("frame between client and member", e);
        }
    }

    private static Said of(ClientMessage message) {
        if (message instanceof ClientMessage.Submit submit) {
            return Said.generated(
                    ClientHead.SUBMIT_FIELD_NUMBER,
                    ClientProto.Submit.newBuilder()
                            .setId(submit.id())
                            .setBodyBytes(submit.commands().length())
                            .build());
        } else if (message instanceof ClientMessage.Query query) {
            return Said.generated(
                    ClientHead.QUERY_FIELD_NUMBER,
                    ClientProto.Query.newBuilder()
                            .setId(query.id())
                            .setBodyBytes(query.query().length())
                            .setLinearizable(query.linearizable())
                            .setLease(query.lease())
                            .build());
        } else if (message instanceof ClientMessage.QueryResult result) {
            return Said.generated(
                    ClientHead.QUERY_RESULT_FIELD_NUMBER,
                    ClientProto.QueryResult.newBuilder()
                            .setId(result.id())
                            .setBodyBytes(result.payload().length())
                            .setStatusValue(toNumber(result.status()))
                            .build());
        } else if (message instanceof ClientMessage.NotLeader refusal) {
            return Said.generated(ClientHead.NOT_LEADER_FIELD_NUMBER, toProto(refusal));
        }
        throw new IllegalStateException("no encoding for " + message.getClass());
    }

    private static MessageLite toProto(ClientMessage.NotLeader refusal) {
        ClientProto.NotLeader.Builder proto = ClientProto.NotLeader.newBuilder()
                .setId(refusal.id())
                .setLeader(refusal.leader())
                .setDiskFull(refusal.diskFull());
        refusal.members().forEach((node, address) -> proto.addMembers(Values.toProto(node, address)));
        return proto.build();
    }

    private static ClientMessage read(int kind, CodedInputStream in, Body body) throws IOException {
        switch (kind) {
            case ClientHead.SUBMIT_FIELD_NUMBER -> {
                ClientProto.Submit submit = Head.readMessage(in, SUBMIT);
                return new ClientMessage.Submit(submit.getId(), body.take(submit.getBodyBytes()));
            }
            case ClientHead.QUERY_FIELD_NUMBER -> {
                ClientProto.Query query = Head.readMessage(in, QUERY);
                return new ClientMessage.Query(
                        query.getId(), query.getLinearizable(), query.getLease(), body.take(query.getBodyBytes()));
            }
            case ClientHead.RESULTS_FIELD_NUMBER -> {
                return results(in, body);
            }
            case ClientHead.QUERY_RESULT_FIELD_NUMBER -> {
                ClientProto.QueryResult result = Head.readMessage(in, QUERY_RESULT);
                return new ClientMessage.QueryResult(
                        result.getId(), fromNumber(result.getStatusValue()), body.take(result.getBodyBytes()));
            }
            case ClientHead.NOT_LEADER_FIELD_NUMBER -> {
                return notLeader(in);
            }
            default -> throw Head.unknownKind("message", kind);
        }
    }

    // Results and addresses are read by hand, so that one is checked before the next one is allocated.

    private static ClientMessage results(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        List<ClientMessage.Result> results = new ArrayList<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            if (tag == (ClientProto.Results.RESULTS_FIELD_NUMBER << 3 | DELIMITED)) {
                results.add(result(in, body));
            } else {
                Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return new ClientMessage.Results(results);
    }

    private static ClientMessage.Result result(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        long session = 0;
        long sequence = 0;
        int status = 0;
        int bodyBytes = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case ClientProto.Result.SESSION_FIELD_NUMBER << 3 | FIXED64 -> session = in.readFixed64();
                case ClientProto.Result.SEQUENCE_FIELD_NUMBER << 3 | VARINT -> sequence = in.readInt64();
                case ClientProto.Result.STATUS_FIELD_NUMBER << 3 | VARINT -> status = in.readEnum();
                case ClientProto.Result.BODY_BYTES_FIELD_NUMBER << 3 | VARINT -> bodyBytes = in.readInt32();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return new ClientMessage.Result(
                session, Head.notNegative("a sequence", sequence), fromNumber(status), body.take(bodyBytes));
    }

    private static ClientMessage notLeader(CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        long id = 0;
        int leader = 0;
        Map<Integer, String> members = new HashMap<>();
        String diskFull = "";
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case ClientProto.NotLeader.ID_FIELD_NUMBER << 3 | VARINT -> id = in.readInt64();
                case ClientProto.NotLeader.LEADER_FIELD_NUMBER << 3 | VARINT -> leader = in.readInt32();
                case ClientProto.NotLeader.MEMBERS_FIELD_NUMBER << 3 | DELIMITED -> {
                    FoundingRecord.Founder member = Values.readAddress(in);
                    members.put(member.node(), member.address());
                    if (members.size() > Configuration.MEMBERS_MAX) {
                        throw Head.bad("more than " + Configuration.MEMBERS_MAX + " members");
                    }
                }
                case ClientProto.NotLeader.DISK_FULL_FIELD_NUMBER << 3 | DELIMITED ->
                    diskFull = in.readStringRequireUtf8();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return new ClientMessage.NotLeader(id, (int) Head.notNegative("the leader's id", leader), members, diskFull);
    }

    static int toNumber(Status status) {
        return switch (status) {
            case OK -> ClientProto.Status.STATUS_OK_VALUE;
            case OVERLOADED -> ClientProto.Status.STATUS_OVERLOADED_VALUE;
            case OUTSIDE_WINDOW -> ClientProto.Status.STATUS_OUTSIDE_WINDOW_VALUE;
            case SESSION_EXPIRED -> ClientProto.Status.STATUS_SESSION_EXPIRED_VALUE;
            case ALREADY_ACKNOWLEDGED -> ClientProto.Status.STATUS_ALREADY_ACKNOWLEDGED_VALUE;
            case UNKNOWN -> ClientProto.Status.STATUS_UNKNOWN_VALUE;
            case QUERY_FAILED -> ClientProto.Status.STATUS_QUERY_FAILED_VALUE;
            case STOPPED -> ClientProto.Status.STATUS_STOPPED_VALUE;
            case REFUSED -> ClientProto.Status.STATUS_REFUSED_VALUE;
        };
    }

    private static Status fromNumber(int number) throws WireException {
        return switch (number) {
            case ClientProto.Status.STATUS_OK_VALUE -> Status.OK;
            case ClientProto.Status.STATUS_OVERLOADED_VALUE -> Status.OVERLOADED;
            case ClientProto.Status.STATUS_OUTSIDE_WINDOW_VALUE -> Status.OUTSIDE_WINDOW;
            case ClientProto.Status.STATUS_SESSION_EXPIRED_VALUE -> Status.SESSION_EXPIRED;
            case ClientProto.Status.STATUS_ALREADY_ACKNOWLEDGED_VALUE -> Status.ALREADY_ACKNOWLEDGED;
            case ClientProto.Status.STATUS_UNKNOWN_VALUE -> Status.UNKNOWN;
            case ClientProto.Status.STATUS_QUERY_FAILED_VALUE -> Status.QUERY_FAILED;
            case ClientProto.Status.STATUS_STOPPED_VALUE -> Status.STOPPED;
            case ClientProto.Status.STATUS_REFUSED_VALUE -> Status.REFUSED;
            default -> throw Head.unknownKind("status", number);
        };
    }

    /** A {@code ClientHead}. */
    private record HeadContent(Said said) implements Content {
        @Override
        public int size() {
            return Head.sizeOfMessage(said.kind(), said.content().size());
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            Head.startMessage(out, said.kind(), said.content().size());
            said.content().writeTo(out);
        }
    }
}
