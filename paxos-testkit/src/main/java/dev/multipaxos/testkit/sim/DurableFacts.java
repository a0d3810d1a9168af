package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What must be on one node's disk, over all its lives: what was appended, how much of it was forced, and what that says. */
final class DurableFacts {

    private final int node;
    private final List<JournalMatch.Appended> appended = new ArrayList<>(); // oldest first
    private int durable; // of them, those that were forced
    private int first; // of them, what was found first at the last start; what is before was obsolete
    private long position;
    private final TreeMap<Long, Integer> durableAt =
            new TreeMap<>(); // how many were durable, by the journal's position
    private int lost; // at the last start: appended, and not found
    private int keptUnforced; // at the last start: found, and never forced
    private boolean damageTold; // at the last start
    private int lives; // how often a start read the disk

    private Ballot promised = Ballot.ZERO;
    private long chosenUpTo;
    private final SnapshotFacts snapshots;
    private long installed; // the highest slot up to which the journal says that a snapshot is
    private long trimmedUpTo; // for good
    private long trimsUpTo; // or a little further
    private int restated; // so many records were said again as far as they touch no slot
    private final Map<Integer, Pinned> pinned =
            new TreeMap<>(); // of other nodes, the last life that the journal tells of
    private final BitSet valued = new BitSet(); // by slot: the journal has a value, or had one in this life
    private final List<Ballot> votes = new ArrayList<>(); // the last one for each slot, from slot 1 on

    DurableFacts(int node) {
        this.node = node;
        this.snapshots = new SnapshotFacts(node);
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

    void append(JournalMatch.Appended record) {
        appended.add(record);
    }

    /**
     * It is about to be said that a snapshot up to this slot is installed: that is on the disk now, or was when it was said first.
     * It may be damaged before what is said is durable: that is found all the same if the force was on its way when the power failed.
     */
    void saysInstalled(long slot) {
        check(
                slot <= installed || snapshots.covers(slot),
                () -> "durable before said: node " + node + " writes that a snapshot of slot " + slot
                        + " is installed, its disk has as a snapshot " + snapshots);
    }

    /** {@return the records that became durable just now} */
    List<JournalMatch.Appended> forced() {
        List<JournalMatch.Appended> fresh = List.copyOf(appended.subList(durable, appended.size()));
        fresh.forEach(this::note);
        durable = appended.size();
        return fresh;
    }

    /** What a start finds holds everything that was forced, but for what was trimmed and what is said to be damaged. */
    void recovered(List<JournalMatch.Found> found) {
        lives++;
        JournalMatch match = new JournalMatch(appended, this::isObsolete, found);
        check(
                match.holds(durable),
                () -> "recovery: node " + node + " finds " + found.size() + " records, but appended " + appended.size()
                        + " and forced " + durable + ", of which those up to slot " + trimsUpTo + ", and "
                        + restated + " that touch none, are obsolete: " + JournalMatch.difference(found, appended));
        first = match.first();
        lost = appended.size() - match.end();
        keptUnforced = match.end() - durable;
        appended.subList(match.end(), appended.size()).clear();
        valued.clear();
        pinned.clear();
        found.forEach(this::note);
        damageTold = found.stream().anyMatch(JournalMatch.Gap.class::isInstance);
    }

    /** {@return whether the last start was told that records are lost} */
    boolean wasToldOfDamage() {
        return damageTold;
    }

    private boolean isObsolete(int index) {
        JournalMatch.Appended record = appended.get(index);
        return record.slotTo() == 0 ? index < restated : record.slotTo() <= trimsUpTo;
    }

    private void note(JournalMatch.Found found) {
        if (found instanceof JournalMatch.Appended record && record.slotTo() > 0) {
            valued.set((int) record.slotFrom(), (int) record.slotTo() + 1);
        } else if (found instanceof JournalMatch.Appended record && record.kind() == RecordCodec.PINNED) {
            noteKnown(record.bytes());
        }
    }

    private void noteKnown(Bytes record) {
        try {
            if (RecordCodec.decodeRuntimes(RecordCodec.PINNED, record) instanceof Pinned peer) {
                pinned.merge(peer.node(), peer, (old, next) -> next.bootCount() >= old.bootCount() ? next : old);
            }
        } catch (WireException e) {
            throw new AssertionError("a record that was written cannot be read: " + record, e);
        }
    }

    /** {@return the last life of another node that the journal tells of; null if of none} */
    @Nullable
    Pinned pinned(int other) {
        return pinned.get(other);
    }

    /** {@return the number of that life; 0 if there is none} */
    long knownLife(int other) {
        Pinned known = pinned(other);
        return known == null ? 0 : known.bootCount();
    }

    /** The logical end of the journal never falls. */
    void position(long now) {
        check(now >= position, () -> "the journal of node " + node + " ends at " + now + ", before " + position);
        position = now;
        durableAt.put(now, durable);
    }

    // ---- what may go ----

    /** The journal says for good that a snapshot up to this slot is installed. */
    void installed(long slot) {
        installed = Math.max(installed, slot);
        chosenUpTo(slot);
    }

    SnapshotFacts snapshots() {
        return snapshots;
    }

    /** Everything up to this slot may go, and what touches no slot and lies below this position. */
    void trims(long upTo, long restatedFrom) {
        check(
                snapshots.covers(upTo),
                () -> "trimming: node " + node + " trims up to slot " + upTo + ", its disk has as a snapshot "
                        + snapshots);
        trimsUpTo = Math.max(trimsUpTo, upTo);
        Map.Entry<Long, Integer> at = durableAt.floorEntry(restatedFrom);
        restated = Math.max(restated, at == null ? 0 : at.getValue());
    }

    /** The storage knows it for good. */
    void trimmed(long upTo) {
        trimmedUpTo = Math.max(trimmedUpTo, upTo);
    }

    /** What the storage says after a start. */
    void saysTrimmed(long upTo) {
        check(
                trimmedUpTo <= upTo && upTo <= trimsUpTo,
                () -> "trimming: node " + node + " was trimmed up to slot " + trimmedUpTo
                        + (trimsUpTo > trimmedUpTo ? ", or " + trimsUpTo : "") + ", its disk says " + upTo);
        trimmedUpTo = upTo;
    }

    /** {@return up to where the journal is trimmed} */
    long trimmedUpTo() {
        return trimmedUpTo;
    }

    /** {@return whether the last start found that something in front was gone} */
    boolean wasTrimmed() {
        return first > 0;
    }

    /** {@return the first slot up to this one of which the disk has neither a value nor a snapshot; 0 if there is none} */
    long firstMissing(long upTo) {
        int slot = valued.nextClearBit((int) Math.min(snapshots.upTo(), upTo) + 1);
        return slot <= upTo ? slot : 0;
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
