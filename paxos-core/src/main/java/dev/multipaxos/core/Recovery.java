package dev.multipaxos.core;

import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Message.Unknown;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Merges what the acceptors answer to one ballot, slot by slot, apart from the log ({@code docs/protocol.md} §5). It lives as
 * long as the ballot: an answer that comes late is merged too.
 */
final class Recovery {

    /**
     * Everything, as a value.
     *
     * @param fromSlot the first slot asked about
     * @param covered for each member, what its answers spoke of
     * @param chosenUpTo for each member, the chosen prefix that it reported
     * @param unknown for each member, the slots of which it has lost what it held
     * @param merged the entry of the highest ballot in each slot, ascending
     * @param top the highest slot that anybody reported
     */
    record State(
            long fromSlot,
            List<SlotRanges> covered,
            List<Long> chosenUpTo,
            List<List<Unknown>> unknown,
            List<Entry> merged,
            long top) {}

    private final long fromSlot;
    private final SlotRanges[] covered;
    private final long[] chosenUpTo;
    private final UnknownSlots[] unknown;
    private final SlotRanges[] told; // for each member, what its answers covered or named as lost
    private final TreeMap<Long, Entry> merged = new TreeMap<>();
    private long complete; // members whose answer has no gap
    private long top;

    Recovery(int members, long fromSlot) {
        this.fromSlot = fromSlot;
        this.covered = new SlotRanges[members];
        this.chosenUpTo = new long[members];
        this.unknown = new UnknownSlots[members];
        this.told = new SlotRanges[members];
        this.top = fromSlot - 1;
        Arrays.fill(covered, SlotRanges.EMPTY);
        Arrays.fill(unknown, UnknownSlots.NONE);
        Arrays.fill(told, SlotRanges.EMPTY);
    }

    Recovery(State state) {
        this(state.covered().size(), state.fromSlot());
        for (int i = 0; i < covered.length; i++) {
            int member = i;
            covered[i] = state.covered().get(i);
            chosenUpTo[i] = state.chosenUpTo().get(i);
            unknown[i] = new UnknownSlots(state.unknown().get(i));
            told[i] = covered[i];
            unknown[i].ranges().forEach(lost -> noteTold(member, lost.first(), lost.last()));
            noteComplete(i);
        }
        state.merged().forEach(entry -> merged.put(entry.slot(), entry));
        top = state.top();
    }

    State state() {
        return new State(
                fromSlot,
                List.of(covered),
                Arrays.stream(chosenUpTo).boxed().toList(),
                Arrays.stream(unknown).map(UnknownSlots::ranges).toList(),
                List.copyOf(merged.values()),
                top);
    }

    long fromSlot() {
        return fromSlot;
    }

    /**
     * Takes one chunk from the member with this index; how often, and in which order, does not matter.
     *
     * @return whether it told something new
     */
    boolean onPromise(int member, Promise message) {
        if (message.fromSlot() != fromSlot) {
            return false;
        }
        SlotRanges before = told[member];
        for (Entry entry : message.entries()) {
            merged.merge(entry.slot(), entry, Recovery::higher);
            top = Math.max(top, entry.slot());
        }
        for (Unknown lost : message.unknown()) {
            unknown[member] = unknown[member].with(lost);
            noteTold(member, lost.first(), lost.last());
            top = Math.max(top, lost.last()); // there may have been a vote
        }
        covered[member] = covered[member].with(message.coveredFrom(), message.coveredTo());
        noteTold(member, message.coveredFrom(), message.coveredTo());
        chosenUpTo[member] = Math.max(chosenUpTo[member], Math.max(message.chosenUpTo(), message.clearedUpTo()));
        top = Math.max(top, chosenUpTo[member]);
        noteComplete(member);
        return !told[member].equals(before);
    }

    /** This slot is chosen, as somebody else told. */
    void raiseTop(long slot) {
        top = Math.max(top, slot);
    }

    /** A choice beats every vote; among votes the highest ballot wins. */
    private static Entry higher(Entry one, Entry other) {
        if (one.chosen() != other.chosen()) {
            return one.chosen() ? one : other;
        }
        if (one.chosen()) {
            Invariants.agreement(one.slot(), one.value(), one.ballot(), other.value(), other.ballot());
        }
        return one.ballot().isBelow(other.ballot()) ? other : one;
    }

    /** The first slot of which the member with this index, which is not complete, has told nothing. */
    long resumeAt(int member) {
        long slot = told[member].lastFrom(firstOpen(member)) + 1;
        return slot == firstOpen(member) ? fromSlot : slot;
    }

    /** What is chosen there leaves no gap. */
    private long firstOpen(int member) {
        return Math.max(fromSlot, chosenUpTo[member] + 1);
    }

    private void noteTold(int member, long first, long last) {
        told[member] = told[member].with(first, last);
    }

    private void noteComplete(int member) {
        if (told[member].containsAll(firstOpen(member), Long.MAX_VALUE)) {
            complete |= 1L << member;
        }
    }

    /** The members that answered without a gap; which of them count in a slot is for {@link #decides} to say. */
    long complete() {
        return complete;
    }

    /** The highest slot that anybody said anything about. */
    long top() {
        return top;
    }

    /** What was reported of a slot, or null if everybody who answered completely says that it is empty. */
    @Nullable
    Entry entry(long slot) {
        return merged.get(slot);
    }

    /**
     * Whether what was merged decides what may be proposed in a slot. A slot in a chosen prefix that somebody reported is
     * chosen, with a value that this report does not carry: it is fetched, unless a phase-1 quorum that does not know of
     * the choice has answered; then their votes tell the value. A member that has lost what it held in a slot counts there only
     * beside another that tells what nothing that was lost can outdo.
     */
    boolean decides(long slot, Configuration configuration) {
        long votes = 0;
        for (int i = 0; i < chosenUpTo.length; i++) {
            if ((complete & 1L << i) != 0 && chosenUpTo[i] < slot && knows(i, slot)) {
                votes |= 1L << i;
            }
        }
        return configuration.isPhase1Quorum(votes);
    }

    private boolean knows(int member, long slot) {
        Ballot lost = unknown[member].upTo(slot);
        if (lost == null) {
            return true;
        }
        Entry entry = merged.get(slot);
        return entry != null && (entry.chosen() || !entry.ballot().isBelow(lost));
    }

    /** Forgets entries that are chosen by now. */
    void forgetUpTo(long slot) {
        if (!merged.isEmpty()) { // it is asked in every turn, and a view of the map is an object
            merged.headMap(slot, true).clear();
        }
    }

    /** The members that still owe an answer. */
    List<Integer> incomplete(Configuration configuration) {
        List<Integer> nodes = new ArrayList<>();
        for (int i = 0; i < configuration.size(); i++) {
            if ((complete & 1L << i) == 0) {
                nodes.add(configuration.member(i));
            }
        }
        return nodes;
    }
}
