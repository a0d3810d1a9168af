package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Mutant.runtime;
import static dev.multipaxos.testkit.sim.Mutant.storage;
import static dev.multipaxos.testkit.sim.Mutant.wire;

import java.util.List;

/** Bugs around the core: in the gate, the codecs and the storage. */
final class OuterMutants {

    private OuterMutants() {}

    /** What leaves before it may. */
    static List<Mutant> gate() {
        String binding = "message instanceof Message.Binding && waits";
        return List.of(
                runtime(
                        "Driver",
                        "GATE_LETS_PROMISES_THROUGH",
                        "a promise does not wait for the disk",
                        binding,
                        binding + " && !(message instanceof Message.Promise)"),
                runtime(
                        "Driver",
                        "GATE_LETS_PREPARES_THROUGH",
                        "a ballot is used before the disk has it",
                        binding,
                        binding + " && !(message instanceof Message.Prepare)"),
                runtime(
                        "Driver",
                        "GATE_LETS_OWN_VOTES_THROUGH",
                        "what a node says to itself does not wait for the disk",
                        binding,
                        binding + " && to != self"),
                runtime(
                        "Driver",
                        "GATE_OPENS_ONE_RECORD_EARLY",
                        "what waits for a record leaves with the one before",
                        "parked.getFirst().ticket() <= durable",
                        "parked.getFirst().ticket() <= durable + 1"));
    }

    /** What arrives, or is read back, is not what was written. */
    static List<Mutant> codecs() {
        return List.of(
                wire(
                        "Values",
                        "BALLOT_WITHOUT_NODE",
                        "the node of a ballot is lost when it is decoded",
                        "return round == 0 ? Ballot.ZERO : new Ballot(round, node);",
                        "return round == 0 ? Ballot.ZERO : new Ballot(round, 1);"),
                wire(
                        "Values",
                        "BALLOT_ROUND_CUT",
                        "only three bits of a ballot's round are decoded",
                        "case BALLOT_ROUND -> round = in.readInt64();",
                        "case BALLOT_ROUND -> round = in.readInt64() & 7;"),
                wire(
                        "MessageWriter",
                        "CHOICE_TOLD_AS_VOTE",
                        "that an entry of a promise is chosen is lost on the way",
                        ".setChosen(entry.chosen())",
                        ".setChosen(false)"),
                wire(
                        "MessageWriter",
                        "COVERED_RANGE_DROPPED",
                        "how far a chunk of a promise reaches is lost on the way",
                        ".setCoveredTo(promise.coveredTo())",
                        ".setCoveredTo(Long.MAX_VALUE)"),
                wire(
                        "MessageWriter",
                        "READ_ROUND_DROPPED",
                        "which round a heartbeat asks for is lost on the way",
                        "beat.readRound(),",
                        "Math.min(1, beat.readRound()),"));
    }

    /** The journal's promises. */
    static List<Mutant> journal() {
        return List.of(
                storage(
                        "Journal",
                        "BATCH_NOT_FORCED",
                        "a batch is called durable when it is written",
                        "        file.force(false);\n        number++;",
                        "        number++;"),
                storage(
                        "Journal",
                        "FORCE_RETRIED",
                        "a force that failed is asked for again, and believed",
                        "        file.force(false);\n        number++;",
                        "        try {\n            file.force(false);\n        } catch (IOException e) {\n"
                                + "            file.force(false);\n        }\n        number++;"),
                storage(
                                "Recovery",
                                "TAIL_READ_THROUGH_THE_CACHE",
                                "a start believes what the page cache shows of the end of the journal",
                                "disk.openPastCache(segment.name)",
                                "disk.open(segment.name, false)")
                        .foundBy("storage.PowerLossTest.what_only_the_page_cache_has_is_not_relied_on"),
                storage(
                                "Journal",
                                "SEGMENT_HEADER_NOT_FORCED",
                                "the manifest names a segment before its header is durable",
                                "            Writes.all(file, header.encode(), 0);\n            file.force(false);",
                                "            Writes.all(file, header.encode(), 0);")
                        .foundBy("storage.CrashEnumerationTest.rotation_into_a_segment_that_is_made_when_it_is_needed"),
                storage(
                        "Writes",
                        "SHORT_WRITE_TAKEN_FOR_WHOLE",
                        "what a short write leaves over is not written",
                        "left -= count;",
                        "left = 0;"),
                storage(
                        "Recovery",
                        "TORN_TAIL_REFUSED",
                        "a write that was not finished is taken for damage",
                        "LOG.info(\"{}: cut {} bytes at {}: a write that was not finished\", scan.path(), dataEnd - end, end);",
                        "if (dataEnd != end) {\n                throw Failures.damaged(scan.path(), end, \"the record is not what was written\", null);\n            }"),
                storage(
                        "SegmentScan",
                        "CRC_NOT_CHECKED",
                        "a record is believed whatever its checksum",
                        "if (expected != crc()) {",
                        "if (expected == crc() + 1) {"),
                storage(
                        "Journal",
                        "SEGMENT_NOT_NAMED",
                        "the manifest does not learn of a new segment",
                        "directory.replaceManifest(directory.manifest().with(spare.segment(), durable));",
                        ""),
                storage(
                        "Spares",
                        "SPARE_USED_TWICE",
                        "a spare segment that was taken is taken again",
                        "return ready.remove();",
                        "return spare;"),
                storage(
                        "CopiedFile",
                        "RENAME_NOT_SYNCED",
                        "the directory is not synced when the manifest is replaced",
                        "        disk.rename(temporary, name);\n        disk.syncDirectory();",
                        "        disk.rename(temporary, name);"),
                storage(
                        "CopiedFile",
                        "MANIFEST_NOT_FORCED",
                        "the manifest is replaced by one that is not durable yet",
                        "            file.force(true);\n        }\n        disk.rename",
                        "        }\n        disk.rename"),
                storage(
                        "CopiedFile",
                        "MANIFEST_REPLACED_IN_PLACE",
                        "the manifest is deleted and written anew",
                        "String temporary = name + TEMPORARY;",
                        "String temporary = name;"),
                storage(
                        "GroupIndex",
                        "INDEX_FORGETS_SLOTS",
                        "of a block of the journal only the first slot can be found",
                        "slotTo[count - 1] = Math.max(slotTo[count - 1], to);",
                        ""));
    }

    /** What the disk did not keep is not noticed. */
    static List<Mutant> damage() {
        return List.of(storage(
                "Recovery",
                "ROT_CUT_SILENTLY",
                "damage below the durable mark is passed over, and nobody is told",
                "damage.tell(visitor, marks);",
                ""));
    }
}
