package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.zip.CRC32C;

/**
 * What travels on a connection, one after the other, big-endian:
 *
 * <pre>length u32 | crc32c u32 | kind u8 | body</pre>
 *
 * <p>The length counts everything behind it; the checksum covers kind and body.
 *
 * @param kind one of the constants
 * @param body what it carries
 */
record Frame(byte kind, Bytes body) {

    /** The first frame in each direction, made and judged by the layer above. */
    static final byte HELLO = 1;
    /** Why the sender closes the connection: a text in UTF-8, for people. */
    static final byte REFUSED = 2;
    /** What the layer above sends. */
    static final byte DATA = 3;
    /** The dialler asks whether the other side is still there. */
    static final byte PING = 4;
    /** It is. */
    static final byte PONG = 5;
    /** A hello of a connection that carries bulk. */
    static final byte BULK_HELLO = 6;

    /** Bytes of the length field. */
    static final int LENGTH_BYTES = 4;
    /** Bytes that the length counts beside the body: checksum and kind. */
    static final int OVERHEAD_BYTES = 5;
    /** The largest body before both sides are admitted. */
    static final int HELLO_BYTES_MAX = 64 * 1024;

    /** {@return the bytes of a frame on the wire} */
    static int wireBytes(int bodyBytes) {
        return LENGTH_BYTES + OVERHEAD_BYTES + bodyBytes;
    }

    /** Appends a frame whose body is in two parts. */
    static void write(ByteBuf out, CRC32C crc, byte kind, Bytes head, Bytes body) {
        crc.reset();
        crc.update(kind);
        crc.update(head.array(), head.offset(), head.length());
        crc.update(body.array(), body.offset(), body.length());
        out.writeInt(OVERHEAD_BYTES + head.length() + body.length());
        out.writeInt((int) crc.getValue());
        out.writeByte(kind);
        out.writeBytes(head.array(), head.offset(), head.length());
        out.writeBytes(body.array(), body.offset(), body.length());
    }

    /** {@return a buffer that holds one frame} */
    static ByteBuf encode(ByteBufAllocator allocator, byte kind, Bytes body) {
        ByteBuf out = allocator.directBuffer(wireBytes(body.length()));
        write(out, new CRC32C(), kind, body, Bytes.EMPTY);
        return out;
    }
}
