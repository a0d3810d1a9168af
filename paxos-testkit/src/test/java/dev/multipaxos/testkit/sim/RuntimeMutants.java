package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.runtime;

import java.util.List;

/** Bugs in {@code dev.multipaxos.runtime} behind the core: sessions, and everybody who waits for an answer. */
final class RuntimeMutants {

    private RuntimeMutants() {}

    /** Where the loop forces the journal itself. */
    static List<Mutant> loop() {
        return List.of(runtime(
                "LoopJournal",
                "LOOP_FORCES_LATE",
                "where the loop forces, what waits for the disk is let go before the force, and leaves though that fails",
                "storage.sync(ticket);\n        durable.accept(storage.durable());",
                "durable.accept(ticket);\n        storage.sync(ticket);"));
    }

    /** What is executed, and when. */
    static List<Mutant> sessions() {
        return List.of(
                runtime(
                        "Execution",
                        "ANSWERS_NOT_REMEMBERED",
                        "a command that comes again is executed again",
                        "sessions.answer(command.session(), command.sequence(), answer);",
                        ""),
                runtime(
                        "Sessions",
                        "FLOOR_IGNORED",
                        "a command below the session's floor is executed",
                        "if (sequence < session.floor) {",
                        "if (sequence < 0) {"),
                runtime(
                        "Sessions",
                        "WINDOW_IGNORED",
                        "a command far ahead of the session's floor is executed",
                        "if (sequence - session.floor >= window) {",
                        "if (sequence - session.floor == Long.MAX_VALUE) {"),
                runtime(
                        "Sessions",
                        "LOG_TIME_FALLS",
                        "log time is the last stamp, not the highest",
                        "logTimeMillis = Math.max(logTimeMillis, stampMillis);",
                        "logTimeMillis = stampMillis;"),
                runtime(
                        "Execution",
                        "LOG_TIME_OF_ITS_OWN",
                        "a node takes its own clock for the time of the log",
                        "sessions.beginBatch(slot, chosen.stampMillis());",
                        "sessions.beginBatch(slot, System.currentTimeMillis());"),
                runtime(
                        "Execution",
                        "SESSION_EXPIRES_IN_USE",
                        "a batch's commands do not keep their sessions from expiring in it",
                        "sessions.touch(command.session());",
                        ""),
                runtime(
                        "Execution",
                        "SESSIONS_NEVER_EXPIRE",
                        "sessions that nobody uses stay for ever",
                        "        sessions.expire();\n",
                        ""),
                runtime(
                        "Sessions",
                        "SESSION_EXPIRES_EARLY",
                        "a session ends when its time-out is reached, not when it is over",
                        "<= timeoutMillis) {",
                        "< timeoutMillis) {"),
                runtime(
                        "Sessions",
                        "ONE_SESSION_TOO_MANY",
                        "one session more than there may be is kept",
                        "if (byLastUse.size() >= sessionsMax) {",
                        "if (byLastUse.size() > sessionsMax) {"),
                runtime(
                        "SessionsByUse",
                        "WRONG_SESSION_GOES",
                        "where there are too many sessions the oldest goes, not the one that is idle longest",
                        "            unlink(found);\n            link(found);\n",
                        ""),
                runtime(
                        "Sessions",
                        "ANSWERS_WITHOUT_BOUND",
                        "answers are remembered however many bytes they have",
                        "while (answerBytes > answerBytesMax) {",
                        "while (answerBytes > Long.MAX_VALUE - 1) {"),
                runtime(
                        "Sessions",
                        "SMALL_SESSION_GOES",
                        "where the answers are too many bytes the session with fewest of them goes",
                        ".max(Comparator.<Session>comparingLong(session -> session.bytes)",
                        ".min(Comparator.<Session>comparingLong(session -> session.bytes)"),
                runtime(
                        "Session",
                        "ANSWERS_BELOW_THE_FLOOR_KEPT",
                        "an answer that was acknowledged is found again under a later number",
                        "                answers[index(sequence)] = null;\n",
                        ""),
                runtime(
                        "Session",
                        "ANSWERS_LOST_IN_GROWING",
                        "a session that remembers more answers forgets those that it had",
                        "grown[(int) (sequence & (capacity - 1))] = answers[index(sequence)];",
                        ""),
                runtime(
                        "Execution",
                        "BATCH_BACKWARDS",
                        "the commands of a batch are executed from the last to the first",
                        "return new CommandReader(chosen.commands());",
                        "List<Command> backwards = new ArrayList<>();"
                                + " dev.multipaxos.wire.Commands.forEach(chosen.commands(), each -> backwards.add(0, each));"
                                + " return new CommandReader(dev.multipaxos.wire.Commands.encode(backwards));"),
                runtime(
                        "StampClock",
                        "STAMP_NOT_HELD_BACK",
                        "a wall clock that jumps ahead takes the time of the log with it",
                        "if (offset <= trusted + AHEAD_MAX_MILLIS) {",
                        "if (offset < Long.MAX_VALUE) {"));
    }

    /** Who calls is told what is not true, or nothing. */
    static List<Mutant> calls() {
        return List.of(
                runtime(
                        "PendingProposals",
                        "RETRIED_UNDER_A_NEW_NUMBER",
                        "a command that is sent again gets another number in its session",
                        "            saidNanos = nowNanos;\n            target.send(\n                    new Command(\n                            Command.Kind.APPLY,",
                        "            saidNanos = nowNanos;\n            if (call.submissions > 0 && nextSequence - floor < window) {\n                call.sequence = nextSequence++;\n                open.set(index(call.sequence), call);\n            }\n            target.send(\n                    new Command(\n                            Command.Kind.APPLY,"),
                runtime(
                        "PendingProposals",
                        "ANSWER_TO_ANOTHER_CALL",
                        "a call is ended by another command that has its place in the window",
                        "                    && call.sequence == command.sequence()\n",
                        ""),
                runtime(
                        "PendingProposals",
                        "SESSION_OF_ANOTHER",
                        "a node takes the session that another opened for its own",
                        "if (asked == 0 || command.session() != asked) {",
                        "if (asked == 0) {"),
                runtime(
                        "PendingProposals",
                        "CALLS_OF_A_LOST_SESSION_HANG",
                        "the calls of a session that is gone never end",
                        "                call.expireSession();\n",
                        ""),
                runtime(
                        "PendingProposals",
                        "REFUSED_FOR_ANOTHER_FORWARD",
                        "a forward that is refused counts as refused for every call that is away",
                        "&& call.forward == id) {",
                        "&& call.forward != 0) {"),
                runtime(
                        "Forwarder",
                        "FORWARD_NEVER_LEFT",
                        "a call that was forwarded is told that it never left",
                        "call.submissions += left ? 1 : 0;",
                        ""),
                runtime(
                        "Forwarder",
                        "REFUSED_AND_PROPOSED",
                        "a forward is refused though its commands are in a slot",
                        "public void proposed(int proposedBytes) {}",
                        "public void proposed(int proposedBytes) {\n            outbox.send(from, new Edge.ForwardRefused(id, false, 0));\n        }"),
                runtime(
                        "Batcher",
                        "OWN_CALL_NEVER_LEFT",
                        "a leader's own call is told that it never entered a slot",
                        "            call.submissions++;\n",
                        ""),
                runtime(
                        "Batcher",
                        "DROPPED_AND_PROPOSED",
                        "what a leader that steps down throws away, and says so, is proposed when it leads again",
                        "        waiting.clear();\n        waitingBytes = 0;",
                        ""),
                runtime(
                        "ClientService",
                        "OVERLOADED_AND_PROPOSED",
                        "a client's commands are refused for want of room, and proposed",
                        "            send(client, results);\n            return;\n        }\n        Pieces",
                        "            send(client, results);\n        }\n        Pieces"),
                runtime(
                        "ClientService",
                        "CLIENTS_READ_WHAT_IS_THERE",
                        "a client's linearizable query is answered like a local one",
                        "if (!query.linearizable()) {",
                        "if (query.query().length() >= 0) {"),
                runtime(
                        "PendingReads",
                        "READ_BEFORE_EXECUTED",
                        "a read runs before the state machine has executed what it must see",
                        "apply.read(slot, read, mayAnswer);",
                        "apply.read(0, read, mayAnswer);"),
                runtime(
                        "PendingProposals",
                        "DEADLINE_FORGOTTEN",
                        "a deadline that has not passed when deadlines are looked at is not looked at again",
                        "            earliestDeadline = Math.min(earliestDeadline, deadline);",
                        ""),
                runtime(
                        "PendingReads",
                        "WAITING_READS_HANG",
                        "a read that nobody could be asked about stays after its deadline",
                        "        waiting.removeIf(read -> over(read, nowNanos));\n",
                        ""),
                runtime(
                        "Applier",
                        "READ_ONE_SLOT_EARLY",
                        "a read runs when the slot before the one that it waits for is executed",
                        "if (slot <= apply.executed) {",
                        "if (slot <= apply.executed + 1) {"),
                runtime(
                        "PendingReads",
                        "REFUSED_READ_RUNS",
                        "a read that the leader refused runs all the same",
                        "if (reply.ready()) {",
                        "if (reply.slot() >= 0) {"),
                runtime(
                        "PendingReads",
                        "READS_LOST_WITH_THEIR_LEADER",
                        "reads that another leader should answer now are forgotten",
                        "                each.remove();\n                waiting.addAll(question.reads());",
                        "                each.remove();"));
    }
}
