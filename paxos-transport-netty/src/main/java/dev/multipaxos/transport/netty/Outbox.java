package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be written to one connection. A frame is copied once, behind the others of its turn, into one buffer; the
 * flush hands the buffer to the event loop, so that a turn costs one hand-over and one system call, whatever it says.
 *
 * <p>Everything but {@link #connected} and {@link #disconnected} is called by one thread at a time.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class Outbox {

    /** What became of a frame. */
    enum Offer {
        QUEUED,
        NOT_CONNECTED,
        FULL
    }

    private static final int BUFFER_BYTES_MIN = 1_024;
    /** A turn that says more than this is handed over in parts: growing the buffer would copy it again and again. */
    private static final int BUFFER_BYTES_MAX = 256 * 1024;

    private final long bytesMax;
    private final CRC32C crc = new CRC32C();
    /** Frames that were queued and are not written yet: in {@link #pending} and in the event loop. */
    private final AtomicLong queuedBytes = new AtomicLong();

    private volatile @Nullable Channel channel;
    private @Nullable ByteBuf pending;
    private int lastTurnBytes = BUFFER_BYTES_MIN;

    Outbox(long bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** From now on frames go to this channel. Any thread. */
    void connected(Channel to) {
        channel = to;
    }

    /** From now on frames are dropped, unless another channel has come since. Any thread. */
    void disconnected(Channel from) {
        if (channel == from) {
            channel = null;
        }
    }

    /** {@return how many bytes wait} */
    long queuedBytes() {
        return queuedBytes.get();
    }

    /** {@return whether a flush has something to do} */
    boolean hasPending() {
        return pending != null;
    }

    Offer offer(Bytes head, Bytes body) {
        Channel to = channel;
        if (to == null) {
            return Offer.NOT_CONNECTED;
        }
        int bytes = Frame.wireBytes(head.length() + body.length());
        if (queuedBytes.get() + bytes > bytesMax) {
            return Offer.FULL;
        }
        ByteBuf into = pending;
        if (into != null && into.readableBytes() + bytes > BUFFER_BYTES_MAX) {
            handOver(to, into, false);
            into = null;
        }
        if (into == null) {
            into = to.alloc().directBuffer(Math.max(bytes, lastTurnBytes));
            pending = into;
        }
        queuedBytes.addAndGet(bytes);
        Frame.write(into, crc, Frame.DATA, head, body);
        return Offer.QUEUED;
    }

    /** Hands over what was offered. */
    void flush() {
        ByteBuf full = pending;
        if (full == null) {
            return;
        }
        pending = null;
        Channel to = channel;
        if (to == null) {
            queuedBytes.addAndGet(-full.readableBytes());
            full.release();
            return;
        }
        lastTurnBytes = Math.max(BUFFER_BYTES_MIN, Math.min(BUFFER_BYTES_MAX, full.readableBytes()));
        handOver(to, full, true);
    }

    private void handOver(Channel to, ByteBuf full, boolean flush) {
        int bytes = full.readableBytes(); // now: afterwards the buffer is the event loop's
        ChannelFuture written = flush ? to.writeAndFlush(full) : to.write(full);
        written.addListener(done -> queuedBytes.addAndGet(-bytes));
    }

    /** Drops what was offered and not flushed. */
    void discard() {
        ByteBuf full = pending;
        if (full != null) {
            pending = null;
            queuedBytes.addAndGet(-full.readableBytes());
            full.release();
        }
    }
}
