package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.NodeStatus;
import dev.multipaxos.NodeStatus.Role;
import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.StorageException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running node: takes calls, and sees to its end. Whatever ends it, its own failure or {@link #close}, happens once and in one
 * order: nothing more is taken, the loop ends, every open call fails, disk and state machine finish what they are at, the ports
 * are closed. Thread-safe.
 *
 * @param <C> commands
 * @param <R> their answers
 */
public final class NodeRuntime<C, R> {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRuntime.class);

    private final NodeSettings<C, R> settings;
    private final TimeSource time;
    private final NodeAssembly assembly;
    private List<Thread> threads = List.of();
    private final Room room;
    private final AtomicReference<@Nullable Ending> ending = new AtomicReference<>();
    private final AtomicBoolean released = new AtomicBoolean();
    private int port;

    private NodeRuntime(
            NodeSettings<C, R> settings,
            Wiring wiring,
            Recovered recovered,
            Execution<C, R> execution,
            SlotExecution slots,
            Mailbox mailbox) {
        this.settings = settings;
        this.time = wiring.time();
        this.room = new Room(settings.limits().pendingCalls(), settings.limits().pendingBytes());
        this.assembly =
                new NodeAssembly(settings, wiring, recovered, execution, slots, mailbox, room, this::onLoopEnded);
    }

    /**
     * Starts a node: storage, replay, transport, threads.
     *
     * @param settings what it was told
     * @param <C> commands
     * @param <R> their answers
     * @return the running node
     * @throws PaxosException.StartFailed if it cannot; everything was released
     */
    public static <C, R> NodeRuntime<C, R> start(NodeSettings<C, R> settings) {
        boolean runs = false;
        try {
            NodeRuntime<C, R> node = open(settings, Wiring.DIRECT);
            node.listen();
            node.threads = node.assembly.threads(settings.transport().host(), node::fail);
            node.threads.forEach(
                    Thread::start); // last: until they run, whatever fails leaves nothing behind but the ports
            runs = true;
            return node;
        } catch (Exception e) {
            throw new PaxosException.StartFailed("node " + settings.node() + " cannot start: " + e.getMessage(), e);
        } finally {
            if (!runs) { // whatever it was, an Error of the state machine's too
                release(settings);
            }
        }
    }

    /**
     * Opens the storage, executes what it holds, and puts a node together that does nothing yet.
     *
     * @throws StorageException if the storage cannot be had or read
     */
    static <C, R> NodeRuntime<C, R> open(NodeSettings<C, R> settings, Wiring wiring) throws StorageException {
        Execution<C, R> execution = new Execution<>(
                settings.stateMachine(), settings.commands(), settings.answers(), new Sessions(wiring.sessions()));
        SlotExecution slots = wiring.execution(execution);
        Mailbox mailbox = new Mailbox(settings.limits().arrivingBytes());
        settings.storage().watch(new DamageWatch(settings.group(), mailbox));
        Recovered recovered = Recovered.from(settings, execution, slots, wiring.time());
        return new NodeRuntime<>(settings, wiring, recovered, execution, slots, mailbox);
    }

    private static void release(NodeSettings<?, ?> settings) {
        try {
            settings.transport().close();
        } finally {
            settings.storage().close();
        }
    }

    /** Lets others come, and goes to them. */
    void listen() throws IOException {
        port = settings.transport().start(settings.bind(), settings.limits().frameBytes(), assembly.gate());
        settings.membership().members().stream()
                .filter(member -> member.id() != settings.node())
                .forEach(member -> settings.transport().connect(member.id(), member.address()));
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#propose(Object, Duration)}.
     *
     * @param command the command
     * @param deadline how long the caller waits
     * @return its answer
     */
    public CompletableFuture<R> propose(C command, Duration deadline) {
        long deadlineNanos = deadline(deadline);
        Bytes payload = settings.commands().encode(command);
        if (payload.length() > settings.limits().valueBytes()) {
            throw new IllegalArgumentException("the command has " + payload.length() + " bytes; the cluster takes "
                    + settings.limits().valueBytes() + " (Limits.valueBytes)");
        }
        if (!room.enter(1, payload.length())) {
            return CompletableFuture.failedFuture(overloaded());
        }
        ProposeCall<R> call = new ProposeCall<>(room, payload, settings.answers(), deadlineNanos);
        submit(call);
        return call.future();
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#read(Consistency, Supplier, Duration)}.
     *
     * @param consistency how fresh
     * @param query what to read
     * @param deadline how long the caller waits
     * @param <T> what it finds
     * @return what it found
     */
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> query, Duration deadline) {
        Objects.requireNonNull(consistency, "consistency");
        Objects.requireNonNull(query, "query");
        long deadlineNanos = deadline(deadline);
        if (!room.enter(1, 0)) {
            return CompletableFuture.failedFuture(overloaded());
        }
        ReadCall<T> call = new ReadCall<>(room, consistency, query, deadlineNanos);
        submit(call);
        return call.future();
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#snapshot}.
     *
     * @return its slot
     */
    public CompletableFuture<Long> snapshot() {
        if (!room.enter(1, 0)) {
            return CompletableFuture.failedFuture(overloaded());
        }
        SnapshotCall call = new SnapshotCall(settings.node(), room);
        submit(call);
        return call.future();
    }

    private long deadline(Duration deadline) {
        if (deadline.isNegative() || deadline.isZero()) {
            throw new IllegalArgumentException("the deadline must be positive but is " + deadline);
        }
        // Longer than a day is for ever enough, and nanoseconds do not overflow.
        return time.nanoTime()
                + Math.min(deadline.toSeconds(), Duration.ofDays(1).toSeconds()) * 1_000_000_000
                + deadline.toNanosPart();
    }

    private PaxosException overloaded() {
        return new PaxosException.Overloaded("node " + settings.node() + " takes no more calls: " + room
                + " (Limits.pendingCalls, Limits.memoryBytes); the call was not taken, try again later");
    }

    private void submit(Call<?> call) {
        if (!assembly.mailbox().add(call)) {
            Ending why = ending.get();
            call.fail((why == null ? new Ending(settings.node(), null) : why).exception(false));
        }
    }

    /** {@return what it looks like} */
    public NodeStatus status() {
        EventLoop.View view = assembly.loop().view();
        Ending why = ending.get();
        NodeIdentity identity = assembly.identity();
        Snapshots.View snapshot = assembly.loop().snapshots().view();
        long executed = assembly.apply().executedUpTo();
        return new NodeStatus(
                settings.node(),
                settings.group(),
                why == null ? view.role() : Role.STOPPED,
                why == null ? view.leader() : 0,
                view.promised(),
                Math.max(view.chosenUpTo(), executed), // the view is of the last tick
                executed,
                view.clearedUpTo(),
                why == null && assembly.loop().snapshots().isRebuilding(),
                snapshot.slot(),
                snapshot.slot() == 0 ? null : Instant.ofEpochMilli(snapshot.writtenMillis()),
                assembly.storage().position(),
                assembly.storage().space(),
                settings.storage().readsPastCache(),
                room.count(),
                room.bytes(),
                memoryBytes(),
                assembly.execution().sessionCount(),
                assembly.transfers().view(),
                List.copyOf(assembly.gate().connected()),
                assembly.mailbox().dropped() + assembly.loop().framesRefused(),
                port,
                identity.storageId(),
                identity.bootCount(),
                why == null ? assembly.loop().awaitedFounders() : List.of(),
                why == null ? null : why.cause());
    }

    /** All shares of {@link dev.multipaxos.Limits#memoryBytes} together. */
    private long memoryBytes() {
        return room.bytes()
                + assembly.mailbox().bytes()
                + assembly.loop().view().logBytes()
                + assembly.execution().answerBytes();
    }

    /** Stops the node because of a failure; the first one counts. Called by the thread that failed, which then ends. */
    private void fail(Throwable cause) {
        if (ending.compareAndSet(null, new Ending(settings.node(), cause))) {
            LOG.error("node {} stops: {}", settings.node(), cause.getMessage(), cause);
            assembly.loop().finish();
        }
    }

    /** The loop's last act: nobody is left who would answer. */
    private void onLoopEnded() {
        Ending why = ending.get();
        if (why == null) {
            throw new IllegalStateException("the loop of node " + settings.node() + " ended without a reason");
        }
        try {
            assembly.loop().failAll(why);
            settings.transport().close();
        } catch (RuntimeException e) {
            LOG.error("node {}: the transport could not be closed", settings.node(), e);
        } finally {
            assembly.finishJobs(); // close() waits for them
        }
        Throwable cause = why.cause();
        if (cause != null) {
            try {
                settings.listener().stopped(cause);
            } catch (RuntimeException e) {
                LOG.warn("node {}: the listener threw", settings.node(), e);
            }
        }
    }

    /**
     * As {@link dev.multipaxos.PaxosNode#close}.
     *
     * @throws IllegalStateException if called on a thread of the node
     */
    public void close() {
        if (threads.contains(Thread.currentThread()) || assembly.loop().isOnThread()) {
            throw new IllegalStateException(
                    "close() was called on " + Thread.currentThread().getName()
                            + ", a thread of the node itself, which it would wait for: close the node on a thread of your own");
        }
        ending.compareAndSet(null, new Ending(settings.node(), null));
        assembly.loop().finish();
        boolean interrupted = false;
        for (Thread thread : threads) {
            interrupted |= join(thread);
        }
        if (!released.getAndSet(true)) {
            settings.storage().close();
            LOG.info("node {} is closed", settings.node());
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** As {@link #close}, where no thread was started. */
    void closeWithoutThreads() throws StorageException {
        ending.compareAndSet(null, new Ending(settings.node(), null));
        onLoopEnded();
        boolean more = true;
        while (more) {
            more = assembly.storage().step();
        }
        assembly.transfers().ended();
        settings.storage().close();
    }

    NodeAssembly assembly() {
        return assembly;
    }

    /** Waits for a thread to end, whatever happens; says whether it was interrupted meanwhile. */
    private static boolean join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // told to the caller at the end: a node half closed would keep its storage
            }
        }
        return interrupted;
    }
}
