package dev.multipaxos.transport.netty;

import dev.multipaxos.spi.Transport.Receiver;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** The connections that others dialled. Its methods are called by every event loop, and by the thread that sends. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class Accepted extends ChannelInitializer<Channel> {

    /** The most connections that are not admitted yet; more come only from someone who means harm. */
    private static final int GREETING_MAX = 1_024;

    private final NettyOptions options;
    private final Receiver receiver;
    private final int frameBytesMax;
    private final Complaints complaints;
    private final IntConsumer onPeerAdmitted;

    private final Set<Channel> open = ConcurrentHashMap.newKeySet();
    private final ConcurrentHashMap<Integer, AcceptedConnection> peers = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Integer, AcceptedConnection> bulkPeers = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Long, AcceptedConnection> clients = new ConcurrentHashMap<>();
    private final AtomicInteger clientCount = new AtomicInteger();
    private final AtomicInteger greetingCount = new AtomicInteger();
    private final AtomicLong lastClient = new AtomicLong();
    private volatile boolean closed;

    Accepted(
            NettyOptions options,
            Receiver receiver,
            int frameBytesMax,
            Complaints complaints,
            IntConsumer onPeerAdmitted) {
        this.options = options;
        this.receiver = receiver;
        this.frameBytesMax = frameBytesMax;
        this.complaints = complaints;
        this.onPeerAdmitted = onPeerAdmitted;
    }

    @Override
    protected void initChannel(Channel channel) {
        open.add(channel);
        channel.closeFuture().addListener(ended -> open.remove(channel));
        if (closed) { // asked after the addition, so that closeAll finds the channel or we find this
            channel.close();
        } else if (greetingCount.incrementAndGet() > GREETING_MAX) {
            greetingCount.decrementAndGet();
            complain("more than " + GREETING_MAX + " connections wait to be admitted; the newest is closed");
            channel.close();
        } else {
            new AcceptedConnection(this, channel, options, receiver, frameBytesMax).install(channel);
        }
    }

    /** Registers a node's connection. An older one of the same node and kind is closed: it may be half dead. */
    void admitPeer(int node, boolean bulk, AcceptedConnection connection) {
        greetingCount.decrementAndGet();
        AcceptedConnection older = (bulk ? bulkPeers : peers).put(node, connection);
        if (older != null) {
            older.drop();
        }
        onPeerAdmitted.accept(node);
    }

    /** {@return the number of a new client, or 0 if there are too many} */
    long admitClient(AcceptedConnection connection) {
        if (clientCount.incrementAndGet() > options.clientConnectionsMax()) {
            clientCount.decrementAndGet();
            return 0;
        }
        greetingCount.decrementAndGet();
        long id = lastClient.incrementAndGet();
        clients.put(id, connection);
        return id;
    }

    /** {@return why a client is refused when there are too many} */
    String clientsFull() {
        return "this node serves " + options.clientConnectionsMax()
                + " clients already (option clientConnectionsMax): try another member, or later";
    }

    @Nullable
    AcceptedConnection client(long id) {
        return clients.get(id);
    }

    /** Forgets a client, so that nothing more is queued for it. {@return its connection, if it was known} */
    @Nullable
    AcceptedConnection forgetClient(long id) {
        return clients.remove(id);
    }

    /** Closes every connection and waits until they are. Nothing is accepted any more. */
    void closeAll() {
        closed = true;
        for (Channel channel : open) {
            channel.close().awaitUninterruptibly();
        }
    }

    void peerClosed(int node, boolean bulk, AcceptedConnection connection) {
        (bulk ? bulkPeers : peers).remove(node, connection);
    }

    void clientClosed(long id) {
        clients.remove(id);
        clientCount.decrementAndGet();
    }

    /** A connection ended before it was admitted. */
    void closedUnadmitted() {
        greetingCount.decrementAndGet();
    }

    void complain(String message) {
        complaints.warn(message);
    }
}
