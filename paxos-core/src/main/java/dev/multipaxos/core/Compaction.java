package dev.multipaxos.core;

import dev.multipaxos.core.Message.Holds;
import java.util.Arrays;
import java.util.List;

/**
 * Drops from memory what is not needed there ({@code docs/protocol.md} §6): what all members hold, and, over the budget, what
 * this node holds durably and has executed. The disk keeps it.
 */
final class Compaction {

    /**
     * Everything, as a value.
     *
     * @param holds for each member, the prefix that it said it holds
     * @param clearedUpTo the prefix that every member holds and this node has executed
     * @param countdown ticks until this node says again what it holds
     * @param owedFrom the last slot before those that are executed, or will be, and on no disk of this node
     * @param owedUpTo the last of those, until a snapshot holds them; 0 if there are none
     */
    record State(List<Long> holds, long clearedUpTo, int countdown, long owedFrom, long owedUpTo)
            implements ReplicaState.Part {}

    private final int self;
    private final Parameters parameters;
    private final Configuration configuration;
    private final ReplicatedLog log;
    private final Learner learner;
    private final long[] holds; // by member; this node's own entry came back through its disk
    private long clearedUpTo; // at most what this node has executed; never falls within a life
    private int countdown;
    private long owedFrom; // above it, and up to owedUpTo, the disk has lost what the state machine gets from others
    private long owedUpTo;

    Compaction(int self, Parameters parameters, Configuration configuration, ReplicatedLog log, Learner learner) {
        this.self = self;
        this.parameters = parameters;
        this.configuration = configuration;
        this.log = log;
        this.learner = learner;
        this.holds = new long[configuration.size()];
        this.countdown = parameters.heartbeatTicks();
        if (configuration.contains(self)) {
            holds[configuration.indexOf(self)] = learner.executed();
        }
        if (learner.isRebuilding()) {
            owedFrom = learner.executed();
            owedUpTo = log.base();
        }
    }

    long clearedUpTo() {
        return clearedUpTo;
    }

    /** Says what this node holds, to the leader and through its own disk to itself, until everybody is known to hold it. */
    void onTick(int leader, Effects effects) {
        if (--countdown > 0) {
            return;
        }
        countdown = parameters.heartbeatTicks();
        long executed = learner.executed();
        if (executed == clearedUpTo && executed <= holdsOf(self)) {
            return;
        }
        if (learner.recordedUpTo() < executed) {
            learner.recordChosenUpTo(effects);
        }
        if (holdsOf(self) < executed) {
            effects.send(self, new Holds(executed));
        }
        if (leader != 0 && leader != self) {
            effects.send(leader, new Holds(durable(executed)));
        }
    }

    private long holdsOf(int node) {
        int index = configuration.indexOf(node);
        return index < 0 ? 0 : holds[index];
    }

    void onHolds(int from, Holds message) {
        int index = configuration.indexOf(from);
        holds[index] = Math.max(holds[index], message.upTo());
    }

    /** How much of a prefix that this node has executed is on its disk, too. */
    private long durable(long prefix) {
        return owedUpTo == 0 ? prefix : Math.min(prefix, owedFrom);
    }

    /** A durable snapshot stands for the slots up to this one. That everybody holds them is not said by that. */
    void onSnapshot(long upTo) {
        if (upTo >= owedUpTo) {
            owedFrom = 0;
            owedUpTo = 0;
        } else {
            owedFrom = Math.max(owedFrom, upTo);
        }
    }

    /** A durable snapshot that came from another member took the place of the log up to this slot. */
    void install(long upTo) {
        onSnapshot(upTo);
        int index = configuration.indexOf(self);
        if (index >= 0) {
            holds[index] = Math.max(holds[index], upTo);
        }
    }

    /** A leader finds out what everybody holds. */
    void clearAsLeader() {
        onCleared(durable(Arrays.stream(holds).min().orElse(0)));
    }

    /** Everybody holds this prefix; this node clears what it has itself executed of it. */
    void onCleared(long upTo) {
        clearedUpTo = Math.max(clearedUpTo, Math.min(upTo, learner.executed()));
        drop();
    }

    /** Lets slots leave memory, never one that this node could not read back from its own disk. */
    void drop() {
        long held = Math.min(holdsOf(self), learner.executed());
        while (log.base() < held && (log.base() < clearedUpTo || isOverBudget())) {
            log.dropUpTo(log.base() + 1);
        }
    }

    private boolean isOverBudget() {
        return log.top() - log.base() > parameters.ring() - parameters.alpha()
                || log.bytes() > parameters.retainedBytesMax();
    }

    State state() {
        return new State(Arrays.stream(holds).boxed().toList(), clearedUpTo, countdown, owedFrom, owedUpTo);
    }

    void restore(State state) {
        for (int i = 0; i < holds.length; i++) {
            holds[i] = state.holds().get(i);
        }
        clearedUpTo = state.clearedUpTo();
        countdown = state.countdown();
        owedFrom = state.owedFrom();
        owedUpTo = state.owedUpTo();
    }
}
