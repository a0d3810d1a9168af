package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.core;
import static dev.multipaxos.testkit.sim.Mutant.runtime;
import static dev.multipaxos.testkit.sim.Mutant.storage;

import java.util.List;

/** Bugs in what stands for the beginning of the log: snapshots, and a journal that goes on without its oldest part. */
final class SnapshotMutants {

    private SnapshotMutants() {}

    /** What a snapshot holds, and what is made of it. */
    static List<Mutant> taking() {
        return List.of(
                runtime(
                        "Snapshots",
                        "TRIM_BEFORE_SNAPSHOT",
                        "the log goes before the snapshot is durable",
                        "        apply.capture(job, repairing ? -1 : view.slot());",
                        "        stored = apply.executedUpTo();\n        trim();\n"
                                + "        apply.capture(job, repairing ? -1 : view.slot());"),
                runtime(
                        "Sessions",
                        "SESSIONS_NOT_IN_SNAPSHOT",
                        "a snapshot lacks the sessions",
                        ".forEach(session -> sessions.add(",
                        ".limit(0).forEach(session -> sessions.add("),
                runtime(
                        "Sessions",
                        "ANSWERS_NOT_RESTORED",
                        "a restored table has the sessions without what was answered in them",
                        "            session.put(before, answer.answer());\n",
                        ""),
                runtime(
                        "Sessions",
                        "SESSIONS_RESTORED_BACKWARDS",
                        "a restored table takes the session that was idle longest for the one last used",
                        "read.values().forEach(byLastUse::add);",
                        "List<Session> backwards = new ArrayList<>(read.values());"
                                + " java.util.Collections.reverse(backwards); backwards.forEach(byLastUse::add);"),
                runtime(
                        "Sessions",
                        "RESTORED_ANSWERS_NOT_COUNTED",
                        "behind a snapshot the answers that it held count nothing",
                        "        logTimeMillis = header.logTimeMillis();\n        countAnswers();",
                        "        logTimeMillis = header.logTimeMillis();"),
                runtime(
                                "Sessions",
                                "LOG_TIME_NOT_RESTORED",
                                "behind a snapshot the time of the log begins anew",
                                "byLastUse::add);\n        logTimeMillis = header.logTimeMillis();",
                                "byLastUse::add);")
                        .foundBy("runtime.SessionTableTest.a_restored_table_behaves_as_the_one_that_was_captured"),
                runtime(
                                "Applier",
                                "SNAPSHOT_OF_A_LATER_SLOT",
                                "a snapshot says that it is of one slot more than is in it",
                                "captured = snapshots.execution().capture(executed);",
                                "captured = snapshots.execution().capture(executed + 1);")
                        .foundBy(
                                "runtime.ApplierTest.what_was_captured_is_written_while_others_are_executed_and_a_full_disk_costs_the_attempt"),
                runtime(
                                "SnapshotReader",
                                "SNAPSHOT_NOT_VERIFIED",
                                "the state machine reads a snapshot of which nobody knows that it is whole",
                                "            SnapshotStore.verify(reader);\n",
                                "")
                        .foundBy("runtime.ApplierTest.a_damaged_snapshot_is_not_restored_and_changes_nothing"),
                storage(
                                "SnapshotReader",
                                "CHUNK_CRC_NOT_CHECKED",
                                "what the disk has of a snapshot is believed",
                                "|| chunk.getInt(length) != layout.crc(number, chunk, length)) {",
                                "|| chunk.getInt(length) == layout.crc(number, chunk, length) + 1) {")
                        .foundBy("storage.SnapshotRotTest.a_bit_that_is_flipped_anywhere"),
                storage(
                                "SnapshotWriter",
                                "SNAPSHOT_NOT_FORCED",
                                "a snapshot gets its name before it is durable",
                                "            file.force(true);\n            file.close();",
                                "            file.close();")
                        .foundBy("storage.SnapshotCrashTest.small_snapshots_replace_each_other"),
                storage(
                                "FileSnapshots",
                                "SNAPSHOT_NAME_NOT_SYNCED",
                                "a snapshot counts before its name is durable",
                                "            disk.syncDirectory();\n        } catch (IOException e) {\n            delete(name.file());",
                                "            disk.list();\n        } catch (IOException e) {\n            delete(name.file());")
                        .foundBy("storage.SnapshotCrashTest.small_snapshots_replace_each_other"));
    }

    /** What is lost with the oldest part of the journal. */
    static List<Mutant> trimming() {
        return List.of(
                runtime(
                                "JournalWriter",
                                "PROMISE_NOT_RESTATED",
                                "what was promised goes with the part of the journal that says it",
                                "            restate(standing.promise());\n",
                                "")
                        .foundBy(
                                "runtime.JournalWriterTest.what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes"),
                runtime(
                                "JournalWriter",
                                "INSTALL_NOT_RESTATED",
                                "that the log stands on a member's snapshot goes with the part of the journal that says it",
                                "            restate(standing.snapshot());\n",
                                "")
                        .foundBy(
                                "runtime.JournalWriterTest.what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes"),
                runtime(
                                "JournalWriter",
                                "MARK_NOT_RESTATED",
                                "how far the log is chosen goes with the part of the journal that says it",
                                "            restate(standing.mark());\n",
                                "")
                        .foundBy(
                                "runtime.JournalWriterTest.what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes"),
                runtime(
                                "JournalWriter",
                                "PINS_NOT_RESTATED",
                                "whose storage is whose, and that this one may vote, goes with the part of the journal that says it",
                                "for (RuntimeRecord record : standing.notes()) {",
                                "for (RuntimeRecord record : List.<RuntimeRecord>of()) {")
                        .foundBy(
                                "runtime.JournalWriterTest.what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes"),
                runtime(
                                "JournalWriter",
                                "RESTATED_WHERE_IT_GOES",
                                "what is said again may lie in the part of the journal that goes",
                                "restatedFrom = storage.durablePosition();",
                                "restatedFrom = 0;")
                        .foundBy(
                                "runtime.JournalWriterTest.what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes"),
                runtime(
                                "Snapshots",
                                "TRIM_UNDER_A_TRANSFER",
                                "the log goes that the receiver of a snapshot will need behind it",
                                "lowestNeeded.applyAsLong(held) - 1)",
                                "Long.MAX_VALUE)")
                        .pendingAs("who lacks what follows its snapshot gets another one: no check counts how often"),
                storage(
                                "Trimmer",
                                "TRIM_NOT_IN_THE_MANIFEST",
                                "segments are deleted that the manifest goes on to name",
                                "        directory.replaceManifest(now.without(count, start, points, durable));\n",
                                "")
                        .foundBy(
                                "storage.TrimTest.a_manifest_that_cannot_be_written_fails_the_storage_and_nothing_is_deleted"));
    }

    /** What a member's snapshot must leave alone, and what it must change. */
    static List<Mutant> installing() {
        return List.of(
                core(
                                "Replay",
                                "SNAPSHOT_TAKES_PROMISE",
                                "a snapshot brings the promise of its sender, here none, in place of this node's own",
                                "excused = Math.max(excused, snapshot.slot());",
                                "excused = Math.max(excused, snapshot.slot());\n            promised = Ballot.ZERO;")
                        .foundBy("core.ReplayTest.a_snapshot_that_was_installed_leaves_what_was_promised_as_it_was"),
                core(
                                "Replay",
                                "VOTE_BELOW_AN_INSTALL_EXECUTED",
                                "where an installed snapshot is lost, what was voted for before it is executed in its place",
                                "            forgetVotesUpTo(snapshot.slot());\n",
                                "")
                        .foundBy(
                                "core.ReplayTest.a_vote_from_before_a_snapshot_was_installed_is_not_executed_in_its_place"),
                core(
                                "Replica",
                                "LEADS_ON_OVER_AN_INSTALL",
                                "a leader goes on that cannot know whether its own proposal was chosen",
                                "if (proposer.hasProposedUpTo(upTo)) {",
                                "if (upTo < 0) {")
                        .foundBy(
                                "core.InstalledTest.a_leader_that_proposed_what_a_snapshot_hides_steps_down_and_says_no_more_at_that_ballot"),
                core(
                                "Learner",
                                "INSTALL_NOT_RECORDED",
                                "the journal does not say that a snapshot stands for what it lacks",
                                "            effects.append(\n                    new Record.Installed(slot));",
                                "")
                        .foundBy("core.InstalledTest.a_follower_goes_on_behind_the_end_of_a_snapshot"),
                core(
                                "ReplicatedLog",
                                "INSTALL_DROPS_VOTES_ABOVE",
                                "a snapshot takes with it what was accepted above its end",
                                "held <= Math.min(slot, top); held++) {",
                                "held <= (slot > base + 1 ? top : Math.min(slot, top)); held++) {")
                        .foundBy(
                                "core.InstalledTest.what_was_accepted_above_stays_and_the_prefix_goes_on_over_what_was_chosen_there"),
                runtime(
                                "Applier",
                                "INSTALLED_TOLD_TOO_LATE",
                                "that slots are executed shows before it is said that a snapshot stands for them",
                                "mailbox.add(new Installed(restored)); // before the number shows it: see EventLoop.turn",
                                "taken.add(apply -> apply.mailbox.add(new Installed(restored)));")
                        .foundBy("runtime.ApplierTest.the_loop_hears_of_a_snapshot_before_it_sees_its_slot"),
                runtime(
                                "Applier",
                                "SKIPPED_AND_NOT_EXECUTED",
                                "a call that may have been executed in a skipped slot is told that it was not",
                                "        proposals.skipped(); // before any command is executed behind it\n",
                                "")
                        .foundBy(
                                "runtime.ApplierTest.a_call_that_is_open_while_slots_are_skipped_may_have_been_executed_in_them"),
                runtime(
                                "Applier",
                                "INSTALL_BELOW_SLOT_OUT",
                                "the state machine is set back to a snapshot that is older than it is",
                                "if (id.slot() <= executed) {",
                                "if (id.slot() <= 0) {")
                        .foundBy("runtime.ApplierTest.a_snapshot_below_what_is_executed_is_not_restored"),
                runtime(
                                "SnapshotReceiver",
                                "ANOTHER_SNAPSHOT_RECEIVED",
                                "what came of a snapshot is kept though its checksum is not what was offered",
                                "if (!now.isRight()) {",
                                "if (!now.isWhole()) {")
                        .foundBy(
                                "runtime.SnapshotTransferTest.what_is_not_what_was_offered_is_dropped_and_not_taken_again"),
                runtime(
                                "Incoming",
                                "PARTS_OF_TWO_SNAPSHOTS",
                                "parts of whatever snapshot are put together",
                                "if (sender != from || !part.id().equals(name) || part.offset()",
                                "if (sender != from || part.offset()")
                        .foundBy(
                                "runtime.SnapshotTransferTest.parts_of_another_snapshot_or_of_nobody_who_was_asked_are_ignored"));
    }
}
