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
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Entry(
            long id,
            long lastUseMillis,
            long floor,
            @Nullable Bytes[] answers) {

        private @Nullable Bytes answer(long sequence) {
            return answers[(int) (sequence & (answers.length - 1))];
        }

        private int count() {
            int count = 0;
            for (Bytes answer : answers) {
                count += answer == null ? 0 : 1;
            }
            return count;
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
            write(
                    new SnapshotPart.Session(session.id(), session.lastUseMillis(), session.floor(), session.count()),
                    out);
            for (long sequence = session.floor(); sequence < session.floor() + session.answers().length; sequence++) {
                Bytes answer = session.answer(sequence);
                if (answer != null) {
                    write(new SnapshotPart.Answer(sequence, answer), out);
                }
            }
        }
    }

    /** Writes a part of a snapshot behind its length. */
    static void write(SnapshotPart part, OutputStream out) throws IOException {
        Bytes encoded = SnapshotCodec.encode(part);
        out.write(encoded.array(), encoded.offset(), encoded.length());
    }
}
