package dev.multipaxos.testkit.contract;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.transport.netty.NettyOptions;
import dev.multipaxos.transport.netty.NettyTransport;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** The transport of production, over the loopback. Its client here knows of it what {@code docs/transport.md} says. */
class NettyTransportContractTest extends TransportContract {

    @Override
    protected Transport newTransport(int node) {
        return NettyTransport.tcp(NettyOptions.builder()
                .reconnect(Duration.ofMillis(5), Duration.ofMillis(50))
                .build());
    }

    @Override
    protected boolean mayOutliveClose(Thread thread) {
        return thread.getName().startsWith("globalEventExecutor"); // Netty's, for the whole process; ends by itself
    }

    @Override
    protected TransportClient dialAsClient(int port, Bytes hello, Consumer<Bytes> frames) throws IOException {
        return new Client(port, hello, frames);
    }

    private static final class Client implements TransportClient {
        private static final int HELLO = 1;
        private static final int DATA = 3;

        private final Socket socket;
        private final DataOutputStream out;
        private final Thread reader;

        Client(int port, Bytes hello, Consumer<Bytes> frames) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), port);
            out = new DataOutputStream(socket.getOutputStream());
            write(HELLO, hello);
            // the greeting goes first and data after it was answered: the answer is read before anything is sent
            DataInputStream in = new DataInputStream(socket.getInputStream());
            reader = new Thread(() -> read(in, frames), "contract-client");
            int kind = frame(in, frame -> {});
            if (kind == HELLO) {
                reader.start();
            }
        }

        private static int frame(DataInputStream in, Consumer<Bytes> frames) throws IOException {
            int length = in.readInt();
            in.readInt();
            byte[] kindAndBody = new byte[length - 4];
            in.readFully(kindAndBody);
            if (kindAndBody[0] == DATA) {
                frames.accept(Bytes.wrap(kindAndBody, 1, length - 5));
            }
            return kindAndBody[0];
        }

        private static void read(DataInputStream in, Consumer<Bytes> frames) {
            try {
                while (true) {
                    frame(in, frames);
                }
            } catch (IOException e) {
                // closed by either side
            }
        }

        private void write(int kind, Bytes body) throws IOException {
            ByteBuffer frame = ByteBuffer.allocate(9 + body.length()).putInt(5 + body.length());
            frame.putInt(0).put((byte) kind).put(body.toByteBuffer());
            CRC32C crc = new CRC32C();
            crc.update(frame.array(), 8, 1 + body.length());
            out.write(frame.putInt(4, (int) crc.getValue()).array());
        }

        @Override
        public void send(Bytes frame) throws IOException {
            write(DATA, frame);
        }

        @Override
        public void close() throws IOException {
            socket.close();
            try {
                reader.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }
}
