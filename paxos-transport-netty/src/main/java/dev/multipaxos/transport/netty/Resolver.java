package dev.multipaxos.transport.netty;

import io.netty.channel.EventLoop;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks names up, on a thread of its own: the system's lookup blocks, for many seconds if a name server is away, and must not
 * stop an event loop meanwhile. The thread ends when it has had nothing to do for a while. At most one lookup of each
 * caller is in the queue.
 */
final class Resolver implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Resolver.class);
    private static final long IDLE_SECONDS = 5;
    private static final long LAST_LOOKUP_SECONDS_MAX = 30;

    private final ThreadPoolExecutor lookups;
    private volatile @Nullable Thread worker; // the last one, once there was a lookup

    Resolver(String threadName) {
        lookups = new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, threadName);
            worker = thread;
            thread.setDaemon(true);
            return thread;
        });
        lookups.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy()); // only after close
        lookups.allowCoreThreadTimeOut(true);
    }

    /**
     * Looks a name up; a literal address needs no look.
     *
     * @param address what to look up
     * @param attempt chooses among several addresses of one name, so that all get their turn
     * @param loop where {@code then} runs
     * @param then gets the address, or the reason why there is none
     */
    void resolve(
            HostPort address,
            int attempt,
            EventLoop loop,
            BiConsumer<@Nullable InetSocketAddress, @Nullable UnknownHostException> then) {
        byte[] literal = NetUtil.createByteArrayFromIpAddressString(address.host());
        if (literal != null) {
            try {
                then.accept(new InetSocketAddress(InetAddress.getByAddress(literal), address.port()), null);
            } catch (UnknownHostException e) {
                then.accept(null, e);
            }
            return;
        }
        lookups.execute(() -> {
            try {
                InetAddress[] found = InetAddress.getAllByName(address.host());
                InetAddress chosen = found[Math.floorMod(attempt, found.length)];
                loop.execute(() -> then.accept(new InetSocketAddress(chosen, address.port()), null));
            } catch (UnknownHostException e) {
                loop.execute(() -> then.accept(null, e));
            }
        });
    }

    /** Drops what waits, and waits for the lookup that runs: the system offers no way to stop it. */
    @Override
    public void close() {
        lookups.shutdownNow();
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LAST_LOOKUP_SECONDS_MAX);
        while (true) {
            try {
                Thread last = worker;
                if (lookups.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    if (last != null) {
                        EventLoops.join(last); // a terminated executor's thread may still be on its way out
                    }
                } else {
                    LOG.warn(
                            "a name lookup still hangs after {} s; its thread is left behind", LAST_LOOKUP_SECONDS_MAX);
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
