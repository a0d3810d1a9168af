package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.ReplicaState;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A state of one node with a number, and what is asked of it often, laid out flat. Arrays are indexed by slot. */
final class Local {

    final int id;
    final NodeState state;
    final List<NodeState> variants = new ArrayList<>(); // others that the reduction takes for the same

    final long promised;
    final long promisedOnDisk;
    final long ballot; // 0 unless it campaigns or leads
    final long base;
    final long chosenUpTo;
    final long chosenUpToOnDisk; // where a restart begins
    final long[] votes;
    final long[] votesOnDisk;
    final @Nullable Value[] chosen;
    final boolean mayPropose;
    final boolean waitsForDisk;
    final int unsynced;

    Local(int id, NodeState state, Replica replica, int slots) {
        this.id = id;
        this.state = state;
        Durable disk = state.disk().durable();
        ReplicaState all = state.replica();
        promised = number(replica.promised());
        promisedOnDisk = number(disk.promised());
        ballot = number(replica.ballot());
        base = all.durable().base();
        chosenUpTo = replica.chosenUpTo();
        chosenUpToOnDisk = disk.base();
        votes = new long[slots + 1];
        votesOnDisk = new long[slots + 1];
        chosen = new Value[slots + 1];
        for (Entry entry : disk.entries()) {
            votesOnDisk[(int) entry.slot()] = number(entry.ballot());
        }
        for (int slot = 1; slot <= slots; slot++) {
            votes[slot] = number(replica.acceptedAt(slot));
            boolean known = all.memory().chosen().containsAll(slot, slot);
            chosen[slot] = slot <= base ? state.disk().executed().get(slot - 1) : known ? replica.value(slot) : null;
        }
        mayPropose = replica.openSlots() > 0 && replica.slotIn() <= slots;
        waitsForDisk = state.gate().syncing() > 0;
        unsynced = state.disk().unsynced().size();
    }

    /** Ballots as numbers in the same order. */
    static long number(Ballot ballot) {
        return ballot.round() << 8 | ballot.node();
    }
}
