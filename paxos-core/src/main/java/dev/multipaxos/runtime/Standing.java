package dev.multipaxos.runtime;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.wire.Confirmed;
import dev.multipaxos.wire.LeaseLimit;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RuntimeRecord;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the journal says that touches no slot, and so must be said again before the part of the journal that says it may go: the
 * promise, the mark of the chosen prefix as it was recorded, the last snapshot that was installed, who is
 * pinned, whether this storage is confirmed, and how long the leases may have been that it granted. Owned by whoever reads or
 * writes the journal.
 */
final class Standing {

    private Ballot promised = Ballot.ZERO;
    private long chosenUpTo;
    private long installed;
    private final TreeMap<Integer, Pinned> pinned = new TreeMap<>();
    private @Nullable Confirmed confirmed;
    private long leaseNanosMax;

    /** A record of the protocol is in the journal. */
    void note(Record record) {
        if (record instanceof Record.Promised promise) {
            promised = promised.max(promise.ballot());
        } else if (record instanceof Record.Accepted vote) {
            promised = promised.max(vote.ballot()); // which is a promise too, and may go with its slot
        } else if (record instanceof Record.ChosenUpTo prefix) {
            chosenUpTo = Math.max(chosenUpTo, prefix.slot());
        } else if (record instanceof Record.Installed snapshot) {
            installed = Math.max(installed, snapshot.slot());
        }
    }

    /** A record of the runtime is in the journal. */
    void note(RuntimeRecord record) {
        if (record instanceof Pinned peer) {
            pinned.put(peer.node(), peer);
        } else if (record instanceof Confirmed confirmation) {
            confirmed = confirmation;
        } else if (record instanceof LeaseLimit limit) {
            leaseNanosMax = limit.nanos();
        }
    }

    /** {@return the highest ballot promised} */
    Ballot promised() {
        return promised;
    }

    /** {@return the promise, to be said again; null if there is none} */
    Record.@Nullable Promised promise() {
        return promised.equals(Ballot.ZERO) ? null : new Record.Promised(promised);
    }

    /** {@return the mark, to be said again; null if there is none} */
    Record.@Nullable ChosenUpTo mark() {
        return chosenUpTo == 0 ? null : new Record.ChosenUpTo(chosenUpTo);
    }

    /** {@return the last snapshot that came from a member, to be said again before the mark; null if there is none} */
    Record.@Nullable Installed snapshot() {
        return installed == 0 ? null : new Record.Installed(installed);
    }

    /** {@return the end of the last snapshot that the journal says stands for the log; 0 if it says of none} */
    long installed() {
        return installed;
    }

    /** {@return whether the journal says that all slots up to this one are chosen} */
    boolean vouchesFor(long slot) {
        return slot <= Math.max(chosenUpTo, installed);
    }

    /** {@return who is pinned, ascending} */
    Collection<Pinned> pinned() {
        return pinned.values();
    }

    /** {@return whether the other founders have confirmed this storage} */
    boolean isConfirmed() {
        return confirmed != null;
    }

    /** {@return how long the leases may be that this node has granted and that may still last; 0 if there are none} */
    long leaseNanosMax() {
        return leaseNanosMax;
    }

    /** {@return what the runtime has written, to be said again} */
    List<RuntimeRecord> notes() {
        List<RuntimeRecord> notes = new ArrayList<>(pinned.values());
        if (confirmed != null) {
            notes.add(confirmed);
        }
        if (leaseNanosMax > 0) {
            notes.add(new LeaseLimit(leaseNanosMax));
        }
        return notes;
    }
}
