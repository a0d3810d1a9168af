package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.core;
import static dev.multipaxos.testkit.sim.Mutant.storage;

import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Bugs that the simulation cannot find yet, and why: written where the code is there to be broken, else only named. */
final class PendingMutants {
    private static final String WINDOW =
            "nothing but the size of memory depends on the window before membership changes";

    private static final String TURNS = "in the simulation every message has a turn of its own, and so every vote";
    private static final String REDUNDANT = "what the checksum no longer covers here, the rest of it still tells";

    private static final String MEMBERSHIP = "membership does not change yet";
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

    private static List<Mutant> written() {
        return List.of(
                core(
                                "SlotRanges",
                                "GAP_IN_VOTES_SWALLOWED",
                                "two ranges of votes with one slot between them become one",
                                "bounds[i] <= to + 1)",
                                "bounds[i] <= to + 2)")
                        .pendingAs(TURNS),
                storage(
                                "Chain",
                                "CRC_WITHOUT_THE_LENGTH",
                                "the checksum of a record does not cover its length",
                                ".position(from);",
                                ".position(from + 4);")
                        .pendingAs(REDUNDANT),
                storage(
                                "Chain",
                                "CRC_NOT_CHAINED",
                                "the checksum of a record does not depend on the record before",
                                ".putInt(32, previous);",
                                ".putInt(32, 0);")
                        .pendingAs(REDUNDANT),
                storage(
                                "Chain",
                                "CRC_FITS_ANYWHERE",
                                "the checksum of a record does not depend on its place",
                                ".putLong(24, offset)",
                                ".putLong(24, 0)")
                        .pendingAs(REDUNDANT),
                core(
                                "Proposer",
                                "WINDOW_OFF_BY_ONE",
                                "a leader proposes in one slot more than α allows",
                                "return merging != null\n                && slot <= learner.chosenUpTo() + parameters.alpha()",
                                "return merging != null\n                && slot <= learner.chosenUpTo() + parameters.alpha() + 1")
                        .pendingAs(WINDOW));
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
                new Unbuilt("GROUPS_MIXED", "a message or record of one group reaches another", GROUPS));
    }
}
