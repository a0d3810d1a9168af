package dev.multipaxos.testkit.tools;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;

/**
 * Something that is not as it was written.
 *
 * @param file where
 * @param offset where in that
 * @param what what is wrong
 */
record Damage(String file, long offset, String what) {

    @Override
    public String toString() {
        return file + ": offset " + offset + ": " + what;
    }

    static void write(JsonGenerator json, List<Damage> damage) throws IOException {
        json.writeArrayFieldStart("damage");
        for (Damage each : damage) {
            json.writeStartObject();
            json.writeStringField("file", each.file);
            json.writeNumberField("offset", each.offset);
            json.writeStringField("what", each.what);
            json.writeEndObject();
        }
        json.writeEndArray();
    }
}
