package dev.multipaxos.core;

import dev.multipaxos.core.Message.Entry;
import java.util.List;
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
    private final TreeMap<Long, Entry> entries = new TreeMap<>();
    private Ballot promised = Ballot.ZERO;
    private long executed;

    /**
     * Begins with an empty journal.
     *
     * @param executed the last slot that the state machine has executed; the records of slots up to there are passed over
     * @param execute gets the chosen slots above
     */
    public Replay(long executed, Execute execute) {
        this.executed = executed;
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
        }
    }

    private void onAccepted(Record.Accepted vote) {
        if (vote.slot() <= executed) {
            return; // a later leader proposed the chosen value again
        }
        Entry held = entries.get(vote.slot());
        boolean chosen = held != null && held.chosen();
        if (held != null && chosen) {
            Invariants.agreement(vote.slot(), held.value(), held.ballot(), vote.value(), vote.ballot());
        }
        entries.put(vote.slot(), new Entry(vote.slot(), vote.ballot(), vote.value(), chosen));
    }

    private void onChosen(Record.Chosen choice) {
        if (choice.slot() > executed) {
            entries.put(choice.slot(), new Entry(choice.slot(), Ballot.ZERO, choice.value(), true));
        }
    }

    private void onChosenUpTo(long slot) {
        while (executed < slot) {
            Entry entry = entries.remove(executed + 1);
            if (entry == null) {
                throw new InvariantViolation("the journal says that slots up to " + slot
                        + " are chosen, but has no value for slot " + (executed + 1));
            }
            executed++;
            execute.execute(executed, entry.value());
        }
    }

    /**
     * Ends the journal.
     *
     * @return what a replica starts from; everything up to its {@code base} was handed out
     */
    public Durable finish() {
        return new Durable(promised, executed, executed, List.copyOf(entries.values()));
    }
}
