package dev.multipaxos;

import dev.multipaxos.bytes.Bytes;
import java.nio.ByteBuffer;
import java.util.function.Function;

/**
 * Turns commands or answers into bytes and back. Called from any thread, several at once.
 *
 * @param <T> what is turned
 */
public interface Codec<T> {

    /**
     * Encodes.
     *
     * @param value the value
     * @return its bytes; the array is not changed afterwards
     */
    Bytes encode(T value);

    /**
     * Decodes. What other members encoded must be understood, older versions of the application included. It must throw for what
     * is no value, and have no effects: a member tries what a client sent before it lets it into the log, because what is chosen
     * and cannot be decoded stops every member.
     *
     * @param bytes what {@link #encode} made
     * @return the value
     */
    T decode(Bytes bytes);

    /**
     * Makes a codec of two functions.
     *
     * @param encode makes bytes of a value
     * @param decode makes a value of bytes
     * @param <T> what is turned
     * @return the codec
     */
    static <T> Codec<T> of(Function<T, byte[]> encode, Function<byte[], T> decode) {
        return new Codec<>() {
            @Override
            public Bytes encode(T value) {
                return Bytes.wrap(encode.apply(value));
            }

            @Override
            public T decode(Bytes bytes) {
                return decode.apply(bytes.toArray());
            }
        };
    }

    /** {@return a codec for numbers, 8 bytes, big-endian} */
    static Codec<Long> int64() {
        return new Codec<>() {
            @Override
            public Bytes encode(Long value) {
                byte[] bytes = new byte[Long.BYTES];
                long rest = value;
                for (int i = bytes.length - 1; i >= 0; i--) {
                    bytes[i] = (byte) rest;
                    rest >>>= Byte.SIZE;
                }
                return Bytes.wrap(bytes);
            }

            @Override
            public Long decode(Bytes bytes) {
                return ByteBuffer.wrap(bytes.array(), bytes.offset(), bytes.length())
                        .getLong();
            }
        };
    }

    /** {@return a codec for texts, in UTF-8} */
    static Codec<String> utf8() {
        return new Codec<>() {
            @Override
            public Bytes encode(String value) {
                return Bytes.utf8(value);
            }

            @Override
            public String decode(Bytes bytes) {
                return bytes.toUtf8();
            }
        };
    }

    /** {@return a codec for bytes, as they are} */
    static Codec<Bytes> bytes() {
        return new Codec<>() {
            @Override
            public Bytes encode(Bytes value) {
                return value;
            }

            @Override
            public Bytes decode(Bytes bytes) {
                return bytes;
            }
        };
    }
}
