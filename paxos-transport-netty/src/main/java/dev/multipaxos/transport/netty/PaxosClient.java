package dev.multipaxos.transport.netty;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Limits;
import dev.multipaxos.PaxosException;
import dev.multipaxos.Timing;
import dev.multipaxos.bytes.Bytes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of a cluster, for processes that are no members. It knows some addresses, finds the leader and follows it when it
 * changes, and numbers its commands in a session of the cluster, so that each is executed at most once however often it has to
 * be sent.
 *
 * <p>Calls are asynchronous: whatever is submitted while an earlier flush is under way leaves in one frame. Commands that are
 * open at the same time may be executed in any order; to have an order, wait for the answer of the first.
 *
 * <p><b>Threads.</b> All methods may be called from any thread, and none of them but {@link #close} waits. Futures are completed
 * on the client's one thread, {@code paxos-client-N}: what is chained to them must be quick, or use the {@code Async} variants.
 *
 * <p><b>Failures.</b> Futures fail with a {@link PaxosException}, whose kind says what is true, above all whether a command may
 * have been executed: {@link PaxosException.Overloaded} at once, {@link PaxosException.Unavailable} if it never left,
 * {@link PaxosException.OutcomeUnknown} at the deadline if it did, {@link PaxosException.DiskFull} if no member had room for it
 * until then (a cluster of one says so at once), {@link PaxosException.SessionExpired} if the cluster has
 * forgotten the session, {@link PaxosException.NodeStopped} if the client was closed.
 *
 * @param <C> commands, and queries
 * @param <R> their answers
 */
public final class PaxosClient<C, R> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PaxosClient.class);
    private static final long LAST_WORDS_MILLIS_MAX = 500;
    private static final Duration DEADLINE_MAX = Duration.ofDays(1);

    private final Codec<C> commands;
    private final Codec<R> answers;
    private final Duration deadline;
    private final int payloadBytesMax;
    private final CallRoom room;
    private final EventLoops loops;
    private final Resolver resolver;
    private final ClientRuntime<R> runtime;

    private final ConcurrentLinkedQueue<ClientCall<R>> submitted = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean handOverPending = new AtomicBoolean();
    private volatile boolean closed;

    private PaxosClient(Builder<C, R> builder, ClientSettings settings) {
        commands = builder.commands;
        answers = builder.answers;
        deadline = builder.deadline;
        payloadBytesMax = builder.valueBytesMax;
        room = new CallRoom(builder.callsMax, builder.bytesMax);
        loops = new EventLoops(1, builder.nativeEpoll, "paxos-client");
        resolver = new Resolver("paxos-client-resolver");
        // twice: what is open may be queued again before its first copy is written
        runtime = new ClientRuntime<>(settings, loops, resolver, 2 * builder.bytesMax + builder.frameBytesMax);
        runtime.loop().execute(runtime::start);
    }

    /**
     * Begins to describe a client.
     *
     * @param commands how commands and queries become bytes, as on the members
     * @param answers how answers become bytes, as on the members
     * @param <C> commands, and queries
     * @param <R> their answers
     * @return a builder
     */
    public static <C, R> Builder<C, R> builder(Codec<C> commands, Codec<R> answers) {
        return new Builder<>(Objects.requireNonNull(commands, "commands"), Objects.requireNonNull(answers, "answers"));
    }

    /**
     * Puts a command into the log, with the client's deadline.
     *
     * @param command the command
     * @return its answer; see {@link #propose(Object, Duration)}
     */
    public CompletableFuture<R> propose(C command) {
        return propose(command, deadline);
    }

    /**
     * Puts a command into the log. It is sent again when it must, and executed at most once all the same.
     *
     * @param command the command
     * @param callDeadline how long the caller waits
     * @return its answer, or one of the failures in the description of this class
     * @throws IllegalArgumentException if the encoded command is larger than {@link Builder#valueBytes}, or the deadline is not
     *     positive
     */
    public CompletableFuture<R> propose(C command, Duration callDeadline) {
        return submit(null, command, callDeadline);
    }

    /**
     * Reads, with the client's deadline.
     *
     * @param consistency how fresh it must be
     * @param query for {@code StateMachine.query} on the members
     * @return its answer; see {@link #read(Consistency, Object, Duration)}
     */
    public CompletableFuture<R> read(Consistency consistency, C query) {
        return read(consistency, query, deadline);
    }

    /**
     * Reads. Nothing goes through the log.
     *
     * @param consistency how fresh it must be; {@link Consistency#LOCAL} is answered by whichever member is connected; with {@link
     *     Consistency#LEASE} the query may run twice there, the lease having ended meanwhile
     * @param query for {@code StateMachine.query} on the members
     * @param callDeadline how long the caller waits
     * @return its answer, or {@link PaxosException.QueryFailed} if the state machine refuses, {@link PaxosException.Overloaded},
     *     {@link PaxosException.Unavailable} or {@link PaxosException.NodeStopped}
     * @throws IllegalArgumentException if the encoded query is larger than {@link Builder#valueBytes}, or the deadline is not
     *     positive
     */
    public CompletableFuture<R> read(Consistency consistency, C query, Duration callDeadline) {
        return submit(Objects.requireNonNull(consistency, "consistency"), query, callDeadline);
    }

    private CompletableFuture<R> submit(@Nullable Consistency consistency, C command, Duration callDeadline) {
        if (callDeadline.isNegative() || callDeadline.isZero()) {
            throw new IllegalArgumentException("the deadline " + callDeadline + " must be positive");
        }
        Bytes payload = commands.encode(command);
        if (payload.length() > payloadBytesMax) {
            throw new IllegalArgumentException(
                    "a command of " + payload.length() + " bytes is larger than valueBytes, " + payloadBytesMax);
        }
        if (closed) {
            return CompletableFuture.failedFuture(ClientRuntime.closedException(false));
        }
        // Longer than a day is for ever enough, and nanoseconds do not overflow.
        Duration within = callDeadline.compareTo(DEADLINE_MAX) < 0 ? callDeadline : DEADLINE_MAX;
        if (!room.enter(payload.length())) {
            return CompletableFuture.failedFuture(
                    new PaxosException.Overloaded("too much is open at this client: " + room));
        }
        ClientCall<R> call =
                new ClientCall<>(consistency, payload, System.nanoTime() + within.toNanos(), answers, room);
        submitted.add(call);
        if (!handOverPending.get() && handOverPending.compareAndSet(false, true)) {
            try {
                runtime.loop().execute(this::handOver);
            } catch (RejectedExecutionException e) { // closed meanwhile
                failSubmitted();
            }
        } else if (closed) {
            failSubmitted();
        }
        return call;
    }

    /** Gives the event loop all that was submitted. Whatever comes while it sends leaves with the next. */
    private void handOver() {
        handOverPending.set(false);
        for (ClientCall<R> call = submitted.poll(); call != null; call = submitted.poll()) {
            runtime.add(call);
        }
        runtime.flush();
    }

    private void failSubmitted() {
        for (ClientCall<R> call = submitted.poll(); call != null; call = submitted.poll()) {
            call.fail(ClientRuntime.closedException(false));
        }
    }

    /**
     * Fails what is open, ends the session at the cluster if that takes no longer than half a second, closes the connection and
     * joins every thread. Does nothing when called again.
     *
     * @throws IllegalStateException if it is called by the client's own thread, which cannot wait for itself
     */
    @Override
    public void close() {
        loops.checkOutside();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            CountDownLatch lastWords = new CountDownLatch(1);
            runtime.loop().execute(() -> {
                handOver();
                runtime.close(lastWords::countDown);
            });
            try {
                if (!lastWords.await(LAST_WORDS_MILLIS_MAX, TimeUnit.MILLISECONDS)) {
                    LOG.debug("the end of the session was not answered; it will expire by itself");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // nothing more is waited for than the threads
            }
            runtime.loop().execute(runtime::hangUp);
            resolver.close();
            loops.close();
            failSubmitted();
        }
    }

    /**
     * Describes a client; {@link #servers} must be given.
     *
     * @param <C> commands, and queries
     * @param <R> their answers
     */
    public static final class Builder<C, R> {
        private final Codec<C> commands;
        private final Codec<R> answers;
        private List<String> servers = List.of();
        private Duration deadline = Duration.ofSeconds(10);
        private Duration retryInterval = Duration.ofSeconds(1);
        private Duration connectDeadline = Duration.ofSeconds(2);
        private int callsMax = 4_096;
        private long bytesMax = 16 << 20;
        private int valueBytesMax = Limits.defaults().valueBytes();
        private int frameBytesMax = Limits.defaults().frameBytes();
        private int group = 1;
        private boolean nativeEpoll = true;
        private Duration keepAliveInterval = Timing.SESSION_TIMEOUT.dividedBy(3);

        private Builder(Codec<C> commands, Codec<R> answers) {
            this.commands = commands;
            this.answers = answers;
        }

        /**
         * Says whom to ask first. Some of the members are enough; the client learns of the others.
         *
         * @param addresses {@code host:port} each
         * @return this
         */
        public Builder<C, R> servers(String... addresses) {
            servers = List.of(addresses);
            return this;
        }

        /**
         * Changes how long a call may take that names no deadline; 10 s unless called.
         *
         * @param value the deadline
         * @return this
         */
        public Builder<C, R> deadline(Duration value) {
            deadline = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Changes after how long without any answer the client tries another member; 1 s unless called. Each time in a row it
         * doubles. Shorter finds a new leader sooner, longer spares a cluster that is only slow.
         *
         * @param value the interval
         * @return this
         */
        public Builder<C, R> retryInterval(Duration value) {
            retryInterval = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Changes how long a connection may take to be made, and then to be admitted; 2 s unless called.
         *
         * @param value the deadline
         * @return this
         */
        public Builder<C, R> connectDeadline(Duration value) {
            connectDeadline = Objects.requireNonNull(value, "value");
            return this;
        }

        /**
         * Changes how much may be open at a time; 4,096 calls and 16 MiB unless called. A call beyond it fails at once.
         *
         * @param calls calls
         * @param bytes bytes of encoded commands and queries
         * @return this
         */
        public Builder<C, R> inFlight(int calls, long bytes) {
            callsMax = calls;
            bytesMax = bytes;
            return this;
        }

        /**
         * Changes the largest command or query; 1 MiB unless called. The same as {@link Limits#valueBytes} of the members: they
         * refuse what is larger, and all that came in one frame with it.
         *
         * @param bytes bytes, encoded
         * @return this
         */
        public Builder<C, R> valueBytes(int bytes) {
            valueBytesMax = bytes;
            return this;
        }

        /**
         * Changes the largest frame; 4 MiB unless called. The same as {@link Limits#frameBytes} of the members.
         *
         * @param bytes bytes
         * @return this
         */
        public Builder<C, R> frameBytes(int bytes) {
            frameBytesMax = bytes;
            return this;
        }

        /**
         * Changes the group; 1 unless called.
         *
         * @param id the group's id
         * @return this
         */
        public Builder<C, R> group(int id) {
            group = id;
            return this;
        }

        /**
         * Changes whether Linux's epoll is used directly if it is there; true unless called.
         *
         * @param value false for Java's NIO everywhere
         * @return this
         */
        public Builder<C, R> nativeEpoll(boolean value) {
            nativeEpoll = value;
            return this;
        }

        /** Changes how long a session may be idle; only tests have reason to. */
        Builder<C, R> keepAliveInterval(Duration value) {
            keepAliveInterval = value;
            return this;
        }

        /**
         * Starts the client. It connects by itself; calls wait for that.
         *
         * @return the running client
         * @throws PaxosException.InvalidConfiguration if anything that was given makes no sense, naming all of it
         */
        public PaxosClient<C, R> start() {
            List<String> problems = new ArrayList<>();
            List<HostPort> addresses = new ArrayList<>();
            for (String server : servers) {
                try {
                    addresses.add(HostPort.parseRemote(server));
                } catch (IllegalArgumentException e) {
                    problems.add(String.valueOf(e.getMessage()));
                }
            }
            if (servers.isEmpty()) {
                problems.add("servers(…) is missing: whom should the client ask?");
            }
            checkDuration(problems, "deadline", deadline);
            checkDuration(problems, "retryInterval", retryInterval);
            checkDuration(problems, "connectDeadline", connectDeadline);
            check(problems, callsMax >= 1, "inFlight: " + callsMax + " calls must be at least 1");
            check(
                    problems,
                    bytesMax >= 1 && bytesMax <= 1L << 40,
                    "inFlight: " + bytesMax + " bytes must be between 1 and 2^40");
            check(
                    problems,
                    frameBytesMax >= 16 << 10 && frameBytesMax <= 128 << 20,
                    "frameBytes " + frameBytesMax + " must be between 16384 and 134217728");
            check(
                    problems,
                    valueBytesMax >= 1 && valueBytesMax <= SubmitFrames.payloadBytesMax(frameBytesMax),
                    "valueBytes " + valueBytesMax + " must be between 1 and what fits into a frame of "
                            + frameBytesMax);
            check(problems, group >= 1, "group " + group + " must be positive");
            if (!problems.isEmpty()) {
                throw new PaxosException.InvalidConfiguration(problems);
            }
            return new PaxosClient<>(
                    this,
                    new ClientSettings(
                            addresses, group, frameBytesMax, connectDeadline, retryInterval, keepAliveInterval));
        }

        private static void checkDuration(List<String> problems, String name, Duration value) {
            check(
                    problems,
                    value.compareTo(Duration.ofMillis(1)) >= 0 && value.compareTo(DEADLINE_MAX) <= 0,
                    name + " " + value + " must be between 1 ms and 1 day");
        }

        private static void check(List<String> problems, boolean ok, String problem) {
            if (!ok) {
                problems.add(problem);
            }
        }
    }
}
