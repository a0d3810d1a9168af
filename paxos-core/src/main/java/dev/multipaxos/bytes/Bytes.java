package dev.multipaxos.bytes;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/**
 * An immutable run of bytes inside an array, equal by content.
 *
 * <p>It wraps without copying: whoever hands an array over must not change it afterwards. (Not a {@link ByteBuffer}, whose
 * position is mutable, and not a Netty buffer, whose reference count would have to be kept by the protocol.)
 */
public final class Bytes {

    /** No bytes at all. */
    public static final Bytes EMPTY = new Bytes(new byte[0], 0, 0);

    private final byte[] array;
    private final int offset;
    private final int length;

    private Bytes(byte[] array, int offset, int length) {
        this.array = array;
        this.offset = offset;
        this.length = length;
    }

    /**
     * Wraps a whole array.
     *
     * @param array the bytes, not copied and from now on not changed
     * @return the same bytes as a value
     */
    public static Bytes wrap(byte[] array) {
        return array.length == 0 ? EMPTY : new Bytes(array, 0, array.length);
    }

    /**
     * Wraps a part of an array.
     *
     * @param array the bytes, not copied and from now on not changed
     * @param offset where the part begins
     * @param length its length in bytes
     * @return the part as a value
     * @throws IndexOutOfBoundsException if the part is not inside the array
     */
    public static Bytes wrap(byte[] array, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, array.length);
        return length == 0 ? EMPTY : new Bytes(array, offset, length);
    }

    /**
     * Encodes a text.
     *
     * @param text any text
     * @return its UTF-8 encoding
     */
    public static Bytes utf8(String text) {
        return wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    /** {@return the array that holds these bytes, to be read only, from {@link #offset} on} */
    public byte[] array() {
        return array;
    }

    /** {@return the index of the first byte in {@link #array}} */
    public int offset() {
        return offset;
    }

    /** {@return the number of bytes} */
    public int length() {
        return length;
    }

    /**
     * Takes a part, without copying.
     *
     * @param from the first byte of the part
     * @param count its length in bytes
     * @return the part
     * @throws IndexOutOfBoundsException if the part is not inside these bytes
     */
    public Bytes slice(int from, int count) {
        Objects.checkFromIndexSize(from, count, length);
        return count == 0 ? EMPTY : new Bytes(array, offset + from, count);
    }

    /**
     * Reads one byte.
     *
     * @param index its index, from 0
     * @return the byte
     */
    public byte get(int index) {
        return array[offset + Objects.checkIndex(index, length)];
    }

    /** {@return a copy of the bytes in an array of their own} */
    public byte[] toArray() {
        return Arrays.copyOfRange(array, offset, offset + length);
    }

    /** {@return a read-only buffer over the same bytes} */
    public ByteBuffer toByteBuffer() {
        return ByteBuffer.wrap(array, offset, length).slice().asReadOnlyBuffer();
    }

    /** {@return the bytes decoded as UTF-8} */
    public String toUtf8() {
        return new String(array, offset, length, StandardCharsets.UTF_8);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that
                && Arrays.equals(array, offset, offset + length, that.array, that.offset, that.offset + that.length);
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = offset; i < offset + length; i++) {
            hash = 31 * hash + array[i];
        }
        return hash;
    }

    /** {@return the length and the first bytes in hexadecimal} */
    @Override
    public String toString() {
        String head = HexFormat.of().formatHex(array, offset, offset + Math.min(length, 16));
        return length + " bytes [" + head + (length > 16 ? "…]" : "]");
    }
}
