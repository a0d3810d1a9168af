package dev.multipaxos.testkit.sim;

import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Bugs that the simulation cannot find yet, and why: written where the code is there to be broken, else only named. */
final class PendingMutants {
    private static final String NO_DISK_IS_LOST = "no node of the simulation comes back with an empty disk yet";
    private static final String WINDOW =
            "nothing but the size of memory depends on the window before membership changes";

    private static final String TURNS = "in the simulation every message has a turn of its own, and so every vote";
    private static final String REDUNDANT = "what the checksum no longer covers here, the rest of it still tells";

    private static final String MEMBERSHIP = "membership does not change yet";
    private static final String LEASES = "there are no leases yet";
    private static final String SNAPSHOTS = "there are no snapshots yet";
    private static final String ROT = "no disk of the simulation loses records below its durable mark yet";
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
                        "core/SlotRanges",
                        "GAP_IN_VOTES_SWALLOWED",
                        "two ranges of votes with one slot between them become one",
                        "bounds[i] <= to + 1)",
                        "bounds[i] <= to + 2)",
                        TURNS),
                storage(
                        "Chain",
                        "CRC_WITHOUT_THE_LENGTH",
                        "the checksum of a record does not cover its length",
                        ".position(from);",
                        ".position(from + 4);",
                        REDUNDANT),
                storage(
                        "Chain",
                        "CRC_NOT_CHAINED",
                        "the checksum of a record does not depend on the record before",
                        ".putInt(32, previous);",
                        ".putInt(32, 0);",
                        REDUNDANT),
                storage(
                        "Chain",
                        "CRC_FITS_ANYWHERE",
                        "the checksum of a record does not depend on its place",
                        ".putLong(24, offset)",
                        ".putLong(24, 0)",
                        REDUNDANT),
                core(
                        "runtime/Handshake",
                        "FRAMES_BEFORE_THE_PIN",
                        "what a peer says counts before its storage is on the disk",
                        "} else if (!known.isDurable()) {",
                        "} else if (!known.isDurable() && known.storageId() == 0) {",
                        NO_DISK_IS_LOST),
                core(
                        "runtime/Handshake",
                        "ANOTHER_STORAGE_ADMITTED",
                        "a node that comes back with another storage is let in",
                        "if (known.storageId() != member.storageId()) {",
                        "if (member.storageId() == 0) {",
                        NO_DISK_IS_LOST),
                core(
                        "core/Recovery",
                        "UNKNOWN_COUNTS_AS_EMPTY",
                        "who has lost what it held in a slot counts there as if it had held nothing",
                        "return entry != null && (entry.chosen() || !entry.ballot().isBelow(lost));",
                        "return true;",
                        ROT),
                core(
                        "core/Recovery",
                        "UNKNOWN_BESIDE_ANY_VOTE",
                        "who has lost what it held in a slot counts there beside a vote of any ballot",
                        "return entry != null && (entry.chosen() || !entry.ballot().isBelow(lost));",
                        "return entry != null;",
                        ROT),
                core(
                        "core/Recovery",
                        "READ_PAST_THE_UNKNOWN",
                        "a leader takes slots that somebody has lost for ones in which nothing was",
                        "top = Math.max(top, lost.last()); // there may have been a vote",
                        "",
                        ROT),
                core(
                        "core/Acceptor",
                        "UNKNOWN_NOT_SAID",
                        "a promise passes over what was lost as if it had been empty",
                        "for (Unknown lost : unknown.ranges()) {",
                        "unknown = UnknownSlots.NONE;\n        for (Unknown lost : unknown.ranges()) {",
                        ROT),
                core(
                        "core/Replay",
                        "OLDER_VOTE_INSTEAD_OF_THE_LOST",
                        "the vote before the one that was lost is taken for the last",
                        "touched.values().removeIf(entry -> !entry.chosen());",
                        "",
                        ROT),
                core(
                        "core/Replay",
                        "PROMISE_OF_DAMAGE_FORGOTTEN",
                        "what was promised behind lost records is not promised any more",
                        "promised = promised.max(promisedBehind);",
                        "",
                        ROT),
                core(
                        "core/Replica",
                        "LEADS_WHILE_REBUILDING",
                        "a node that has lost chosen values leads, and nobody asks for them",
                        "                && !learner.isRebuilding()\n",
                        "",
                        ROT),
                core(
                        "runtime/JournalReader",
                        "OLDER_VOTE_SERVED_AS_CHOSEN",
                        "what the journal still says of a slot of which records were lost is served as chosen",
                        "lost.containsAll(slot, slot) ? null : values.get(slot)",
                        "values.get(slot)",
                        ROT),
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
