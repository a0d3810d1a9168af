package dev.multipaxos.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotAnswer;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotConfiguration;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotHeader;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotSession;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Encodes and decodes the parts of a snapshot, one at a time: a reader never holds more than one of them, and allocates no more
 * than what is there. Stateless; any thread.
 */
public final class SnapshotCodec {
    /** The format that is written, and the highest that is read. */
    public static final int FORMAT = 1;

    /** A header, a configuration and a session are smaller than this; an answer may have any size. */
    private static final int PART_BYTES_MAX = 1 << 20;

    private static final int PART_BYTES_FIRST = 4 << 10;

    private static final Parser<SnapshotHeader> HEADER = Head.parser(SnapshotHeader.parser());
    private static final Parser<SnapshotConfiguration> CONFIGURATION = Head.parser(SnapshotConfiguration.parser());
    private static final Parser<SnapshotSession> SESSION = Head.parser(SnapshotSession.parser());
    private static final Parser<SnapshotAnswer> ANSWER = Head.parser(SnapshotAnswer.parser());

    private SnapshotCodec() {}

    /**
     * Encodes a part.
     *
     * @param part the part
     * @return its encoding behind its length
     */
    public static Bytes encode(SnapshotPart part) {
        return Head.delimited(new Content.Generated(toProto(part)));
    }

    private static MessageLite toProto(SnapshotPart part) {
        if (part instanceof SnapshotPart.Header header) {
            return SnapshotHeader.newBuilder()
                    .setFormat(FORMAT)
                    .setSlot(header.slot())
                    .setLogTimeMillis(header.logTimeMillis())
                    .setWrittenMillis(header.writtenMillis())
                    .setConfigurations(header.configurations())
                    .setSessions(header.sessions())
                    .build();
        } else if (part instanceof SnapshotPart.Configuration configuration) {
            return SnapshotConfiguration.newBuilder()
                    .setFirstSlot(configuration.firstSlot())
                    .setFoundingRecord(wrapped(FoundingRecordCodec.encode(configuration.founding())))
                    .build();
        } else if (part instanceof SnapshotPart.Session session) {
            return SnapshotSession.newBuilder()
                    .setId(session.id())
                    .setLastUseMillis(session.lastUseMillis())
                    .setFloor(session.floor())
                    .setAnswers(session.answers())
                    .build();
        } else if (part instanceof SnapshotPart.Answer answer) {
            return SnapshotAnswer.newBuilder()
                    .setSequence(answer.sequence())
                    .setAnswer(wrapped(answer.answer()))
                    .build();
        }
        throw new IllegalStateException("no encoding for " + part.getClass());
    }

    private static ByteString wrapped(Bytes bytes) {
        return UnsafeByteOperations.unsafeWrap(bytes.array(), bytes.offset(), bytes.length());
    }

    /**
     * Reads the first part of a snapshot.
     *
     * @param in stands at its begin
     * @return the header
     * @throws WireException if it is not valid, or newer than this version
     * @throws IOException if {@code in} fails
     */
    public static SnapshotPart.Header readHeader(InputStream in) throws IOException {
        SnapshotHeader header = parse("header of a snapshot", HEADER, next(in, PART_BYTES_MAX));
        if (header.getFormat() < 1 || header.getFormat() > FORMAT) {
            throw Head.bad("the snapshot has format " + header.getFormat() + ", this version reads up to " + FORMAT
                    + "; a newer one may have written it");
        }
        if (header.getConfigurations() < 1) {
            throw Head.bad("a snapshot without a configuration");
        }
        return new SnapshotPart.Header(
                Head.notNegative("the slot of a snapshot", header.getSlot()),
                header.getLogTimeMillis(),
                header.getWrittenMillis(),
                header.getConfigurations(),
                (int) Head.notNegative("the number of sessions", header.getSessions()));
    }

    /**
     * Reads the next part, a configuration.
     *
     * @param in stands before it
     * @return the configuration
     * @throws WireException if it is not valid
     * @throws IOException if {@code in} fails
     */
    public static SnapshotPart.Configuration readConfiguration(InputStream in) throws IOException {
        SnapshotConfiguration configuration =
                parse("configuration of a snapshot", CONFIGURATION, next(in, PART_BYTES_MAX));
        return new SnapshotPart.Configuration(
                Head.slot(configuration.getFirstSlot()),
                FoundingRecordCodec.decode(
                        Bytes.wrap(configuration.getFoundingRecord().toByteArray())));
    }

    /**
     * Reads the next part, a session.
     *
     * @param in stands before it
     * @return the session
     * @throws WireException if it is not valid
     * @throws IOException if {@code in} fails
     */
    public static SnapshotPart.Session readSession(InputStream in) throws IOException {
        SnapshotSession session = parse("session in a snapshot", SESSION, next(in, PART_BYTES_MAX));
        if (session.getFloor() < 1) {
            throw Head.bad("session " + session.getId() + " has the floor " + session.getFloor());
        }
        return new SnapshotPart.Session(session.getId(), session.getLastUseMillis(), session.getFloor(), (int)
                Head.notNegative("the number of answers", session.getAnswers()));
    }

    /**
     * Reads the next part, an answer.
     *
     * @param in stands before it
     * @return the answer
     * @throws WireException if it is not valid
     * @throws IOException if {@code in} fails
     */
    public static SnapshotPart.Answer readAnswer(InputStream in) throws IOException {
        SnapshotAnswer answer = parse("answer in a snapshot", ANSWER, next(in, Integer.MAX_VALUE));
        return new SnapshotPart.Answer(
                Head.slot(answer.getSequence()), Bytes.wrap(answer.getAnswer().toByteArray()));
    }

    private static <T> T parse(String what, Parser<T> parser, byte[] bytes) throws WireException {
        try {
            return parser.parseFrom(bytes);
        } catch (IOException e) {
            throw Head.invalid(what, e);
        }
    }

    private static byte[] next(InputStream in, int bytesMax) throws IOException {
        int length = readLength(in);
        if (length < 0 || length > bytesMax) {
            throw Head.bad("a part of " + Integer.toUnsignedString(length) + " bytes, where " + bytesMax
                    + " are the most; this is no snapshot");
        }
        byte[] bytes = new byte[Math.min(length, PART_BYTES_FIRST)]; // and grows: a length that lies costs little
        int read = in.readNBytes(bytes, 0, bytes.length);
        while (read == bytes.length && read < length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * read));
            read += in.readNBytes(bytes, read, bytes.length - read);
        }
        if (read < length) {
            throw Head.bad("a part of " + length + " bytes is cut after " + read);
        }
        return bytes;
    }

    private static int readLength(InputStream in) throws IOException {
        int length = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            int next = in.read();
            if (next < 0) {
                throw Head.bad("the snapshot ends where a part of it should begin");
            }
            length |= (next & 0x7f) << shift;
            if (next < 0x80) {
                return length;
            }
        }
        throw Head.bad("a length of more than five bytes; this is no snapshot");
    }
}
