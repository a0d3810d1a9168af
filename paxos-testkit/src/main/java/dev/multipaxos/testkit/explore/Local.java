package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.ReplicaState;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A state of one node with a number, and what is asked of it often, laid out flat. Arrays are indexed by slot. */
final class Local {

    final int id;
    final NodeState state;
    final int prospects;
    final List<NodeState> variants = new ArrayList<>(); // others that the reduction takes for the same

    final long promised;
    final long promisedOnDisk;
    final long ballot; // 0 unless it campaigns or leads
    final long base;
    final long chosenUpTo;
    final long chosenUpToOnDisk; // where a restart begins
    final long recordedUpTo; // the prefix that its disk knows to be chosen
    final long[] votes;
    final int[] chosen; // values by their numbers; 0 where no choice is known
    final long nextRound; // where its next campaign begins; 0 if it does not campaign any more
    final boolean mayPropose;
    final boolean hasProposedAll;
    final boolean waitsForDisk;
    final int unsynced;

    Local(int id, NodeState state, int prospects, Replica replica, long nextRound, Values values, int slots) {
        this.id = id;
        this.state = state;
        this.prospects = prospects;
        this.nextRound = nextRound;
        Durable disk = state.disk().durable();
        ReplicaState all = state.replica();
        promised = number(replica.promised());
        promisedOnDisk = number(disk.promised());
        ballot = number(replica.ballot());
        base = all.durable().base();
        chosenUpTo = replica.chosenUpTo();
        chosenUpToOnDisk = disk.base();
        recordedUpTo = disk.chosenUpTo();
        votes = new long[slots + 1];
        chosen = new int[slots + 1];
        for (int slot = 1; slot <= slots; slot++) {
            votes[slot] = number(replica.acceptedAt(slot));
            boolean known = all.memory().chosen().containsAll(slot, slot);
            Value choice = slot <= base ? state.disk().executed().get(slot - 1) : known ? replica.value(slot) : null;
            chosen[slot] = values.number(choice);
        }
        mayPropose = replica.openSlots() > 0 && replica.slotIn() <= slots;
        hasProposedAll = Essence.hasProposedAll(replica, slots);
        waitsForDisk = state.gate().syncing() > 0;
        unsynced = state.disk().unsynced().size();
    }

    /** Whether the cluster can see no difference; a vote below the promise matters only to who still asks for promises. */
    boolean looksLike(Local other) {
        for (int slot = 1; slot < votes.length; slot++) {
            if (vote(votes[slot]) != other.vote(other.votes[slot])) {
                return false;
            }
        }
        return promised == other.promised
                && promisedOnDisk == other.promisedOnDisk
                && ballot == other.ballot
                && base == other.base
                && chosenUpTo == other.chosenUpTo
                && Arrays.equals(chosen, other.chosen)
                && mayPropose == other.mayPropose
                && hasProposedAll == other.hasProposedAll
                && waitsForDisk == other.waitsForDisk
                && unsynced == other.unsynced
                && nextRound == other.nextRound
                && ((prospects & Essence.DISK) == 0
                        || (chosenUpToOnDisk == other.chosenUpToOnDisk && recordedUpTo == other.recordedUpTo));
    }

    private long vote(long at) {
        return (prospects & (Essence.PROMISES | Essence.DISK)) != 0 || at == promised ? at : 0;
    }

    /** Ballots as numbers in the same order. */
    static long number(Ballot ballot) {
        return ballot.round() << 8 | ballot.node();
    }
}
