package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Receiver;
import dev.multipaxos.spi.Transport.Verdict;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;

/** A connection that someone else dialled: a node, whose frames or whose bulk arrive here, or a client, which is answered here. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class AcceptedConnection extends Connection {

    private final Accepted accepted;
    private final Channel channel;
    private final Receiver receiver;
    private final int frameBytesMax;
    private final Outbox outbox;

    private int node;
    private boolean bulk;
    private long client;

    AcceptedConnection(Accepted accepted, Channel channel, NettyOptions options, Receiver receiver, int frameBytesMax) {
        super(options.handshakeDeadline(), options.pingInterval());
        this.accepted = accepted;
        this.channel = channel;
        this.receiver = receiver;
        this.frameBytesMax = frameBytesMax;
        this.outbox = new Outbox(options.clientOutboundBytesMax());
    }

    @Override
    void onHello(ChannelHandlerContext context, Bytes hello, boolean sendsBulk) throws FrameException {
        Verdict verdict = receiver.onHello(0, remote(), hello);
        if (verdict.refusal() != null) {
            turnAway(context, verdict.refusal());
            return;
        }
        Bytes answer = receiver.hello(0);
        if (verdict.node() != 0) {
            node = verdict.node();
            bulk = sendsBulk;
            accepted.admitPeer(node, bulk, this);
        } else if (sendsBulk) {
            throw new FrameException("greeted as a client that sends bulk");
        } else {
            client = accepted.admitClient(this);
            if (client == 0) {
                turnAway(context, accepted.clientsFull());
                return;
            }
            outbox.connected(channel);
        }
        admit(frameBytesMax);
        context.writeAndFlush(Frame.encode(context.alloc(), Frame.HELLO, answer));
    }

    private void turnAway(ChannelHandlerContext context, String why) {
        complain(remote() + " was refused: " + why);
        refuse(context, why);
    }

    /** {@return where answers to this client wait} */
    Outbox outbox() {
        return outbox;
    }

    /** Closes after everything that was handed over before. Any thread. */
    void closeAfterAnswers() {
        channel.eventLoop().execute(() -> closeAfterWrites(channel));
    }

    /** Closes at once; nothing more is delivered once the event loop has seen it. Any thread. */
    void drop() {
        channel.eventLoop().execute(() -> closeNow(channel));
    }

    @Override
    void onRefused(String reason) {
        complain(remote() + " closes its connection: " + reason);
    }

    @Override
    void onData(Bytes frame) {
        if (bulk) {
            receiver.onBulk(node, frame);
        } else if (node != 0) {
            receiver.onPeer(node, frame);
        } else {
            receiver.onClient(client, frame);
        }
    }

    @Override
    void onBurstEnd() {
        receiver.onBurstEnd();
    }

    @Override
    void onClosed(Channel closed, boolean wasAdmitted) {
        if (!wasAdmitted) {
            accepted.closedUnadmitted();
        } else if (node != 0) {
            accepted.peerClosed(node, bulk, this);
        } else {
            outbox.disconnected(closed);
            accepted.clientClosed(client);
            receiver.onClientClosed(client);
        }
    }

    @Override
    void complain(String message) {
        accepted.complain(message);
    }
}
