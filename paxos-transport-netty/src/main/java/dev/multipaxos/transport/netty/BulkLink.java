package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import io.netty.channel.Channel;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The connection on which bulk goes to one node: dialled when something is to be sent, and closed when nothing was for a while. It
 * has a queue of its own, and not a long one: whoever sends bulk can wait, and what waits here is memory.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class BulkLink implements PeerLink.Use {

    /** Beyond these, or one frame, the sender waits. */
    private static final int QUEUED_BYTES_MAX = 1 << 20;

    private final long idleNanos;
    private final PeerLink link;
    private volatile long usedNanos = System.nanoTime();
    private @Nullable ScheduledFuture<?> idleCheck; // the event loop's
    private boolean closed; // guarded by this

    /**
     * Makes a link that dials nobody yet.
     *
     * @param shared what it shares with the others
     * @param node the node
     * @param address where the node is
     * @param frameBytesMax the largest frame, which always finds room
     */
    BulkLink(PeerLink.Shared shared, int node, HostPort address, int frameBytesMax) {
        idleNanos = shared.options().bulkIdle().toNanos();
        long queuedBytesMax = Math.max(QUEUED_BYTES_MAX, Frame.wireBytes(frameBytesMax));
        link = new PeerLink(shared, node, address, queuedBytesMax, this);
    }

    /** As {@link PeerLink#moveTo}. */
    void moveTo(HostPort newAddress) {
        link.moveTo(newAddress);
    }

    /** Sends a frame, or dials, so that it can be sent a little later. Any thread. {@return whether it was taken} */
    synchronized boolean send(Bytes head, Bytes body) {
        if (closed) {
            return false;
        }
        usedNanos = System.nanoTime();
        Outbox.Offer offer = link.outbox().offer(head, body);
        if (offer == Outbox.Offer.NOT_CONNECTED) {
            link.start();
        }
        link.outbox().flush();
        return offer == Outbox.Offer.QUEUED;
    }

    /** Sends and dials no more. Any thread. */
    void close() {
        synchronized (this) {
            closed = true;
        }
        link.close();
    }

    @Override
    public byte hello() {
        return Frame.BULK_HELLO;
    }

    @Override
    public boolean isWanted() {
        return System.nanoTime() - usedNanos < idleNanos;
    }

    @Override
    public void connected(Channel channel) {
        idleCheck = channel.eventLoop()
                .scheduleAtFixedRate(
                        () -> {
                            if (!isWanted() && link.outbox().queuedBytes() == 0) {
                                channel.close();
                            }
                        },
                        idleNanos,
                        idleNanos,
                        TimeUnit.NANOSECONDS);
    }

    @Override
    public void disconnected() {
        if (idleCheck != null) {
            idleCheck.cancel(false);
        }
    }
}
