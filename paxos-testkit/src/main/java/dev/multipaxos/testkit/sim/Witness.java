package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.SessionRules;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.SnapshotCodec;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sees the whole cluster at once, and says so when something is false that must never be. It is told what reached the disks,
 * what was said, proposed and executed, and looks at nothing else. It counts for itself: what the nodes count with may be wrong.
 */
final class Witness {

    private static final int PLACE_BITS = 20; // for the index of a command in its slot

    /** What one ballot proposed in one slot, and who has it on its disk as a vote: a bit for each node. */
    private static final class Proposal {
        final Ballot ballot;
        final Value value;
        long votes;

        Proposal(Ballot ballot, Value value) {
            this.ballot = ballot;
            this.value = value;
        }
    }

    /** The ballot that a node used last, and how it asked for promises. */
    private record Used(Ballot ballot, int life, long fromSlot) {}

    /** How far a node as leader has said that everything is chosen. */
    private record Watermark(Ballot ballot, long upTo) {}

    /** The heartbeats by which a leader asks whether it may read. */
    private record Round(Ballot ballot, long number) {}

    /** What is known of one slot. */
    private static final class Slot {
        final List<Proposal> proposals = new ArrayList<>(2);

        @Nullable
        Value executed;

        long hash; // of everything executed up to here

        /** Who has a vote on its disk at a ballot strictly between these. */
        long votesBetween(Ballot low, Ballot high) {
            long voters = 0;
            for (Proposal proposal : proposals) {
                voters |= low.isBelow(proposal.ballot) && proposal.ballot.isBelow(high) ? proposal.votes : 0;
            }
            return voters;
        }

        @Nullable
        Proposal at(Ballot ballot) {
            for (Proposal proposal : proposals) {
                if (proposal.ballot.equals(ballot)) {
                    return proposal;
                }
            }
            return null;
        }
    }

    private final Quorums quorums;
    private final Map<Integer, DurableFacts> disks = new HashMap<>(); // by node
    private final Map<Integer, Long> executedBy = new HashMap<>(); // by node, in any of its lives
    private final Map<Integer, Used> used = new HashMap<>(); // by node
    private final Map<Integer, Watermark> watermarks = new HashMap<>(); // by node
    private final Map<Integer, Round> rounds = new HashMap<>(); // by node: the last one that it opened
    private final Map<Round, Long> followers = new HashMap<>(); // of these rounds: a bit for each that acknowledged it
    private final List<Slot> slots = new ArrayList<>(); // from slot 1 on
    private final Map<Long, Bytes> commands = new HashMap<>(); // what clients asked for, by the call's id
    private final Map<Long, Long> places = new HashMap<>(); // where commands were executed, by the call's id
    private final Map<Long, Long> reads = new HashMap<>(); // what was executed somewhere when a read was asked for
    private long executed; // the longest prefix that anybody executed
    private final Load<?, ?> load;
    private final SessionRulebook sessions;

    Witness(Quorums quorums, SessionRules rules, Load<?, ?> load) {
        this.quorums = quorums;
        this.sessions = new SessionRulebook(rules);
        this.load = load;
    }

    long executed() {
        return executed;
    }

    SessionRulebook sessions() {
        return sessions;
    }

    private Slot slot(long slot) {
        while (slots.size() < slot) {
            slots.add(new Slot());
        }
        return slots.get((int) slot - 1);
    }

    // ---- clients ----

    /** A client asks for a command; every command has its own id. */
    void asked(long id, Bytes command) {
        commands.put(id, command);
    }

    void askedToRead(long id) {
        reads.put(id, executed);
    }

    /** A linearizable read of a member runs; it may not run before what was there when it was asked for. */
    void read(int node, long id, long slot) {
        long before = reads.getOrDefault(id, 0L);
        check(
                slot >= before,
                () -> "linearizable reads: node " + node + " reads after slot " + slot + ", but slot " + before
                        + " was executed before it was asked");
        load.read(id, slot);
    }

    /** A state machine executes a command: everywhere in one place, and never in another. */
    void executed(int node, long id, long slot, int index) {
        long place = slot << PLACE_BITS | index;
        Long first = places.putIfAbsent(id, place);
        check(
                first == null || first == place,
                () -> "exactly once: node " + node + " executes call " + id + " in slot " + slot + ", index " + index
                        + "; it was executed in slot " + (first >> PLACE_BITS));
        if (first == null) {
            load.executed(id, slot, index);
        }
    }

    private void checkValid(Value value) {
        if (value instanceof Value.Batch batch) {
            try {
                Commands.forEach(batch.commands(), command -> {
                    if (command.kind() == Command.Kind.APPLY) {
                        Bytes payload = command.payload();
                        check(
                                payload.length() >= Long.BYTES
                                        && payload.equals(commands.getOrDefault(Load.id(payload), Bytes.EMPTY)),
                                () -> "validity: nobody asked for " + command);
                    }
                });
            } catch (WireException e) {
                throw new AssertionError("validity: these are no commands: " + value, e);
            }
        }
    }

    // ---- disks ----

    /** A record reached a disk. Promises on it only rise; the votes on all of them name one value for each ballot. */
    void durable(DurableFacts facts, Record record) {
        disks.put(facts.node(), facts);
        if (record instanceof Record.Promised promise) {
            facts.promise(promise.ballot());
        } else if (record instanceof Record.Accepted vote) {
            facts.promise(vote.ballot());
            facts.voted(vote.slot(), vote.ballot());
            proposal(vote.slot(), vote.ballot(), vote.value()).votes |= 1L << facts.node();
        } else if (record instanceof Record.ChosenUpTo prefix) {
            facts.chosenUpTo(prefix.slot());
        } else if (record instanceof Record.Installed installed) {
            facts.installed(installed.slot());
        } else if (record instanceof Record.Chosen choice) {
            checkChosen("node " + facts.node() + " learned", choice.slot(), choice.value());
        }
    }

    private Proposal proposal(long number, Ballot ballot, Value value) {
        Slot slot = slot(number);
        Proposal proposal = slot.at(ballot);
        if (proposal == null) {
            proposal = new Proposal(ballot, value);
            checkAllowed(number, slot, proposal);
            slot.proposals.add(proposal);
        }
        Value first = proposal.value;
        check(
                first.equals(value),
                () -> "one value for each slot and ballot: slot " + number + " at " + ballot + " is " + first + " and "
                        + value);
        return proposal;
    }

    /**
     * What phase 1 allows: there is a phase-1 quorum that promised this ballot and of which, below it, nobody voted for the
     * slot, or the highest vote was for this value.
     */
    private void checkAllowed(long number, Slot slot, Proposal fresh) {
        long promised = 0;
        for (DurableFacts disk : disks.values()) {
            promised |= disk.promised().isBelow(fresh.ballot) ? 0 : 1L << disk.node();
        }
        boolean allowed = Long.bitCount(promised & ~slot.votesBetween(Ballot.ZERO, fresh.ballot)) >= quorums.phase1();
        for (Proposal older : slot.proposals) {
            if (!allowed && older.ballot.isBelow(fresh.ballot) && older.value.equals(fresh.value)) {
                long quorum = promised & ~slot.votesBetween(older.ballot, fresh.ballot);
                allowed = Long.bitCount(quorum) >= quorums.phase1() && (quorum & older.votes) != 0;
            }
        }
        boolean holds = allowed;
        check(
                holds,
                () -> "safe proposals: " + fresh.value + " is proposed in slot " + number + " at " + fresh.ballot
                        + ", but the disks of no phase-1 quorum say so");
    }

    // ---- messages ----

    /** What a node says must be true of its disk when it says it. */
    void said(DurableFacts facts, Message message) {
        if (message instanceof Message.Accept accept) {
            checkUse(facts, accept.ballot(), 0);
            checkWatermark(facts.node(), accept.ballot(), accept.chosenUpTo());
            proposal(accept.slot(), accept.ballot(), accept.value());
        } else if (message instanceof Message.Accepted accepted) {
            accepted.slots()
                    .forEachWithin(
                            1, Long.MAX_VALUE - 1, slot -> checkVoted(facts.node(), slot, accepted.ballot(), accepted));
        } else if (message instanceof Message.Prepare prepare) {
            checkUse(facts, prepare.ballot(), prepare.fromSlot());
            checkPromised(facts, prepare.ballot(), message);
        } else if (message instanceof Message.Promise promise) {
            checkPromised(facts, promise.ballot(), message);
            checkTellsEveryVote(facts, promise);
        } else if (message instanceof Message.Heartbeat beat) {
            checkUse(facts, beat.ballot(), 0);
            checkWatermark(facts.node(), beat.ballot(), beat.chosenUpTo());
            opens(facts.node(), new Round(beat.ballot(), beat.readRound()));
        } else if (message instanceof Message.HeartbeatAck ack) {
            followers.computeIfPresent(
                    new Round(ack.ballot(), ack.readRound()), (round, bits) -> bits | 1L << facts.node());
            check(
                    !ack.ballot().isBelow(facts.promised()),
                    () -> "only the highest ballot is followed: node " + facts.node() + " says " + message
                            + ", its disk has promised " + facts.promised());
        } else if (message instanceof Message.Holds holds) {
            check(
                    holds.upTo() <= Math.max(facts.chosenUpTo(), facts.trimmedUpTo()) // trimmed is chosen, too
                            || facts.snapshots().covers(holds.upTo()),
                    () -> "durable before said: node " + facts.node() + " says " + message + ", its disk "
                            + facts.chosenUpTo());
            long missing = facts.firstMissing(holds.upTo());
            check(
                    missing == 0,
                    () -> "durable before said: node " + facts.node() + " says " + message
                            + ", its disk has no value for" + " slot " + missing + ", and as a snapshot "
                            + facts.snapshots());
            long done = executedBy.getOrDefault(facts.node(), 0L);
            check(
                    holds.upTo() <= done,
                    () -> "executed before said: node " + facts.node() + " says " + message + ", but has executed "
                            + done);
        }
    }

    private void opens(int node, Round round) {
        if (round.number != 0 && !round.equals(rounds.get(node))) {
            Round before = rounds.put(node, round);
            if (before != null) {
                followers.remove(before);
            }
            followers.put(round, 0L);
        }
    }

    /** A leader takes its round of reads for confirmed: a phase-2 quorum, itself included, followed it when that was open. */
    void confirmed(int node, Ballot ballot) {
        Round round = rounds.get(node);
        long bits = round != null && round.ballot.equals(ballot) ? followers.getOrDefault(round, 0L) : 0;
        check(
                Long.bitCount(bits | 1L << node) >= quorums.phase2(),
                () -> "confirmed reads: node " + node + " reads at " + ballot
                        + ", but no phase-2 quorum followed it in " + round);
    }

    /** {@return whether a value was proposed in a slot by anybody, as far as was said} */
    boolean isProposed(long number, Value value) {
        return slot(number).proposals.stream().anyMatch(proposal -> proposal.value.equals(value));
    }

    /** A node's ballots rise; it never comes back to one, in this life or another, and asks for one promise with each. */
    private void checkUse(DurableFacts facts, Ballot ballot, long fromSlot) {
        Used last = used.get(facts.node());
        boolean same = last != null && last.ballot.equals(ballot);
        check(
                last == null
                        || last.ballot.isBelow(ballot)
                        || (same && last.life == facts.lives() && (fromSlot == 0 || last.fromSlot == fromSlot)),
                () -> "a ballot is never used again: node " + facts.node() + " uses " + ballot + " from slot "
                        + fromSlot + " on in life " + facts.lives() + ", after " + last);
        if (!same) {
            used.put(facts.node(), new Used(ballot, facts.lives(), fromSlot));
        }
    }

    /** A leader's watermark is over no slot in which it proposed another value than the chosen one. */
    private void checkWatermark(int node, Ballot ballot, long upTo) {
        Watermark last = watermarks.get(node);
        long from = last != null && last.ballot.equals(ballot) ? last.upTo : 0;
        for (long number = from + 1; number <= upTo; number++) {
            Slot slot = slot(number);
            Proposal proposal = slot.at(ballot);
            long over = number;
            check(
                    proposal == null || proposal.value.equals(slot.executed),
                    () -> "a watermark is over the sender's own choices: node " + node + " at " + ballot
                            + " says it of slot " + over + ", where another value than its own is chosen");
        }
        watermarks.put(node, new Watermark(ballot, Math.max(from, upTo)));
    }

    private static void checkPromised(DurableFacts facts, Ballot ballot, Message message) {
        check(
                !facts.promised().isBelow(ballot),
                () -> "durable before said: node " + facts.node() + " says " + message + ", its disk has promised "
                        + facts.promised());
    }

    private void checkVoted(int node, long slot, Ballot ballot, Message message) {
        Proposal proposal = slot(slot).at(ballot);
        check(
                proposal != null && (proposal.votes & 1L << node) != 0,
                () -> "durable before said: node " + node + " says " + message + ", its disk has no such vote for slot "
                        + slot);
    }

    /**
     * A vote below the promised ballot is told, with its ballot, or its slot is said to be chosen. What is told as a vote is
     * one.
     */
    private static void checkTellsEveryVote(DurableFacts facts, Message.Promise promise) {
        int next = 0;
        long from = Math.max(promise.coveredFrom(), promise.chosenUpTo() + 1);
        long to = Math.min(promise.coveredTo(), facts.lastVoted());
        List<Message.Entry> entries = promise.entries();
        for (long slot = from; slot <= to; slot++) {
            Ballot vote = facts.vote(slot);
            while (next < entries.size() && entries.get(next).slot() < slot) {
                next++;
            }
            Message.Entry told = next < entries.size() && entries.get(next).slot() == slot ? entries.get(next) : null;
            if ((told != null && told.chosen()) || isUnknown(promise, slot, vote)) {
                continue;
            }
            Ballot toldAt = told == null ? Ballot.ZERO : told.ballot();
            long untrue = slot;
            check(
                    !vote.isBelow(promise.ballot()) || toldAt.equals(vote), // a later vote says nothing of this promise
                    () -> "a promise tells every vote: node " + facts.node() + " promises " + promise.ballot()
                            + " and tells of slot " + untrue + " a vote at " + toldAt + ", its disk has one at "
                            + vote);
        }
    }

    /** A slot of which the sender has lost what it held is told as such, with a bound on what it may have voted. */
    private static boolean isUnknown(Message.Promise promise, long slot, Ballot vote) {
        return promise.unknown().stream()
                .anyMatch(lost -> lost.first() <= slot
                        && slot <= lost.last()
                        && !lost.upTo().isBelow(vote));
    }

    // ---- snapshots ----

    /** A snapshot is whole and about to become durable at a node, which took it or had it from another. */
    void snapshot(int node, SnapshotStore.Id id, Bytes content) {
        String who = "node " + node + " makes durable";
        try (InputStream in = new ByteArrayInputStream(content.toArray())) {
            SnapshotPart.Header header = SnapshotCodec.readHeader(in);
            check(
                    header.slot() == id.slot() && header.slot() <= executed,
                    () -> "snapshots: " + who + " " + id + ", which says " + header + "; " + executed
                            + " slots were executed");
            for (int i = 0; i < header.configurations(); i++) {
                SnapshotCodec.readConfiguration(in);
            }
            sessions.mustBeWhole(who, header, in);
            ObservedMachine.State state = ObservedMachine.State.read(in);
            checkHash(who + " a snapshot", id.slot(), state.hash());
        } catch (IOException e) {
            throw new AssertionError("snapshots: " + who + " " + id + ", which cannot be read: " + e, e);
        }
    }

    /** A node's state machine is what a snapshot says. */
    void restored(int node, long number, long hash) {
        executedBy.merge(node, number, Math::max);
        checkHash("node " + node + " restores a snapshot", number, hash);
    }

    private void checkHash(String who, long number, long hash) {
        check(
                number > 0 && number <= executed && slot(number).hash == hash,
                () -> "snapshots: " + who + " of slot " + number + " with state " + Long.toHexString(hash) + "; it is "
                        + (number <= executed ? Long.toHexString(slot(number).hash) : "not executed"));
    }

    // ---- execution ----

    /**
     * A node with a ballot of its own (or zero) knows a slot to be chosen. If it proposed there with that ballot and nobody
     * knew of the choice before, it has counted: votes at that ballot, and at no other.
     */
    void counted(int node, long number, Ballot ballot) {
        Proposal own = number > executed ? slot(number).at(ballot) : null;
        check(
                own == null || Long.bitCount(own.votes) >= quorums.phase2(),
                () -> "votes are counted for one ballot: node " + node + " takes slot " + number + " for chosen at "
                        + ballot + ", but no phase-2 quorum has voted at it");
    }

    /** A node knows this value to be chosen, and it is the slot's turn. */
    void chosen(int node, long slot, Value value) {
        if (slot > executed) {
            checkValid(value);
            checkChosen("node " + node + " executes", slot, value);
            slot(slot).executed = value;
            executed = slot;
            sessions.chosen(value);
        } else {
            Value first = slot(slot).executed;
            check(
                    value.equals(first),
                    () -> "agreement: slot " + slot + " is " + first + ", node " + node + " has " + value);
        }
    }

    /** A node votes where it has executed, or is about to: for nothing else. */
    void votesForChoice(int node, Record.Accepted vote) {
        Value chosen = slot(vote.slot()).executed;
        check(
                vote.value().equals(chosen),
                () -> "a choice stays: node " + node + " says " + vote + ", but knows that " + chosen + " is chosen");
    }

    private void checkChosen(String who, long number, Value value) {
        Slot slot = slot(number);
        if (value.equals(slot.executed)) {
            return;
        }
        boolean held = false;
        for (Proposal proposal : slot.proposals) {
            held |= Long.bitCount(proposal.votes) >= quorums.phase2() && proposal.value.equals(value);
        }
        check(
                held,
                () -> "chosen before executed: " + who + " " + value + " in slot " + number
                        + ", but no phase-2 quorum has it on its disks");
    }

    /** A node executed a slot; whoever does so comes to the same state. */
    void executed(int node, long number, long hash) {
        executedBy.merge(node, number, Math::max);
        Slot slot = slot(number);
        if (slot.hash == 0) {
            slot.hash = hash;
        }
        check(
                slot.hash == hash,
                () -> "equal prefixes: the state of node " + node + " after slot " + number + " is "
                        + Long.toHexString(hash) + ", elsewhere it is " + Long.toHexString(slot.hash));
    }
}
