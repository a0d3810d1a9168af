package dev.multipaxos.core;

import dev.multipaxos.core.Message.PreVote;
import dev.multipaxos.core.Message.PreVoteReply;

/**
 * Decides <i>when</i> a node campaigns and when it stops to lead ({@code docs/protocol.md} §5). Only liveness depends on it: with a
 * hostile one the group may stand still, but it cannot disagree. Time is counted in ticks, downwards.
 */
final class Election {

    /** How far a campaign has come. */
    enum Phase {
        FOLLOWING,
        PRE_VOTING,
        PREPARING,
        LEADING
    }

    /**
     * Everything, as a value.
     *
     * @param phase how far a campaign has come
     * @param leader the highest ballot that a live leader spoke at
     * @param seenRound the highest round seen in any ballot
     * @param attempt how many campaigns this node began since it last heard a leader
     * @param preVoted the ballot that pre-votes are asked for, {@link Ballot#ZERO} unless pre-voting
     * @param granted who granted the pre-vote
     * @param heard whom a leader heard since its last heartbeat
     * @param patience ticks until the leader counts as silent, for answers to pre-votes
     * @param countdown ticks until this node campaigns (again), or as leader gives up for want of a quorum
     * @param fetching ticks that a candidate or leader that lacks chosen values still waits for them
     * @param heartbeat ticks until a leader's next heartbeat, or a candidate's next repeat
     * @param checkedAt a leader's chosen prefix when it last grew, or when nothing was lacking
     * @param mayLead whether this node may campaign
     */
    record State(
            Phase phase,
            Ballot leader,
            long seenRound,
            long attempt,
            Ballot preVoted,
            long granted,
            long heard,
            int patience,
            int countdown,
            int fetching,
            int heartbeat,
            long checkedAt,
            boolean mayLead)
            implements ReplicaState.Part {}

    private final int self;
    private final Parameters parameters;
    private final Configuration configuration;

    private Phase phase = Phase.FOLLOWING;
    private Ballot leader = Ballot.ZERO;
    private long seenRound;
    private long attempt;
    private Ballot preVoted = Ballot.ZERO;
    private long granted;
    private long heard;
    private int patience;
    private int countdown;
    private int fetching;
    private int heartbeat;
    private long checkedAt;
    private boolean mayLead = true;

    Election(int self, Parameters parameters, Configuration configuration) {
        this.self = self;
        this.parameters = parameters;
        this.configuration = configuration;
        this.countdown = timeout();
    }

    Phase phase() {
        return phase;
    }

    /** Who leads, as far as is known; 0 if nobody was heard lately. */
    int leader() {
        if (phase == Phase.LEADING) {
            return self;
        }
        return patience > 0 ? leader.node() : 0;
    }

    /** T and a part of T that differs between nodes and attempts, but is the same for the same state. */
    private int timeout() {
        int ticks = parameters.electionTicks();
        if (parameters.jitterSeed() == 0) {
            return ticks;
        }
        long mixed = parameters.jitterSeed() + 0x9E3779B97F4A7C15L * self + 0xC2B2AE3D27D4EB4FL * (seenRound + attempt);
        mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L; // the finalizer of Steele and Vigna's mixers
        mixed = (mixed ^ (mixed >>> 32)) * 0xD6E8FEB86659FD93L;
        return ticks + (int) Long.remainderUnsigned(mixed ^ (mixed >>> 32), ticks);
    }

    void see(Ballot ballot) {
        seenRound = Math.max(seenRound, ballot.round());
    }

    /** A ballot that this node never used, above everything that it promised or saw. */
    Ballot nextBallot(Ballot promised) {
        return new Ballot(Math.max(promised.round(), seenRound) + 1, self);
    }

    /** A live leader spoke. */
    void onLeader(Ballot ballot) {
        see(ballot);
        leader = leader.max(ballot);
        patience = parameters.electionTicks();
        attempt = 0;
        follow();
    }

    /** Waits for a leader, from now on, for a random time. */
    void follow() {
        phase = Phase.FOLLOWING;
        preVoted = Ballot.ZERO;
        granted = 0;
        heard = 0;
        fetching = 0;
        heartbeat = 0;
        checkedAt = 0;
        countdown = timeout();
    }

    /** Begins a campaign; nothing is promised or written by it. */
    void preVote(Ballot ballot) {
        phase = Phase.PRE_VOTING;
        attempt++;
        preVoted = ballot;
        granted = configuration.bit(self);
        countdown = timeout();
        fetching = parameters.electionTicks();
        heartbeat = parameters.heartbeatTicks();
    }

    boolean isPreVoted() {
        return configuration.isPhase1Quorum(granted);
    }

    void prepare() {
        phase = Phase.PREPARING;
        preVoted = Ballot.ZERO;
        granted = 0;
        fetching = 0;
        countdown = timeout();
        heartbeat = parameters.heartbeatTicks();
    }

    /** A candidate was told something: as long as answers come, a long one may take its time. */
    void onAnswer() {
        if (phase == Phase.PREPARING) {
            countdown = timeout();
        }
    }

    void lead(Ballot ballot) {
        phase = Phase.LEADING;
        leader = ballot;
        patience = 0; // afterwards nobody is known to lead
        attempt = 0;
        heard |= configuration.bit(self); // whose promise elected it was heard, too, however often that comes
        countdown = parameters.electionTicks();
        fetching = parameters.electionTicks();
        heartbeat = parameters.heartbeatTicks();
    }

    /** Says yes if this node hears no leader, and would promise the ballot: no lease bars it. */
    PreVoteReply answer(PreVote message, Ballot promised, long chosenUpTo, boolean barred) {
        boolean grants = phase != Phase.LEADING && patience == 0 && !barred && promised.isBelow(message.ballot());
        return new PreVoteReply(message.ballot(), grants, promised, chosenUpTo);
    }

    /** Counts an answer; one that knows a higher ballot makes the next question ask for more. */
    void onPreVoteReply(int from, PreVoteReply message) {
        see(message.promised());
        if (phase == Phase.PRE_VOTING && message.ballot().equals(preVoted) && message.granted()) {
            granted |= configuration.bit(from);
        }
    }

    Ballot preVoted() {
        return preVoted;
    }

    /** The members that have not granted the pre-vote. */
    boolean hasGranted(int node) {
        return (granted & configuration.bit(node)) != 0;
    }

    /** Check-quorum: a member that still follows was heard; when a quorum was since the last heartbeat, T begins again. */
    void hear(int node) {
        heard |= configuration.bit(node);
        if (phase == Phase.LEADING && configuration.isPhase2Quorum(heard)) {
            countdown = parameters.electionTicks();
        }
    }

    /** Lets a tick pass. */
    void onTick() {
        patience = Math.max(0, patience - 1);
        fetching = Math.max(0, fetching - 1);
        countdown = Math.max(0, countdown - 1);
        heartbeat = Math.max(0, heartbeat - 1);
    }

    /** Whether the time for a campaign, or for the next one, has come. */
    boolean isDue() {
        return countdown == 0;
    }

    /** Whether this node is free to campaign. */
    boolean mayLead() {
        return mayLead;
    }

    void allowToLead(boolean may) {
        mayLead = may;
    }

    /** Whether a candidate that is behind has waited long enough. */
    boolean isDoneFetching() {
        return fetching == 0;
    }

    /** Whether it is time to repeat what a leader or candidate says; if so, the next time is a heartbeat away. */
    boolean takeHeartbeat() {
        if (heartbeat > 0) {
            return false;
        }
        heartbeat = parameters.heartbeatTicks();
        heard = phase == Phase.LEADING ? configuration.bit(self) : 0;
        return true;
    }

    /**
     * Whether a leader must give up: it has not heard a quorum for T, or lacks a chosen value that it could not fetch for T.
     * Campaigning again asks the living.
     */
    boolean isLost(boolean mustFetch, long chosenUpTo) {
        if (!mustFetch || chosenUpTo > checkedAt) {
            checkedAt = chosenUpTo;
            fetching = parameters.electionTicks();
        }
        boolean alone = configuration.isPhase2Quorum(configuration.bit(self));
        return fetching == 0 || (countdown == 0 && !alone);
    }

    State state() {
        return new State(
                phase, leader, seenRound, attempt, preVoted, granted, heard, patience, countdown, fetching, heartbeat,
                checkedAt, mayLead);
    }

    void restore(State state) {
        phase = state.phase();
        leader = state.leader();
        seenRound = state.seenRound();
        attempt = state.attempt();
        preVoted = state.preVoted();
        granted = state.granted();
        heard = state.heard();
        patience = state.patience();
        countdown = state.countdown();
        fetching = state.fetching();
        heartbeat = state.heartbeat();
        checkedAt = state.checkedAt();
        mayLead = state.mayLead();
    }
}
