package dev.multipaxos.core;

import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Unknown;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Folds a journal into what a replica starts from. Chosen slots are handed out in order on the way, so that a long journal needs
 * no more memory than the slots that were open at once.
 */
public final class Replay {

    /** Takes the chosen slots: 1, 2, 3 … with no gap. */
    @FunctionalInterface
    public interface Execute {
        /**
         * Executes a slot.
         *
         * @param slot the slot
         * @param value the chosen value
         */
        void execute(long slot, Value value);
    }

    private final Execute execute;
    private final TreeMap<Long, Entry> entries = new TreeMap<>(); // above base
    private Ballot promised = Ballot.ZERO;
    private long executed;
    private long base; // chosen up to here; above executed once a value was missing
    private long excused; // up to here a value may be missing: a snapshot stood for it
    private SlotRanges lost = SlotRanges.EMPTY;
    private UnknownSlots unknown = UnknownSlots.NONE;

    /**
     * Begins with an empty journal that was never trimmed.
     *
     * @param executed the last slot that the state machine has executed; the records of slots up to there are passed over
     * @param execute gets the chosen slots above
     */
    public Replay(long executed, Execute execute) {
        this(executed, 0, execute);
    }

    /**
     * Begins with an empty journal.
     *
     * @param executed the last slot that the state machine has executed; the records of slots up to there are passed over
     * @param trimmedUpTo all slots up to here are chosen, and their records may be gone
     * @param execute gets the chosen slots above {@code executed}, as far as there is no value missing
     */
    public Replay(long executed, long trimmedUpTo, Execute execute) {
        this.executed = executed;
        this.base = executed;
        this.excused = trimmedUpTo;
        this.execute = execute;
    }

    /**
     * Takes the next record.
     *
     * @param record the record
     * @throws InvariantViolation if it contradicts those before it
     */
    public void record(Record record) {
        if (record instanceof Record.Promised promise) {
            promised = promised.max(promise.ballot());
        } else if (record instanceof Record.Accepted vote) {
            promised = promised.max(vote.ballot());
            onAccepted(vote);
        } else if (record instanceof Record.Chosen choice) {
            onChosen(choice);
        } else if (record instanceof Record.ChosenUpTo prefix) {
            onChosenUpTo(prefix.slot());
        } else if (record instanceof Record.Installed snapshot) {
            excused = Math.max(excused, snapshot.slot());
            forgetVotesUpTo(snapshot.slot());
            onChosenUpTo(snapshot.slot());
        }
    }

    /**
     * Hears that records are lost whose place in the order is here. A vote that was read before may have been followed by one
     * of them, and counts as lost, too; a choice stays a choice. None of the votes that were lost is of a higher ballot than
     * what was promised behind them: that is the same at every start, so nothing needs to be written about it.
     *
     * @param slotFrom the first slot that they may have touched; 0 if they touched none
     * @param slotTo the last slot that they may have touched; 0 if they touched none
     * @param promisedBehind what was promised behind them
     */
    public void damaged(long slotFrom, long slotTo, Ballot promisedBehind) {
        promised = promised.max(promisedBehind);
        forgetVotesUpTo(excused); // that a snapshot was installed may be among what is lost
        if (slotTo == 0) {
            return;
        }
        lost = lost.with(Math.max(1, slotFrom), slotTo);
        if (slotTo > base) {
            long first = Math.max(slotFrom, base + 1);
            unknown = unknown.with(new Unknown(first, slotTo, promised));
            SortedMap<Long, Entry> touched = entries.subMap(first, true, slotTo, true);
            touched.values().removeIf(entry -> !entry.chosen());
            touched.keySet().forEach(slot -> unknown = unknown.without(slot));
        }
    }

    /** A snapshot stood for these slots, and hid whether what this node had voted for is what was chosen. */
    private void forgetVotesUpTo(long slot) {
        entries.headMap(slot, true).values().removeIf(entry -> !entry.chosen());
    }

    /** {@return all slots of which records were lost, chosen ones too: what the journal says of them may not be the last word} */
    public SlotRanges lost() {
        return lost;
    }

    private void onAccepted(Record.Accepted vote) {
        if (vote.slot() <= base) {
            return; // a later leader proposed the chosen value again
        }
        Entry held = entries.get(vote.slot());
        boolean chosen = held != null && held.chosen();
        if (held != null && chosen) {
            Invariants.agreement(vote.slot(), held.value(), held.ballot(), vote.value(), vote.ballot());
        }
        unknown = unknown.without(vote.slot());
        entries.put(vote.slot(), new Entry(vote.slot(), vote.ballot(), vote.value(), chosen));
    }

    private void onChosen(Record.Chosen choice) {
        if (choice.slot() > base) {
            unknown = unknown.without(choice.slot());
            entries.put(choice.slot(), new Entry(choice.slot(), Ballot.ZERO, choice.value(), true));
        }
    }

    private void onChosenUpTo(long slot) {
        while (base < slot) {
            Entry entry = entries.remove(base + 1);
            if (entry == null) {
                base = endOfHole(slot);
            } else {
                base++;
                if (executed == base - 1) { // nothing was missing so far
                    executed = base;
                    execute.execute(executed, entry.value());
                }
            }
        }
    }

    /** Goes over slots that are chosen and whose value is missing, in one leap where a snapshot stood for them. */
    private long endOfHole(long chosenUpTo) {
        long first = base + 1;
        if (first <= excused) {
            Long held = entries.ceilingKey(first);
            long last = held == null ? excused : Math.min(excused, held - 1);
            return Math.min(chosenUpTo, last);
        }
        if (lost.containsAll(first, first)) {
            return first;
        }
        throw new InvariantViolation(
                "the journal says that slots up to " + chosenUpTo + " are chosen, but has no value for slot " + first);
    }

    /**
     * Ends the journal.
     *
     * @return what a replica starts from; everything up to its {@code executed} was handed out
     */
    public Durable finish() {
        onChosenUpTo(excused);
        return new Durable(
                promised,
                executed,
                base,
                base,
                List.copyOf(entries.values()),
                unknown.within(base + 1, Long.MAX_VALUE).ranges());
    }
}
