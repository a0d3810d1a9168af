package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import java.util.ArrayList;
import java.util.List;

/** What must be on one node's disk, over all its lives: what was appended, how much of it was forced, and what that says. */
final class DurableFacts {

    /** A record, as the storage was given it. */
    record Appended(int kind, Bytes bytes) {}

    private final int node;
    private final List<Appended> appended = new ArrayList<>(); // oldest first
    private int durable; // of them, those that were forced
    private long position;
    private int lost; // at the last start: appended, and not found
    private int keptUnforced; // at the last start: found, and never forced
    private int lives; // how often a start read the disk

    private Ballot promised = Ballot.ZERO;
    private long chosenUpTo;
    private final List<Ballot> votes = new ArrayList<>(); // the last one for each slot, from slot 1 on

    DurableFacts(int node) {
        this.node = node;
    }

    int node() {
        return node;
    }

    Ballot promised() {
        return promised;
    }

    long chosenUpTo() {
        return chosenUpTo;
    }

    long lastVoted() {
        return votes.size();
    }

    /** {@return the ballot of the last vote for a slot, or zero} */
    Ballot vote(long slot) {
        return votes.get((int) slot - 1);
    }

    int lost() {
        return lost;
    }

    int keptUnforced() {
        return keptUnforced;
    }

    // ---- the journal ----

    void append(Appended record) {
        appended.add(record);
    }

    /** {@return the records that became durable just now} */
    List<Appended> forced() {
        List<Appended> fresh = List.copyOf(appended.subList(durable, appended.size()));
        durable = appended.size();
        return fresh;
    }

    /** What a start finds is a prefix of what was appended, and holds everything that was forced. */
    void recovered(List<Appended> found) {
        lives++;
        check(
                found.size() >= durable && found.size() <= appended.size(),
                () -> "recovery: node " + node + " finds " + found.size() + " records, but appended " + appended.size()
                        + " and forced " + durable);
        for (int i = 0; i < found.size(); i++) {
            int at = i;
            check(
                    found.get(at).equals(appended.get(at)),
                    () -> "recovery: node " + node + " finds " + found.get(at) + " as record " + at + ", but appended "
                            + appended.get(at));
        }
        lost = appended.size() - found.size();
        keptUnforced = found.size() - durable;
        appended.subList(found.size(), appended.size()).clear();
    }

    /** The logical end of the journal never falls. */
    void position(long now) {
        check(now >= position, () -> "the journal of node " + node + " ends at " + now + ", before " + position);
        position = now;
    }

    int lives() {
        return lives;
    }

    // ---- what it says ----

    void promise(Ballot ballot) {
        check(
                !ballot.isBelow(promised),
                () -> "promises only rise: the disk of node " + node + " has " + ballot + " after " + promised);
        promised = ballot;
    }

    void voted(long slot, Ballot ballot) {
        while (votes.size() < slot) {
            votes.add(Ballot.ZERO);
        }
        votes.set((int) slot - 1, ballot);
    }

    void chosenUpTo(long slot) {
        chosenUpTo = Math.max(chosenUpTo, slot);
    }
}
