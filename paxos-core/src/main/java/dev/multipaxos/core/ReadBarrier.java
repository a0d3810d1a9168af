package dev.multipaxos.core;

import dev.multipaxos.core.Message.HeartbeatAck;
import java.util.ArrayList;
import java.util.List;

/**
 * Linearizable reads by leader confirmation ({@code docs/protocol.md} §9): the leader notes its chosen prefix, <i>then</i>
 * hears from a phase-2 quorum that nobody promised a higher ballot. One round serves all reads that wait when it begins.
 */
final class ReadBarrier {

    /**
     * Everything, as a value.
     *
     * @param waiting reads that came since the round began
     * @param asking reads that the present round is for
     * @param round the number of the present or last round at this ballot
     * @param noted the chosen prefix when the present round began
     * @param acks who confirmed the present round
     */
    record State(List<Long> waiting, List<Long> asking, long round, long noted, long acks)
            implements ReplicaState.Part {}

    private final int self;
    private final Configuration configuration;
    private List<Long> waiting = new ArrayList<>();
    private List<Long> asking = new ArrayList<>();
    private long round;
    private long noted;
    private long acks;

    ReadBarrier(int self, Configuration configuration) {
        this.self = self;
        this.configuration = configuration;
    }

    void onRead(long token) {
        waiting.add(token);
    }

    /** The round that waits for answers, or 0. */
    long openRound() {
        return asking.isEmpty() ? 0 : round;
    }

    /**
     * Begins a round if reads wait and none is under way.
     *
     * @param chosenUpTo everything acknowledged so far is at or below it
     * @return true if a round began that needs heartbeats
     */
    boolean begin(long chosenUpTo, Effects effects) {
        if (waiting.isEmpty() || !asking.isEmpty()) {
            return false;
        }
        asking = waiting;
        waiting = new ArrayList<>();
        round++;
        noted = chosenUpTo;
        acks = configuration.bit(self);
        complete(effects);
        return openRound() != 0;
    }

    /** A member's promise is not above our ballot, as of after the round began. */
    void onHeartbeatAck(int from, HeartbeatAck message, Effects effects) {
        if (openRound() != 0 && message.readRound() == round) {
            acks |= configuration.bit(from);
            complete(effects);
        }
    }

    private void complete(Effects effects) {
        if (configuration.isPhase2Quorum(acks)) {
            asking.forEach(token -> effects.readReady(token, noted));
            asking = new ArrayList<>();
            acks = 0;
            noted = 0;
        }
    }

    /** Leadership is over: nothing can be confirmed any more. */
    void refuseAll(Effects effects) {
        asking.forEach(effects::readRefused);
        waiting.forEach(effects::readRefused);
        asking = new ArrayList<>();
        waiting = new ArrayList<>();
        round = 0;
        acks = 0;
        noted = 0;
    }

    State state() {
        return new State(List.copyOf(waiting), List.copyOf(asking), round, noted, acks);
    }

    void restore(State state) {
        waiting = new ArrayList<>(state.waiting());
        asking = new ArrayList<>(state.asking());
        round = state.round();
        noted = state.noted();
        acks = state.acks();
    }
}
