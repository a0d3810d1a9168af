package dev.multipaxos.testkit.sim;

import org.jspecify.annotations.Nullable;

/**
 * Something that is going to happen.
 *
 * @param time when, in microseconds
 * @param sequence tells those of one time apart
 * @param kind what it is
 * @param node whom it happens to; null for what happens to the world
 * @param life the node's life that it belongs to; 0 if any will do
 * @param detail one number that the trace takes in
 * @param action what happens
 */
record Event(long time, long sequence, Kind kind, @Nullable SimulatedNode node, int life, long detail, Runnable action)
        implements Comparable<Event> {

    enum Kind {
        TICK,
        TURN,
        DIAL,
        MESSAGE,
        SYNCED,
        EXECUTED,
        LOG_READ,
        SNAPSHOT,
        TRANSFER,
        SCRUB,
        BACKGROUND,
        START,
        CLIENT,
        FAULT
    }

    @Override
    public int compareTo(Event other) {
        int byTime = Long.compare(time, other.time);
        return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }
}
