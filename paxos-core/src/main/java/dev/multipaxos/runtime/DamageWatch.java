package dev.multipaxos.runtime;

import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;

/** Tells the loop what the storage has found damaged, which {@link Snapshots} repairs. Any thread. */
final class DamageWatch implements DurableStorage.DamageListener {

    /** Something of the journal is lost, below this position of it. */
    record JournalDamaged(long upTo) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().onJournalDamaged(upTo);
        }
    }

    /** A snapshot of this slot is lost. */
    record SnapshotDamaged(long slot) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.snapshots().onSnapshotDamaged(slot);
        }
    }

    private final int group;
    private final Mailbox mailbox;

    DamageWatch(int group, Mailbox mailbox) {
        this.group = group;
        this.mailbox = mailbox;
    }

    @Override
    public void journalDamaged(String where, long upTo) {
        mailbox.add(new JournalDamaged(upTo));
    }

    @Override
    public void snapshotDamaged(SnapshotStore.Id id) {
        if (id.group() == group) {
            mailbox.add(new SnapshotDamaged(id.slot()));
        }
    }
}
