package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Replica;
import dev.multipaxos.wire.Edge;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/**
 * Linearizable reads on their way to a slot: all that wait in a turn ask together, the replica if this node leads, the leader
 * if not; those that are refused ask again until their deadline. Owned by the event loop.
 */
final class PendingReads {

    /** Reads that ask together under one token, here or at the leader. */
    private record Question(List<ReadTask> reads, List<Asker> askers, boolean elsewhere, long askedNanos) {}

    /** A member that asks for its own reads. */
    private record Asker(int node, long id) {}

    private final Outbox outbox;
    private final Applier apply;
    private final LeaseClock lease;
    private final long retryNanos;
    private final long pauseNanos;

    private List<ReadTask> waiting = new ArrayList<>(); // not asked for yet, or refused
    private final List<ReadTask> leased = new ArrayList<>(); // in this turn, that a lease may answer
    private List<Asker> askers = new ArrayList<>(); // of the same turn
    private final Map<Long, Question> asked = new LinkedHashMap<>(); // by token
    private final List<ReadTask> ready = new ArrayList<>(); // on the apply thread, for their deadlines
    private long lastToken;
    private boolean pausing;
    private long pausedNanos;

    /**
     * Begins with none.
     *
     * @param outbox to the leader
     * @param apply where reads run
     * @param lease whether this node holds one
     * @param retryNanos how long to wait for an answer
     * @param pauseNanos how long to wait after a refusal
     * @param firstToken questions are numbered from here: never one as in an earlier life
     */
    PendingReads(Outbox outbox, Applier apply, LeaseClock lease, long retryNanos, long pauseNanos, long firstToken) {
        this.outbox = outbox;
        this.apply = apply;
        this.lease = lease;
        this.retryNanos = retryNanos;
        this.pauseNanos = pauseNanos;
        this.lastToken = firstToken;
    }

    void add(Consistency consistency, ReadTask read) {
        switch (consistency) {
            case LINEARIZABLE -> waiting.add(read);
            case LEASE -> leased.add(read);
            case LOCAL -> ready(read, 0, PendingReads::always);
        }
    }

    /** Asks, if there is anyone to ask. Once a turn. */
    void ask(Driver driver, long nowNanos) {
        if (!leased.isEmpty()) {
            answerByLease(driver.replica());
        }
        if (waiting.isEmpty() && askers.isEmpty()) {
            return;
        }
        boolean leading = driver.replica().isLeader();
        int leader = driver.replica().leader();
        if (!leading && !askers.isEmpty()) {
            askers.forEach(asker -> refuse(asker, leader));
            askers = new ArrayList<>();
        }
        if (pausing && nowNanos - pausedNanos < pauseNanos) {
            return;
        }
        pausing = false;
        if (!leading && (leader == 0 || waiting.isEmpty())) {
            return;
        }
        long token = ++lastToken;
        asked.put(token, new Question(waiting, askers, !leading, nowNanos));
        waiting = new ArrayList<>();
        askers = new ArrayList<>();
        if (leading) {
            driver.handle(new Input.Read(token));
        } else {
            outbox.send(leader, new Edge.ReadIndex(token));
        }
    }

    /**
     * What this leader has chosen when it holds a lease is all that was acknowledged before it looked at the clock, which was behind the
     * arrival of these reads. Without a lease they are asked for as others are.
     */
    private void answerByLease(Replica replica) {
        lease.heldUntil(replica.leaseUntil());
        if (lease.isHeld()) {
            leased.forEach(read -> ready(read, replica.chosenUpTo(), lease::isHeld));
        } else {
            waiting.addAll(leased);
        }
        leased.clear();
    }

    /** A member asks. */
    void onReadIndex(int from, Edge.ReadIndex question) {
        askers.add(new Asker(from, question.id()));
    }

    /** The replica has the answer. */
    void readReady(long token, long slot, int self) {
        Question question = asked.remove(token);
        if (question != null) {
            question.reads().forEach(read -> ready(read, slot, PendingReads::always));
            question.askers()
                    .forEach(asker -> outbox.send(asker.node(), new Edge.ReadIndexReply(asker.id(), true, slot, self)));
        }
    }

    /** The replica does not lead (any more). */
    void readRefused(long token, long nowNanos) {
        Question question = asked.remove(token);
        if (question != null) {
            waiting.addAll(question.reads());
            question.askers().forEach(asker -> refuse(asker, 0));
            pause(nowNanos);
        }
    }

    /** The leader has answered. */
    void onReply(Edge.ReadIndexReply reply, long nowNanos) {
        Question question = asked.get(reply.id());
        if (question == null || !question.elsewhere()) {
            return;
        }
        asked.remove(reply.id());
        if (reply.ready()) {
            question.reads().forEach(read -> ready(read, reply.slot(), PendingReads::always));
        } else {
            waiting.addAll(question.reads());
            pause(nowNanos);
        }
    }

    private static boolean always() {
        return true;
    }

    private void ready(ReadTask read, long slot, BooleanSupplier mayAnswer) {
        ready.add(read);
        apply.read(slot, read, mayAnswer);
    }

    private void refuse(Asker asker, int leader) {
        outbox.send(asker.node(), new Edge.ReadIndexReply(asker.id(), false, 0, leader));
    }

    private void pause(long nowNanos) {
        pausing = true;
        pausedNanos = nowNanos;
    }

    /** Another leader: asks again what the one before has not answered. */
    void leaderChanged() {
        pausing = false;
        askAgain(Long.MIN_VALUE);
    }

    private void askAgain(long olderThanNanos) {
        for (Iterator<Question> each = asked.values().iterator(); each.hasNext(); ) {
            Question question = each.next();
            if (question.elsewhere()
                    && (olderThanNanos == Long.MIN_VALUE || question.askedNanos() - olderThanNanos < 0)) {
                each.remove();
                waiting.addAll(question.reads());
            }
        }
    }

    /** Asks again what was not answered in time, and gives up what is past its deadline. Once in a few ticks. */
    void sweep(long nowNanos) {
        askAgain(nowNanos - retryNanos);
        waiting.removeIf(read -> over(read, nowNanos));
        asked.values().forEach(question -> question.reads().removeIf(read -> over(read, nowNanos)));
        ready.removeIf(read -> over(read, nowNanos));
    }

    private static boolean over(ReadTask read, long nowNanos) {
        if (!read.isOver() && read.deadlineNanos() - nowNanos <= 0) {
            read.expire();
        }
        return read.isOver();
    }

    /** Fails everything: the node stops. */
    void failAll(Ending ending) {
        waiting.addAll(leased);
        waiting.forEach(read -> read.fail(ending.exception(false)));
        asked.values().forEach(question -> question.reads().forEach(read -> read.fail(ending.exception(false))));
        ready.forEach(read -> read.fail(ending.exception(false)));
        waiting.clear();
        leased.clear();
        asked.clear();
        ready.clear();
    }
}
