package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.SnapshotCodec;
import dev.multipaxos.wire.SnapshotPart;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sessions as they were between two slots; executions that follow do not change it. Answers are shared, not copied.
 *
 * @param logTimeMillis the time of the log
 * @param sessions in the order of last use, the eldest first
 */
record SessionTable(long logTimeMillis, List<Entry> sessions) {

    /** One session, with its answers at their sequence modulo the length of the array, a power of two. */
    static final class Entry {
        private final long id;
        private final long lastUseMillis;
        private final long floor;
        private final @Nullable Bytes[] answers;

        Entry(long id, long lastUseMillis, long floor, @Nullable Bytes[] answers) {
            this.id = id;
            this.lastUseMillis = lastUseMillis;
            this.floor = floor;
            this.answers = answers;
        }

        private void writeTo(OutputStream out) throws IOException {
            int count = 0;
            for (Bytes answer : answers) {
                count += answer == null ? 0 : 1;
            }
            write(new SnapshotPart.Session(id, lastUseMillis, floor, count), out);
            for (int place = 0; place < answers.length; place++) {
                long sequence = floor + place;
                Bytes answer = answers[(int) (sequence & (answers.length - 1))];
                if (answer != null) {
                    write(new SnapshotPart.Answer(sequence, answer), out);
                }
            }
        }
    }

    /**
     * Writes the sessions one by one.
     *
     * @param out where to
     * @throws IOException if {@code out} fails
     */
    void writeTo(OutputStream out) throws IOException {
        for (Entry session : sessions) {
            session.writeTo(out);
        }
    }

    /** Writes a part of a snapshot behind its length. */
    static void write(SnapshotPart part, OutputStream out) throws IOException {
        Bytes encoded = SnapshotCodec.encode(part);
        out.write(encoded.array(), encoded.offset(), encoded.length());
    }
}
