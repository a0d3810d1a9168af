package dev.multipaxos.wire;

import com.google.protobuf.CodedOutputStream;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Content.Said;
import dev.multipaxos.wire.proto.ClientProto;
import dev.multipaxos.wire.proto.ClientProto.ClientHead;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the frame of a {@link ClientMessage.Results}, result by result: an object for each, and lists of them, were 55 bytes of garbage
 * for each command that a leader answers. Can be used again.
 *
 * <p>Not thread-safe.
 */
public final class ResultsWriter {
    private static final int RESULT_BYTES_MAX = 64;

    /** More than so many results are no reason to keep the room for so many. */
    private static final int KEPT_MAX = 1_024;

    private Buffer encoded = new Buffer();
    private CodedOutputStream out = CodedOutputStream.newInstance(encoded, RESULT_BYTES_MAX);
    private List<Bytes> payloads = new ArrayList<>();

    /** Begins an empty frame. */
    public ResultsWriter() {}

    /**
     * Adds a result.
     *
     * @param session as in the command
     * @param sequence as in the command
     * @param status how it ended
     * @param payload the answer, not copied yet
     */
    public void add(long session, long sequence, Status status, Bytes payload) {
        try {
            write(session, sequence, status, payload.length());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array does not fail
        }
        payloads.add(payload);
    }

    /** {@return the first part of the frame, as {@link ClientCodec#head} makes it} */
    public Bytes head() {
        flush();
        return ClientCodec.head(new Said(ClientHead.RESULTS_FIELD_NUMBER, encoded));
    }

    /** {@return the second part: all payloads, copied one after the other unless there is but one} */
    public Bytes body() {
        return Head.concatenated(payloads);
    }

    /** Begins the next frame. */
    public void clear() {
        if (payloads.size() > KEPT_MAX) {
            encoded = new Buffer();
            out = CodedOutputStream.newInstance(encoded, RESULT_BYTES_MAX);
            payloads = new ArrayList<>();
        } else {
            flush();
            encoded.reset();
            payloads.clear();
        }
    }

    private void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // an array does not fail
        }
    }

    private void write(long session, long sequence, Status status, int payloadBytes) throws IOException {
        Head.startMessage(
                out, ClientProto.Results.RESULTS_FIELD_NUMBER, content(session, sequence, status, payloadBytes));
        Head.writeFixed64(out, ClientProto.Result.SESSION_FIELD_NUMBER, session);
        Head.writeInt64(out, ClientProto.Result.SEQUENCE_FIELD_NUMBER, sequence);
        out.writeEnum(ClientProto.Result.STATUS_FIELD_NUMBER, ClientCodec.toNumber(status));
        Head.writeInt64(out, ClientProto.Result.BODY_BYTES_FIELD_NUMBER, payloadBytes);
    }

    private static int content(long session, long sequence, Status status, int payloadBytes) {
        return Head.sizeOfFixed64(ClientProto.Result.SESSION_FIELD_NUMBER, session)
                + Head.sizeOfInt64(ClientProto.Result.SEQUENCE_FIELD_NUMBER, sequence)
                + CodedOutputStream.computeEnumSize(
                        ClientProto.Result.STATUS_FIELD_NUMBER, ClientCodec.toNumber(status))
                + Head.sizeOfInt64(ClientProto.Result.BODY_BYTES_FIELD_NUMBER, payloadBytes);
    }

    /** The results so far, encoded. */
    private static final class Buffer extends ByteArrayOutputStream implements Content {
        @Override
        public void writeTo(CodedOutputStream head) throws IOException {
            head.writeRawBytes(buf, 0, count);
        }
    }
}
