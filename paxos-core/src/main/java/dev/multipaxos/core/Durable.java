package dev.multipaxos.core;

import dev.multipaxos.core.Message.Entry;
import java.util.List;

/**
 * What a restart sees: all that was appended and is on the disk. A crash keeps this part of {@link ReplicaState}, the rest
 * is gone.
 *
 * @param promised nothing below is accepted or promised
 * @param base slots up to here are chosen, executed and out of memory; whoever restarts a replica from this has a state machine
 *     that executed them
 * @param chosenUpTo the last {@link Record.ChosenUpTo}, at least {@code base}
 * @param entries what is held above {@code base}, ascending; {@code chosen} where a {@link Record.Chosen} says so
 */
public record Durable(Ballot promised, long base, long chosenUpTo, List<Entry> entries) {

    /** How many slots a log needs to hold all of it. */
    long span() {
        return entries.isEmpty() ? 0 : entries.get(entries.size() - 1).slot() - base;
    }

    /** A disk on which nothing was written yet. */
    public static final Durable EMPTY = new Durable(Ballot.ZERO, 0, 0, List.of());

    /**
     * Checks that the parts fit together.
     *
     * @throws InvariantViolation if the journal they come from contradicts itself
     */
    public Durable {
        entries = List.copyOf(entries);
        Invariants.check(
                base >= 0 && chosenUpTo >= base,
                () -> "the chosen prefix ends at slot " + chosenUpTo + ", before " + base);
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
            expected = entry.slot();
        }
        long end = expected;
        Invariants.check(
                end >= chosenUpTo, () -> "slots " + (end + 1) + " to " + chosenUpTo + " are chosen, but not held");
    }
}
