package dev.multipaxos.examples.kv;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes fields one after the other: numbers in groups of seven bits, low ones first; texts as a length and UTF-8. */
final class FieldWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    FieldWriter octet(int value) {
        out.write(value);
        return this;
    }

    FieldWriter flag(boolean value) {
        return octet(value ? 1 : 0);
    }

    FieldWriter number(long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.write((int) ((rest & 0x7F) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
        return this;
    }

    FieldWriter text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        number(utf8.length);
        out.write(utf8, 0, utf8.length);
        return this;
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }
}
