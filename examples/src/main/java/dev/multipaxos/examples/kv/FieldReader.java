package dev.multipaxos.examples.kv;

import dev.multipaxos.bytes.Bytes;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads what a {@link FieldWriter} wrote; whatever else it is given ends in a {@link MalformedException}. */
final class FieldReader {

    /** The bytes are not what they should be. */
    static final class MalformedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        private final String reason;

        MalformedException(String reason) {
            super(reason);
            this.reason = reason;
        }

        /** What is wrong with the bytes. */
        String reason() {
            return reason;
        }
    }

    private final ByteBuffer in;

    FieldReader(Bytes bytes) {
        this.in = bytes.toByteBuffer();
    }

    int octet() {
        if (!in.hasRemaining()) {
            throw new MalformedException("it ends after " + in.position() + " bytes, in the middle of a field");
        }
        return in.get() & 0xFF;
    }

    boolean flag() {
        int value = octet();
        if (value > 1) {
            throw new MalformedException("a flag is " + value + ", which is neither 0 nor 1");
        }
        return value == 1;
    }

    long number() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            int next = octet();
            value |= (long) (next & 0x7F) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        throw new MalformedException("a number has more than ten bytes");
    }

    int count() {
        long value = number();
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new MalformedException("a count is " + Long.toUnsignedString(value));
        }
        return (int) value;
    }

    /** Reads how many items follow; each takes a byte at least, so that a wrong count cannot make anyone allocate much. */
    int items() {
        int count = count();
        if (count > in.remaining()) {
            throw new MalformedException(count + " items are announced, but " + in.remaining() + " bytes are left");
        }
        return count;
    }

    String text() {
        int length = count();
        if (length > in.remaining()) {
            throw new MalformedException(
                    "a text of " + length + " bytes is announced, but " + in.remaining() + " are left");
        }
        ByteBuffer utf8 = in.slice(in.position(), length);
        in.position(in.position() + length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedException("a text is not UTF-8");
        }
    }

    void end() {
        if (in.hasRemaining()) {
            throw new MalformedException(in.remaining() + " bytes follow its end");
        }
    }
}
