package dev.multipaxos;

import dev.multipaxos.runtime.NodeRuntime;
import dev.multipaxos.runtime.NodeSettings;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One member of a cluster, running in this process: it votes, keeps the log, executes it, and takes commands and reads.
 *
 * <p><b>Threads.</b> All methods may be called from any thread and none of them but {@link #close} waits. The node has five
 * threads of its own, and those of its transport. Futures are completed on the node's threads, most of them on the one that runs
 * the state machine: what is chained to them must be quick, or use the {@code Async} variants. To wait for a future of a node on
 * one of its own threads blocks it for ever.
 *
 * <p><b>Failures.</b> Futures fail with a {@link PaxosException}, whose kind says what is true. If the storage fails, an invariant
 * is found broken or the state machine throws, the node stops: {@link #status} and {@link NodeListener#stopped} tell the cause,
 * and every open and later call fails with it.
 *
 * @param <C> commands
 * @param <R> their answers
 */
public final class PaxosNode<C, R> implements AutoCloseable {

    private final NodeRuntime<C, R> runtime;
    private final Duration callDeadline;

    private PaxosNode(NodeRuntime<C, R> runtime, Duration callDeadline) {
        this.runtime = runtime;
        this.callDeadline = callDeadline;
    }

    /**
     * Begins to describe a node.
     *
     * @param stateMachine what is replicated
     * @param commands how commands, and queries of clients, become bytes
     * @param answers how answers become bytes
     * @param <C> commands
     * @param <R> their answers
     * @return a builder
     */
    public static <C, R> Builder<C, R> builder(StateMachine<C, R> stateMachine, Codec<C> commands, Codec<R> answers) {
        return new Builder<>(
                Objects.requireNonNull(stateMachine, "stateMachine"),
                Objects.requireNonNull(commands, "commands"),
                Objects.requireNonNull(answers, "answers"));
    }

    /**
     * Puts a command into the log, from any member, with the deadline of {@link Timing#callDeadline}.
     *
     * @param command the command
     * @return its answer, when this node has executed it; see {@link #propose(Object, Duration)}
     */
    public CompletableFuture<R> propose(C command) {
        return propose(command, callDeadline);
    }

    /**
     * Puts a command into the log, from any member. The node sends it again when it must, and it is executed at most once all the
     * same. Commands that are open at the same time may be executed in any order.
     *
     * @param command the command
     * @param deadline how long the caller waits
     * @return its answer, when this node has executed it; or {@link PaxosException.Overloaded} or {@link
     *     PaxosException.DiskFull} at once, {@link PaxosException.Unavailable}, {@link PaxosException.OutcomeUnknown}, {@link PaxosException.NotExecuted}, {@link
     *     PaxosException.SessionExpired} or {@link PaxosException.NodeStopped}
     * @throws IllegalArgumentException if the encoded command is larger than {@link Limits#valueBytes}, or the deadline is not
     *     positive
     */
    public CompletableFuture<R> propose(C command, Duration deadline) {
        return runtime.propose(command, deadline);
    }

    /**
     * Reads, with the deadline of {@link Timing#callDeadline}.
     *
     * @param consistency how fresh it must be
     * @param query reads the state; runs on the thread that applies, between two commands, and must change nothing
     * @param <T> what it finds
     * @return what it found; see {@link #read(Consistency, Supplier, Duration)}
     */
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> query) {
        return read(consistency, query, callDeadline);
    }

    /**
     * Reads, on any member.
     *
     * @param consistency how fresh it must be; with {@link Consistency#LEASE} the query may run twice, the lease having ended meanwhile
     * @param query reads the state; runs on the thread that applies, between two commands, and must change nothing
     * @param deadline how long the caller waits
     * @param <T> what it finds
     * @return what it found, or what the query threw; or {@link PaxosException.Overloaded} at once, {@link
     *     PaxosException.Unavailable} or {@link PaxosException.NodeStopped}
     * @throws IllegalArgumentException if the deadline is not positive
     */
    public <T> CompletableFuture<T> read(Consistency consistency, Supplier<T> query, Duration deadline) {
        return runtime.read(consistency, query, deadline);
    }

    /**
     * Takes a snapshot of this node's state machine now, and lets go of the part of its journal that {@link Retention} does not
     * keep. The node takes snapshots by itself as its journal grows; this is for the moment before something that somebody does
     * to the machine. A second call, while one is being taken, gets one of its own, unless nothing was executed in between.
     *
     * @return the last slot whose effects are in it, once it is durable; 0 if nothing was executed yet. Or {@link
     *     PaxosException.SnapshotFailed}, if the disk or the state machine failed, which changes nothing, {@link
     *     PaxosException.Overloaded} at once, or {@link PaxosException.NodeStopped}
     */
    public CompletableFuture<Long> snapshot() {
        return runtime.snapshot();
    }

    /** {@return what the node looks like; never waits, also works when the node has stopped} */
    public NodeStatus status() {
        return runtime.status();
    }

    /**
     * Stops the node: open calls fail with {@link PaxosException.NodeStopped}, what was handed to the disk is finished, every
     * thread is joined, transport and storage are closed. Waits for the command or query that the state machine is executing. A
     * second call does nothing.
     *
     * @throws IllegalStateException if called on a thread of the node, which cannot wait for itself
     */
    @Override
    public void close() {
        runtime.close();
    }

    /**
     * Describes a node; {@link #member}, {@link #storage} and {@link #transport} must be given.
     *
     * @param <C> commands
     * @param <R> their answers
     */
    public static final class Builder<C, R> {
        private final StateMachine<C, R> stateMachine;
        private final Codec<C> commands;
        private final Codec<R> answers;
        private int node;
        private int group = 1;
        private @Nullable Membership membership;
        private @Nullable DurableStorage storage;
        private @Nullable Transport transport;
        private @Nullable String bind;
        private Timing timing = Timing.defaults();
        private Limits limits = Limits.defaults();
        private Retention retention = Retention.defaults();
        private boolean forcesOnLoop;
        private NodeListener listener = new NodeListener() {};

        private Builder(StateMachine<C, R> stateMachine, Codec<C> commands, Codec<R> answers) {
            this.stateMachine = stateMachine;
            this.commands = commands;
            this.answers = answers;
        }

        /**
         * Says which member this is. On an empty storage the cluster is founded; a used one is reopened, and must be the same.
         *
         * @param id this node's id
         * @param founders all founding members, this one included; the same on every one of them
         * @return this
         */
        public Builder<C, R> member(int id, Membership founders) {
            this.node = id;
            this.membership = Objects.requireNonNull(founders, "founders");
            return this;
        }

        /**
         * Gives the node its memory.
         *
         * @param durable the storage; the node opens and closes it
         * @return this
         */
        public Builder<C, R> storage(DurableStorage durable) {
            this.storage = Objects.requireNonNull(durable, "durable");
            return this;
        }

        /**
         * Gives the node its connections.
         *
         * @param connections the transport; the node starts and closes it
         * @return this
         */
        public Builder<C, R> transport(Transport connections) {
            this.transport = Objects.requireNonNull(connections, "connections");
            return this;
        }

        /**
         * Changes the times; {@link Timing#defaults} unless called.
         *
         * @param times the times
         * @return this
         */
        public Builder<C, R> timing(Timing times) {
            this.timing = Objects.requireNonNull(times, "times");
            return this;
        }

        /**
         * Changes the bounds; {@link Limits#defaults} unless called.
         *
         * @param bounds the bounds
         * @return this
         */
        public Builder<C, R> limits(Limits bounds) {
            this.limits = Objects.requireNonNull(bounds, "bounds");
            return this;
        }

        /**
         * Changes when snapshots are taken and what is kept; {@link Retention#defaults} unless called.
         *
         * @param kept what is kept
         * @return this
         */
        public Builder<C, R> retention(Retention kept) {
            this.retention = Objects.requireNonNull(kept, "kept");
            return this;
        }

        /**
         * Changes which thread forces the journal to the disk; false unless called.
         *
         * @param onLoop false: a thread of its own, so that a force that takes long delays neither heartbeats nor what needs no
         *     disk. True: the thread of the protocol, which saves two hand-overs for each force on every member, some 10 µs
         *     each, and so latency where few commands are under way; for disks on which no force takes nearly as long as
         *     {@link Timing#election}, else the others look for a new leader
         * @return this
         */
        public Builder<C, R> forceOnLoop(boolean onLoop) {
            this.forcesOnLoop = onLoop;
            return this;
        }

        /**
         * Asks to be told what happens.
         *
         * @param told who is told
         * @return this
         */
        public Builder<C, R> listener(NodeListener told) {
            this.listener = Objects.requireNonNull(told, "told");
            return this;
        }

        /**
         * Changes where the node listens; its own address in the membership unless called.
         *
         * @param address {@code host:port}; port 0 for any free one
         * @return this
         */
        public Builder<C, R> bind(String address) {
            this.bind = Objects.requireNonNull(address, "address");
            return this;
        }

        /**
         * Changes the group; 1 unless called.
         *
         * @param id the group's id, positive, the same on every member
         * @return this
         */
        public Builder<C, R> group(int id) {
            this.group = id;
            return this;
        }

        /**
         * Opens the storage, executes what it holds, binds, and runs the node. The node takes calls at once; they wait for a
         * leader.
         *
         * @return the running node
         * @throws PaxosException.InvalidConfiguration if anything that was given makes no sense, naming all of it; nothing was
         *     touched
         * @throws PaxosException.StartFailed if the storage or the address cannot be had, or the state machine threw
         */
        public PaxosNode<C, R> start() {
            List<String> problems = problems();
            if (!problems.isEmpty() || membership == null || storage == null || transport == null) {
                throw new PaxosException.InvalidConfiguration(problems);
            }
            String address = bind != null
                    ? bind
                    : membership.members().stream()
                            .filter(member -> member.id() == node)
                            .findFirst()
                            .orElseThrow()
                            .address();
            return new PaxosNode<>(
                    NodeRuntime.start(new NodeSettings<>(
                            node,
                            group,
                            membership,
                            address,
                            storage,
                            transport,
                            timing,
                            limits,
                            retention,
                            forcesOnLoop,
                            listener,
                            stateMachine,
                            commands,
                            answers)),
                    timing.callDeadline());
        }

        private List<String> problems() {
            List<String> problems = new ArrayList<>();
            Membership founders = membership;
            if (founders == null) {
                problems.add("member(id, membership) is missing: which node is this, and who are the others?");
            } else {
                problems.addAll(founders.problems());
                if (founders.members().stream().noneMatch(member -> member.id() == node)) {
                    problems.add("node " + node + " is not among the members " + founders.members());
                }
            }
            if (storage == null) {
                problems.add("storage(…) is missing: where does the node remember its votes?");
            }
            if (transport == null) {
                problems.add("transport(…) is missing: how does the node reach the others?");
            }
            if (group <= 0) {
                problems.add("group " + group + " must be positive");
            }
            String address = bind == null ? "" : Membership.addressProblem(bind);
            if (!address.isEmpty()) {
                problems.add("bind: " + address);
            }
            problems.addAll(timing.problems());
            problems.addAll(limits.problems());
            problems.addAll(retention.problems());
            return problems;
        }
    }
}
