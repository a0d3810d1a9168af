package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.zip.CRC32C;

/** The other side of a connection, byte by byte: a program that is no node, or one that misbehaves. */
final class RawSocket implements AutoCloseable {

    private final Socket socket;
    private final DataInputStream in;

    RawSocket(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(20_000);
        in = new DataInputStream(socket.getInputStream());
    }

    static RawSocket dial(FakeNode node) throws IOException {
        return new RawSocket(new Socket(InetAddress.getLoopbackAddress(), node.port));
    }

    /** Dials with a small window, so that it is soon full when nothing is read. */
    static RawSocket dialNarrow(FakeNode node) throws IOException {
        Socket narrow = new Socket();
        narrow.setReceiveBufferSize(8 * 1024);
        narrow.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port));
        return new RawSocket(narrow);
    }

    /** Dials and is admitted; reads the answer. */
    static RawSocket admitted(FakeNode node, int as) throws IOException {
        RawSocket raw = dial(node);
        raw.send(frame(Frame.HELLO, Integer.toString(as)));
        raw.readFrame();
        return raw;
    }

    static byte[] frame(int kind, String body) {
        ByteBuf out = Unpooled.buffer();
        Frame.write(out, new CRC32C(), (byte) kind, Bytes.utf8(body), Bytes.EMPTY);
        return ByteBufUtil.getBytes(out);
    }

    void send(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** Reads one frame, without trust in our own decoder. */
    Frame readFrame() throws IOException {
        int length = in.readInt();
        int crc = in.readInt();
        byte[] rest = in.readNBytes(length - 4);
        CRC32C actual = new CRC32C();
        actual.update(rest);
        if (crc != (int) actual.getValue()) {
            throw new IOException("bad checksum");
        }
        return new Frame(rest[0], Bytes.wrap(rest, 1, rest.length - 1));
    }

    /** {@return true if the other side has closed the connection; reads and drops what still comes} */
    boolean isClosed() throws IOException {
        try {
            while (in.read() >= 0) {
                // last words
            }
            return true;
        } catch (SocketException reset) {
            return true;
        }
    }

    void hangUp() throws IOException {
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
