package dev.multipaxos.core;

/** Knows what is chosen, and hands it out in order ({@code docs/protocol.md} §4, Watermark, and §6). */
final class Learner {

    private final ReplicatedLog log;

    private long chosenUpTo; // every slot up to here is chosen; the next one is not known to be
    private long recordedUpTo; // the last ChosenUpTo appended, at most chosenUpTo
    private long handedOut; // chosenUpTo; less only while what the disk has lost below the base is fetched
    private long executed; // what the state machine has done, at most handedOut

    Learner(ReplicatedLog log, Durable restored) {
        this.log = log;
        this.chosenUpTo = restored.chosenUpTo();
        this.recordedUpTo = restored.chosenUpTo();
        this.handedOut = restored.executed();
        this.executed = restored.executed();
    }

    void restore(long chosenPrefix, long handedOutPrefix, long executedPrefix) {
        chosenUpTo = chosenPrefix;
        handedOut = handedOutPrefix;
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

    /** The last slot whose value was given to the state machine. */
    long handedOut() {
        return handedOut;
    }

    /**
     * Whether the state machine has not got as far as the log, because the disk has lost chosen values, or the snapshot that
     * stood for them: these come from others, and are nowhere on this disk before a snapshot holds them.
     */
    boolean isRebuilding() {
        return executed < log.base();
    }

    void onExecuted(long slot) {
        Invariants.check(
                slot <= handedOut,
                () -> "slot " + slot + " was executed, but only " + handedOut + " were given to the state machine");
        executed = Math.max(executed, slot);
    }

    /** A durable snapshot stands for the slots up to this one, and the state machine was set to it. */
    void install(long slot, Effects effects) {
        chosenUpTo = Math.max(chosenUpTo, slot);
        handedOut = Math.max(handedOut, slot);
        executed = Math.max(executed, slot);
        if (recordedUpTo < slot) {
            recordedUpTo = slot;
            effects.append(
                    new Record.Installed(slot)); // or a replay without that snapshot would find a log with a hole
        }
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
            rebuild(
                    slot, value,
                    effects); // or known already, or too far ahead: it is fetched again when its turn comes
            return;
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

    /** A value that is chosen and lost here goes straight to the state machine, if it is its turn. */
    private void rebuild(long slot, Value value, Effects effects) {
        if (slot == handedOut + 1 && slot <= log.base()) {
            handedOut = slot;
            effects.execute(slot, value);
        }
    }

    /** Moves the end of the prefix over everything chosen, and has it executed as soon as what lies below is. */
    void advance(Effects effects) {
        while (chosenUpTo < log.top() && log.isChosen(chosenUpTo + 1)) {
            chosenUpTo++;
        }
        while (handedOut < chosenUpTo && handedOut >= log.base()) {
            handedOut++;
            effects.execute(handedOut, log.value(handedOut));
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
