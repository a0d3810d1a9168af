package dev.multipaxos.core;

import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.PreVote;

/**
 * How a node comes to lead, goes on leading, and gives it up: what has to be done, by all roles, when a tick or an answer has brought it
 * there. {@link Election} knows how far it is. Nothing in here decides what is safe. Owned by its {@link Replica}.
 */
final class Campaign {

    private final int self;
    private final Configuration configuration;
    private final Learner learner;
    private final Acceptor acceptor;
    private final Proposer proposer;
    private final Election election;
    private final ReadBarrier reads;
    private final Lease lease;
    private final CatchUp catchUp;
    private final Compaction compaction;

    Campaign(
            int self,
            Configuration configuration,
            Learner learner,
            Acceptor acceptor,
            Proposer proposer,
            Election election,
            ReadBarrier reads,
            Lease lease,
            CatchUp catchUp,
            Compaction compaction) {
        this.self = self;
        this.configuration = configuration;
        this.learner = learner;
        this.acceptor = acceptor;
        this.proposer = proposer;
        this.election = election;
        this.reads = reads;
        this.lease = lease;
        this.catchUp = catchUp;
        this.compaction = compaction;
    }

    void onTick(Effects effects) {
        election.onTick();
        catchUp.onTick(effects);
        compaction.onTick(election.leader(), effects);
        switch (election.phase()) {
            case FOLLOWING -> {
                if (election.mayLead() && (election.isDue() || configuration.size() == 1)) {
                    preVote(effects);
                }
            }
            case PRE_VOTING -> {
                prepareIfPreVoted(effects); // first: a new question would begin to wait for the fetch once more
                if (election.phase() == Election.Phase.PRE_VOTING) {
                    if (election.isDue()) {
                        preVote(effects);
                    } else if (election.takeHeartbeat()) {
                        askForPreVotes(effects);
                    }
                }
            }
            case PREPARING -> {
                if (election.isDue()) {
                    stepDown(effects);
                    preVote(effects);
                } else if (election.takeHeartbeat()) {
                    proposer.askForPromises(effects);
                }
            }
            case LEADING -> onTickAsLeader(effects);
        }
    }

    private void onTickAsLeader(Effects effects) {
        if (election.isLost(proposer.mustFetch(), learner.chosenUpTo())) {
            stepDown(effects);
            return;
        }
        if (election.takeHeartbeat()) {
            sendHeartbeats(lease.wanted(), effects);
            proposer.resend(effects);
        }
    }

    private void preVote(Effects effects) {
        if (lease.bars(self)) {
            return; // at another tick
        }
        election.preVote(election.nextBallot(acceptor.promised()));
        askForPreVotes(effects);
        prepareIfPreVoted(effects);
    }

    private void askForPreVotes(Effects effects) {
        PreVote question = new PreVote(election.preVoted(), learner.chosenUpTo());
        for (int i = 0; i < configuration.size(); i++) {
            if (!election.hasGranted(configuration.member(i))) {
                effects.send(configuration.member(i), question);
            }
        }
    }

    /**
     * A candidate that is behind fetches first, for a while: it would only have to do so as leader. One that rebuilds its state
     * machine does not lead at all: it may be alone in knowing that something is chosen, and not know what, and as leader it
     * would ask nobody; another one asks for it.
     */
    void prepareIfPreVoted(Effects effects) {
        if (election.phase() == Election.Phase.PRE_VOTING
                && election.isPreVoted()
                && !learner.isRebuilding()
                && !lease.bars(self)
                && (learner.chosenUpTo() >= catchUp.known() || election.isDoneFetching())) {
            election.prepare();
            proposer.prepare(election.nextBallot(acceptor.promised()), effects);
        }
    }

    /** Taking leadership proposes nothing in a fresh slot. */
    void leadIfElected(Effects effects) {
        if (election.phase() == Election.Phase.PREPARING && proposer.isElected()) {
            election.lead(proposer.ballot());
            sendHeartbeats(lease.wanted(), effects);
        }
    }

    /** Brings news, or opens a round of reads. */
    void sendHeartbeats(Effects effects) {
        sendHeartbeats(0, effects);
    }

    private void sendHeartbeats(long leaseNanos, Effects effects) {
        Heartbeat heartbeat = new Heartbeat(
                proposer.ballot(),
                learner.chosenUpTo(),
                compaction.clearedUpTo(),
                reads.openRound(),
                leaseNanos,
                leaseNanos == 0 ? 0 : lease.now());
        for (int i = 0; i < configuration.size(); i++) {
            if (configuration.member(i) != self) {
                effects.send(configuration.member(i), heartbeat);
            }
        }
    }

    /** Gives the ballot up; it is never used again. */
    void stepDown(Effects effects) {
        proposer.abandon();
        election.follow();
        reads.refuseAll(effects);
        lease.drop();
    }

    void stepDownBelow(Ballot higher, Effects effects) {
        election.see(higher);
        if (!proposer.isIdle() && proposer.ballot().isBelow(higher)) {
            stepDown(effects);
        }
    }
}
