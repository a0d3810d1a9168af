package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.NodeListener;
import dev.multipaxos.NodeStatus.Role;
import dev.multipaxos.PaxosException.StorageRefused;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Replica;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Confirmed;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.LeaseLimit;
import dev.multipaxos.wire.PeerCodec;
import dev.multipaxos.wire.PeerFrames;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RuntimeRecord;
import dev.multipaxos.wire.WireException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that owns the protocol. A turn takes everything that has arrived, lets it happen, and pushes once: one hand-over
 * to the disk, one to the state machine, one flush to the network, whatever the number of commands.
 */
final class EventLoop implements Job {
    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);
    private static final Input TICK = new Input.Tick();

    /** Deadlines are looked at, and lost answers asked for again, once in so many nanoseconds. */
    private static final long SWEEP_NANOS = 20_000_000;

    /** What the loop works with. */
    record Parts(
            Driver driver,
            Mailbox mailbox,
            JournalWriter storage,
            Applier apply,
            JournalReader reader,
            Outbox outbox,
            Handshake handshake,
            FoundingWait founding,
            Batcher batcher,
            Forwarder forwarder,
            PendingProposals proposals,
            PendingReads reads,
            ClientService clients,
            Snapshots snapshots,
            TransferJob transfers,
            NodeListener listener) {}

    /** What others may see of the protocol. */
    record View(Role role, int leader, Ballot promised, long chosenUpTo, long clearedUpTo, long logBytes) {
        static View of(Replica replica) {
            Role role = switch (replica.role()) {
                case FOLLOWER -> Role.FOLLOWER;
                case CANDIDATE -> Role.CANDIDATE;
                case LEADER -> Role.LEADER;
            };
            return new View(
                    role,
                    replica.leader(),
                    replica.promised(),
                    replica.chosenUpTo(),
                    replica.clearedUpTo(),
                    replica.logBytes());
        }
    }

    private final int self;
    private final Parts parts;
    private final Driver driver;
    private final Replica replica;
    private final Mailbox mailbox;
    private final long tickNanos;
    private final int ticksAtOnceMax;
    private final long pauseNanos;
    private final long backlogBytesMax;
    private final long logBytesMax;
    private final boolean alone; // no other member could lead
    private final DiskRoom room;
    private final TimeSource time;
    private final LeaseClock lease;
    private final Runnable ended;
    private final PeerFrames peerFrames = new Frames();
    private final PendingProposals.Target target = new Leader();
    private final Set<String> complained = new HashSet<>();

    private volatile boolean stopping;
    private volatile @Nullable Thread thread; // that takes the turns
    private volatile View view;
    private final AtomicLong framesRefused = new AtomicLong();

    private long nowNanos;
    private long tickedNanos;
    private long sweptNanos;
    private long executedTold;
    private int frameFrom; // the node whose frame is being read
    private int leader;
    private Ballot term = Ballot.ZERO;
    private boolean leading;

    /**
     * Begins.
     *
     * @param settings the node's
     * @param parts what it works with
     * @param time the clocks
     * @param lease the clock of the leases
     * @param ended its last act, whatever ended it
     */
    EventLoop(NodeSettings<?, ?> settings, Parts parts, TimeSource time, LeaseClock lease, Runnable ended) {
        this.time = time;
        this.nowNanos = time.nanoTime();
        this.tickedNanos = nowNanos;
        this.sweptNanos = nowNanos;
        this.self = settings.node();
        this.parts = parts;
        this.driver = parts.driver();
        this.replica = driver.replica();
        this.mailbox = parts.mailbox();
        this.tickNanos = settings.timing().tick().toNanos();
        this.ticksAtOnceMax = Math.max(1, settings.timing().electionTicks() / 2);
        this.pauseNanos = settings.timing().heartbeat().toNanos();
        this.backlogBytesMax = settings.limits().inFlightBytes() * 2;
        this.logBytesMax = settings.limits().inFlightBytes() + settings.limits().retainedBytes();
        this.room = new DiskRoom(self, parts.storage()::space);
        this.lease = lease;
        this.alone = settings.membership().members().size() == 1;
        this.ended = ended;
        this.executedTold = parts.apply().executedUpTo();
        this.view = View.of(replica);
    }

    @Override
    public boolean step() {
        turn();
        mailbox.await(nextTickNanos() - time.nanoTime());
        return !stopping;
    }

    @Override
    public void ended() {
        ended.run();
    }

    /** {@return when the next tick is due, on the clock of the loop} */
    long nextTickNanos() {
        return tickedNanos + tickNanos;
    }

    /** Lets everything happen that has arrived, and what is due. */
    void turn() {
        if (thread == null) {
            thread = Thread.currentThread();
        }
        nowNanos = time.nanoTime();
        mailbox.heed();
        // Before the mail is taken: whoever restored a snapshot has sent Installed before its slot showed here, so the
        // core
        // hears of the snapshot no later than that its slots are executed.
        long executed = parts.apply().executedUpTo();
        List<Mail> arrived = mailbox.drain();
        long leaseNow = lease.now(); // behind the arrival of all mail
        driver.handle(new Input.Now(leaseNow));
        LeaseLimit limit = lease.toNote(leaseNow);
        if (limit != null) {
            parts.storage().noteNow(limit, replica.promised());
        }
        for (Mail mail : arrived) {
            mail.deliverTo(this);
        }
        driver.durable(parts.storage().durable());
        if (executed != executedTold) {
            executedTold = executed;
            driver.handle(new Input.Executed(executed));
        }
        noticeRoom();
        tick();
        noticeLeader();
        submit();
        lease.heldUntil(replica.leaseUntil()); // before a promise leaves that ends it
        driver.endTurn();
        noticeLeader();
        while (submit()) { // what became durable has made room
            driver.endTurn();
        }
        lease.heldUntil(replica.leaseUntil());
        parts.apply().handOver();
        parts.outbox().flush();
        parts.storage().handOver(); // last: the loop may write here
    }

    /**
     * Ticks that were missed in a pause are made up for, but never so many at once that a node that was merely slow takes a live
     * leader for dead before it has read its mail.
     */
    private void tick() {
        long due = (nowNanos - tickedNanos) / tickNanos;
        if (due > 0) {
            tickedNanos += due * tickNanos;
            for (long left = Math.min(due, ticksAtOnceMax);
                    left > 0 && parts.founding().isOver();
                    left--) {
                driver.handle(TICK);
            }
            parts.founding().ask(nowNanos);
            view = View.of(replica);
        }
        if (nowNanos - sweptNanos >= SWEEP_NANOS) {
            sweptNanos = nowNanos;
            if (parts.proposals().sweep(nowNanos)) {
                parts.batcher().forgetEnded();
            }
            parts.reads().sweep(nowNanos);
            parts.snapshots().sweep();
            if (!leading) {
                parts.proposals().retry(nowNanos);
            }
        }
    }

    private boolean submit() {
        parts.proposals().submit(target, nowNanos);
        parts.forwarder().flush(leader, nowNanos);
        parts.reads().ask(driver, nowNanos);
        return !isBehind() && parts.batcher().propose(driver, nowNanos);
    }

    /**
     * Whether so much waits for this node's disk or state machine, or to leave memory, or so little fits on the disk, that it must
     * not take more values, from itself or others.
     */
    private boolean isBehind() {
        return room.isShort()
                || parts.storage().backlogBytes() > backlogBytesMax
                || parts.apply().backlogBytes() > backlogBytesMax
                || (replica.logBytes() > logBytesMax && replica.isExecutedInMemory()); // which soon is not
    }

    /**
     * A node whose disk is nearly full leaves leading to others, if there are any. What has not left yet is refused: it could be
     * executed elsewhere, but its answer would be learned here only when there is room again.
     */
    private void noticeRoom() {
        if (!room.hasChanged()) {
            return;
        }
        parts.clients().onRoom(room.trouble());
        if (!alone) {
            driver.handle(new Input.MayLead(!room.isShort()));
            noticeLeader();
        }
        if (room.isShort()) {
            parts.proposals().refuse(room::refusal);
            parts.batcher().shed();
        }
        parts.snapshots().onRoom(room.space().level() != DiskSpace.Level.PLENTY);
        tell(self, () -> parts.listener().diskSpaceChanged(room.space()));
    }

    private void noticeLeader() {
        boolean leads = replica.isLeader();
        int known = leads ? self : replica.leader();
        Ballot ballot = leads ? replica.ballot() : replica.promised();
        if (known == leader && leads == leading && ballot.equals(term)) {
            return;
        }
        boolean another = known != leader;
        leader = known;
        leading = leads;
        term = ballot;
        view = View.of(replica);
        parts.batcher().clear();
        parts.proposals().leaderChanged();
        parts.reads().leaderChanged();
        if (another) {
            if (known != 0) {
                LOG.info(
                        "node {}: node {} leads at ballot {}, chosen up to slot {}",
                        self,
                        known,
                        ballot,
                        replica.chosenUpTo());
            }
            parts.clients().leaderChanged(leads, known);
            tell(self, () -> parts.listener().leaderChanged(known));
        }
    }

    /** Tells the listener. */
    static void tell(int node, Runnable event) {
        try {
            event.run();
        } catch (RuntimeException e) {
            LOG.warn("node {}: the listener threw", node, e);
        }
    }

    // ---- mail

    void onPropose(ProposeCall<?> call) {
        if (room.isShort()) {
            call.fail(room.refusal());
        } else {
            parts.proposals().add(call);
        }
    }

    void onRead(ReadCall<?> call) {
        parts.reads().add(call.consistency(), call);
    }

    void onNotAnswered(ReadTask read) {
        parts.reads().add(Consistency.LINEARIZABLE, read);
    }

    void onPeerFrame(PeerGate.PeerFrame frame) {
        frameFrom = frame.node();
        try {
            PeerCodec.decode(frame.frame(), peerFrames);
        } catch (WireException e) {
            refuse("it cannot be read: " + e.getMessage());
        }
    }

    /** Drops a frame that is not what it should be; of each kind the first is logged. */
    private void refuse(String problem) {
        framesRefused.incrementAndGet();
        if (complained.size() < 1_000 && complained.add(frameFrom + problem)) {
            LOG.warn("node {} drops a frame from node {}, and all of its kind: {}", self, frameFrom, problem);
        }
    }

    void onClientFrame(PeerGate.ClientFrame frame) {
        parts.clients().onFrame(frame.connection(), frame.frame(), leading, leader, nowNanos);
    }

    void onClientClosed(long connection) {
        parts.clients().onClosed(connection);
    }

    void onClientReply(ClientOutcomes.ClientReply reply) {
        parts.outbox().sendToClient(reply.connection(), reply.head(), reply.body());
    }

    void onClientLost(ClientOutcomes.ClientLost client) {
        parts.outbox().closeClient(client.connection());
    }

    void onGreeted(int node) {
        Pinned news = parts.handshake().news(node);
        if (news != null) {
            parts.storage().noteNow(news, replica.promised());
        }
    }

    void onNoted(RuntimeRecord record) {
        if (record instanceof Pinned peer) {
            parts.handshake().pinned(peer);
        } else if (record instanceof Confirmed) {
            parts.founding().confirmed();
        } else if (record instanceof LeaseLimit limit) {
            driver.handle(new Input.MayGrantLeases(limit.nanos()));
        }
    }

    /** Stops the node, if a peer's word is enough for that. */
    void onExcluded(Hello.Refusal refusal) {
        StorageRefused refused = parts.founding().judge(refusal);
        if (refused != null) {
            throw refused;
        }
    }

    void onReachable(PeerGate.Reachable peer) {
        tell(self, () -> {
            if (peer.connected()) {
                parts.listener().peerConnected(peer.node());
            } else {
                parts.listener().peerDisconnected(peer.node());
            }
        });
    }

    void onLogRead(Input.LogRead found) {
        driver.handle(found);
    }

    /** The state machine was set to a member's snapshot. */
    void onInstalled(Snapshots.View snapshot) {
        parts.reader().installed(snapshot.slot());
        driver.handle(new Input.Installed(snapshot.slot()));
        parts.proposals().sendAgain();
        parts.snapshots().onInstalled(snapshot);
        parts.transfers().installed(snapshot.slot());
        view = View.of(replica);
    }

    /** A snapshot is not needed any more, or cannot be used. */
    void onNotInstalled(SnapshotStore.Id id) {
        LOG.debug("node {} did not install the snapshot of slot {}", self, id.slot());
        parts.transfers().notInstalled(id);
    }

    void onSnapshotReceived(TransferJob.Received snapshot) {
        parts.apply().install(snapshot.id());
    }

    void onSaid(TransferJob.Said said) {
        parts.outbox().send(said.to(), said.edge());
    }

    void onNews(TransferJob.News news) {
        tell(self, () -> news.event().accept(parts.listener()));
    }

    Snapshots snapshots() {
        return parts.snapshots();
    }

    PendingProposals proposals() {
        return parts.proposals();
    }

    private final class Frames implements PeerFrames {

        private boolean counts(Envelope envelope) {
            String problem = parts.handshake().problem(frameFrom, envelope);
            if (problem == null) {
                Pinned news = parts.handshake().news(frameFrom);
                if (news != null) {
                    parts.storage().note(news, replica.promised());
                }
                return true;
            } else if (parts.handshake().awaitsDisk(frameFrom)) {
                framesRefused.incrementAndGet(); // it will not be long: nothing is wrong
            } else {
                refuse(problem);
            }
            return false;
        }

        @Override
        public void onMessage(Envelope envelope, Message message) {
            if (!counts(envelope)) {
                return;
            } else if (!parts.founding().isOver() || (bringsValues(message) && isBehind())) {
                framesRefused
                        .incrementAndGet(); // it is sent again; what waits for disk and state machine stays bounded
            } else {
                driver.handle(new Input.Received(envelope.from(), message));
            }
        }

        private boolean bringsValues(Message message) {
            return message instanceof Message.Accept accept
                    ? replica.wouldStore(accept)
                    : message instanceof Message.CatchUpReply;
        }

        private void onSnapshots(int from, Edge edge) {
            if (edge instanceof Edge.SnapshotOffer offer) {
                parts.transfers().onOffer(from, offer, replica.slotOut());
            } else if (edge instanceof Edge.SnapshotRequest request) {
                parts.transfers().onRequest(from, request);
            } else if (edge instanceof Edge.SnapshotChunk chunk) {
                parts.transfers().onChunk(from, chunk);
            } else if (edge instanceof Edge.SnapshotGone gone) {
                parts.transfers().onGone(from, gone);
            }
        }

        @Override
        public void onEdge(Envelope envelope, Edge edge) {
            int from = envelope.from();
            if (!counts(envelope)) {
                return;
            } else if (edge instanceof Edge.Forward forward) {
                parts.forwarder().onForward(from, forward, leading && replica.isLeader(), replica.leader());
            } else if (edge instanceof Edge.ForwardRefused refused) {
                parts.proposals().forwardRefused(refused.id(), nowNanos + pauseNanos);
            } else if (edge instanceof Edge.ReadIndex question) {
                parts.reads().onReadIndex(from, question);
            } else if (edge instanceof Edge.ReadIndexReply reply) {
                parts.reads().onReply(reply, nowNanos);
            } else if (edge instanceof Edge.PinRequest) { // its frames count, so its storage is on this disk
                parts.outbox().send(from, new Edge.PinReply(envelope.storageId()));
            } else if (edge instanceof Edge.PinReply reply && parts.founding().agrees(from, reply)) {
                parts.storage().noteNow(parts.founding().record(), replica.promised());
            } else if (parts.founding().isOver()) { // before, nothing is installed
                onSnapshots(from, edge);
            }
        }
    }

    /** Whoever leads, as the node's own proposals see it. */
    private final class Leader implements PendingProposals.Target {

        @Override
        public boolean exists() {
            return leader != 0;
        }

        @Override
        public void send(Command command, @Nullable ProposeCall<?> call) {
            if (leading) {
                parts.batcher().add(command, call);
            } else {
                parts.forwarder().add(command, call, leader, nowNanos);
            }
        }
    }

    // ---- others

    /** {@return whether it would answer a read now without asking anybody} */
    boolean holdsLease() {
        return lease.isHeld();
    }

    /** {@return whether the protocol runs, or the other founders must know this storage first} */
    boolean isConfirmed() {
        return parts.founding().isOver();
    }

    /** {@return the founders who keep this node from voting, ascending; any thread} */
    List<Integer> awaitedFounders() {
        return parts.founding().awaited();
    }

    /** {@return what the protocol looks like; any thread} */
    View view() {
        return view;
    }

    /** {@return how many frames were refused; any thread} */
    long framesRefused() {
        return framesRefused.get();
    }

    /** {@return whether the calling thread is the one that takes the turns} */
    boolean isOnThread() {
        return Thread.currentThread() == thread;
    }

    /** {@return whether no further turn is to be taken} */
    boolean isStopping() {
        return stopping;
    }

    /** Ends the thread after this turn. Any thread. */
    void finish() {
        stopping = true;
        mailbox.poke();
    }

    /** Ends every call. This thread's, at its end. */
    void failAll(Ending ending) {
        parts.proposals().failAll(ending);
        parts.reads().failAll(ending);
        parts.snapshots().failAll(ending);
        for (Mail mail : mailbox.close()) { // those among them that were delivered are over by now
            if (mail instanceof Call<?> call) {
                call.fail(ending.exception(false));
            }
        }
    }
}
