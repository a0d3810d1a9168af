package dev.multipaxos.core;

import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.CatchUpRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Fetches chosen values from whoever has them, in bounded chunks, and serves them ({@code docs/protocol.md} §6). Two runs of slots may
 * be missing: those that follow the chosen prefix, and, while the state machine is rebuilt, those that the disk has lost below
 * the base. Neither waits for the other.
 */
final class CatchUp {

    /**
     * Everything, as a value.
     *
     * @param chosenUpTo for each member, the longest chosen prefix that it spoke of
     * @param above what follows the chosen prefix
     * @param lost what has to be executed once more
     */
    record State(List<Long> chosenUpTo, Fetch.State above, Fetch.State lost) implements ReplicaState.Part {}

    private final int self;
    private final Parameters parameters;
    private final Configuration configuration;
    private final ReplicatedLog log;
    private final Learner learner;
    private final long[] chosenUpTo; // by member
    private final Fetch above;
    private final Fetch lost;

    CatchUp(int self, Parameters parameters, Configuration configuration, ReplicatedLog log, Learner learner) {
        this.self = self;
        this.parameters = parameters;
        this.configuration = configuration;
        this.log = log;
        this.learner = learner;
        this.chosenUpTo = new long[configuration.size()];
        this.above = new Fetch(parameters.heartbeatTicks());
        this.lost = new Fetch(parameters.heartbeatTicks());
    }

    /** A member spoke of its chosen prefix. */
    void note(int node, long prefix) {
        if (node != self) { // which knows of choices whose values it may have lost
            int index = configuration.indexOf(node);
            chosenUpTo[index] = Math.max(chosenUpTo[index], prefix);
        }
    }

    /** The longest chosen prefix that anybody else spoke of. */
    long known() {
        return Arrays.stream(chosenUpTo).max().orElse(0);
    }

    /** The end of what is there. */
    private long prefix(Fetch fetch) {
        return fetch == lost ? learner.handedOut() : learner.chosenUpTo();
    }

    /** The last slot that could be taken. */
    private long end(Fetch fetch) {
        return fetch == lost ? log.base() : log.end();
    }

    private boolean isBehind(Fetch fetch) {
        return prefix(fetch) < known() && prefix(fetch) < end(fetch);
    }

    /** Waits for a heartbeat, since what is missing is mostly on its way; then asks, each time somebody else. */
    void onTick(Effects effects) {
        onTick(above, effects);
        onTick(lost, effects);
    }

    private void onTick(Fetch fetch, Effects effects) {
        if (!isBehind(fetch)) {
            fetch.rest();
        } else if (fetch.isDue(prefix(fetch) + 1)) {
            ask(fetch, nextProvider(fetch), effects);
        }
    }

    private int nextProvider(Fetch fetch) {
        for (int i = 1; i <= chosenUpTo.length; i++) {
            int index = Math.floorMod(fetch.asked() + i, chosenUpTo.length);
            if (chosenUpTo[index] > prefix(fetch) && configuration.member(index) != self) {
                return index;
            }
        }
        throw new IllegalStateException("nobody is ahead of slot " + prefix(fetch));
    }

    private void ask(Fetch fetch, int index, Effects effects) {
        long first = prefix(fetch) + 1;
        fetch.ask(index, first);
        long last = Math.min(chosenUpTo[index], end(fetch));
        effects.send(configuration.member(index), new CatchUpRequest(first, last));
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
        onLearned(above, from, reply, effects);
        onLearned(lost, from, reply, effects);
    }

    private void onLearned(Fetch fetch, int from, CatchUpReply reply, Effects effects) {
        long last = reply.fromSlot() + reply.values().size() - 1;
        boolean helped = fetch.askedFrom() >= reply.fromSlot() && fetch.askedFrom() <= last && prefix(fetch) >= last;
        int index = configuration.indexOf(from);
        if (helped && isBehind(fetch) && chosenUpTo[index] > prefix(fetch)) {
            ask(fetch, index, effects);
        }
    }

    State state() {
        return new State(Arrays.stream(chosenUpTo).boxed().toList(), above.state(), lost.state());
    }

    void restore(State state) {
        for (int i = 0; i < chosenUpTo.length; i++) {
            chosenUpTo[i] = state.chosenUpTo().get(i);
        }
        above.restore(state.above());
        lost.restore(state.lost());
    }
}
