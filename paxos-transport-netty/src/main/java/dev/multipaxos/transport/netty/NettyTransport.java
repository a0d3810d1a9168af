package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transport over TCP. Each pair of nodes has two connections: a node sends on the one that it dialled, and receives on the
 * one that the other dialled; while it sends bulk it dials another. Clients dial the same port, and are answered on their
 * connection.
 *
 * <p>A frame is refused before anything is allocated for it if its length is over the limit, and a connection is closed at the
 * first frame whose checksum is wrong. Until both sides are admitted the limit is 64 KiB, whatever the frames' limit is. A
 * connection that is silent for three ping intervals is closed. The layout is described in {@code docs/transport.md}.
 *
 * <p><b>Threads.</b> {@link NettyOptions#eventLoopThreads} threads named {@code paxos-netty-N}, and one for looking names up,
 * {@code paxos-netty-resolver}, which exists while there are names to look up. The methods may be called by any thread and do
 * not block, {@link #start} and {@link #close} apart, which these threads must not call.
 *
 * <p>A transport is used once: it is started, and closed.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
public final class NettyTransport implements Transport {

    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);

    /** What exists from start to close. */
    private record Running(
            EventLoops loops, Resolver resolver, Channel listening, Accepted accepted, PeerLink.Shared links) {}

    private final NettyOptions options;
    private final Complaints complaints = new Complaints(LOG);
    private final ConcurrentHashMap<Integer, PeerLink> links = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, BulkLink> bulkLinks = new ConcurrentHashMap<>();

    /** Guards the outboxes and their list, so that a close at any time loses no buffer. Never contended in normal use. */
    private final Object sending = new Object();

    private final List<Outbox> unflushed = new ArrayList<>();
    private volatile int frameBytesMax;
    private boolean closed;

    private volatile @Nullable Running running;

    private NettyTransport(NettyOptions options) {
        this.options = options;
    }

    /** {@return a transport with the default options, to be started by the node} */
    public static NettyTransport tcp() {
        return tcp(NettyOptions.defaults());
    }

    /**
     * Makes a transport.
     *
     * @param options how it behaves
     * @return the transport, to be started by the node
     */
    public static NettyTransport tcp(NettyOptions options) {
        return new NettyTransport(options);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the address is malformed, or the largest frame does not fit the options
     * @throws IllegalStateException if it was started or closed before
     */
    @Override
    public synchronized int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
        HostPort address = HostPort.parse(bind);
        checkLimits(frameBytesMax);
        synchronized (sending) {
            if (closed || running != null) {
                throw new IllegalStateException("a transport is started once, and this one was "
                        + (closed ? "closed" : "started already") + ": make another");
            }
            this.frameBytesMax = frameBytesMax;
        }
        InetSocketAddress local = new InetSocketAddress(address.host(), address.port());
        if (local.isUnresolved()) {
            throw new IOException("cannot listen on " + address + ": its name cannot be resolved");
        }
        EventLoops loops = new EventLoops(options.eventLoopThreads(), options.nativeEpoll(), "paxos-netty");
        Accepted accepted = new Accepted(options, receiver, frameBytesMax, complaints, this::onPeerAdmitted);
        ChannelFuture bound = loops.server(accepted).bind(local).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.close();
            throw new IOException(
                    "cannot listen on " + address + ": " + bound.cause().getMessage(), bound.cause());
        }
        Resolver resolver = new Resolver("paxos-netty-resolver");
        PeerLink.Shared shared = new PeerLink.Shared(options, loops, resolver, receiver);
        running = new Running(loops, resolver, bound.channel(), accepted, shared);
        return ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    private void checkLimits(int frameBytesMax) {
        List<String> wrong = new ArrayList<>();
        if (frameBytesMax < 1 || frameBytesMax > 1 << 30) {
            wrong.add("frameBytesMax " + frameBytesMax + " must be 1 to " + (1 << 30));
        } else {
            int wireBytes = Frame.wireBytes(frameBytesMax);
            if (options.peerOutboundBytesMax() < wireBytes) {
                wrong.add("peerOutboundBytesMax " + options.peerOutboundBytesMax()
                        + " must hold one frame of frameBytesMax, " + wireBytes + " bytes");
            }
            if (options.clientOutboundBytesMax() < wireBytes) {
                wrong.add("clientOutboundBytesMax " + options.clientOutboundBytesMax()
                        + " must hold one frame of frameBytesMax, " + wireBytes + " bytes");
            }
        }
        if (!wrong.isEmpty()) {
            throw new IllegalArgumentException("the transport's limits: " + String.join("; ", wrong));
        }
    }

    private Running running() {
        Running now = running;
        if (now == null) {
            throw new IllegalStateException("the transport is not running: it was not started, or was closed");
        }
        return now;
    }

    private void onPeerAdmitted(int node) {
        PeerLink link = links.get(node);
        if (link != null) {
            link.nudge();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Called again with another address, the node is dialled there from now on.
     *
     * @throws IllegalArgumentException if the address is malformed
     * @throws IllegalStateException if the transport is not running
     */
    @Override
    public void connect(int node, String address) {
        HostPort remote = HostPort.parseRemote(address);
        PeerLink.Shared shared = running().links();
        links.compute(node, (id, known) -> {
            if (known != null) {
                known.moveTo(remote);
                return known;
            }
            PeerLink link = PeerLink.ordinary(shared, id, remote);
            link.start();
            return link;
        });
        bulkLinks.compute(node, (id, known) -> {
            if (known != null) {
                known.moveTo(remote);
                return known;
            }
            return new BulkLink(shared, id, remote, frameBytesMax);
        });
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the frame is larger than the limit
     */
    @Override
    public boolean send(int node, Bytes head, Bytes body) {
        PeerLink link = links.get(node);
        if (link == null) {
            return false;
        }
        checkFrame(head, body);
        synchronized (sending) {
            return offer(link.outbox(), head, body) == Outbox.Offer.QUEUED;
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the frame is larger than the limit
     */
    @Override
    public boolean sendBulk(int node, Bytes head, Bytes body) {
        BulkLink link = bulkLinks.get(node);
        if (link == null) {
            return false;
        }
        checkFrame(head, body);
        return link.send(head, body);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the frame is larger than the limit
     */
    @Override
    public boolean sendToClient(long connection, Bytes head, Bytes body) {
        AcceptedConnection client = client(connection);
        if (client == null) {
            return false;
        }
        checkFrame(head, body);
        Outbox outbox = client.outbox();
        synchronized (sending) {
            Outbox.Offer offer = offer(outbox, head, body);
            if (offer == Outbox.Offer.FULL) {
                running().accepted().forgetClient(connection);
                outbox.discard();
                client.drop();
                complaints.warn("client " + client.remote() + " reads too slowly: " + outbox.queuedBytes()
                        + " bytes wait for it (option clientOutboundBytesMax); closed");
            }
            return offer == Outbox.Offer.QUEUED;
        }
    }

    private void checkFrame(Bytes head, Bytes body) {
        long bytes = (long) head.length() + body.length();
        if (bytes > frameBytesMax) {
            throw new IllegalArgumentException(
                    "a frame of " + bytes + " bytes is larger than the limit of " + frameBytesMax);
        }
    }

    private Outbox.Offer offer(Outbox outbox, Bytes head, Bytes body) {
        if (closed) {
            return Outbox.Offer.NOT_CONNECTED;
        }
        boolean first = !outbox.hasPending();
        Outbox.Offer offer = outbox.offer(head, body);
        if (first && offer == Outbox.Offer.QUEUED) {
            unflushed.add(outbox);
        }
        return offer;
    }

    private @Nullable AcceptedConnection client(long connection) {
        Running now = running;
        return now == null ? null : now.accepted().client(connection);
    }

    @Override
    public void closeClient(long connection) {
        Running now = running;
        AcceptedConnection client = now == null ? null : now.accepted().forgetClient(connection);
        if (client != null) {
            synchronized (sending) {
                client.outbox().flush();
            }
            client.closeAfterAnswers();
        }
    }

    @Override
    public void flush() {
        synchronized (sending) {
            for (int i = 0; i < unflushed.size(); i++) {
                unflushed.get(i).flush();
            }
            unflushed.clear();
        }
    }

    /** {@inheritDoc} It is the first of those that serve connections, if {@link NettyOptions#sharesThread}. */
    @Override
    public @Nullable Host host() {
        return options.sharesThread() ? running().loops().host() : null;
    }

    /**
     * Pushes what was queued as far as the sockets take it, closes every connection and joins every thread. While it runs the
     * receiver may still be called; afterwards it is not. Does nothing when called again.
     *
     * @throws IllegalStateException if it is called by one of the transport's own threads
     */
    @Override
    public void close() {
        Running now = running;
        if (now != null) {
            now.loops().checkOutside(); // before anything is waited for: another thread that closes waits for this one
        }
        closeOutside();
    }

    private synchronized void closeOutside() {
        Running now = running;
        synchronized (sending) {
            flush();
            closed = true;
        }
        if (now != null) {
            now.listening().close().awaitUninterruptibly();
            links.values().forEach(PeerLink::close);
            bulkLinks.values().forEach(BulkLink::close);
            now.accepted().closeAll();
            now.resolver().close();
            now.loops().close();
            running = null;
        }
    }
}
