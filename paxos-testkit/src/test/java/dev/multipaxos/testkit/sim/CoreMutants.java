package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.core;

import java.util.List;

/** Bugs in {@code dev.multipaxos.core}: what {@code docs/protocol.md} says with "never", "only if" and "not". */
final class CoreMutants {

    private CoreMutants() {}

    /** The acceptor's memory, and what it says of it. */
    static List<Mutant> promisesAndVotes() {
        return List.of(
                core(
                        "Acceptor",
                        "ACCEPT_BELOW_PROMISED",
                        "an acceptor votes at a ballot below the one that it promised",
                        "if (ballot.isBelow(promised)) {",
                        "if (ballot.equals(Ballot.ZERO)) {"),
                core(
                        "Acceptor",
                        "ACCEPT_COMPARES_ROUNDS",
                        "an acceptor votes at another node's lower ballot of the round that it promised",
                        "if (ballot.isBelow(promised)) {",
                        "if (ballot.round() < promised.round()) {"),
                core(
                        "Acceptor",
                        "PROMISE_NOT_RECORDED",
                        "a promise is said and not appended to the journal",
                        "effects.append(new Record.Promised(promised));",
                        ""),
                core(
                        "Acceptor",
                        "PROMISE_NOT_REMEMBERED",
                        "a promise is on the disk and not in memory",
                        "promised = message.ballot();\n            effects.append(new Record.Promised(promised));",
                        "effects.append(new Record.Promised(message.ballot()));"),
                core(
                        "Acceptor",
                        "VOTE_NOT_RECORDED",
                        "a vote is said and not appended to the journal",
                        "effects.append(new Record.Accepted(slot, ballot, message.value()));",
                        ""),
                core(
                        "Acceptor",
                        "VOTE_IS_NO_PROMISE",
                        "voting at a higher ballot does not raise what is promised",
                        "            promised = ballot;\n",
                        ""),
                core(
                        "Acceptor",
                        "VOTE_AT_AN_OLDER_BALLOT_COUNTS",
                        "who holds the value at an older ballot votes for it again without a new record",
                        "            log.accept(slot, ballot, message.value());\n            effects.append(",
                        "boolean held = !log.isEmpty(slot) && log.value(slot).equals(message.value());"
                                + " log.accept(slot, ballot, message.value()); if (!held) effects.append("),
                core(
                        "Acceptor",
                        "VOTE_ABOVE_THE_RING",
                        "an acceptor votes for a slot that it has no place for",
                        "return; // never grow to a number off the wire",
                        "vote(ballot, SlotRanges.of(slot, slot), effects); return; //"),
                core(
                        "Acceptor",
                        "RING_OFF_BY_ONE",
                        "an acceptor takes one slot more than its ring holds, over the oldest",
                        "if (slot > log.end()) {",
                        "if (slot > log.end() + 1) {"),
                core(
                        "Acceptor",
                        "PROMISE_SKIPS_FIRST_SLOT",
                        "a promise begins one slot too late",
                        "Math.max(coveredFrom, learner.chosenUpTo() + 1)",
                        "Math.max(coveredFrom, learner.chosenUpTo() + 2)"),
                core(
                        "Acceptor",
                        "PROMISE_CHUNK_SKIPS",
                        "where a promise is cut, the slot behind the cut is left out",
                        "                    bytes = 0;\n                }",
                        "                    bytes = 0;\n                    continue;\n                }"),
                core(
                        "Acceptor",
                        "FIRST_CHUNK_COVERS_ALL",
                        "the first chunk of a promise says that nothing comes after it",
                        "send(covered, slot - 1, chunk, unknown, more)",
                        "send(covered, Long.MAX_VALUE, chunk, unknown, more)"),
                core(
                        "Acceptor",
                        "ONE_BALLOT_FOR_TWO",
                        "a promise tells each vote at the ballot that is promised now",
                        "new Entry(slot, log.ballot(slot), value, log.isChosen(slot))",
                        "new Entry(slot, promised, value, log.isChosen(slot))"),
                core(
                        "Acceptor",
                        "ACCEPTED_TOLD_AS_CHOSEN",
                        "a promise tells what is accepted as if it were chosen",
                        "new Entry(slot, log.ballot(slot), value, log.isChosen(slot))",
                        "new Entry(slot, log.ballot(slot), value, true)"),
                core(
                        "Replay",
                        "PROMISE_NOT_REPLAYED",
                        "after a restart only votes are promises",
                        "promised = promised.max(promise.ballot());",
                        ""),
                core(
                        "Replay",
                        "VOTES_PROMISE_NOT_REPLAYED",
                        "after a restart votes are no promises",
                        "promised = promised.max(vote.ballot());",
                        ""),
                core(
                        "Replay",
                        "FIRST_VOTE_REPLAYED",
                        "after a restart the first vote for a slot is held, not the last",
                        "entries.put(vote.slot(), new Entry(vote.slot(), vote.ballot()",
                        "entries.putIfAbsent(vote.slot(), new Entry(vote.slot(), vote.ballot()"));
    }

    /** Who counts, what is proposed, and when something is chosen. */
    static List<Mutant> proposing() {
        return List.of(
                core(
                        "Configuration",
                        "PHASE_1_QUORUM_ONE_SHORT",
                        "one promise too few elects a leader",
                        "Long.bitCount(votes) >= quorums.phase1()",
                        "Long.bitCount(votes) >= Math.max(1, quorums.phase1() - 1)"),
                core(
                        "Configuration",
                        "PHASE_2_QUORUM_ONE_SHORT",
                        "one vote too few chooses a value: n/2 instead of a majority",
                        "Long.bitCount(votes) >= quorums.phase2()",
                        "Long.bitCount(votes) >= Math.max(1, quorums.phase2() - 1)"),
                core(
                        "Proposer",
                        "REPEATED_VOTE_COUNTS_TWICE",
                        "a vote that comes twice is counted for the next member, too",
                        "votes[at(slot)] |= bit;",
                        "votes[at(slot)] |= (votes[at(slot)] & bit) == 0 ? bit : bit << 1;"),
                core(
                        "Proposer",
                        "VOTES_OF_ANOTHER_SLOT",
                        "a slot begins with the votes of the one that had its place in the ring",
                        "votes[at(slot)] = 0;",
                        ""),
                core(
                        "Proposer",
                        "OWN_VOTE_NOT_AWAITED",
                        "a leader counts its own vote when it proposes, before its disk has it",
                        "votes[at(slot)] = 0;",
                        "votes[at(slot)] = configuration.bit(self);"),
                core(
                        "Replica",
                        "PROMISES_OF_AN_OLDER_BALLOT",
                        "a candidate counts promises that answer its earlier ballot",
                        "if (proposer.isIdle() || !message.ballot().equals(proposer.ballot())) {",
                        "if (proposer.isIdle()) {"),
                core(
                        "Recovery",
                        "LOWEST_BALLOT_WINS",
                        "of two votes for a slot the older one is proposed again",
                        "one.ballot().isBelow(other.ballot()) ? other : one",
                        "one.ballot().isBelow(other.ballot()) ? one : other"),
                core(
                        "Recovery",
                        "CLEARED_IS_EMPTY",
                        "a slot that a promise reports chosen or cleared, without its value, counts as empty",
                        "if ((complete & 1L << i) != 0 && chosenUpTo[i] < slot && knows(i, slot)) {",
                        "if ((complete & 1L << i) != 0 && knows(i, slot)) {"),
                core(
                        "Recovery",
                        "INCOMPLETE_PROMISE_COUNTS",
                        "a member counts with the first chunk of its promise",
                        "if (told[member].containsAll(firstOpen(member), Long.MAX_VALUE)) {",
                        "if (!covered[member].isEmpty()) {"),
                core(
                        "Recovery",
                        "FRESH_VALUE_OVER_A_VOTE",
                        "a leader proposes fresh values in slots that a promise told votes for",
                        "            top = Math.max(top, entry.slot());\n",
                        ""),
                core(
                        "Proposer",
                        "VOTES_REPLACED_BY_NO_OPS",
                        "a leader proposes nothing where it should propose what was voted for",
                        "propose(slot, entry == null ? Value.NO_OP : entry.value(), effects);",
                        "propose(slot, Value.NO_OP, effects);"),
                core(
                                "Proposer",
                                "HOLE_LEFT",
                                "an empty slot below one with votes gets no no-op",
                                "} else if (mayPropose(slot)) {",
                                "} else if (entry != null && mayPropose(slot)) {")
                        .foundBy(
                                "core.ReplicaRegressionTest.a_leader_that_learns_a_choice_beyond_a_hole_fills_the_hole"),
                core(
                        "Proposer",
                        "PROPOSED_AGAIN_FROM_A_LATE_PROMISE",
                        "a slot in which a value is proposed already gets what a late promise tells",
                        "if (log.isChosen(slot) || log.isVotedAt(slot, ballot)) {",
                        "Entry late = merging.entry(slot);\n            if (log.isChosen(slot) || (log.isVotedAt(slot, ballot)\n"
                                + "                    && (late == null || late.value().equals(log.value(slot))))) {"),
                core(
                        "Election",
                        "BALLOT_USED_TWICE",
                        "a node campaigns once more with the ballot that it promised itself",
                        "new Ballot(Math.max(promised.round(), seenRound) + 1, self)",
                        "new Ballot(promised.node() == self ? promised.round() : Math.max(promised.round(), seenRound) + 1, self)"));
    }

    /** What is known to be chosen, kept, and read. */
    static List<Mutant> learning() {
        return List.of(
                core(
                        "Learner",
                        "WATERMARK_OF_ANY_BALLOT",
                        "a watermark covers what was accepted at another ballot than the sender's",
                        "if (log.isVotedAt(slot, ballot)) {",
                        "if (!log.isEmpty(slot)) {"),
                core(
                        "Learner",
                        "LEARNED_OVER_ANOTHER_VOTE",
                        "who holds another value than the chosen one that it fetched keeps its own",
                        "} else if (!log.isEmpty(slot) && log.value(slot).equals(value)) {",
                        "} else if (!log.isEmpty(slot)) {"),
                core(
                        "Learner",
                        "LEARNED_NOT_RECORDED",
                        "a fetched value is not appended to the journal",
                        "effects.append(new Record.Chosen(slot, value));",
                        ""),
                core(
                        "Learner",
                        "PREFIX_RECORDED_TOO_LONG",
                        "the journal says of one slot more than is chosen that it is",
                        "new Record.ChosenUpTo(chosenUpTo)",
                        "new Record.ChosenUpTo(chosenUpTo + 1)"),
                core(
                        "CatchUp",
                        "CATCH_UP_SENDS_ACCEPTED",
                        "catch-up sends what is accepted as if it were chosen",
                        "long last = Math.min(message.toSlot(), learner.chosenUpTo());",
                        "long last = learner.chosenUpTo(); while (last < log.end() && !log.isEmpty(last + 1)) { last++; }"),
                core(
                        "Compaction",
                        "HOLDS_BEFORE_IT_IS_RECORDED",
                        "a node says what it holds without a record of it",
                        "            learner.recordChosenUpTo(effects);\n",
                        ""),
                core(
                        "Compaction",
                        "HOLDS_BEFORE_IT_IS_EXECUTED",
                        "a node says that it holds what is chosen and not executed",
                        "long executed = learner.executed();",
                        "long executed = learner.chosenUpTo();"),
                core(
                        "ReadBarrier",
                        "READ_WITHOUT_A_QUORUM",
                        "a leader reads without asking whether it still leads",
                        "acks = configuration.bit(self);",
                        "acks = -1L;"),
                core(
                        "ReadBarrier",
                        "READ_JOINS_A_ROUND",
                        "a read is confirmed by a round that began before it came",
                        "waiting.add(token);",
                        "(asking.isEmpty() ? waiting : asking).add(token);"),
                core(
                        "Replica",
                        "READ_BEFORE_RECOVERED",
                        "a new leader reads before what its predecessors chose is chosen here",
                        "proposer.isRecovered() && reads.begin(",
                        "reads.begin("),
                core(
                        "Replica",
                        "OLD_LEADER_ACKNOWLEDGED",
                        "a heartbeat below the promised ballot is acknowledged",
                        "if (message.ballot().isBelow(acceptor.promised())) {",
                        "if (message.ballot().equals(Ballot.ZERO)) {"));
    }

    /** The cluster stands still. */
    static List<Mutant> standingStill() {
        return List.of(
                core(
                        "Campaign",
                        "NO_RETRANSMISSION",
                        "a leader never sends again what was lost",
                        "            proposer.resend(effects);\n",
                        ""),
                core(
                        "Campaign",
                        "NO_HEARTBEATS",
                        "a leader says nothing while it has nothing to propose",
                        "            sendHeartbeats(lease.wanted(), effects);\n            proposer.resend(effects);",
                        "            proposer.resend(effects);"),
                core(
                        "Replica",
                        "NO_ANSWER_TO_PRE_VOTES",
                        "nobody answers who asks whether to campaign",
                        "effects.send(from, election.answer(message, acceptor.promised(), learner.chosenUpTo(), lease.bars(from)));",
                        ""),
                core(
                        "Campaign",
                        "CANDIDATE_WAITS_FOR_EVER",
                        "a candidate neither repeats a prepare that was lost nor gives its ballot up",
                        "case PREPARING -> {",
                        "case PREPARING -> {\n                if (proposer.isIdle())"),
                core(
                        "Fetch",
                        "NOBODY_IS_ASKED",
                        "who is behind never asks for what is missing",
                        "if (--countdown <= 0) {",
                        "if (--countdown == Integer.MIN_VALUE) {"),
                core(
                        "CatchUp",
                        "CATCH_UP_FROM_MEMORY_ONLY",
                        "what left memory is not read from the journal for those who lack it",
                        "effects.readLog(from, message.fromSlot(), Math.min(last, log.base()), parameters.chunkBytes());",
                        ""),
                core(
                        "Compaction",
                        "MEMORY_NEVER_FREED",
                        "what everybody holds stays in the ring until it is full",
                        "while (log.base() < held",
                        "while (log.base() < held && held < 0"));
    }

    /** Rules that only a rare schedule needs. */
    static List<Mutant> rarelyNeeded() {
        return List.of(
                core(
                                "Replica",
                                "VOTES_OF_AN_OLDER_BALLOT",
                                "a leader counts votes that answer its earlier ballot",
                                "if (!proposer.isIdle() && message.ballot().equals(proposer.ballot())) {",
                                "if (!proposer.isIdle()) {")
                        .foundBy(
                                "core.ReplicaTest.a_vote_that_answers_an_earlier_ballot_of_the_same_leader_does_not_count"),
                core(
                        "Recovery",
                        "LATE_PROMISES_NOT_MERGED",
                        "answers that come after the election count, but what they tell is not merged",
                        "for (Entry entry : message.entries()) {",
                        "for (Entry entry : message.entries()) {\n"
                                + "            if (2 * Long.bitCount(complete) > covered.length) {\n                break;\n            }"),
                core(
                        "Replica",
                        "NO_STEP_DOWN",
                        "a leader that learns another choice than its proposal goes on at its ballot",
                        "campaign.stepDown(effects); // before anything else is said at that ballot",
                        ""),
                core(
                        "ReadBarrier",
                        "READ_BY_ANOTHER_ROUND",
                        "acknowledgements of an earlier round confirm a read",
                        "if (openRound() != 0 && message.readRound() == round) {",
                        "if (openRound() != 0) {"),
                core(
                                "Acceptor",
                                "CHOSEN_VALUE_OVERWRITTEN",
                                "an acceptor votes for another value than the one that it knows to be chosen",
                                "slot <= log.base() || isOtherwiseChosen(slot, message.value())",
                                "slot <= log.base()")
                        .foundBy(
                                "core.ReplicaRegressionTest.an_old_leaders_proposal_for_a_learned_slot_gets_no_vote_and_stops_nobody"));
    }
}
