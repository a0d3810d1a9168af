package dev.multipaxos.transport.netty;

import dev.multipaxos.spi.Transport;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The threads that serve sockets, and which kind of socket they serve: Linux's epoll if it is there, else Java's NIO. */
@SuppressWarnings("FutureReturnValueIgnored") // what fails closes the channel, and that is heard
final class EventLoops implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EventLoops.class);
    private static final AtomicInteger THREADS = new AtomicInteger();

    private final boolean epoll;
    private final EventLoopGroup group;
    private final List<Thread> started = new CopyOnWriteArrayList<>();

    EventLoops(int threads, boolean nativeEpoll, String threadNames) {
        epoll = nativeEpoll && Epoll.isAvailable();
        if (epoll) {
            LOG.info("sockets are served by {} thread(s) with native epoll", threads);
        } else {
            LOG.info("sockets are served by {} thread(s) with NIO: {}", threads, whyNot(nativeEpoll));
        }
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        group = new MultiThreadIoEventLoopGroup(
                threads,
                task -> {
                    Thread thread = new FastThreadLocalThread(task, threadNames + "-" + THREADS.incrementAndGet());
                    thread.setDaemon(true);
                    started.add(thread);
                    return thread;
                },
                io);
    }

    private static String whyNot(boolean nativeEpoll) {
        return nativeEpoll
                ? "native epoll is not available ("
                        + Epoll.unavailabilityCause().getMessage() + ")"
                : "native epoll is switched off";
    }

    EventLoop next() {
        return group.next();
    }

    /** {@return the first of the threads, for other work beside} */
    Transport.Host host() {
        EventExecutor first = group.iterator().next();
        return new Transport.Host() {
            @Override
            public void execute(Runnable task) {
                try {
                    first.execute(task);
                } catch (RejectedExecutionException e) {
                    LOG.debug("the transport is closed: {}", e.getMessage());
                }
            }

            @Override
            public Runnable repeat(Runnable task, long everyNanos) {
                Future<?> runs = first.scheduleAtFixedRate(task, 0, everyNanos, TimeUnit.NANOSECONDS);
                return () -> runs.cancel(false);
            }

            @Override
            public boolean isOver() {
                return first.isTerminated();
            }
        };
    }

    ServerBootstrap server(ChannelHandler forAccepted) {
        Class<? extends ServerChannel> type = epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        return new ServerBootstrap()
                .group(group)
                .channel(type)
                .option(ChannelOption.SO_REUSEADDR, true)
                .option(ChannelOption.SO_BACKLOG, 1_024)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(forAccepted);
    }

    /** {@return what dials from one event loop} */
    Bootstrap client(EventLoop loop, Duration connectDeadline, ChannelHandler handler) {
        Class<? extends Channel> type = epoll ? EpollSocketChannel.class : NioSocketChannel.class;
        return new Bootstrap()
                .group(loop)
                .channel(type)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) connectDeadline.toMillis())
                .handler(handler);
    }

    /**
     * Fails if the calling thread is one of these.
     *
     * @throws IllegalStateException if it is: it would wait for its own end
     */
    void checkOutside() {
        group.forEach(loop -> {
            if (loop.inEventLoop()) {
                throw new IllegalStateException(
                        "close() was called by " + Thread.currentThread().getName()
                                + ", which it would have to wait for: call it from another thread");
            }
        });
    }

    /** Closes every socket and waits until every thread has ended. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS);
        group.terminationFuture().awaitUninterruptibly();
        started.forEach(EventLoops::join); // a terminated group's threads may still be on their way out
    }

    /** Waits for the end of a thread that is about to end; an interrupt is kept for later. */
    static void join(Thread ending) {
        boolean interrupted = false;
        while (ending.isAlive()) {
            try {
                ending.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
