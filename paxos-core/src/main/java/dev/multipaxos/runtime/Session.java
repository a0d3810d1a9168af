package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One client in the table of {@link Sessions}: a floor, and the answers at or above it, at their sequence modulo the capacity.
 */
final class Session {
    final long id;
    long lastUseMillis;
    long place;
    long floor = 1;

    @Nullable
    Bytes[] answers = new @Nullable Bytes[16];

    Session(long id, long nowMillis) {
        this.id = id;
        this.lastUseMillis = nowMillis;
    }

    void noteTo(SessionEntries entries) {
        entries.session(id, lastUseMillis, floor, place);
    }

    void noteAnswersGone(long below, SessionEntries entries) {
        for (long sequence = floor; sequence < Math.min(below, floor + answers.length); sequence++) {
            if (answers[index(sequence)] != null) {
                entries.answerGone(id, sequence);
            }
        }
    }

    void raiseFloor(long acknowledgedBelow) {
        if (acknowledgedBelow <= floor) {
            return;
        }
        if (acknowledgedBelow - floor >= answers.length) {
            Arrays.fill(answers, null);
        } else {
            for (long sequence = floor; sequence < acknowledgedBelow; sequence++) {
                answers[index(sequence)] = null;
            }
        }
        floor = acknowledgedBelow;
    }

    @Nullable
    Bytes answer(long sequence) {
        return sequence - floor < answers.length ? answers[index(sequence)] : null;
    }

    void put(long sequence, Bytes answer) {
        if (sequence - floor >= answers.length) {
            grow(sequence - floor + 1);
        }
        answers[index(sequence)] = answer;
    }

    private void grow(long needed) {
        int capacity = answers.length;
        while (capacity < needed) {
            capacity *= 2;
        }
        @Nullable Bytes[] grown = new @Nullable Bytes[capacity];
        for (long sequence = floor; sequence < floor + answers.length; sequence++) {
            grown[(int) (sequence & (capacity - 1))] = answers[index(sequence)];
        }
        answers = grown;
    }

    private int index(long sequence) {
        return (int) (sequence & (answers.length - 1));
    }
}
