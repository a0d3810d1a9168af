package dev.multipaxos.testkit.tools;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

/** {@code paxos-log verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Checks every checksum, and says where something is not what was written; exit code 1 then.")
final class VerifyCommand extends DirectoryCommand {

    /** Made by picocli. */
    VerifyCommand() {}

    @Override
    int run(PrintWriter out) throws IOException {
        Summary summary = new Summary();
        visit(summary);
        boolean whole = summary.damage().isEmpty();
        if (isJson()) {
            try (JsonGenerator json = json(out)) {
                json.writeStartObject();
                json.writeBooleanField("whole", whole);
                json.writeNumberField("segments", summary.segments().size());
                json.writeNumberField("batches", summary.batches());
                json.writeNumberField("records", summary.records());
                json.writeNumberField("snapshots", summary.snapshots().size());
                json.writeNumberField("unfinishedBytes", summary.tail());
                Damage.write(json, summary.damage());
                json.writeEndObject();
            }
            out.println();
        } else {
            summary.damage().forEach(out::println);
            if (summary.tail() > 0) {
                out.println("a write of " + summary.tail()
                        + " bytes at the end was not finished; nobody was told of it, and the next start removes it");
            }
            out.println((whole ? "whole: " : "DAMAGED: ") + summary.segments().size() + " segments, "
                    + summary.batches() + " batches, " + summary.records() + " records, "
                    + summary.snapshots().size() + " snapshots");
        }
        return whole ? 0 : 1;
    }
}
