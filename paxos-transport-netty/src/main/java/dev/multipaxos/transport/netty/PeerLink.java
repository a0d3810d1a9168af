package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Receiver;
import dev.multipaxos.spi.Transport.Verdict;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection on which frames go to one node: dialled, and dialled again when it is lost, as long as it is wanted. Frames of that
 * node arrive on the connections that it dials, so that neither side has to decide which of two to keep.
 *
 * <p>Everything but the {@link #outbox} belongs to one event loop.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class PeerLink {

    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    /** Different reasons are remembered so that each is logged once; beyond these, every one is. */
    private static final int REASONS_MAX = 16;

    /** What the links of one transport share. */
    record Shared(NettyOptions options, EventLoops loops, Resolver resolver, Receiver receiver) {}

    /** What a link is for. Its methods are called on the link's event loop. */
    interface Use {
        /** {@return the kind of the frame that greets} */
        byte hello();

        /** {@return whether the link is to be dialled again} */
        boolean isWanted();

        /** Frames can be sent. */
        void connected(Channel channel);

        /** Frames cannot be sent any more. */
        void disconnected();
    }

    private final Shared shared;
    private final Use use;
    private final int node;
    private final EventLoop loop;
    private final Outbox outbox;
    private final Set<String> reasonsLogged = new LinkedHashSet<>();

    private HostPort address;
    private @Nullable Channel channel;
    private @Nullable ScheduledFuture<?> redial;
    private int failures;
    private boolean refused;
    private boolean started;
    private boolean closed;
    private long admittedNanos;

    PeerLink(Shared shared, int node, HostPort address, long outboundBytesMax, Use use) {
        this.shared = shared;
        this.use = use;
        this.node = node;
        this.address = address;
        this.loop = shared.loops().next();
        this.outbox = new Outbox(outboundBytesMax);
    }

    /** {@return the ordinary link to a node, which is always wanted} */
    static PeerLink ordinary(Shared shared, int node, HostPort address) {
        return new PeerLink(shared, node, address, shared.options().peerOutboundBytesMax(), new Use() {
            @Override
            public byte hello() {
                return Frame.HELLO;
            }

            @Override
            public boolean isWanted() {
                return true;
            }

            @Override
            public void connected(Channel channel) {
                shared.receiver().onPeerConnected(node);
            }

            @Override
            public void disconnected() {
                shared.receiver().onPeerDisconnected(node);
            }
        });
    }

    /** {@return where frames to the node wait} */
    Outbox outbox() {
        return outbox;
    }

    /** Dials, unless that was done and is still going on. Any thread. */
    void start() {
        loop.execute(() -> {
            if (!started) {
                started = true;
                dial();
            }
        });
    }

    /** The node is to be found elsewhere from now on. Any thread. */
    void moveTo(HostPort newAddress) {
        loop.execute(() -> {
            if (newAddress.equals(address)) {
                return;
            }
            address = newAddress;
            reasonsLogged.clear();
            failures = 0;
            Channel old = channel;
            if (old != null) {
                old.close(); // and dials the new address when it is closed
            } else {
                dialSooner();
            }
        });
    }

    /** The node has just dialled us, so it is there: dials at once if it was waiting. Any thread. */
    void nudge() {
        loop.execute(() -> {
            if (!refused) {
                dialSooner();
            }
        });
    }

    /** Stops dialling, for ever. Any thread. */
    void close() {
        loop.execute(() -> {
            closed = true;
            Channel open = channel;
            if (open != null) {
                open.close();
            }
        });
    }

    private void dialSooner() {
        if (redial != null && redial.cancel(false)) {
            dial();
        }
    }

    private void dial() {
        redial = null;
        if (closed) {
            return;
        }
        HostPort to = address;
        shared.resolver().resolve(to, failures, loop, (socketAddress, failure) -> {
            if (!to.equals(address)) {
                dial(); // it has moved meanwhile
            } else if (socketAddress != null) {
                connect(to, socketAddress);
            } else {
                unreachable(to, "its name cannot be resolved" + (failure == null ? "" : ": " + failure.getMessage()));
            }
        });
    }

    private void connect(HostPort to, InetSocketAddress socketAddress) {
        if (closed) {
            return;
        }
        Dialled dialled = new Dialled(to);
        shared.loops()
                .client(loop, shared.options().handshakeDeadline(), dialled.initializer())
                .connect(socketAddress)
                .addListener(done -> {
                    if (!done.isSuccess()) {
                        channel = null;
                        unreachable(to, String.valueOf(done.cause().getMessage()));
                    }
                });
    }

    private void unreachable(HostPort to, String reason) {
        logOnce(reason, () -> LOG.info("node {} at {} cannot be reached, dialling on: {}", node, to, reason));
        redialLater(backOffNanos());
    }

    private void refusal(HostPort to, String reason) {
        refused = true;
        logOnce(reason, () -> LOG.warn("no connection to node {} at {}: {}", node, to, reason));
    }

    private void logOnce(String reason, Runnable log) {
        if (!reasonsLogged.contains(reason)) {
            if (reasonsLogged.size() < REASONS_MAX) {
                reasonsLogged.add(reason);
            }
            log.run();
        }
    }

    private long backOffNanos() {
        long min = shared.options().reconnectMin().toNanos();
        long max = shared.options().reconnectMax().toNanos();
        long pause = refused ? max : Math.min(max, min << Math.min(failures, 20));
        failures++;
        return pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
    }

    private void redialLater(long pauseNanos) {
        if (closed || !use.isWanted()) {
            started = false;
        } else {
            redial = loop.schedule(this::dial, pauseNanos, TimeUnit.NANOSECONDS);
        }
    }

    /** One connection that this link dialled. */
    private final class Dialled extends Connection {

        private final HostPort to;

        Dialled(HostPort to) {
            super(shared.options().handshakeDeadline(), shared.options().pingInterval());
            this.to = to;
        }

        ChannelInitializer<Channel> initializer() {
            return new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel dialled) {
                    channel = dialled;
                    install(dialled);
                }
            };
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            super.channelActive(context);
            context.writeAndFlush(
                    Frame.encode(context.alloc(), use.hello(), shared.receiver().hello(node)));
        }

        @Override
        void onHello(ChannelHandlerContext context, Bytes hello, boolean bulk) {
            Verdict verdict = shared.receiver().onHello(node, remote(), hello);
            String reason = verdict.refusal();
            if (reason == null && verdict.node() != node) {
                reason = "dialled node " + node + ", but found "
                        + (verdict.node() == 0 ? "a client" : "node " + verdict.node())
                        + ": check the members' addresses";
            }
            if (reason != null) {
                refusal(to, reason);
                refuse(context, reason);
                return;
            }
            admit(Frame.HELLO_BYTES_MAX);
            if (!reasonsLogged.isEmpty()) {
                LOG.info("node {} at {} can be reached", node, to);
                reasonsLogged.clear();
            }
            refused = false;
            admittedNanos = System.nanoTime();
            ping(context);
            outbox.connected(context.channel());
            use.connected(context.channel());
        }

        @Override
        void onRefused(String reason) {
            refusal(to, "it refuses: " + reason);
        }

        @Override
        void onData(Bytes frame) throws FrameException {
            throw new FrameException("sent data on a connection that it did not dial, where it only answers");
        }

        @Override
        void onBurstEnd() {}

        @Override
        void onClosed(Channel ended, boolean wasAdmitted) {
            outbox.disconnected(ended);
            channel = null;
            if (wasAdmitted
                    && System.nanoTime() - admittedNanos
                            > shared.options().reconnectMax().toNanos()) {
                failures = 0; // it was a good connection: try again soon
            }
            redialLater(backOffNanos());
            if (wasAdmitted) {
                if (!closed && use.isWanted()) {
                    LOG.info("connection to node {} at {} is lost; dialling again", node, to);
                }
                use.disconnected();
            }
        }

        @Override
        void complain(String message) {
            logOnce(message, () -> LOG.warn("connection to node {}: {}", node, message));
        }
    }
}
