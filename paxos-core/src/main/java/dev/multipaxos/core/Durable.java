package dev.multipaxos.core;

import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Unknown;
import java.util.List;

/**
 * What a restart sees: all that was appended and is on the disk. A crash keeps this part of {@link ReplicaState}, the rest
 * is gone.
 *
 * @param promised nothing below is accepted or promised
 * @param executed whoever restarts a replica from this has a state machine that executed the slots up to here. It is {@code base},
 *     unless the disk has lost chosen values or the snapshot that stood for them: then others have to give them once more
 * @param base slots up to here are chosen and out of memory
 * @param chosenUpTo the last {@link Record.ChosenUpTo}, at least {@code base}
 * @param entries what is held above {@code base}, ascending; {@code chosen} where a {@link Record.Chosen} says so
 * @param unknown the slots above {@code chosenUpTo} of which the disk has lost what it held; ascending, in none of them an entry
 */
public record Durable(
        Ballot promised, long executed, long base, long chosenUpTo, List<Entry> entries, List<Unknown> unknown) {

    /** A disk on which nothing was written yet. */
    public static final Durable EMPTY = new Durable(Ballot.ZERO, 0, 0, List.of());

    /**
     * Checks that the parts fit together.
     *
     * @throws InvariantViolation if the journal they come from contradicts itself
     */
    public Durable {
        entries = List.copyOf(entries);
        UnknownSlots lost = new UnknownSlots(unknown);
        unknown = lost.ranges();
        Invariants.check(
                executed >= 0 && base >= executed && chosenUpTo >= base,
                () -> "slot " + executed + " is executed and the chosen prefix ends at slot " + chosenUpTo + ", with "
                        + base + " between them");
        long expected = base;
        for (Entry entry : entries) {
            Invariants.check(
                    entry.slot() > expected && (entry.slot() == expected + 1 || expected >= chosenUpTo),
                    () -> "slot " + entry.slot() + " is out of order, or a slot below it is missing though "
                            + chosenUpTo + " slots are chosen");
            Invariants.check(
                    !promised.isBelow(entry.ballot()),
                    () -> "slot " + entry.slot() + " was accepted at " + entry.ballot() + ", above the promise "
                            + promised);
            Invariants.check(lost.upTo(entry.slot()) == null, () -> "slot " + entry.slot() + " is held and lost");
            expected = entry.slot();
        }
        long end = expected;
        Invariants.check(
                end >= chosenUpTo, () -> "slots " + (end + 1) + " to " + chosenUpTo + " are chosen, but not held");
    }

    /**
     * What a restart sees of a disk that has lost nothing.
     *
     * @param promised nothing below is accepted or promised
     * @param base slots up to here are chosen, executed and out of memory
     * @param chosenUpTo the last {@link Record.ChosenUpTo}, at least {@code base}
     * @param entries what is held above {@code base}, ascending
     */
    public Durable(Ballot promised, long base, long chosenUpTo, List<Entry> entries) {
        this(promised, base, base, chosenUpTo, entries, List.of());
    }

    /** {@return whether chosen values have to come from others before the state machine is where the log is} */
    public boolean isRebuilding() {
        return executed < base;
    }

    /** How many slots a log needs to hold all of it. */
    long span() {
        return entries.isEmpty() ? 0 : entries.get(entries.size() - 1).slot() - base;
    }
}
