package dev.multipaxos.runtime;

import dev.multipaxos.spi.Transport;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Takes the event loop's turns on a thread of the transport: what arrived there is not handed over, nor what leaves. The thread
 * whose job this is only waits for the end, and sees to what comes after it.
 */
final class HostedLoop implements Job {

    /** So often it is looked at whether the transport is still there: the application may have closed it. */
    private static final long LOOK_SECONDS = 1;

    private final EventLoop loop;
    private final Mailbox mailbox;
    private final Transport.Host host;
    private final long tickNanos;
    private final Runnable turns = this::turn; // one object, not one for each
    private final AtomicBoolean due = new AtomicBoolean(); // a turn is on its way
    private final CountDownLatch over = new CountDownLatch(1);
    private @Nullable Throwable thrown; // set before the latch

    /**
     * Begins with {@link #step}.
     *
     * @param loop whose turns
     * @param mailbox the loop's
     * @param host the transport's thread
     * @param tickNanos at least so often there is a turn
     */
    HostedLoop(EventLoop loop, Mailbox mailbox, Transport.Host host, long tickNanos) {
        this.loop = loop;
        this.mailbox = mailbox;
        this.host = host;
        this.tickNanos = tickNanos;
    }

    @Override
    public boolean step() throws Exception {
        mailbox.wakeBy(this::ring);
        Runnable endTicks = host.repeat(turns, tickNanos);
        awaitEnd();
        endTicks.run();
        if (thrown instanceof Error error) {
            throw error;
        } else if (thrown instanceof Exception exception) {
            throw exception;
        }
        return false;
    }

    private void awaitEnd() {
        while (over.getCount() > 0) {
            try {
                if (!over.await(LOOK_SECONDS, TimeUnit.SECONDS) && host.isOver() && over.getCount() > 0) {
                    thrown = new IllegalStateException(
                            "the transport was closed before its node: leave that to the node's close()");
                    return;
                }
            } catch (InterruptedException e) {
                // nobody ends this thread that way
            }
        }
    }

    private void ring() {
        if (!due.get() && due.compareAndSet(false, true) && over.getCount() > 0) {
            host.execute(turns);
        }
    }

    private void turn() {
        if (over.getCount() == 0) {
            return;
        }
        due.set(false); // before the mail is taken: who comes later rings again
        try {
            loop.turn();
        } catch (Throwable failure) { // told to the node by the thread that waits
            thrown = failure;
        }
        if (thrown != null || loop.isStopping()) {
            over.countDown();
        }
    }

    @Override
    public void ended() {
        loop.ended();
    }
}
