package dev.multipaxos.core;

import dev.multipaxos.core.Message.Entry;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The slots that are in memory: a ring from {@code base + 1} to {@code base + capacity}. Slots up to {@code base} are chosen
 * and not here: executed and durable, mostly, and read from the journal; where a disk was damaged, fetched once more.
 */
final class ReplicatedLog {

    private static final byte EMPTY = 0;
    private static final byte ACCEPTED = 1;
    private static final byte CHOSEN = 2;
    /** Chosen, and a {@link Record.Chosen} says so on the disk. */
    private static final byte CHOSEN_RECORDED = 3;

    private final int capacity;
    private final @Nullable Value[] values;
    private final Ballot[] ballots; // ZERO: never voted for, or only for another value than the chosen one
    private final byte[] states;

    private long base;
    private long top; // the highest slot that is not empty, or base
    private long bytes; // payload in the ring
    private UnknownSlots unknown = UnknownSlots.NONE; // above base, and empty

    ReplicatedLog(int capacity, long base) {
        this.capacity = capacity;
        this.values = new Value[capacity];
        this.ballots = new Ballot[capacity];
        this.states = new byte[capacity];
        this.base = base;
        this.top = base;
    }

    private int at(long slot) {
        return (int) (slot % capacity);
    }

    /** How many slots have a place. */
    int capacity() {
        return capacity;
    }

    long base() {
        return base;
    }

    long top() {
        return top;
    }

    /** The highest slot that the ring has a place for. */
    long end() {
        return base + capacity;
    }

    long bytes() {
        return bytes;
    }

    /** The slots of which the disk has lost what it held; until they are voted for again, or learned. */
    UnknownSlots unknown() {
        return unknown;
    }

    /** What was lost is lost above the base only: what is chosen and executed is missed by nobody. */
    void restoreUnknown(UnknownSlots lost) {
        unknown = lost.within(base + 1, Long.MAX_VALUE);
    }

    boolean inMemory(long slot) {
        return slot > base && slot <= end();
    }

    boolean isEmpty(long slot) {
        return slot > top || states[at(slot)] == EMPTY;
    }

    boolean isChosen(long slot) {
        return slot <= base || (slot <= top && states[at(slot)] >= CHOSEN);
    }

    /** Whether the value in memory was voted for at exactly this ballot. */
    boolean isVotedAt(long slot, Ballot ballot) {
        return slot > base && slot <= top && states[at(slot)] != EMPTY && ballots[at(slot)].equals(ballot);
    }

    /** The value of a slot that is not empty. */
    Value value(long slot) {
        Value value = values[at(slot)];
        if (value == null || slot <= base || slot > top) {
            throw new IllegalStateException("slot " + slot + " is not in memory");
        }
        return value;
    }

    Ballot ballot(long slot) {
        return isEmpty(slot) ? Ballot.ZERO : ballots[at(slot)];
    }

    /** Notes a vote. A chosen slot stays chosen: the value is the same. */
    void accept(long slot, Ballot ballot, Value value) {
        put(slot, ballot, value, isChosen(slot) ? states[at(slot)] : ACCEPTED);
    }

    /** The value held is the chosen one. */
    void choose(long slot) {
        if (states[at(slot)] == ACCEPTED) {
            states[at(slot)] = CHOSEN;
        }
    }

    /** The chosen value came from others and is on the disk as such. */
    void learn(long slot, Value value) {
        put(slot, Ballot.ZERO, value, CHOSEN_RECORDED);
    }

    private void put(long slot, Ballot ballot, Value value, byte state) {
        int at = at(slot);
        for (long empty = top + 1; empty <= slot; empty++) {
            clear(empty);
        }
        top = Math.max(top, slot);
        unknown = unknown.without(slot);
        Value old = values[at];
        bytes += value.bytes() - (old == null ? 0 : old.bytes());
        values[at] = value;
        ballots[at] = ballot;
        states[at] = state;
    }

    private void clear(long slot) {
        int at = at(slot);
        values[at] = null;
        ballots[at] = Ballot.ZERO;
        states[at] = EMPTY;
    }

    /** Forgets the slots up to this one: they are chosen, executed and durable, or a snapshot stands for them. */
    void dropUpTo(long slot) {
        if (slot <= base) {
            return;
        }
        for (long held = base + 1; held <= Math.min(slot, top); held++) {
            Value old = values[at(held)];
            bytes -= old == null ? 0 : old.bytes();
            clear(held);
        }
        base = slot;
        top = Math.max(top, base);
        unknown = unknown.isEmpty() ? unknown : unknown.within(base + 1, Long.MAX_VALUE);
    }

    /** What a promise says of the slots {@code from} to {@code to}. */
    List<Entry> entries(long from, long to) {
        List<Entry> entries = new ArrayList<>();
        for (long slot = from; slot <= Math.min(to, top); slot++) {
            if (!isEmpty(slot)) {
                entries.add(new Entry(slot, ballot(slot), value(slot), isChosen(slot)));
            }
        }
        return entries;
    }

    /** What the disk says of the slots in memory: a choice counts only if it was recorded. */
    List<Entry> durableEntries() {
        List<Entry> entries = new ArrayList<>();
        for (Entry entry : entries(base + 1, top)) {
            boolean recorded = states[at(entry.slot())] == CHOSEN_RECORDED;
            entries.add(new Entry(entry.slot(), entry.ballot(), entry.value(), recorded));
        }
        return entries;
    }

    /** Puts back what {@link #durableEntries} or {@link Replay} gave. */
    void restore(Entry entry, boolean chosen) {
        byte state = entry.chosen() ? CHOSEN_RECORDED : chosen ? CHOSEN : ACCEPTED;
        put(entry.slot(), entry.ballot(), entry.value(), state);
    }
}
