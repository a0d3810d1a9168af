package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Cuts the stream into {@link Frame}s. Nothing is allocated on the word of a length field: it is compared with the limit
 * first, and then only bytes that have arrived are kept. The body is copied once, out of Netty's buffer into an array of its
 * own, because the layer above keeps it.
 *
 * <p>(Not Netty's {@code LengthFieldBasedFrameDecoder}: the limit rises when the connection is admitted, and an oversized
 * frame shall be named and end the connection, not be skipped.)
 */
final class FrameDecoder extends ByteToMessageDecoder {

    private final CRC32C crc = new CRC32C();
    private int bodyBytesMax = Frame.HELLO_BYTES_MAX;
    private boolean broken;

    /** Sets the largest body from now on. Called on the connection's event loop. */
    void bodyBytesMax(int bytes) {
        bodyBytesMax = bytes;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws FrameException {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < Frame.LENGTH_BYTES) {
            return;
        }
        long length = in.getUnsignedInt(in.readerIndex());
        if (length < Frame.OVERHEAD_BYTES) {
            throw broken("announced a frame of " + length + " bytes, fewer than the " + Frame.OVERHEAD_BYTES
                    + " that every frame has: it speaks another protocol");
        }
        if (length - Frame.OVERHEAD_BYTES > bodyBytesMax) {
            throw broken("announced a frame of " + (length - Frame.OVERHEAD_BYTES) + " bytes, " + bodyBytesMax
                    + " are allowed here: its limits differ, or it speaks another protocol");
        }
        if (in.readableBytes() < Frame.LENGTH_BYTES + length) {
            return;
        }
        in.skipBytes(Frame.LENGTH_BYTES);
        int expected = in.readInt();
        byte kind = in.readByte();
        byte[] body = new byte[(int) length - Frame.OVERHEAD_BYTES];
        in.readBytes(body);
        crc.reset();
        crc.update(kind);
        crc.update(body, 0, body.length);
        int actual = (int) crc.getValue();
        if (actual != expected) {
            throw broken(String.format(
                    "sent a frame of %d bytes with checksum %08x whose bytes have %08x: damaged on the way",
                    body.length, expected, actual));
        }
        out.add(new Frame(kind, Bytes.wrap(body)));
    }

    private FrameException broken(String message) {
        broken = true;
        return new FrameException(message);
    }
}
