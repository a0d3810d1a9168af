package dev.multipaxos.core;

import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.CatchUpRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Fetches chosen values from whoever has them, in bounded chunks, and serves them ({@code docs/protocol.md} §6). */
final class CatchUp {

    /**
     * Everything, as a value.
     *
     * @param chosenUpTo for each member, the longest chosen prefix that it spoke of
     * @param asked the member asked last, by index; -1 before the first
     * @param askedFrom the first slot that was asked for last; 0 if nothing is missing
     * @param countdown ticks until the next question
     */
    record State(List<Long> chosenUpTo, int asked, long askedFrom, int countdown) implements ReplicaState.Part {}

    private final int self;
    private final Parameters parameters;
    private final Configuration configuration;
    private final ReplicatedLog log;
    private final Learner learner;
    private final long[] chosenUpTo; // by member
    private int asked = -1;
    private long askedFrom;
    private int countdown;

    CatchUp(int self, Parameters parameters, Configuration configuration, ReplicatedLog log, Learner learner) {
        this.self = self;
        this.parameters = parameters;
        this.configuration = configuration;
        this.log = log;
        this.learner = learner;
        this.chosenUpTo = new long[configuration.size()];
        this.countdown = parameters.heartbeatTicks();
    }

    /** A member spoke of its chosen prefix. */
    void note(int node, long prefix) {
        int index = configuration.indexOf(node);
        chosenUpTo[index] = Math.max(chosenUpTo[index], prefix);
    }

    /** The longest chosen prefix that anybody else spoke of. */
    long known() {
        return Arrays.stream(chosenUpTo).max().orElse(0);
    }

    private boolean isBehind() {
        return learner.chosenUpTo() < known() && learner.chosenUpTo() < log.end();
    }

    /** Waits for a heartbeat, since what is missing is mostly on its way; then asks, each time somebody else. */
    void onTick(Effects effects) {
        if (!isBehind()) {
            askedFrom = 0;
            countdown = parameters.heartbeatTicks();
            return;
        }
        long next = learner.chosenUpTo() + 1;
        if (askedFrom != next) { // progress, or the first tick of being behind
            askedFrom = next;
            countdown = parameters.heartbeatTicks();
        }
        if (--countdown <= 0) {
            countdown = parameters.heartbeatTicks();
            ask(nextProvider(), effects);
        }
    }

    private int nextProvider() {
        for (int i = 1; i <= chosenUpTo.length; i++) {
            int index = Math.floorMod(asked + i, chosenUpTo.length);
            if (chosenUpTo[index] > learner.chosenUpTo() && configuration.member(index) != self) {
                return index;
            }
        }
        throw new IllegalStateException("nobody is ahead of slot " + learner.chosenUpTo());
    }

    private void ask(int index, Effects effects) {
        asked = index;
        long last = Math.min(chosenUpTo[index], log.end());
        effects.send(configuration.member(index), new CatchUpRequest(learner.chosenUpTo() + 1, last));
    }

    /** Serves from memory what is there, the rest from the journal. */
    void onRequest(int from, CatchUpRequest message, Effects effects) {
        long last = Math.min(message.toSlot(), learner.chosenUpTo());
        if (message.fromSlot() <= log.base() && message.fromSlot() <= last) {
            effects.readLog(from, message.fromSlot(), Math.min(last, log.base()), parameters.chunkBytes());
            return;
        }
        List<Value> values = new ArrayList<>();
        long bytes = 0;
        for (long slot = message.fromSlot(); slot <= last; slot++) {
            Value value = log.value(slot);
            bytes += value.bytes() + Parameters.ENTRY_OVERHEAD_BYTES;
            if (!values.isEmpty() && bytes > parameters.chunkBytes()) {
                break;
            }
            values.add(value);
        }
        reply(from, message.fromSlot(), values, effects);
    }

    /** What the journal said. */
    void reply(int to, long fromSlot, List<Value> values, Effects effects) {
        effects.send(to, new CatchUpReply(fromSlot, values, learner.chosenUpTo()));
    }

    /** The values of a reply were learned; where they helped, the same member is asked for more at once. */
    void onLearned(int from, CatchUpReply reply, Effects effects) {
        long last = reply.fromSlot() + reply.values().size() - 1;
        boolean helped = askedFrom >= reply.fromSlot() && askedFrom <= last && learner.chosenUpTo() >= last;
        if (helped && isBehind() && chosenUpTo[configuration.indexOf(from)] > learner.chosenUpTo()) {
            askedFrom = learner.chosenUpTo() + 1;
            countdown = parameters.heartbeatTicks();
            ask(configuration.indexOf(from), effects);
        }
    }

    State state() {
        return new State(Arrays.stream(chosenUpTo).boxed().toList(), asked, askedFrom, countdown);
    }

    void restore(State state) {
        for (int i = 0; i < chosenUpTo.length; i++) {
            chosenUpTo[i] = state.chosenUpTo().get(i);
        }
        asked = state.asked();
        askedFrom = state.askedFrom();
        countdown = state.countdown();
    }
}
