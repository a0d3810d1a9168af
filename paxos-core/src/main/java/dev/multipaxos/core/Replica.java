package dev.multipaxos.core;

import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.CatchUpRequest;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.HeartbeatAck;
import dev.multipaxos.core.Message.Holds;
import dev.multipaxos.core.Message.PreVote;
import dev.multipaxos.core.Message.PreVoteReply;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Message.Rejected;
import dev.multipaxos.core.ReplicaState.Volatile;
import org.jspecify.annotations.Nullable;

/**
 * One member of one group: hands what happens to the role that it concerns, and sees that the roles agree. It does nothing by
 * itself: inputs go in, {@link Effects} are called. The same state and the same input have the same outcome.
 *
 * <p>Not thread-safe; one thread owns it. After an {@link InvariantViolation} it must not be used any more.
 */
public final class Replica {

    private final int self;
    private final Configuration configuration;
    private final ReplicatedLog log;
    private final Learner learner;
    private final Acceptor acceptor;
    private final Proposer proposer;
    private final Election election;
    private final ReadBarrier reads;
    private final Lease lease;
    private final CatchUp catchUp;
    private final Compaction compaction;
    private final Campaign campaign;
    private final Message.Handler receiver = new Receiver();

    /**
     * Starts a replica from its disk.
     *
     * @param self this node
     * @param configuration who decides
     * @param parameters the numbers to run with
     * @param restored what the disk says; {@link Durable#EMPTY} the first time. The state machine has done its {@code executed}
     */
    public Replica(int self, Configuration configuration, Parameters parameters, Durable restored) {
        this.self = self;
        this.configuration = configuration;
        int capacity = (int) Math.max(parameters.ring(), restored.span()); // the ring may have been larger before
        log = new ReplicatedLog(capacity, restored.base());
        learner = new Learner(log, restored);
        compaction = new Compaction(self, parameters, configuration, log, learner);
        acceptor = new Acceptor(parameters.chunkBytes(), log, learner, compaction, restored.promised());
        proposer = new Proposer(self, parameters, configuration, log, learner, acceptor);
        election = new Election(self, parameters, configuration);
        reads = new ReadBarrier(self, configuration);
        lease = new Lease(self, parameters, configuration);
        catchUp = new CatchUp(self, parameters, configuration, log, learner);
        campaign = new Campaign(
                self, configuration, learner, acceptor, proposer, election, reads, lease, catchUp, compaction);
        log.restoreUnknown(new UnknownSlots(restored.unknown()));
        restored.entries().forEach(entry -> log.restore(entry, entry.slot() <= restored.chosenUpTo()));
        election.see(restored.promised());
    }

    /**
     * Puts a replica back to where {@link #state} was taken.
     *
     * @param self this node
     * @param configuration who decides
     * @param parameters the numbers to run with
     * @param state the state
     * @return a replica in an equal state
     */
    public static Replica restore(int self, Configuration configuration, Parameters parameters, ReplicaState state) {
        Replica replica = new Replica(self, configuration, parameters, state.durable());
        Volatile memory = state.memory();
        memory.chosen().forEachWithin(1, Long.MAX_VALUE - 1, replica.log::choose);
        replica.learner.restore(memory.chosenUpTo(), memory.handedOut(), memory.executed());
        replica.election.restore((Election.State) memory.election());
        replica.proposer.restore((Proposer.State) memory.proposer());
        replica.reads.restore((ReadBarrier.State) memory.reads());
        replica.catchUp.restore((CatchUp.State) memory.catchUp());
        replica.compaction.restore((Compaction.State) memory.compaction());
        replica.lease.restore((Lease.State) memory.lease());
        return replica;
    }

    /** {@return everything, as a value; only between steps} */
    public ReplicaState state() {
        SlotRanges chosen = SlotRanges.EMPTY;
        for (long slot = log.base() + 1; slot <= log.top(); slot++) {
            chosen = log.isChosen(slot) ? chosen.with(slot, slot) : chosen;
        }
        return new ReplicaState(
                new Durable(
                        acceptor.promised(),
                        Math.min(learner.executed(), log.base()),
                        log.base(),
                        learner.recordedUpTo(),
                        log.durableEntries(),
                        log.unknown().ranges()),
                new Volatile(
                        chosen,
                        learner.chosenUpTo(),
                        learner.handedOut(),
                        learner.executed(),
                        election.state(),
                        proposer.state(),
                        reads.state(),
                        catchUp.state(),
                        compaction.state(),
                        lease.state()));
    }

    /**
     * Takes one input, and says all that follows.
     *
     * @param input what happened
     * @param effects what to do about it
     */
    public void step(Input input, Effects effects) {
        handle(input, effects);
        endTurn(effects);
    }

    /**
     * Takes one input of several that are there at once. {@link #endTurn} must follow the last of them.
     *
     * @param input what happened
     * @param effects what to do about it
     * @throws IllegalStateException if it is a {@link Input.Propose} and {@link #openSlots} is 0
     * @throws InvariantViolation if it shows that something is wrong that must never be
     */
    public void handle(Input input, Effects effects) {
        if (input instanceof Input.Received received) {
            if (configuration.contains(received.from())) {
                received.message().deliverTo(receiver, received.from(), effects);
            }
        } else if (input instanceof Input.Tick) {
            campaign.onTick(effects);
        } else if (input instanceof Input.Propose propose) {
            if (openSlots() == 0) {
                throw new IllegalStateException("no slot is open at node " + self + ", " + role());
            }
            proposer.proposeFresh(propose.value(), effects);
        } else if (input instanceof Input.Executed executed) {
            learner.onExecuted(executed.slot());
        } else if (input instanceof Input.Read read) {
            onRead(read.token(), effects);
        } else if (input instanceof Input.LogRead found) {
            catchUp.reply(found.to(), found.fromSlot(), found.values(), effects);
        } else if (input instanceof Input.Installed installed) {
            onInstalled(installed.upTo(), effects);
        } else if (input instanceof Input.Snapshotted snapshot) {
            compaction.onSnapshot(snapshot.upTo());
        } else if (input instanceof Input.MayLead permission) {
            onMayLead(permission.may(), effects);
        } else if (input instanceof Input.Now time) {
            lease.onNow(time.nanos());
        } else if (input instanceof Input.AwaitLeases earlier) {
            lease.onAwait(earlier.nanos());
        } else if (input instanceof Input.MayGrantLeases permission) {
            lease.onMayGrant(permission.nanosMax());
        }
        learner.advance(effects);
    }

    /**
     * Says, once for all inputs of a turn, what was gathered: votes, the watermark, a round for the reads that wait.
     *
     * @param effects what to do
     */
    public void endTurn(Effects effects) {
        proposer.proposeRecovered(effects);
        learner.advance(effects);
        proposer.forgetChosen();
        acceptor.endTurn(effects);
        if (election.phase() == Election.Phase.LEADING) {
            boolean round = proposer.isRecovered() && reads.begin(learner.chosenUpTo(), effects);
            if (proposer.takeUnsaidWatermark() || round) {
                campaign.sendHeartbeats(effects);
            }
        }
    }

    private void onRead(long token, Effects effects) {
        if (election.phase() == Election.Phase.LEADING) {
            reads.onRead(token);
        } else {
            effects.readRefused(token);
        }
    }

    /** What a snapshot stands for is chosen and executed; promises and what was accepted above stay as they are. */
    private void onInstalled(long upTo, Effects effects) {
        if (upTo < slotOut()) {
            return;
        }
        if (proposer.hasProposedUpTo(upTo)) {
            campaign.stepDown(effects); // the snapshot hides whether what was chosen there is what was proposed
        }
        proposer.onLearned(upTo);
        log.dropUpTo(upTo);
        learner.install(upTo, effects);
        compaction.install(upTo);
        learner.advance(effects); // over what was chosen above it
        proposer.recountBytesInFlight();
        campaign.prepareIfPreVoted(effects);
    }

    private void onMayLead(boolean may, Effects effects) {
        election.allowToLead(may);
        if (!may && election.phase() != Election.Phase.FOLLOWING) {
            campaign.stepDown(effects);
        }
    }

    // ---- messages ----

    private final class Receiver implements Message.Handler {

        @Override
        public void onPreVote(int from, PreVote message, Effects effects) {
            catchUp.note(from, message.chosenUpTo());
            effects.send(from, election.answer(message, acceptor.promised(), learner.chosenUpTo(), lease.bars(from)));
        }

        @Override
        public void onPreVoteReply(int from, PreVoteReply message, Effects effects) {
            catchUp.note(from, message.chosenUpTo());
            election.onPreVoteReply(from, message);
            campaign.prepareIfPreVoted(effects);
        }

        @Override
        public void onPrepare(int from, Prepare message, Effects effects) {
            boolean late = message.ballot().isBelow(acceptor.promised()); // and told so, whatever was granted
            if (message.ballot().node() != from || (lease.bars(from) && !late)) {
                return;
            }
            campaign.stepDownBelow(message.ballot(), effects);
            boolean goesOn = message.isResumed() && message.ballot().equals(acceptor.promised()) && from != self;
            if (acceptor.promised().isBelow(message.ballot()) || goesOn) {
                election.follow(); // leave the candidate its time
            }
            acceptor.onPrepare(from, message, effects);
        }

        @Override
        public void onPromise(int from, Promise message, Effects effects) {
            catchUp.note(from, Math.max(message.chosenUpTo(), message.clearedUpTo()));
            if (proposer.isIdle() || !message.ballot().equals(proposer.ballot())) {
                return;
            }
            for (Entry entry : message.entries()) {
                if (entry.chosen() && proposer.contradicts(entry.slot(), entry.value())) {
                    campaign.stepDown(effects);
                    return;
                }
            }
            election.hear(from);
            if (proposer.onPromise(from, message, effects)) {
                election.onAnswer();
            }
            campaign.leadIfElected(effects);
        }

        @Override
        public void onAccept(int from, Accept message, Effects effects) {
            if (message.ballot().node() != from) {
                return;
            }
            if (!message.ballot().isBelow(acceptor.promised())) {
                onLeader(from, message.ballot(), message.chosenUpTo(), effects);
            }
            acceptor.onAccept(from, message, effects);
            onWatermark(message.ballot(), message.chosenUpTo());
        }

        @Override
        public void onAccepted(int from, Accepted message, Effects effects) {
            catchUp.note(from, message.chosenUpTo());
            if (!proposer.isIdle() && message.ballot().equals(proposer.ballot())) {
                election.hear(from);
                proposer.onAccepted(from, message);
            }
        }

        @Override
        public void onRejected(int from, Rejected message, Effects effects) {
            campaign.stepDownBelow(message.promised(), effects);
        }

        @Override
        public void onHeartbeat(int from, Heartbeat message, Effects effects) {
            if (message.ballot().node() != from) {
                return;
            }
            if (message.ballot().isBelow(acceptor.promised())) {
                effects.send(from, new Rejected(acceptor.promised()));
                return;
            }
            // whoever brings news of a choice has just heard a quorum vote for it, and needs no answer to know that it
            // is followed
            boolean news = message.chosenUpTo() > learner.chosenUpTo();
            onLeader(from, message.ballot(), message.chosenUpTo(), effects);
            onWatermark(message.ballot(), message.chosenUpTo());
            learner.advance(effects);
            compaction.onCleared(message.clearedUpTo());
            boolean told = news && learner.chosenUpTo() >= message.chosenUpTo();
            boolean granted = message.leaseNanos() != 0 && lease.grant(from, message.leaseNanos());
            if (!told || message.readRound() != 0 || granted) {
                effects.send(
                        from,
                        new HeartbeatAck(
                                message.ballot(),
                                learner.chosenUpTo(),
                                message.readRound(),
                                granted ? message.leaseNanos() : 0,
                                granted ? message.leaseAskedNanos() : 0));
            }
        }

        private void onLeader(int from, Ballot ballot, long chosenUpTo, Effects effects) {
            campaign.stepDownBelow(ballot, effects);
            election.onLeader(ballot);
            catchUp.note(from, chosenUpTo);
        }

        private void onWatermark(Ballot ballot, long chosenUpTo) {
            if (!ballot.isBelow(acceptor.promised())) {
                learner.onWatermark(ballot, chosenUpTo);
            }
        }

        @Override
        public void onHeartbeatAck(int from, HeartbeatAck message, Effects effects) {
            catchUp.note(from, message.chosenUpTo());
            if (election.phase() == Election.Phase.LEADING && message.ballot().equals(proposer.ballot())) {
                election.hear(from);
                reads.onHeartbeatAck(from, message, effects);
                if (message.leaseNanos() != 0) {
                    lease.onGrant(from, message.leaseAskedNanos());
                }
            }
        }

        @Override
        public void onHolds(int from, Holds message, Effects effects) {
            compaction.onHolds(from, message);
            if (election.phase() == Election.Phase.LEADING) {
                compaction.clearAsLeader();
            } else if (from == self) {
                compaction.drop();
            }
        }

        @Override
        public void onCatchUpRequest(int from, CatchUpRequest message, Effects effects) {
            catchUp.onRequest(from, message, effects);
        }

        @Override
        public void onCatchUpReply(int from, CatchUpReply message, Effects effects) {
            catchUp.note(from, message.chosenUpTo());
            for (int i = 0; i < message.values().size(); i++) {
                long slot = message.fromSlot() + i;
                Value value = message.values().get(i);
                if (proposer.contradicts(slot, value)) {
                    campaign.stepDown(effects); // before anything else is said at that ballot
                }
                proposer.onLearned(slot);
                learner.learn(slot, value, effects);
            }
            learner.advance(effects);
            proposer.recountBytesInFlight();
            catchUp.onLearned(from, message, effects);
            campaign.prepareIfPreVoted(effects);
        }
    }

    // ---- what others may look at ----

    /** {@return this node} */
    public int self() {
        return self;
    }

    /** {@return whether this node leads} */
    public boolean isLeader() {
        return election.phase() == Election.Phase.LEADING;
    }

    /** {@return who leads as far as this node knows, or 0} */
    public int leader() {
        return election.leader();
    }

    /** {@return what this node is at the moment} */
    public Role role() {
        return switch (election.phase()) {
            case FOLLOWING -> Role.FOLLOWER;
            case PRE_VOTING, PREPARING -> Role.CANDIDATE;
            case LEADING -> Role.LEADER;
        };
    }

    /** {@return how many {@link Input.Propose} are taken now, if nothing happens in between; 0 unless this node leads} */
    public int openSlots() {
        return isLeader() ? proposer.openSlots() : 0;
    }

    /** {@return how many slots this node has proposed in that are not chosen yet} */
    public int slotsInFlight() {
        return isLeader() ? (int) (proposer.slotIn() - 1 - learner.chosenUpTo()) : 0;
    }

    /**
     * Says whether the disk would have to keep a value if this arrived now; an answer that repeats an earlier one costs nothing.
     *
     * @param accept what may arrive
     * @return whether a vote for it would be a new one
     */
    public boolean wouldStore(Message.Accept accept) {
        return acceptor.wouldStore(accept);
    }

    /** {@return the highest ballot promised} */
    public Ballot promised() {
        return acceptor.promised();
    }

    /** {@return the ballot that this node campaigns or leads with, or {@link Ballot#ZERO}} */
    public Ballot ballot() {
        return proposer.ballot();
    }

    /** {@return the end of the chosen prefix} */
    public long chosenUpTo() {
        return learner.chosenUpTo();
    }

    /** {@return the end of the prefix that every member holds and this node has cleared} */
    public long clearedUpTo() {
        return compaction.clearedUpTo();
    }

    /**
     * {@return until when this node, which leads, may answer a read behind its chosen prefix without asking anybody, on the clock of
     * {@link Input.Now}; {@link Long#MIN_VALUE} if not at all}
     */
    public long leaseUntil() {
        return isLeader() && proposer.isRecovered() ? lease.heldUntil() : Long.MIN_VALUE;
    }

    /** {@return the next slot that this node proposes in; 0 unless it campaigns or leads} */
    public long slotIn() {
        return proposer.slotIn();
    }

    /** {@return the first slot that is not executed here} */
    public long slotOut() {
        return learner.executed() + 1;
    }

    /**
     * {@return whether the state machine has to do once more what is chosen and lost on this node's disk; it votes meanwhile, and
     * does not lead}
     */
    public boolean isRebuilding() {
        return learner.isRebuilding();
    }

    /**
     * Tells whether the disk has lost what it held in a slot: this node may have voted there.
     *
     * @param slot the slot
     * @return whether it is unknown
     */
    public boolean isUnknown(long slot) {
        return log.unknown().upTo(slot) != null;
    }

    /** {@return the payload of the slots in memory, in bytes} */
    public long logBytes() {
        return log.bytes();
    }

    /** {@return whether a slot in memory is executed: such a one may leave as soon as it is durable, whoever lacks it} */
    public boolean isExecutedInMemory() {
        return learner.executed() > log.base();
    }

    /** {@return the highest slot about which this node holds anything} */
    public long top() {
        return log.top();
    }

    /**
     * Looks at a slot.
     *
     * @param slot the slot
     * @return what is known of it
     */
    public SlotState slotState(long slot) {
        if (slot <= compaction.clearedUpTo()) {
            return SlotState.CLEARED;
        }
        if (log.isChosen(slot)) {
            return SlotState.CHOSEN;
        }
        return log.isEmpty(slot) ? SlotState.EMPTY : SlotState.ACCEPTED;
    }

    /**
     * Looks at the value in a slot.
     *
     * @param slot the slot
     * @return what is accepted or chosen there, or null if it is empty or not in memory
     */
    public @Nullable Value value(long slot) {
        return log.inMemory(slot) && !log.isEmpty(slot) ? log.value(slot) : null;
    }

    /**
     * Looks at the vote in a slot.
     *
     * @param slot the slot
     * @return the ballot at which this node accepted the value, or {@link Ballot#ZERO}
     */
    public Ballot acceptedAt(long slot) {
        return log.inMemory(slot) ? log.ballot(slot) : Ballot.ZERO;
    }

    /**
     * Looks at the votes that a leader has counted.
     *
     * @param slot the slot
     * @return a bit for each member that voted, in ascending order of ids; 0 once it is chosen
     */
    public long votes(long slot) {
        return proposer.votes(slot);
    }

    @Override
    public String toString() {
        return "node " + self + ", " + role() + ", promised " + promised() + ", chosen up to " + chosenUpTo();
    }
}
