package dev.multipaxos.testkit.tools;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.multipaxos.testkit.tools.Summary.Group;
import dev.multipaxos.testkit.tools.Summary.Identity;
import dev.multipaxos.testkit.tools.Summary.Listed;
import dev.multipaxos.testkit.tools.Summary.Other;
import dev.multipaxos.testkit.tools.Summary.Segment;
import dev.multipaxos.testkit.tools.Summary.Snapshot;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.Pinned;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Command;

/** {@code paxos-log inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Says whose directory it is, what is in it, and what its journal says last of each group.")
final class InspectCommand extends DirectoryCommand {

    /** Made by picocli. */
    InspectCommand() {}

    @Override
    int run(PrintWriter out) throws IOException {
        Summary summary = new Summary();
        visit(summary);
        if (isJson()) {
            try (JsonGenerator json = json(out)) {
                write(json, summary);
            }
            out.println();
        } else {
            print(out, summary);
        }
        return summary.damage().isEmpty() ? 0 : 1;
    }

    // ---- for people ----

    private static void print(PrintWriter out, Summary summary) {
        Identity identity = summary.identity();
        if (identity != null) {
            out.println("node " + identity.node() + ", storage " + Long.toHexString(identity.storageId()));
            FoundingRecord founding = identity.founding();
            if (founding != null) {
                out.println("founded as group " + founding.group() + ", alpha " + founding.alpha() + ", quorums "
                        + founding.phase1() + " and " + founding.phase2());
                founding.members()
                        .forEach(member -> out.println("  member " + member.node() + " at " + member.address()));
            }
        }
        Listed listed = summary.listed();
        if (listed != null) {
            out.println(
                    "opened " + listed.bootCount() + " times, durable up to position " + summary.mark() + " at least");
        }
        for (Segment segment : summary.segments()) {
            out.println(segment.file + ": " + segment.bytes + " bytes, from position " + segment.position + ", batch "
                    + segment.firstBatch + ": " + segment.batches + " batches, " + segment.records + " records"
                    + slots(segment.slotFrom, segment.slotTo) + ", up to offset " + segment.end
                    + (segment.tail > 0 ? ", then " + segment.tail + " bytes that were not finished" : ""));
        }
        for (Map.Entry<Integer, Group> entry : summary.groups().entrySet()) {
            Group group = entry.getValue();
            out.println("group " + entry.getKey() + ": promised " + group.promisedRound + "." + group.promisedNode
                    + ", chosen up to slot " + group.chosenUpTo
                    + (group.trimmedUpTo > 0 ? ", trimmed up to slot " + group.trimmedUpTo : "") + ", " + group.records
                    + " records"
                    + slots(group.slotFrom, group.slotTo));
            for (Pinned pinned : group.pinned.values()) {
                out.println("  node " + pinned.node() + " is known by storage " + Long.toHexString(pinned.storageId()));
            }
        }
        for (Snapshot snapshot : summary.snapshots()) {
            out.println(snapshot.file() + ": group " + snapshot.group() + " up to slot " + snapshot.slot() + ", "
                    + snapshot.bytes() + " bytes");
        }
        for (Other other : summary.others()) {
            out.println(other.file() + ": " + other.bytes() + " bytes");
        }
        summary.damage().forEach(damage -> out.println("DAMAGED: " + damage));
    }

    private static String slots(long from, long to) {
        return to == 0 ? "" : ", slots " + from + " to " + to;
    }

    // ---- for programs ----

    private void write(JsonGenerator json, Summary summary) throws IOException {
        json.writeStartObject();
        json.writeStringField("directory", directory().toString());
        Identity identity = summary.identity();
        if (identity != null) {
            write(json, identity);
        }
        Listed listed = summary.listed();
        if (listed != null) {
            json.writeNumberField("bootCount", listed.bootCount());
            json.writeNumberField("durable", summary.mark());
        }
        json.writeArrayFieldStart("segments");
        for (Segment segment : summary.segments()) {
            write(json, segment);
        }
        json.writeEndArray();
        json.writeArrayFieldStart("groups");
        for (Map.Entry<Integer, Group> group : summary.groups().entrySet()) {
            write(json, group.getKey(), group.getValue());
        }
        json.writeEndArray();
        json.writeArrayFieldStart("snapshots");
        for (Snapshot snapshot : summary.snapshots()) {
            json.writeStartObject();
            json.writeStringField("file", snapshot.file());
            json.writeNumberField("group", snapshot.group());
            json.writeNumberField("slot", snapshot.slot());
            json.writeNumberField("bytes", snapshot.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("otherFiles");
        for (Other other : summary.others()) {
            json.writeStartObject();
            json.writeStringField("file", other.file());
            json.writeNumberField("bytes", other.bytes());
            json.writeEndObject();
        }
        json.writeEndArray();
        Damage.write(json, summary.damage());
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Identity identity) throws IOException {
        json.writeNumberField("node", identity.node());
        json.writeStringField("storageId", Long.toHexString(identity.storageId()));
        FoundingRecord founding = identity.founding();
        if (founding == null) {
            return;
        }
        json.writeObjectFieldStart("founding");
        json.writeNumberField("group", founding.group());
        json.writeNumberField("alpha", founding.alpha());
        json.writeNumberField("phase1", founding.phase1());
        json.writeNumberField("phase2", founding.phase2());
        json.writeArrayFieldStart("members");
        for (FoundingRecord.Founder member : founding.members()) {
            json.writeStartObject();
            json.writeNumberField("node", member.node());
            json.writeStringField("address", member.address());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, Segment segment) throws IOException {
        json.writeStartObject();
        json.writeStringField("file", segment.file);
        json.writeNumberField("bytes", segment.bytes);
        json.writeNumberField("position", segment.position);
        json.writeNumberField("firstBatch", segment.firstBatch);
        json.writeNumberField("batches", segment.batches);
        json.writeNumberField("records", segment.records);
        json.writeNumberField("slotFrom", segment.slotFrom);
        json.writeNumberField("slotTo", segment.slotTo);
        json.writeNumberField("end", segment.end);
        json.writeNumberField("unfinishedBytes", segment.tail);
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, int id, Group group) throws IOException {
        json.writeStartObject();
        json.writeNumberField("group", id);
        json.writeStringField("promised", group.promisedRound + "." + group.promisedNode);
        json.writeNumberField("chosenUpTo", group.chosenUpTo);
        json.writeNumberField("trimmedUpTo", group.trimmedUpTo);
        json.writeNumberField("records", group.records);
        json.writeNumberField("slotFrom", group.slotFrom);
        json.writeNumberField("slotTo", group.slotTo);
        json.writeArrayFieldStart("pinned");
        for (Pinned pinned : group.pinned.values()) {
            json.writeStartObject();
            json.writeNumberField("node", pinned.node());
            json.writeStringField("storageId", Long.toHexString(pinned.storageId()));
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
