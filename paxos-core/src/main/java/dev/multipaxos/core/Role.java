package dev.multipaxos.core;

/** What a replica is at the moment, besides an acceptor and a learner, which it always is. */
public enum Role {
    /** Follows a leader, or waits for one. */
    FOLLOWER,
    /** Asks whether it may lead: pre-vote, then phase 1. */
    CANDIDATE,
    /** Holds the promises of a phase-1 quorum for its ballot. */
    LEADER
}
