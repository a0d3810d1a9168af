package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What was executed where in the log, and where reads looked; for the {@link WitnessChecker}. A position is a slot and an index
 * within its batch. Every replica may report all that it executes, in any order and again after a restart: what is said twice
 * counts once. Commands that were <i>not</i> executed though they are in the log, such as a repeat that its session suppressed,
 * are not reported.
 *
 * <p>One thread uses it.
 */
public final class LogWitness {

    private static final int WHOLE_SLOT = Integer.MAX_VALUE;
    private static final long UNKNOWN_TIME = Long.MIN_VALUE;

    /**
     * Something that stands at a position: a command, or behind it a read.
     *
     * @param id the operation's
     */
    record Entry(long id, long slot, int index, boolean isRead) {

        /** Reads stand behind the command of their position. */
        static final Comparator<Entry> ORDER = Comparator.comparingLong(Entry::slot)
                .thenComparingInt(Entry::index)
                .thenComparing(Entry::isRead);

        boolean isSamePlace(Entry other) {
            return slot == other.slot && index == other.index && isRead == other.isRead;
        }

        @Override
        public String toString() {
            return (isRead ? "behind slot " : "in slot ") + slot + (index == WHOLE_SLOT ? "" : " index " + index);
        }
    }

    private final Map<Entry, Long> executed = new HashMap<>(); // with the earliest time
    private final Map<Long, Entry> reads = new HashMap<>();

    /** Nothing was executed yet. */
    public LogWitness() {}

    /**
     * A command was executed, at a time that is not known.
     *
     * @param id the operation's
     * @param slot where
     * @param index which command of the slot, from 0 on
     */
    public void executed(long id, long slot, int index) {
        executed(id, slot, index, UNKNOWN_TIME);
    }

    /**
     * A command was executed. The time lets the checker see that it was not executed before it was asked for, nor answered before
     * it was executed.
     *
     * @param id the operation's
     * @param slot where
     * @param index which command of the slot, from 0 on
     * @param at when, in the unit of the history: {@link Recorder#time}
     */
    public void executed(long id, long slot, int index, long at) {
        executed.merge(new Entry(id, slot, index, false), at, Math::min);
    }

    /**
     * A read looked at the state after a slot. If a read is tried again, the last time counts, which gave the answer.
     *
     * @param id the operation's
     * @param slot the last slot that was executed; 0 if none was
     */
    public void readAfter(long id, long slot) {
        readAfter(id, slot, WHOLE_SLOT);
    }

    /**
     * A read looked at the state after a command, within a slot.
     *
     * @param id the operation's
     * @param slot where the last command was executed
     * @param index which command of the slot that was
     */
    public void readAfter(long id, long slot, int index) {
        reads.put(id, new Entry(id, slot, index, true));
    }

    /** {@return all entries in the order of the log; reads of one place in the order of their calls} */
    List<Entry> inOrder(Comparator<Long> idsByCall) {
        List<Entry> all = new ArrayList<>(executed.keySet());
        all.addAll(reads.values());
        all.sort(Entry.ORDER.thenComparing(Entry::id, idsByCall));
        return all;
    }

    boolean isTimeKnown(Entry command) {
        return timeOf(command) != UNKNOWN_TIME;
    }

    long timeOf(Entry command) {
        return executed.getOrDefault(command, UNKNOWN_TIME);
    }
}
