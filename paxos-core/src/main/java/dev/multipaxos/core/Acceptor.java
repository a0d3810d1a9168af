package dev.multipaxos.core;

import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Message.Rejected;
import dev.multipaxos.core.Message.Unknown;
import java.util.ArrayList;
import java.util.List;

/**
 * The node's memory of what it promised and voted for ({@code docs/protocol.md} §4 and §5). It answers everybody; whose vote
 * counts is the counter's business. Ballots only rise.
 */
final class Acceptor {

    /** About so many chunks' bytes are told at once: some megabytes, less than a transport or a mailbox must hold. */
    private static final int CHUNKS_AT_ONCE = 8;

    private final int chunkBytes;
    private final ReplicatedLog log;
    private final Learner learner;
    private final Compaction compaction;

    private Ballot promised; // never below the ballot of an entry in the log

    // Votes of this turn, said together at its end; empty between turns.
    private SlotRanges voted = SlotRanges.EMPTY;
    private Ballot votedAt = Ballot.ZERO;

    Acceptor(int chunkBytes, ReplicatedLog log, Learner learner, Compaction compaction, Ballot promised) {
        this.chunkBytes = chunkBytes;
        this.log = log;
        this.learner = learner;
        this.compaction = compaction;
        this.promised = promised;
    }

    Ballot promised() {
        return promised;
    }

    /** Answers from the present state, the first time and every other; from where the asker lacks something. */
    void onPrepare(int from, Prepare message, Effects effects) {
        if (message.ballot().isBelow(promised)) {
            effects.send(from, new Rejected(promised));
            return;
        }
        if (promised.isBelow(message.ballot())) {
            promised = message.ballot();
            effects.append(new Record.Promised(promised));
        }
        long covered = message.resumeAt();
        UnknownSlots unknown = log.unknown().within(Math.max(covered, learner.chosenUpTo() + 1), Long.MAX_VALUE);
        Answer answer = new Answer(from, message, effects);
        List<Unknown> before =
                new ArrayList<>(); // what is lost since the last chunk: no chunk covers it, the next one names it
        for (Unknown lost : unknown.ranges()) {
            if (covered < lost.first()) {
                if (!answer.tell(covered, lost.first() - 1, before)) {
                    return;
                }
                before = new ArrayList<>();
            }
            name(lost, before);
            covered = lost.last() + 1;
        }
        answer.tell(covered, Long.MAX_VALUE, before);
    }

    /**
     * Adds a range to those that it touches. More than fit into a message become one, at the highest ballot: that claims no slot as
     * lost that is not, and no vote is higher.
     */
    private static void name(Unknown lost, List<Unknown> before) {
        if (before.size() == Promise.UNKNOWN_MAX) {
            Unknown last = before.remove(before.size() - 1);
            before.add(new Unknown(last.first(), lost.last(), last.upTo().max(lost.upTo())));
        } else {
            before.add(lost);
        }
    }

    /**
     * What a {@code Prepare} is told, chunk by chunk, and not more at once than every transport can hold: what it dropped of a longer
     * answer would be missing again whenever it is asked for.
     */
    private final class Answer {
        private final int to;
        private final Prepare asked;
        private final Effects effects;
        private long told; // bytes

        Answer(int to, Prepare asked, Effects effects) {
            this.to = to;
            this.asked = asked;
            this.effects = effects;
        }

        /** Says what is held in a run of slots; false if there is more of it than is told at once. */
        boolean tell(long coveredFrom, long coveredTo, List<Unknown> unknown) {
            long covered = coveredFrom;
            List<Entry> chunk = new ArrayList<>();
            long bytes = 0;
            long slot = Math.max(coveredFrom, learner.chosenUpTo() + 1);
            for (; slot <= Math.min(coveredTo, log.top()); slot++) {
                if (log.isEmpty(slot)) {
                    continue;
                }
                Value value = log.value(slot);
                int size = value.bytes() + Parameters.ENTRY_OVERHEAD_BYTES;
                if (!chunk.isEmpty() && bytes + size > chunkBytes) {
                    told += bytes;
                    boolean more = told >= (long) CHUNKS_AT_ONCE * chunkBytes;
                    send(covered, slot - 1, chunk, unknown, more);
                    if (more) {
                        return false;
                    }
                    covered = slot;
                    chunk = new ArrayList<>();
                    bytes = 0;
                }
                chunk.add(new Entry(slot, log.ballot(slot), value, log.isChosen(slot)));
                bytes += size;
            }
            told += bytes;
            send(covered, coveredTo, chunk, unknown, false);
            return true;
        }

        private void send(long coveredFrom, long coveredTo, List<Entry> entries, List<Unknown> unknown, boolean more) {
            effects.send(
                    to,
                    new Promise(
                            asked.ballot(),
                            asked.fromSlot(),
                            coveredFrom,
                            coveredTo,
                            entries,
                            learner.chosenUpTo(),
                            compaction.clearedUpTo(),
                            unknown,
                            more));
        }
    }

    /** Judges a repeat like a first, against the present state. */
    void onAccept(int from, Accept message, Effects effects) {
        Ballot ballot = message.ballot();
        long slot = message.slot();
        if (ballot.isBelow(promised)) {
            effects.send(from, new Rejected(promised));
            return;
        }
        if (slot <= log.base() || isOtherwiseChosen(slot, message.value())) {
            vote(ballot, SlotRanges.EMPTY, effects); // the leader fetches the choice, and compares
            return;
        }
        if (slot > log.end()) {
            return; // never grow to a number off the wire; the watermark tells that there is something to fetch
        }
        if (log.isVotedAt(slot, ballot)) {
            Invariants.oneValuePerBallot(slot, ballot, log.value(slot), message.value());
        } else {
            promised = ballot;
            log.accept(slot, ballot, message.value());
            effects.append(new Record.Accepted(slot, ballot, message.value()));
        }
        vote(ballot, SlotRanges.of(slot, slot), effects);
    }

    /** Whether {@link #onAccept} would have something new to remember. */
    boolean wouldStore(Accept message) {
        return !message.ballot().isBelow(promised)
                && message.slot() > log.base()
                && message.slot() <= log.end()
                && !isOtherwiseChosen(message.slot(), message.value())
                && !log.isVotedAt(message.slot(), message.ballot());
    }

    /**
     * Whether another value is chosen there. That is no proof of disagreement: who learned a choice knows nothing of its
     * ballot, and a leader of an older ballot may have proposed, and still be sending, what was never chosen.
     */
    private boolean isOtherwiseChosen(long slot, Value value) {
        return log.isChosen(slot) && !log.value(slot).equals(value);
    }

    private void vote(Ballot ballot, SlotRanges slots, Effects effects) {
        if (!votedAt.equals(ballot)) {
            endTurn(effects);
            votedAt = ballot;
        }
        if (voted.isEmpty()) {
            voted = slots;
            return;
        }
        for (int i = 0; i < slots.count(); i++) {
            voted = voted.with(slots.first(i), slots.last(i));
        }
    }

    /** Says the votes of the turn, all in one message; the node's own, as leader, to itself. */
    void endTurn(Effects effects) {
        if (votedAt.equals(Ballot.ZERO)) {
            return;
        }
        learner.recordChosenUpTo(effects); // rides with the votes for nothing
        effects.send(votedAt.node(), new Accepted(votedAt, voted, learner.chosenUpTo()));
        voted = SlotRanges.EMPTY;
        votedAt = Ballot.ZERO;
    }
}
