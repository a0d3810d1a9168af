package dev.multipaxos.core;

/** One run of slots that is fetched from others: from where on, whom was asked, and when to ask again. */
final class Fetch {

    /**
     * Everything, as a value.
     *
     * @param asked the member asked last, by index; -1 before the first
     * @param askedFrom the first slot that was asked for last; 0 if nothing is missing
     * @param countdown ticks until the next question
     */
    record State(int asked, long askedFrom, int countdown) {}

    private final int patience; // ticks that a question has time
    private int asked = -1;
    private long askedFrom;
    private int countdown;

    Fetch(int patience) {
        this.patience = patience;
        this.countdown = patience;
    }

    int asked() {
        return asked;
    }

    long askedFrom() {
        return askedFrom;
    }

    /** Nothing is missing. */
    void rest() {
        askedFrom = 0;
        countdown = patience;
    }

    /** Lets a tick pass in which this is the first slot that is missing; says whether it is time to ask for it. */
    boolean isDue(long next) {
        if (askedFrom != next) { // progress, or the first tick of being behind
            askedFrom = next;
            countdown = patience;
        }
        if (--countdown <= 0) {
            countdown = patience;
            return true;
        }
        return false;
    }

    /** A member is asked for what begins with this slot. */
    void ask(int index, long next) {
        asked = index;
        askedFrom = next;
        countdown = patience;
    }

    State state() {
        return new State(asked, askedFrom, countdown);
    }

    void restore(State state) {
        asked = state.asked();
        askedFrom = state.askedFrom();
        countdown = state.countdown();
    }
}
