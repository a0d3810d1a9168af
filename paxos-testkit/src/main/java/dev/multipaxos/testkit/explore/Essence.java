package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.ReplicaState.Volatile;
import dev.multipaxos.core.Role;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.runtime.Driver;
import java.util.ArrayList;
import java.util.List;

/**
 * What must be equal for two states of a node to be the same, when the reduction is on: all that safety can still depend on.
 *
 * @param prospects what may still happen to it, see the constants
 * @param durable what it takes its disk for
 * @param chosen the slots in memory that it knows to be chosen
 * @param proposer all of the proposer; of a leader with nothing left to propose only what it still counts
 * @param nextRound where its next campaign begins; 0 if nobody campaigns any more
 * @param gate what waits for the disk
 * @param disk what a restart would find
 */
record Essence(
        int node,
        int prospects,
        Durable durable,
        SlotRanges chosen,
        long chosenUpTo,
        Object proposer,
        Role role,
        long nextRound,
        Driver.Held gate,
        Disk disk) {

    /** A node may still crash, or its disk is slow: what is on it matters. */
    static final int DISK = 1;
    /** Somebody may still campaign: rounds that were seen matter. */
    static final int CAMPAIGNS = 2;
    /** A promise may still be asked of it: votes matter at whatever ballot. */
    static final int PROMISES = 4;

    static final int ALL = DISK | CAMPAIGNS | PROMISES;

    /** What is left of a leader that has proposed, or knows the choice, in every slot. */
    private record Counting(Ballot ballot, List<Long> votes) {}

    /**
     * Left out always: the counters of time, who was heard, and who may have what; they decide when a node campaigns, steps down or
     * asks for values, and here it may do so whenever it likes.
     */
    static Essence of(NodeState state, Replica replica, int prospects, long nextRound, int slots) {
        Volatile memory = state.replica().memory();
        boolean onDisk = (prospects & DISK) != 0;
        Durable told = state.replica().durable();
        return new Essence(
                state.node(),
                prospects,
                relevant(told, memory.chosen(), prospects),
                memory.chosen(),
                memory.chosenUpTo(),
                hasProposedAll(replica, slots) ? counting(replica, slots) : memory.proposer(),
                replica.role(),
                nextRound,
                state.gate(),
                onDisk
                        ? new Disk(
                                relevant(state.disk().durable(), SlotRanges.EMPTY, prospects),
                                state.disk().executed(),
                                state.disk().unsynced())
                        : new Disk(Durable.EMPTY, state.disk().executed().subList(0, (int) told.base()), List.of()));
    }

    /**
     * A vote below the promise is told only in promises, and to a restart. Once neither comes any more it is as good as none, and a value
     * that is known to be chosen there was voted for at no ballot that matters. Which choices are on the disk only a restart asks.
     */
    private static Durable relevant(Durable durable, SlotRanges known, int prospects) {
        boolean onDisk = (prospects & DISK) != 0;
        List<Entry> entries = new ArrayList<>();
        for (Entry entry : durable.entries()) {
            long slot = entry.slot();
            boolean chosen = entry.chosen() || slot <= durable.chosenUpTo() || known.containsAll(slot, slot);
            boolean isVote =
                    (prospects & (PROMISES | DISK)) != 0 || entry.ballot().equals(durable.promised());
            if (isVote || chosen) {
                Ballot ballot = isVote ? entry.ballot() : Ballot.ZERO;
                entries.add(new Entry(slot, ballot, entry.value(), onDisk ? entry.chosen() : chosen));
            }
        }
        return new Durable(durable.promised(), durable.base(), onDisk ? durable.chosenUpTo() : durable.base(), entries);
    }

    /** Whether a leader has proposed, or knows the choice, in every slot. */
    static boolean hasProposedAll(Replica replica, int slots) {
        if (!replica.isLeader()) {
            return false;
        }
        for (int slot = 1; slot <= slots; slot++) {
            switch (replica.slotState(slot)) {
                case CHOSEN, CLEARED -> {}
                case ACCEPTED -> {
                    if (!replica.acceptedAt(slot).equals(replica.ballot())) {
                        return false;
                    }
                }
                case EMPTY -> {
                    return false;
                }
            }
        }
        return true;
    }

    private static Counting counting(Replica replica, int slots) {
        List<Long> votes = new ArrayList<>();
        for (int slot = 1; slot <= slots; slot++) {
            votes.add(replica.votes(slot));
        }
        return new Counting(replica.ballot(), votes);
    }
}
