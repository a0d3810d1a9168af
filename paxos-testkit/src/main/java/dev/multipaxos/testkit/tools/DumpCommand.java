package dev.multipaxos.testkit.tools;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.storage.inspect.DirectoryVisitor;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code paxos-log dump}. */
@Command(
        name = "dump",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        showDefaultValues = true,
        description = "Prints the records of the journal in the order in which they were written, one a line.")
@SuppressWarnings("FieldMayBeFinal") // picocli sets the options
final class DumpCommand extends DirectoryCommand {

    @Option(names = "--group", paramLabel = "N", description = "only records of this group; 0 means all")
    private int group = 0;

    @Option(
            names = "--from",
            paramLabel = "SLOT",
            description = "only records that touch this slot or a later one; 0 means those that touch none, too")
    private long from = 0;

    @Option(
            names = "--to",
            paramLabel = "SLOT",
            defaultValue = "9223372036854775807",
            description = "only records that touch this slot or an earlier one, or none")
    private long to;

    @Option(names = "--values", description = "print the values, in hexadecimal digits, not only their sizes")
    private boolean values;

    /** Made by picocli. */
    DumpCommand() {}

    @Override
    int run(PrintWriter out) throws IOException {
        if (to < from) {
            throw wrong("--to " + to + " is below --from " + from);
        }
        Lines lines = new Lines(out);
        try {
            visit(lines);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return lines.damaged ? 1 : 0;
    }

    private final class Lines implements DirectoryVisitor {
        private final PrintWriter out;
        private boolean damaged;

        Lines(PrintWriter out) {
            this.out = out;
        }

        @Override
        public void record(String file, long offset, int id, int kind, long slotFrom, long slotTo, Bytes body) {
            if ((group != 0 && id != group) || slotTo < from || slotFrom > to) {
                return;
            }
            try {
                RecordText text = RecordText.of(kind, body);
                if (isJson()) {
                    print(file, offset, id, slotFrom, slotTo, text);
                } else {
                    out.println(file + ":" + offset + " group " + id + slots(slotFrom, slotTo) + " " + text.kind()
                            + (text.detail().isEmpty() ? "" : " " + text.detail()) + value(text.value()));
                }
            } catch (WireException e) {
                damage(file, offset, "kind " + kind + ", " + body + ", cannot be understood: " + e.getMessage());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void print(String file, long offset, int id, long slotFrom, long slotTo, RecordText text)
                throws IOException {
            try (JsonGenerator json = json(out)) {
                json.writeStartObject();
                json.writeStringField("file", file);
                json.writeNumberField("offset", offset);
                json.writeNumberField("group", id);
                json.writeStringField("kind", text.kind());
                json.writeNumberField("slotFrom", slotFrom);
                json.writeNumberField("slotTo", slotTo);
                json.writeStringField("detail", text.detail());
                Bytes value = text.value();
                if (value != null) {
                    json.writeNumberField("valueBytes", value.length());
                    if (values) {
                        json.writeStringField("value", hex(value));
                    }
                }
                json.writeEndObject();
            }
            out.println();
        }

        @Override
        public void damage(String file, long offset, String what) {
            damaged = true;
            Damage found = new Damage(file, offset, what);
            if (!isJson()) {
                out.println("DAMAGED: " + found);
                return;
            }
            try (JsonGenerator json = json(out)) {
                json.writeStartObject();
                json.writeStringField("file", file);
                json.writeNumberField("offset", offset);
                json.writeStringField("damage", what);
                json.writeEndObject();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            out.println();
        }

        private String slots(long slotFrom, long slotTo) {
            return slotTo == 0 ? "" : slotFrom == slotTo ? " slot " + slotTo : " slots " + slotFrom + " to " + slotTo;
        }

        private String value(@Nullable Bytes value) {
            return value == null ? "" : ", " + value.length() + " bytes" + (values ? " " + hex(value) : "");
        }

        private String hex(Bytes value) {
            return HexFormat.of().formatHex(value.array(), value.offset(), value.offset() + value.length());
        }
    }
}
