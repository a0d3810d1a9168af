package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Role;
import dev.multipaxos.core.SlotState;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Watches a run from outside: counts which {@link Situation}s it reaches and, when it is traced, keeps its last {@link Step}s.
 * It judges nothing, which is the {@link Witness}'s part, and changes nothing.
 */
final class Observer {

    /** What a node was like at the end of its last turn. */
    private static final class Seen {
        Ballot ballot = Ballot.ZERO;
        boolean leads;
        int inFlight;
        long clearedUpTo;
        long readRound; // the last one that it opened
        long unknown = -1; // a slot of which it has lost what it held; 0 if of none, negative before its first turn
        boolean rebuilds;
        boolean installed; // another's snapshot, in this life

        @Nullable
        Message taken; // in this turn
    }

    private record Proposed(Ballot ballot, Value value) {}

    private final Coverage coverage = new Coverage();
    private final Seen[] seen;
    private final List<@Nullable Proposed> proposed = new ArrayList<>(); // by slot: the highest ballot's
    private long up; // bits of nodes
    private long leading;
    private long campaigning;
    private long flights;

    private long event;
    private long micros;
    private @Nullable Trace trace; // null: not traced

    Observer(int nodes) {
        seen = new Seen[nodes + 1];
        for (int node = 1; node <= nodes; node++) {
            seen[node] = new Seen();
        }
    }

    Coverage coverage() {
        return coverage;
    }

    @Nullable
    Trace trace() {
        return trace;
    }

    void keep(int stepsMax, Consumer<Step> listener) {
        trace = new Trace(seen.length - 1, stepsMax, listener);
    }

    void event(long number, long now) {
        event = number;
        micros = now;
    }

    void hit(Situation situation) {
        coverage.hit(situation);
    }

    // ---- the world ----

    void struck(Fault fault) {
        coverage.hit(fault);
    }

    /** Something happens to the world. */
    void world(Supplier<String> what) {
        Trace kept = trace;
        if (kept != null) {
            kept.add(new Step.World(event, micros, what.get()));
        }
    }

    /** Something happens at a node. */
    void at(int node, Step.Kind kind, Supplier<String> what) {
        Trace kept = trace;
        if (kept != null) {
            kept.add(new Step.AtNode(event, micros, node, kind, what.get()));
        }
    }

    // ---- messages ----

    /** {@return the number by which the message is known where it arrives} */
    long sent(int from, int to, Message message) {
        long flight = ++flights;
        Trace kept = trace;
        if (kept != null) {
            kept.add(new Step.Sent(event, micros, flight, from, to, message));
        }
        if (message instanceof Message.Accept accept) {
            proposes(accept);
        } else if (message instanceof Message.Heartbeat heartbeat && heartbeat.readRound() != 0) {
            seen[from].readRound = heartbeat.readRound();
        } else if (message instanceof Message.Promise promise) {
            promises(promise);
        } else if (message instanceof Message.PreVoteReply reply && !reply.granted()) {
            hit(Situation.PRE_VOTE_REFUSED);
        } else if (message instanceof Message.Rejected) {
            hit(Situation.OLD_BALLOT_REJECTED);
        }
        return flight;
    }

    private void promises(Message.Promise promise) {
        if (promise.coveredTo() != Long.MAX_VALUE) {
            hit(Situation.PROMISE_IN_CHUNKS);
        }
        for (Message.Entry entry : promise.entries()) {
            if (entry.chosen()) {
                hit(Situation.PROMISE_TOLD_CHOICE);
                return;
            }
        }
    }

    private void proposes(Message.Accept accept) {
        int slot = (int) accept.slot();
        while (proposed.size() <= slot) {
            proposed.add(null);
        }
        Proposed before = proposed.get(slot);
        boolean fresh = before == null || before.ballot().isBelow(accept.ballot());
        boolean same = before != null && before.value().equals(accept.value());
        if (before != null && !same) {
            hit(Situation.TWO_VALUES_FOR_ONE_SLOT);
        }
        if (fresh && !same && accept.value() instanceof Value.NoOp) {
            hit(Situation.HOLE_FILLED);
        } else if (fresh && same && accept.value() instanceof Value.Batch) {
            hit(Situation.PROPOSED_AGAIN);
        }
        if (fresh) {
            proposed.set(slot, new Proposed(accept.ballot(), accept.value()));
        }
    }

    void lost(long flight, int from, int to, Message message, String why) {
        Trace kept = trace;
        if (kept != null) {
            kept.add(new Step.Lost(event, micros, flight, from, to, message, why));
        }
    }

    /** A message reaches a node that is up; {@code before} is how the node is before it takes it. */
    void arrives(long flight, int from, int to, Message message, boolean again, boolean earlierLife, Replica before) {
        Trace kept = trace;
        if (kept != null) {
            kept.add(new Step.Arrived(event, micros, flight, from, to, message, again));
        }
        if (again && ballot(message).isBelow(before.promised())) {
            hit(Situation.DUPLICATE_OF_DEAD_BALLOT);
        }
        if (earlierLife) {
            hit(Situation.MESSAGE_OF_EARLIER_LIFE);
        }
        seen[to].taken = message;
        if (message instanceof Message.Accept accept && !accept.ballot().isBelow(before.promised())) {
            takesAccept(accept, before);
            takesWatermark(accept.ballot(), accept.chosenUpTo(), before);
        } else if (message instanceof Message.Heartbeat heartbeat
                && !heartbeat.ballot().isBelow(before.promised())) {
            takesWatermark(heartbeat.ballot(), heartbeat.chosenUpTo(), before);
        } else if (message instanceof Message.CatchUpReply reply
                && reply.fromSlot() + reply.values().size() - 1 > before.chosenUpTo()) {
            takesValues(before);
        } else if (message instanceof Message.HeartbeatAck ack
                && before.isLeader()
                && ack.ballot().equals(before.ballot())
                && ack.readRound() != 0
                && ack.readRound() < seen[to].readRound) {
            hit(Situation.READ_ROUND_OVERTAKEN);
        }
    }

    /** {@return the ballot that a message dies with; the highest if it belongs to none} */
    private static Ballot ballot(Message message) {
        if (message instanceof Message.Prepare prepare) {
            return prepare.ballot();
        } else if (message instanceof Message.Promise promise) {
            return promise.ballot();
        } else if (message instanceof Message.Accept accept) {
            return accept.ballot();
        } else if (message instanceof Message.Accepted accepted) {
            return accepted.ballot();
        } else if (message instanceof Message.Heartbeat heartbeat) {
            return heartbeat.ballot();
        }
        return new Ballot(Long.MAX_VALUE, Integer.MAX_VALUE);
    }

    private void takesAccept(Message.Accept accept, Replica before) {
        long slot = accept.slot();
        SlotState state = before.slotState(slot);
        boolean same = accept.value().equals(before.value(slot));
        if (state == SlotState.CLEARED) {
            hit(Situation.ACCEPT_OF_CLEARED_SLOT);
        } else if (same && before.acceptedAt(slot).equals(accept.ballot())) {
            hit(Situation.VOTE_REPEATED);
        } else if (same && state == SlotState.CHOSEN) {
            hit(Situation.VOTE_FOR_CHOICE);
        } else if (!same && state == SlotState.CHOSEN) {
            hit(Situation.ACCEPT_OF_ANOTHER_CHOICE);
        } else if (!same && state == SlotState.ACCEPTED) {
            hit(Situation.VOTE_REPLACED);
        }
    }

    private void takesWatermark(Ballot ballot, long upTo, Replica before) {
        long next = before.chosenUpTo() + 1;
        if (upTo >= next
                && before.slotState(next) == SlotState.ACCEPTED
                && !before.acceptedAt(next).equals(ballot)) {
            hit(Situation.WATERMARK_NOT_BELIEVED);
        }
    }

    private void takesValues(Replica before) {
        if (before.isLeader()) {
            hit(Situation.CATCH_UP_OF_LEADER);
        } else if (before.role() == Role.CANDIDATE) {
            hit(Situation.CATCH_UP_OF_CANDIDATE);
        }
    }

    // ---- turns ----

    /** A node has ended a turn. */
    void turned(int node, Replica replica, boolean firstLife) {
        Seen was = seen[node];
        Message taken = was.taken;
        was.taken = null;
        boolean leads = replica.isLeader();
        boolean other = !replica.ballot().equals(was.ballot);
        if (was.leads && (!leads || other)) {
            stepsDown(node, was, taken);
        }
        if (leads && (!was.leads || other)) {
            hit(Situation.ELECTED);
            if (!firstLife) {
                hit(Situation.LED_IN_ANOTHER_LIFE);
            }
            at(node, Step.Kind.LEAD, () -> "leads with " + replica.ballot());
        }
        boolean campaigns = !leads && !replica.ballot().equals(Ballot.ZERO);
        if (campaigns && other) {
            at(node, Step.Kind.CAMPAIGN, () -> "campaigns with " + replica.ballot());
        }
        mark(node, leads, campaigns);
        if (leads && taken instanceof Message.Accepted && replica.slotsInFlight() > 1) {
            seesOrder(replica);
        }
        if (taken instanceof Message.Accept accept
                && !accept.ballot().isBelow(replica.promised())
                && replica.slotState(accept.slot()) == SlotState.EMPTY) {
            hit(Situation.ACCEPT_BEYOND_RING);
        }
        if (taken instanceof Message.Prepare prepare && replica.promised().isBelow(prepare.ballot())) {
            hit(Situation.PROMISE_BARRED);
        }
        if (replica.clearedUpTo() > was.clearedUpTo) {
            hit(Situation.CLEARED);
        }
        seesRepair(was, replica);
        was.ballot = replica.ballot();
        was.leads = leads;
        was.inFlight = replica.slotsInFlight();
        was.clearedUpTo = replica.clearedUpTo();
    }

    private void seesRepair(Seen was, Replica replica) {
        if (was.rebuilds && !replica.isRebuilding()) {
            hit(was.installed ? Situation.REBUILT_BY_SNAPSHOT : Situation.REBUILT_BY_VALUES);
        }
        was.rebuilds = replica.isRebuilding();
        if (was.unknown > 0 && !replica.isUnknown(was.unknown)) {
            hit(Situation.UNKNOWN_SLOT_RESOLVED);
        }
        if (was.unknown != 0 && !(was.unknown > 0 && replica.isUnknown(was.unknown))) {
            was.unknown = LongStream.rangeClosed(replica.chosenUpTo() + 1, replica.top())
                    .filter(replica::isUnknown)
                    .findFirst()
                    .orElse(0);
        }
    }

    /** A node is set to another's snapshot. */
    void installed(int node, Role role) {
        seen[node].installed = true;
        if (role == Role.FOLLOWER) {
            hit(Situation.INSTALLED_AS_FOLLOWER);
        } else if (role == Role.CANDIDATE) {
            hit(Situation.INSTALLED_AS_CANDIDATE);
        }
    }

    private void stepsDown(int node, Seen was, @Nullable Message taken) {
        if (was.inFlight > 0) {
            hit(Situation.STEPPED_DOWN_WITH_OPEN_SLOTS);
        }
        if (taken == null) {
            hit(Situation.STEPPED_DOWN_UNHEARD);
        }
        int open = was.inFlight;
        Ballot ballot = was.ballot;
        at(node, Step.Kind.STEP_DOWN, () -> "steps down from " + ballot + ", " + open + " slots open");
    }

    private void mark(int node, boolean leads, boolean campaigns) {
        long bit = 1L << node;
        long leaders = leads ? leading | bit : leading & ~bit;
        long candidates = campaigns ? campaigning | bit : campaigning & ~bit;
        if (leaders != leading && Long.bitCount(leaders) > 1) {
            hit(Situation.TWO_LEADERS);
        }
        if (candidates != campaigning && Long.bitCount(candidates) > 1) {
            hit(Situation.TWO_CANDIDATES);
        }
        leading = leaders;
        campaigning = candidates;
    }

    private void seesOrder(Replica leader) {
        long last = Math.min(leader.slotIn() - 1, leader.top());
        for (long slot = leader.chosenUpTo() + 2; slot <= last; slot++) {
            if (leader.slotState(slot) == SlotState.CHOSEN) {
                hit(Situation.CHOSEN_OUT_OF_ORDER);
                return;
            }
        }
    }

    // ---- lives ----

    /** A node is up; of its journal so many records are gone, and so many are there that nobody forced. */
    void started(int node, int recordsLost, int recordsKept) {
        up |= 1L << node;
        if (recordsLost > 0) {
            hit(Situation.TAIL_LOST);
        }
        if (recordsKept > 0) {
            hit(Situation.TAIL_KEPT);
        }
    }

    /** A node is gone, in whatever way. */
    void down(int node, boolean inGoodOrder, boolean messageAtGate) {
        Seen was = seen[node];
        boolean wasUp = (up & 1L << node) != 0;
        if (wasUp && !inGoodOrder && was.leads && was.inFlight > 0) {
            hit(Situation.LEADER_CRASHED_WITH_OPEN_SLOTS);
        }
        if (wasUp && !inGoodOrder && messageAtGate) {
            hit(Situation.CRASHED_WITH_MESSAGE_AT_GATE);
        }
        up &= ~(1L << node);
        if (wasUp && up == 0 && seen.length > 2) {
            hit(Situation.ALL_DOWN);
        }
        mark(node, false, false);
        seen[node] = new Seen();
    }

    // ---- the rest ----

    void appended(Record record) {
        if (record instanceof Record.Chosen) {
            hit(Situation.CHOICE_LEARNED);
        }
    }
}
