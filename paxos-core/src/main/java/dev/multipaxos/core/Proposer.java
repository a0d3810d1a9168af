package dev.multipaxos.core;

import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gets values chosen at one ballot: phase 1 once, then many slots at a time ({@code docs/protocol.md} §4 and §5). What it
 * proposed is what the node's own acceptor holds at its ballot, so there is no second copy to disagree with.
 */
final class Proposer {

    /**
     * Everything, as a value.
     *
     * @param ballot the ballot, {@link Ballot#ZERO} when idle
     * @param recovery what the acceptors answered; null when idle
     * @param slotIn the next fresh slot
     * @param votes the voters of each open slot, from the first one that is not chosen to the last one in memory
     * @param resendBelow open slots below were open at the last retransmission
     * @param saidUpTo the highest watermark said to everybody at this ballot
     */
    record State(
            Ballot ballot,
            Recovery.@Nullable State recovery,
            long slotIn,
            List<Long> votes,
            long resendBelow,
            long saidUpTo)
            implements ReplicaState.Part {
        static final State IDLE = new State(Ballot.ZERO, null, 0, List.of(), 0, 0);
    }

    private final int self;
    private final Parameters parameters;
    private final Configuration configuration;
    private final ReplicatedLog log;
    private final Learner learner;
    private final Acceptor acceptor;
    private final long[] votes; // by slot, in a ring as large as the log's; valid for open slots only

    private Ballot ballot = Ballot.ZERO;
    private @Nullable Recovery recovery;
    private long slotIn;
    private long resendBelow;
    private long bytesInFlight; // payload of the slots that are open at this ballot
    private long saidUpTo; // the highest watermark said to everybody at this ballot

    Proposer(
            int self,
            Parameters parameters,
            Configuration configuration,
            ReplicatedLog log,
            Learner learner,
            Acceptor acceptor) {
        this.self = self;
        this.parameters = parameters;
        this.configuration = configuration;
        this.log = log;
        this.learner = learner;
        this.acceptor = acceptor;
        this.votes = new long[log.capacity()];
    }

    Ballot ballot() {
        return ballot;
    }

    long slotIn() {
        return slotIn;
    }

    boolean isIdle() {
        return recovery == null;
    }

    /** Takes a ballot that was never used, and asks for promises. */
    void prepare(Ballot fresh, Effects effects) {
        ballot = fresh;
        recovery = new Recovery(configuration.size(), learner.chosenUpTo() + 1);
        slotIn = learner.chosenUpTo() + 1;
        resendBelow = slotIn;
        saidUpTo = 0;
        bytesInFlight = 0;
        askForPromises(effects);
    }

    /** Asks those that have not answered completely; the first time that is everybody, this node included. */
    void askForPromises(Effects effects) {
        Recovery merging = recovery;
        if (merging == null) {
            return;
        }
        List<Integer> silent = merging.incomplete(configuration);
        if (silent.contains(self)) {
            askForPromise(
                    self, merging, effects); // first: its record must be on the disk before anybody hears of the ballot
        }
        for (int node : silent) {
            if (node != self) {
                askForPromise(node, merging, effects);
            }
        }
    }

    private void askForPromise(int node, Recovery merging, Effects effects) {
        Prepare prepare = new Prepare(ballot, merging.fromSlot(), merging.resumeAt(configuration.indexOf(node)));
        if (node == self) {
            acceptor.onPrepare(self, prepare, effects);
        } else {
            effects.send(node, prepare);
        }
    }

    /** Gives the ballot up for good. */
    void abandon() {
        ballot = Ballot.ZERO;
        recovery = null;
        slotIn = 0;
        resendBelow = 0;
        saidUpTo = 0;
        bytesInFlight = 0;
    }

    /**
     * Takes a chunk, and asks at once for what follows it, if it is to be asked for.
     *
     * @return whether it told something new
     */
    boolean onPromise(int from, Promise message, Effects effects) {
        Recovery merging = recovery;
        if (merging == null) {
            return false;
        }
        boolean news = merging.onPromise(configuration.indexOf(from), message);
        slotIn = Math.max(slotIn, merging.top() + 1);
        if (message.more() && merging.incomplete(configuration).contains(from)) {
            askForPromise(from, merging, effects);
        }
        return news;
    }

    /** A slot was learned to be chosen: nothing is proposed there any more, and what lies below belongs to recovery. */
    void onLearned(long slot) {
        Recovery merging = recovery;
        if (merging != null) {
            merging.raiseTop(slot);
            slotIn = Math.max(slotIn, merging.top() + 1);
        }
    }

    /** Whether a phase-1 quorum of the configuration of the first open slot has answered completely. */
    boolean isElected() {
        Recovery merging = recovery;
        return merging != null && configuration.isPhase1Quorum(merging.complete());
    }

    /** Whether every slot that phase 1 reported is chosen by now; only then does this node know all that was acknowledged. */
    boolean isRecovered() {
        Recovery merging = recovery;
        return isElected() && merging != null && learner.chosenUpTo() >= merging.top();
    }

    /** Whether the first open slot can only be learned from somebody else. */
    boolean mustFetch() {
        Recovery merging = recovery;
        long slot = learner.chosenUpTo() + 1;
        return merging != null
                && slot <= merging.top()
                && !log.isVotedAt(slot, ballot)
                && !merging.decides(slot, configuration);
    }

    /**
     * Whether this node has proposed another value there at its present ballot. Then it must not say another word at that
     * ballot.
     */
    boolean contradicts(long slot, Value chosen) {
        return !isIdle() && log.isVotedAt(slot, ballot) && !log.value(slot).equals(chosen);
    }

    /** Whether this node has proposed, at its present ballot, in a slot up to this one whose choice it does not know. */
    boolean hasProposedUpTo(long last) {
        for (long slot = learner.chosenUpTo() + 1; !isIdle() && slot <= Math.min(last, log.top()); slot++) {
            if (log.isVotedAt(slot, ballot) && !log.isChosen(slot)) {
                return true;
            }
        }
        return false;
    }

    /** The rule that replaces "phase 1 is done": asked for each slot, immediately before proposing in it. */
    private boolean mayPropose(long slot) {
        Recovery merging = recovery;
        return merging != null
                && slot <= learner.chosenUpTo() + parameters.alpha()
                && slot <= log.end()
                && merging.decides(slot, configuration);
    }

    /** How many fresh slots can be taken now. */
    int openSlots() {
        if (!isElected() || !mayPropose(slotIn)) {
            return 0;
        }
        if (bytesInFlight >= parameters.inFlightBytesMax()) {
            return 0;
        }
        long last = Math.min(learner.chosenUpTo() + parameters.alpha(), log.end());
        return (int) (last - slotIn + 1);
    }

    void proposeFresh(Value value, Effects effects) {
        propose(slotIn++, value, effects);
    }

    /** Proposes again what phase 1 found, and nothing where it found nothing, as far as the window allows. */
    void proposeRecovered(Effects effects) {
        Recovery merging = recovery;
        if (merging == null) {
            return;
        }
        if (!isElected() || isRecovered()) {
            return;
        }
        for (long slot = learner.chosenUpTo() + 1; slot <= merging.top() && slot <= log.end(); slot++) {
            if (log.isChosen(slot) || log.isVotedAt(slot, ballot)) {
                continue;
            }
            Entry entry = merging.entry(slot);
            if (entry != null && entry.chosen()) {
                learner.learn(slot, entry.value(), effects);
            } else if (mayPropose(slot)) {
                propose(slot, entry == null ? Value.NO_OP : entry.value(), effects);
            }
        }
    }

    /** Forgets what phase 1 found in slots that are chosen by now. */
    void forgetChosen() {
        Recovery merging = recovery;
        if (merging != null) {
            merging.forgetUpTo(learner.chosenUpTo());
        }
    }

    private void propose(long slot, Value value, Effects effects) {
        votes[at(slot)] = 0;
        bytesInFlight += value.bytes();
        Accept accept = new Accept(ballot, slot, value, learner.chosenUpTo());
        for (int i = 0; i < configuration.size(); i++) {
            sendTo(configuration.member(i), accept, effects);
        }
        saidUpTo = accept.chosenUpTo();
    }

    private void sendTo(int node, Accept accept, Effects effects) {
        if (node == self) {
            acceptor.onAccept(self, accept, effects);
        } else {
            effects.send(node, accept);
        }
    }

    private int at(long slot) {
        return (int) (slot % votes.length);
    }

    void onAccepted(int from, Accepted message) {
        long bit = configuration.bit(from);
        message.slots().forEachWithin(learner.chosenUpTo() + 1, Math.min(slotIn - 1, log.top()), slot -> {
            if (log.isVotedAt(slot, ballot) && !log.isChosen(slot)) {
                votes[at(slot)] |= bit;
                if (configuration.isPhase2Quorum(votes[at(slot)])) {
                    log.choose(slot);
                    bytesInFlight -= log.value(slot).bytes();
                }
            }
        });
    }

    /** Sends again what was open a retransmission time ago, lowest slots first and not all at once, to those that did not vote. */
    void resend(Effects effects) {
        long bytes = 0;
        for (long slot = learner.chosenUpTo() + 1; slot < Math.min(resendBelow, slotIn); slot++) {
            if (!log.isVotedAt(slot, ballot) || log.isChosen(slot)) {
                continue;
            }
            Accept accept = new Accept(ballot, slot, log.value(slot), learner.chosenUpTo());
            for (int i = 0; i < configuration.size(); i++) {
                if ((votes[at(slot)] & 1L << i) == 0) {
                    sendTo(configuration.member(i), accept, effects);
                }
            }
            bytes += accept.value().bytes();
            if (bytes >= parameters.chunkBytes()) {
                break;
            }
        }
        resendBelow = slotIn;
    }

    /** Counts the open bytes afresh, after slots were chosen other than by this node's count. */
    void recountBytesInFlight() {
        bytesInFlight = 0;
        for (long slot = learner.chosenUpTo() + 1; slot < slotIn && slot <= log.top(); slot++) {
            if (log.isVotedAt(slot, ballot) && !log.isChosen(slot)) {
                bytesInFlight += log.value(slot).bytes();
            }
        }
    }

    /** Whether the watermark has moved since everybody was told; who asks sees to telling them. */
    boolean takeUnsaidWatermark() {
        boolean unsaid = saidUpTo < learner.chosenUpTo();
        saidUpTo = learner.chosenUpTo();
        return unsaid;
    }

    State state() {
        if (recovery == null) {
            return State.IDLE;
        }
        List<Long> open = new ArrayList<>();
        for (long slot = learner.chosenUpTo() + 1; slot < slotIn && slot <= log.top(); slot++) {
            open.add(log.isVotedAt(slot, ballot) ? votes[at(slot)] : 0L);
        }
        return new State(ballot, recovery.state(), slotIn, open, resendBelow, saidUpTo);
    }

    void restore(State state) {
        ballot = state.ballot();
        recovery = state.recovery() == null ? null : new Recovery(state.recovery());
        slotIn = state.slotIn();
        resendBelow = state.resendBelow();
        saidUpTo = state.saidUpTo();
        for (int i = 0; i < state.votes().size(); i++) {
            votes[at(learner.chosenUpTo() + 1 + i)] = state.votes().get(i);
        }
        recountBytesInFlight();
    }

    /** The voters of an open slot, for people. */
    long votes(long slot) {
        return !isIdle() && log.isVotedAt(slot, ballot) && !log.isChosen(slot) ? votes[at(slot)] : 0;
    }
}
