package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * One client in the table of {@link Sessions}: a floor, and the answers at or above it, at their sequence modulo the capacity.
 */
final class Session {
    private static final int CAPACITY_MIN = 16;

    final long id;
    long lastUseMillis;
    long place;

    /** Its neighbours in {@link SessionsByUse}. */
    @Nullable
    Session older;

    @Nullable
    Session newer;

    long floor = 1;

    /** What the answers count, each with {@link Sessions#ANSWER_OVERHEAD_BYTES}. */
    long bytes;

    @Nullable
    Bytes[] answers = new @Nullable Bytes[CAPACITY_MIN];

    Session(long id, long nowMillis) {
        this.id = id;
        this.lastUseMillis = nowMillis;
    }

    void noteTo(SessionEntries entries) {
        entries.session(id, lastUseMillis, floor, place);
    }

    void noteAnswersGone(long below, SessionEntries entries) {
        noteGone(placesBelow(below), entries);
    }

    /** {@return how many places an acknowledgement frees; none if it is older than what was said before} */
    private int placesBelow(long acknowledged) {
        return (int)
                Math.max(0, Math.min(acknowledged - floor, answers.length)); // compared as long: it may be far below
    }

    private void noteGone(int places, SessionEntries entries) {
        for (int place = 0; place < places; place++) {
            if (answers[index(floor + place)] != null) {
                entries.answerGone(id, floor + place);
            }
        }
    }

    /** The session is gone, and all its answers. */
    void noteGone(SessionEntries entries) {
        entries.sessionGone(id);
        noteGone(answers.length, entries);
    }

    /** Forgets what is acknowledged; and gives back the room that many open commands have needed, when none is left. */
    void raiseFloor(long acknowledgedBelow) {
        for (int place = 0; place < placesBelow(acknowledgedBelow); place++) {
            long sequence = floor + place;
            Bytes answer = answers[index(sequence)];
            if (answer != null) {
                bytes -= answer.length() + Sessions.ANSWER_OVERHEAD_BYTES;
                answers[index(sequence)] = null;
            }
        }
        floor = Math.max(floor, acknowledgedBelow);
        if (bytes == 0 && answers.length > CAPACITY_MIN) {
            answers = new @Nullable Bytes[CAPACITY_MIN];
        }
    }

    @Nullable
    Bytes answer(long sequence) {
        return sequence - floor < answers.length ? answers[index(sequence)] : null;
    }

    void put(long sequence, Bytes answer) {
        if (sequence - floor >= answers.length) {
            grow(sequence - floor + 1);
        }
        answers[index(sequence)] = own(answer);
        bytes += answer.length() + Sessions.ANSWER_OVERHEAD_BYTES;
    }

    /** A few bytes of a large array, of the command's for instance, must not keep all of it. */
    private static Bytes own(Bytes answer) {
        return answer.length() == answer.array().length ? answer : Bytes.wrap(answer.toArray());
    }

    private void grow(long needed) {
        int capacity = answers.length;
        while (capacity < needed) {
            capacity *= 2;
        }
        @Nullable Bytes[] grown = new @Nullable Bytes[capacity];
        for (int place = 0; place < answers.length; place++) {
            long sequence = floor + place;
            grown[(int) (sequence & (capacity - 1))] = answers[index(sequence)];
        }
        answers = grown;
    }

    private int index(long sequence) {
        return (int) (sequence & (answers.length - 1));
    }
}
