package dev.multipaxos.examples.kv;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Passes TCP connections on, until it is cut: then it goes silent, as a broken network does, with everything that was sent held
 * back. Healed, it closes the connections that it held, and passes new ones on.
 */
final class TcpProxy implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 << 10;

    private final ServerSocket listening;
    private final InetSocketAddress target;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private boolean cut;
    private volatile boolean closed;

    TcpProxy(InetSocketAddress from, InetSocketAddress target) {
        this.target = target;
        try {
            listening = new ServerSocket();
            listening.setReuseAddress(true);
            listening.bind(from);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot listen on " + from, e);
        }
        daemon(this::accept);
    }

    synchronized void cut() {
        cut = true;
    }

    synchronized void heal() {
        cut = false;
        sockets.forEach(TcpProxy::closeQuietly);
        notifyAll();
    }

    private synchronized void awaitPassage() throws InterruptedException {
        while (cut && !closed) {
            wait();
        }
    }

    private void accept() {
        while (!closed) {
            try {
                Socket incoming = listening.accept();
                sockets.add(incoming);
                daemon(() -> connect(incoming));
            } catch (IOException e) {
                if (!closed) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void connect(Socket incoming) {
        Socket outgoing = new Socket();
        sockets.add(outgoing);
        try {
            awaitPassage();
            outgoing.connect(target);
            incoming.setTcpNoDelay(true);
            outgoing.setTcpNoDelay(true);
        } catch (IOException | InterruptedException e) {
            end(incoming, outgoing); // the server is away: so is this connection
            return;
        }
        daemon(() -> pass(incoming, outgoing));
        daemon(() -> pass(outgoing, incoming));
    }

    private void pass(Socket from, Socket to) {
        byte[] buffer = new byte[BUFFER_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                awaitPassage();
                out.write(buffer, 0, count);
            }
            awaitPassage(); // not even the end of a connection gets through a cut
        } catch (IOException | InterruptedException e) {
            // either side has hung up, or the proxy is closed: the same for both
        }
        end(from, to);
    }

    private void end(Socket one, Socket other) {
        closeQuietly(one);
        closeQuietly(other);
        sockets.remove(one);
        sockets.remove(other);
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // it is of no use any more, closed or not
        }
    }

    private static void daemon(Runnable task) {
        Thread thread = new Thread(task, "tcp-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        closed = true;
        try {
            listening.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        heal();
    }
}
