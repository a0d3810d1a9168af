package dev.multipaxos.runtime;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.wire.Pinned;
import java.util.Collection;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the journal says that touches no slot, and so must be said again before the part of the journal that says it may go: the
 * promise, the mark of the chosen prefix as it was recorded, and who is pinned. Owned by whoever reads or writes the journal.
 */
final class Standing {

    private Ballot promised = Ballot.ZERO;
    private long chosenUpTo;
    private long installed;
    private final TreeMap<Integer, Pinned> pinned = new TreeMap<>();

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

    /** A peer is pinned in the journal. */
    void note(Pinned peer) {
        pinned.put(peer.node(), peer);
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

    /** {@return up to where a snapshot took the place of the log, to be said again; null if none did} */
    Record.@Nullable Installed installed() {
        return installed == 0 ? null : new Record.Installed(installed);
    }

    /** {@return who is pinned, ascending} */
    Collection<Pinned> pinned() {
        return pinned.values();
    }
}
