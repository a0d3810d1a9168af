package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.WireException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/** A client's connection to a member. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class ServerConnection extends Connection {

    /** What happens on the connection, on its event loop. */
    interface Listener {
        /** {@return the cluster that the client has to do with, or 0 if it does not know yet} */
        long cluster();

        void onAdmitted(ServerConnection connection, Hello.Member member);

        void onMessage(ClientMessage message);

        void onBurstEnd();

        /** Something is wrong with this server, for people. */
        void onTrouble(HostPort server, String what);

        void onClosed(ServerConnection connection);
    }

    private final HostPort server;
    private final Channel channel;
    private final ClientSettings settings;
    private final Listener listener;

    ServerConnection(HostPort server, Channel channel, ClientSettings settings, Listener listener) {
        super(settings.connectDeadline(), NettyOptions.defaults().pingInterval());
        this.server = server;
        this.channel = channel;
        this.settings = settings;
        this.listener = listener;
    }

    HostPort server() {
        return server;
    }

    Channel channel() {
        return channel;
    }

    /** Closes at once; {@link Listener#onClosed} follows. */
    void hangUp() {
        closeNow(channel);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        super.channelActive(context);
        Hello hello = new Hello.Client(Hello.PROTOCOL_VERSION, listener.cluster(), settings.group());
        context.writeAndFlush(Frame.encode(context.alloc(), Frame.HELLO, HelloCodec.encode(hello)));
    }

    @Override
    void onHello(ChannelHandlerContext context, Bytes bytes, boolean bulk) throws FrameException {
        Hello hello;
        try {
            hello = HelloCodec.decode(bytes);
        } catch (WireException e) {
            throw new FrameException("sent a greeting that makes no sense: " + e.getMessage());
        }
        if (!(hello instanceof Hello.Member member)) {
            throw new FrameException("is no member: it answered " + hello);
        }
        String wrong = problem(member);
        if (wrong != null) {
            listener.onTrouble(server, wrong);
            refuse(context, wrong);
            return;
        }
        admit(settings.frameBytesMax());
        ping(context);
        listener.onAdmitted(this, member);
    }

    private @Nullable String problem(Hello.Member member) {
        if (member.version() != Hello.PROTOCOL_VERSION) {
            return "it speaks version " + member.version() + ", this client version " + Hello.PROTOCOL_VERSION
                    + ": use a client of its version";
        }
        if (member.group() != settings.group()) {
            return "it serves group " + member.group() + ", this client wants group " + settings.group();
        }
        if (listener.cluster() != 0 && member.cluster() != listener.cluster()) {
            return "it belongs to another cluster than the servers before: check the servers' addresses";
        }
        return null;
    }

    @Override
    void onRefused(String reason) {
        listener.onTrouble(server, "it refuses: " + reason);
    }

    @Override
    void onData(Bytes frame) throws FrameException {
        try {
            listener.onMessage(ClientCodec.decode(frame));
        } catch (WireException e) {
            throw new FrameException("sent what makes no sense: " + e.getMessage());
        }
    }

    @Override
    void onBurstEnd() {
        listener.onBurstEnd();
    }

    @Override
    void onClosed(Channel closed, boolean wasAdmitted) {
        listener.onClosed(this);
    }

    @Override
    void complain(String message) {
        listener.onTrouble(server, message);
    }
}
