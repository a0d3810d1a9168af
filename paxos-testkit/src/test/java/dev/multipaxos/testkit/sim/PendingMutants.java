package dev.multipaxos.testkit.sim;

import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Bugs that the simulation cannot find yet, and why: written where the code is there to be broken, else only named. */
final class PendingMutants {

    private static final String SESSIONS = "sessions do not run in the simulation yet";
    private static final String READS = "reads that wait for the state machine do not run in the simulation yet";
    private static final String ROT = "the simulated disk neither rots nor misdirects a write yet";
    private static final String PAGE_CACHE = "the simulated page cache keeps what a failed force left in it";
    private static final String WINDOW =
            "nothing but the size of memory depends on the window before membership changes";

    private static final String TURNS = "in the simulation every message has a turn of its own, and so every vote";
    private static final String CHAINED = "what is left is refused by the chained checksum, whatever it is";
    private static final String SURVIVES = "survives 400 seeds and more, not yet tried for 60 s";

    private static final String MEMBERSHIP = "membership does not change yet";
    private static final String LEASES = "there are no leases yet";
    private static final String SNAPSHOTS = "there are no snapshots yet";
    private static final String GROUPS = "a node has one group";

    private PendingMutants() {}

    /** A rule that is not built yet. */
    private record Unbuilt(String name, String breaks, String pending) implements Plant {
        @Override
        public LongFunction<@Nullable String> plant(long events) {
            throw new IllegalStateException(name + " cannot be planted: " + pending);
        }
    }

    static List<Plant> all() {
        return Stream.<Plant>concat(written().stream(), named().stream()).toList();
    }

    private static Mutant core(
            String type, String name, String breaks, String original, String replacement, String pending) {
        String file = "paxos-core/src/main/java/dev/multipaxos/" + type + ".java";
        return new Mutant(name, breaks, file, original, replacement, pending);
    }

    private static Mutant storage(
            String type, String name, String breaks, String original, String replacement, String pending) {
        String file = "paxos-storage/src/main/java/dev/multipaxos/storage/" + type + ".java";
        return new Mutant(name, breaks, file, original, replacement, pending);
    }

    private static List<Mutant> written() {
        return List.of(
                core(
                        "core/Acceptor",
                        "CHOSEN_VALUE_OVERWRITTEN",
                        "an acceptor votes for another value than the one that it knows to be chosen",
                        "slot <= log.base() || isOtherwiseChosen(slot, message.value())",
                        "slot <= log.base()",
                        SURVIVES),
                core(
                        "core/SlotRanges",
                        "GAP_IN_VOTES_SWALLOWED",
                        "two ranges of votes with one slot between them become one",
                        "bounds[i] <= to + 1)",
                        "bounds[i] <= to + 2)",
                        TURNS),
                core(
                        "core/Replica",
                        "VOTES_OF_AN_OLDER_BALLOT",
                        "a leader counts votes that answer its earlier ballot",
                        "if (!proposer.isIdle() && message.ballot().equals(proposer.ballot())) {",
                        "if (!proposer.isIdle()) {",
                        SURVIVES),
                core(
                        "core/Recovery",
                        "LATE_PROMISES_NOT_MERGED",
                        "answers that come after the election count, but what they tell is not merged",
                        "for (Entry entry : message.entries()) {",
                        "for (Entry entry : 2 * Long.bitCount(complete) > covered.length\n"
                                + "                ? List.<Entry>of() : message.entries()) {",
                        SURVIVES),
                storage(
                        "Recovery",
                        "TORN_TAIL_LEFT",
                        "what is left of a write that was not finished stays behind the end",
                        "if (dataEnd > start || size < limit) {",
                        "if (size < limit) {",
                        CHAINED),
                core(
                        "core/Replica",
                        "NO_STEP_DOWN",
                        "a leader that learns another choice than its proposal goes on at its ballot",
                        "stepDown(effects); // before anything else is said at that ballot",
                        "",
                        SURVIVES),
                storage(
                        "Journal",
                        "SEGMENT_HEADER_NOT_FORCED",
                        "the manifest names a segment before its header is durable",
                        "            Writes.all(file, header.encode(), 0);\n            file.force(false);",
                        "            Writes.all(file, header.encode(), 0);",
                        SURVIVES),
                core(
                        "core/ReadBarrier",
                        "READ_BY_ANOTHER_ROUND",
                        "acknowledgements of an earlier round confirm a read",
                        "if (openRound() != 0 && message.readRound() == round) {",
                        "if (openRound() != 0) {",
                        SURVIVES),
                core(
                        "runtime/Execution",
                        "ANSWERS_NOT_REMEMBERED",
                        "a command that comes again is executed again",
                        "sessions.answer(command.session(), command.sequence(), answer);",
                        "",
                        SESSIONS),
                core(
                        "runtime/Sessions",
                        "FLOOR_IGNORED",
                        "a command below the session's floor is executed",
                        "if (sequence < session.floor) {",
                        "if (sequence < 0) {",
                        SESSIONS),
                core(
                        "runtime/Sessions",
                        "WINDOW_IGNORED",
                        "a command far ahead of the session's floor is executed",
                        "if (sequence - session.floor >= window) {",
                        "if (sequence - session.floor == Long.MAX_VALUE) {",
                        SESSIONS),
                core(
                        "runtime/Sessions",
                        "LOG_TIME_FALLS",
                        "log time is the last stamp, not the highest",
                        "logTimeMillis = Math.max(logTimeMillis, stampMillis);",
                        "logTimeMillis = stampMillis;",
                        SESSIONS),
                core(
                        "runtime/Execution",
                        "SESSION_EXPIRES_IN_USE",
                        "a batch's commands do not keep their sessions from expiring in it",
                        "sessions.touch(command.session());",
                        "",
                        SESSIONS),
                core(
                        "runtime/PendingReads",
                        "READ_BEFORE_EXECUTED",
                        "a read runs before the state machine has executed what it must see",
                        "apply.read(slot, read);",
                        "apply.read(0, read);",
                        READS),
                storage(
                        "Chain",
                        "CRC_WITHOUT_THE_LENGTH",
                        "the checksum of a record does not cover its length",
                        ".position(from);",
                        ".position(from + 4);",
                        ROT),
                storage(
                        "Chain",
                        "CRC_NOT_CHAINED",
                        "the checksum of a record does not depend on the record before",
                        ".putInt(32, previous);",
                        ".putInt(32, 0);",
                        ROT),
                storage(
                        "Chain",
                        "CRC_FITS_ANYWHERE",
                        "the checksum of a record does not depend on its place",
                        ".putLong(24, offset)",
                        ".putLong(24, 0)",
                        ROT),
                storage(
                        "Recovery",
                        "ROT_CUT_SILENTLY",
                        "damage below the durable mark is taken for a torn tail",
                        "if (segment.position(bad) < mark) {",
                        "if (segment.position(bad) < 0) {",
                        ROT),
                storage(
                        "Journal",
                        "FORCE_RETRIED",
                        "a force that failed is asked for again, and believed",
                        "        file.force(false);\n        number++;",
                        "        try {\n            file.force(false);\n        } catch (IOException e) {\n"
                                + "            file.force(false);\n        }\n        number++;",
                        PAGE_CACHE),
                core(
                        "core/Proposer",
                        "WINDOW_OFF_BY_ONE",
                        "a leader proposes in one slot more than α allows",
                        "return merging != null\n                && slot <= learner.chosenUpTo() + parameters.alpha()",
                        "return merging != null\n                && slot <= learner.chosenUpTo() + parameters.alpha() + 1",
                        WINDOW));
    }

    private static List<Unbuilt> named() {
        return List.of(
                new Unbuilt("CONFIGURATION_WHEN_ACCEPTED", "a configuration governs when it is accepted", MEMBERSHIP),
                new Unbuilt(
                        "COUNT_BY_NEWEST_CONFIGURATION",
                        "votes are counted by the newest configuration, not by that of the slot",
                        MEMBERSHIP),
                new Unbuilt(
                        "NEW_CONFIGURATION_NOT_ASKED",
                        "a leader proposes under a configuration without a phase-1 quorum of it",
                        MEMBERSHIP),
                new Unbuilt(
                        "REMOVED_BEFORE_IT_IS_HELD",
                        "removed nodes are released before the new ones hold the log",
                        MEMBERSHIP),
                new Unbuilt("LEARNER_VOTES", "the vote of a learner counts", MEMBERSHIP),
                new Unbuilt("VOTE_FROM_ANOTHER_STORE", "a member's vote counts from whatever store", MEMBERSHIP),
                new Unbuilt("LEASE_COUNTED_FROM_RECEIPT", "a lease runs from when it arrives", LEASES),
                new Unbuilt("LEASE_NOT_AWAITED", "the next leader does not wait for the lease to end", LEASES),
                new Unbuilt("LEASE_FORGOTTEN", "a lease that was granted does not survive a restart", LEASES),
                new Unbuilt("TRIM_BEFORE_SNAPSHOT", "the log goes before the snapshot is durable", SNAPSHOTS),
                new Unbuilt("SESSIONS_NOT_IN_SNAPSHOT", "a snapshot lacks the sessions", SNAPSHOTS),
                new Unbuilt("SNAPSHOT_TAKES_PROMISE", "a snapshot brings the sender's promise along", SNAPSHOTS),
                new Unbuilt("GROUPS_MIXED", "a message or record of one group reaches another", GROUPS));
    }
}
