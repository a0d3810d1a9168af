package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection, from its greeting to its end; what the accepting and the dialling side have in common. Everything runs on the
 * connection's event loop.
 *
 * <p>Until {@link #admit} only a hello, or its refusal, is let through, and only for so long. Whatever goes wrong, an exception
 * of the layer above included, ends this connection and nothing else.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
abstract class Connection extends ChannelInboundHandlerAdapter {

    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    /** A connection is given up when nothing has arrived for so many ping intervals. */
    private static final int SILENT_INTERVALS_MAX = 3;

    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\u2028\\u2029]");

    private final FrameDecoder decoder = new FrameDecoder();
    private final Duration handshakeDeadline;
    private final Duration pingInterval;

    private String remote = "?";
    private boolean admitted;
    private boolean closing;
    private boolean delivered;
    private @Nullable ScheduledFuture<?> deadline;
    private @Nullable ScheduledFuture<?> pings;

    Connection(Duration handshakeDeadline, Duration pingInterval) {
        this.handshakeDeadline = handshakeDeadline;
        this.pingInterval = pingInterval;
    }

    /**
     * The other side's first frame. Calls {@link #admit} or {@link #refuse}.
     *
     * @param bulk whether it says that it sends bulk
     */
    abstract void onHello(ChannelHandlerContext context, Bytes hello, boolean bulk) throws FrameException;

    /** The other side closes the connection, and says why. */
    abstract void onRefused(String reason);

    /** A frame, after both sides were admitted. */
    abstract void onData(Bytes frame) throws FrameException;

    /** The frames that were there have been handed over. */
    abstract void onBurstEnd();

    /**
     * The connection is closed. Called once, if it was ever open.
     *
     * @param wasAdmitted whether it had been admitted
     */
    abstract void onClosed(Channel channel, boolean wasAdmitted);

    /** Tells people about bad behaviour of the other side. */
    abstract void complain(String message);

    /** {@return where the other side is, for messages to people} */
    final String remote() {
        return remote;
    }

    /** Puts the handlers of this connection on its channel. */
    final void install(Channel channel) {
        long silentMillisMax = SILENT_INTERVALS_MAX * pingInterval.toMillis();
        channel.pipeline().addLast(new IdleStateHandler(silentMillisMax, 0, 0, TimeUnit.MILLISECONDS), decoder, this);
    }

    /** Lets frames of full size through from now on. */
    final void admit(int frameBytesMax) {
        admitted = true;
        cancel(deadline);
        decoder.bodyBytesMax(frameBytesMax);
    }

    /** Says why, and closes. Whatever else arrives is ignored. */
    final void refuse(ChannelHandlerContext context, String reason) {
        closing(context.channel());
        context.writeAndFlush(Frame.encode(context.alloc(), Frame.REFUSED, Bytes.utf8(clipped(reason))))
                .addListener(ChannelFutureListener.CLOSE);
    }

    /** Closes after everything that was handed over before is written. Whatever else arrives is ignored. */
    final void closeAfterWrites(Channel channel) {
        closing(channel);
        channel.writeAndFlush(channel.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }

    /** The last words may take as long as the greeting: whoever does not read them is not waited for. */
    private void closing(Channel channel) {
        closing = true;
        cancel(deadline);
        deadline = channel.eventLoop()
                .schedule(() -> closeNow(channel), handshakeDeadline.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Closes at once. Whatever else arrives is ignored. */
    final void closeNow(Channel channel) {
        closing = true;
        channel.close();
    }

    /** Asks the other side again and again whether it is still there. */
    final void ping(ChannelHandlerContext context) {
        long millis = pingInterval.toMillis();
        pings = context.executor()
                .scheduleAtFixedRate(() -> sendIfWritable(context, Frame.PING), millis, millis, TimeUnit.MILLISECONDS);
    }

    private static void sendIfWritable(ChannelHandlerContext context, byte kind) {
        if (context.channel().isWritable()) {
            context.writeAndFlush(Frame.encode(context.alloc(), kind, Bytes.EMPTY), context.voidPromise());
        }
    }

    private static String clipped(String reason) {
        int charsMax = Frame.HELLO_BYTES_MAX / 4;
        return reason.length() <= charsMax ? reason : reason.substring(0, charsMax);
    }

    /** Strangers must not write lines, or the colours of a terminal, into the log. */
    private static String oneLine(String text) {
        return UNPRINTABLE.matcher(text).replaceAll("?");
    }

    private static void cancel(@Nullable ScheduledFuture<?> task) {
        if (task != null) {
            task.cancel(false);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        SocketAddress address = context.channel().remoteAddress();
        remote = address instanceof InetSocketAddress inet
                ? new HostPort(inet.getAddress().getHostAddress(), inet.getPort()).toString()
                : String.valueOf(address);
        deadline = context.executor()
                .schedule(
                        () -> {
                            complain(remote + " was not admitted within " + handshakeDeadline.toMillis()
                                    + " ms; closed");
                            closeNow(context.channel());
                        },
                        handshakeDeadline.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) throws FrameException {
        if (closing) {
            return;
        }
        Frame frame = (Frame) message;
        switch (frame.kind()) {
            case Frame.HELLO, Frame.BULK_HELLO -> {
                if (admitted) {
                    throw new FrameException("greeted twice");
                }
                onHello(context, frame.body(), frame.kind() == Frame.BULK_HELLO);
            }
            case Frame.REFUSED -> {
                closing = true;
                onRefused(oneLine(clipped(frame.body().toUtf8())));
                context.close();
            }
            case Frame.DATA -> {
                if (!admitted) {
                    throw new FrameException("sent data before its greeting was answered");
                }
                delivered = true;
                onData(frame.body());
            }
            case Frame.PING -> {
                if (!admitted) {
                    throw new FrameException("sent a ping before its greeting");
                }
                sendIfWritable(context, Frame.PONG);
            }
            case Frame.PONG -> {}
            default -> throw new FrameException("sent a frame of unknown kind " + frame.kind());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        if (delivered) {
            delivered = false;
            onBurstEnd();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof IdleStateEvent) {
            if (admitted && !closing) {
                complain(remote + " has been silent for " + SILENT_INTERVALS_MAX * pingInterval.toMillis()
                        + " ms; closed");
            }
            closeNow(context.channel());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cancel(deadline);
        cancel(pings);
        onClosed(context.channel(), admitted);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable thrown) {
        Throwable cause = thrown instanceof DecoderException && thrown.getCause() != null ? thrown.getCause() : thrown;
        if (cause instanceof FrameException) {
            complain(remote + " " + cause.getMessage() + "; closed");
            if (admitted && !closing) {
                refuse(context, "you " + cause.getMessage());
                return;
            }
        } else if (cause instanceof IOException) {
            LOG.debug("connection with {} broke: {}", remote, cause.toString());
        } else {
            LOG.error("what {} sent could not be handled; its connection is closed", remote, cause);
        }
        closeNow(context.channel());
    }
}
