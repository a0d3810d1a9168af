package dev.multipaxos.core;

/** Knows what is chosen, and hands it out in order ({@code docs/protocol.md} §4, Watermark, and §6). */
final class Learner {

    private final ReplicatedLog log;

    private long chosenUpTo; // every slot up to here is chosen; the next one is not known to be
    private long recordedUpTo; // the last ChosenUpTo appended, at most chosenUpTo
    private long executed; // what the state machine has done, at most chosenUpTo

    Learner(ReplicatedLog log, long chosenUpTo, long recordedUpTo, long executed) {
        this.log = log;
        this.chosenUpTo = chosenUpTo;
        this.recordedUpTo = recordedUpTo;
        this.executed = executed;
    }

    void restore(long chosenPrefix, long executedPrefix) {
        chosenUpTo = chosenPrefix;
        executed = executedPrefix;
    }

    long chosenUpTo() {
        return chosenUpTo;
    }

    long recordedUpTo() {
        return recordedUpTo;
    }

    long executed() {
        return executed;
    }

    void onExecuted(long slot) {
        Invariants.check(
                slot <= chosenUpTo, () -> "slot " + slot + " was executed, but only " + chosenUpTo + " are chosen");
        executed = Math.max(executed, slot);
    }

    /** A durable snapshot stands for the slots up to this one. */
    void install(long slot) {
        chosenUpTo = Math.max(chosenUpTo, slot);
        recordedUpTo = Math.max(recordedUpTo, slot);
        executed = Math.max(executed, slot);
    }

    /**
     * The leader of {@code ballot} says that the slots up to {@code upTo} are chosen. That speaks only of what was accepted at
     * that very ballot; an entry of any other ballot, older or newer, is fetched.
     */
    void onWatermark(Ballot ballot, long upTo) {
        long last = Math.min(upTo, log.top());
        for (long slot = chosenUpTo + 1; slot <= last; slot++) {
            if (log.isVotedAt(slot, ballot)) {
                log.choose(slot);
            }
        }
    }

    /** The value of a slot, learned from somebody who knows; whoever leads has compared it with its own proposal before. */
    void learn(long slot, Value value, Effects effects) {
        if (!log.inMemory(slot)) {
            return; // known already, or too far ahead: it is fetched again when its turn comes
        }
        if (log.isChosen(slot)) {
            Invariants.agreement(slot, log.value(slot), log.ballot(slot), value, Ballot.ZERO);
        } else if (!log.isEmpty(slot) && log.value(slot).equals(value)) {
            log.choose(slot); // the vote on the disk holds the same value
        } else {
            log.learn(slot, value);
            effects.append(new Record.Chosen(slot, value));
        }
    }

    /** Moves the end of the prefix over everything chosen, and has it executed. */
    void advance(Effects effects) {
        while (chosenUpTo < log.top() && log.isChosen(chosenUpTo + 1)) {
            chosenUpTo++;
            effects.execute(chosenUpTo, log.value(chosenUpTo));
        }
    }

    /** Writes down how far the prefix reaches, behind every entry that it covers. */
    void recordChosenUpTo(Effects effects) {
        if (recordedUpTo < chosenUpTo) {
            recordedUpTo = chosenUpTo;
            effects.append(new Record.ChosenUpTo(chosenUpTo));
        }
    }
}
