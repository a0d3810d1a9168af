package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.core;
import static dev.multipaxos.testkit.sim.Mutant.runtime;

import java.util.List;

/** Bugs of a node whose disk has lost something, is full, or is not the one that it was. */
final class DamageMutants {

    private DamageMutants() {}

    /** What was lost above the chosen prefix is taken for what it was not. */
    static List<Mutant> unknown() {
        return List.of(
                core(
                                "Recovery",
                                "UNKNOWN_COUNTS_AS_EMPTY",
                                "who has lost what it held in a slot counts there as if it had held nothing",
                                "return entry != null && (entry.chosen() || !entry.ballot().isBelow(lost));",
                                "return true;")
                        .foundBy(
                                "core.UnknownSlotsTest.what_may_have_been_chosen_is_neither_denied_nor_read_past_and_comes_back_with_its_voter"),
                core(
                                "Recovery",
                                "UNKNOWN_BESIDE_ANY_VOTE",
                                "who has lost what it held in a slot counts there beside a vote of any ballot",
                                "return entry != null && (entry.chosen() || !entry.ballot().isBelow(lost));",
                                "return entry != null;")
                        .foundBy(
                                "core.UnknownSlotsTest.who_lost_a_slot_counts_there_only_beside_a_high_enough_vote_or_a_choice"),
                core(
                                "Recovery",
                                "READ_PAST_THE_UNKNOWN",
                                "a leader takes slots that somebody has lost for ones in which nothing was",
                                "top = Math.max(top, lost.last()); // there may have been a vote",
                                "")
                        .foundBy(
                                "core.UnknownSlotsTest.what_may_have_been_chosen_is_neither_denied_nor_read_past_and_comes_back_with_its_voter"),
                core(
                                "Acceptor",
                                "UNKNOWN_NOT_SAID",
                                "a promise passes over what was lost as if it had been empty",
                                "for (Unknown lost : unknown.ranges()) {",
                                "unknown = UnknownSlots.NONE;\n        for (Unknown lost : unknown.ranges()) {")
                        .foundBy("core.UnknownSlotsTest.a_promise_names_what_is_lost_and_no_chunk_covers_it"),
                core(
                                "Replay",
                                "OLDER_VOTE_INSTEAD_OF_THE_LOST",
                                "the vote before the one that was lost is taken for the last",
                                "touched.values().removeIf(entry -> !entry.chosen());",
                                "")
                        .foundBy("core.ReplayTest.an_older_vote_does_not_stand_in_for_the_one_that_is_lost"),
                core(
                                "Replay",
                                "PROMISE_OF_DAMAGE_FORGOTTEN",
                                "what was promised behind lost records is not promised any more",
                                "promised = promised.max(promisedBehind);",
                                "")
                        .foundBy("core.ReplayTest.above_the_mark_a_slot_is_unknown_until_a_later_record_tells_it"));
    }

    /** What was lost below the chosen prefix is done without. */
    static List<Mutant> rebuilding() {
        return List.of(
                core(
                                "Campaign",
                                "LEADS_WHILE_REBUILDING",
                                "a node that has lost chosen values leads, and nobody asks for them",
                                "                && !learner.isRebuilding()\n",
                                "")
                        .foundBy("core.RebuildingTest.what_it_alone_knows_to_be_chosen_others_find_by_their_votes"),
                core(
                                "Compaction",
                                "HOLDS_WHILE_REBUILDING",
                                "a node says that it holds what it has executed again, and on no disk",
                                "return owedUpTo == 0 ? prefix : Math.min(prefix, owedFrom);",
                                "return prefix;")
                        .foundBy(
                                "core.RebuildingTest.it_says_that_it_holds_what_it_executed_again_only_when_a_snapshot_does"),
                runtime(
                                "JournalReader",
                                "OLDER_VOTE_SERVED_AS_CHOSEN",
                                "what the journal still says of a slot of which records were lost is served as chosen",
                                "lost.containsAll(slot, slot) ? null : values.get(slot)",
                                "values.get(slot)")
                        .foundBy("runtime.JournalReaderTest.damage_that_is_met_is_passed_over"),
                runtime(
                                "JournalReader",
                                "VOTE_SERVED_BELOW_AN_INSTALL",
                                "what was voted for before a snapshot was installed over it is served as chosen",
                                "wanted.fromSlot() <= silentUpTo",
                                "wanted.fromSlot() < 0")
                        .foundBy(
                                "runtime.JournalReaderTest.what_is_behind_an_installed_snapshot_is_not_read_whatever_this_node_voted_for"));
    }

    /** A disk that is nearly full. */
    static List<Mutant> room() {
        return List.of(
                runtime(
                                "EventLoop",
                                "VALUES_TAKEN_ON_A_FULL_DISK",
                                "a node votes for values that its disk may have no room for",
                                "return room.isShort()\n                || ",
                                "return ")
                        .foundBy(
                                "testkit.DiskFullTest.a_follower_whose_disk_is_full_takes_no_values_and_catches_up_when_there_is_room"),
                runtime(
                        "EventLoop",
                        "LEADS_ON_A_FULL_DISK",
                        "a node leads that can take no values",
                        "driver.handle(new Input.MayLead(!room.isShort()));",
                        "driver.handle(new Input.MayLead(true));"),
                runtime(
                                "PendingProposals",
                                "REFUSED_THOUGH_IT_LEFT",
                                "a call that has left is told that it was not taken",
                                "call.submissions == 0 && open.compareAndSet(",
                                "open.compareAndSet(")
                        .foundBy("runtime.PendingProposalsTest.what_is_refused_for_want_of_room_has_never_left"),
                runtime(
                                "DiskRoom",
                                "NO_VALUES_EVER_AGAIN",
                                "a node does not notice that there is room again",
                                "        space = found;\n",
                                "        space = space.isFull() ? space : found;\n")
                        .foundBy(
                                "runtime.DiskRoomTest.every_change_of_what_the_room_means_is_noticed_once_and_back_again"));
    }

    /** A storage that is not the one that the others know. */
    static List<Mutant> identity() {
        return List.of(
                runtime(
                                "Handshake",
                                "FRAMES_BEFORE_THE_PIN",
                                "what a peer says counts before its storage is on the disk",
                                "} else if (!known.isDurable()) {",
                                "} else if (!known.isDurable() && known.storageId() == 0) {")
                        .foundBy(
                                "runtime.HandshakeTest.a_member_is_let_in_and_its_frames_count_once_its_storage_is_on_the_disk"),
                runtime(
                                "Handshake",
                                "ANOTHER_STORAGE_ADMITTED",
                                "a node that comes back with another storage is let in",
                                "if (known.storageId() != member.storageId()) {",
                                "if (member.storageId() == 0) {")
                        .foundBy("runtime.HandshakeTest.a_member_that_lost_its_memory_is_refused_naming_both_storages"),
                runtime(
                                "KnownStorage",
                                "OLD_COPY_ADMITTED",
                                "a node that comes back with less than it had is let in",
                                "if (at < least) {",
                                "if (at < 0) {")
                        .foundBy(
                                "runtime.HandshakeTest.a_life_that_begins_below_what_an_earlier_one_was_seen_at_is_an_old_copy"),
                runtime(
                                "FoundingWait",
                                "FOUNDING_GATE_OPEN_AT_ONCE",
                                "a new storage votes before the other founders know it",
                                "this.over = confirmed || needed == 0;",
                                "this.over = true;")
                        .foundBy("runtime.FoundingWaitTest.more_than_half_of_the_other_founders_must_know_the_storage"),
                runtime(
                                "FoundingWait",
                                "FOUNDED_BY_HALF",
                                "half of the other founders are enough to let a storage vote",
                                "return others == 0 ? 0 : others / 2 + 1;",
                                "return (others + 1) / 2;")
                        .foundBy(
                                "runtime.FoundingWaitTest.more_than_half_of_the_other_founders_must_know_the_storage"));
    }
}
