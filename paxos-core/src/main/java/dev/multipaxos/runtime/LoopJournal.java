package dev.multipaxos.runtime;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import java.util.function.LongConsumer;

/**
 * The journal, written by the loop itself: durable when {@link #sync} returns, and the driver knows it. What the state machine's
 * thread can do meanwhile is handed over before.
 */
final class LoopJournal implements Driver.Journal {

    private final JournalWriter storage;
    private final Applier apply;
    private final LongConsumer durable;

    /**
     * Stands before a writer that works on the loop.
     *
     * @param storage writes
     * @param apply has work from this turn
     * @param durable hears how many records are durable
     */
    LoopJournal(JournalWriter storage, Applier apply, LongConsumer durable) {
        this.storage = storage;
        this.apply = apply;
        this.durable = durable;
    }

    @Override
    public void append(Record record, Ballot promised) {
        storage.append(record, promised);
    }

    @Override
    public void sync(long ticket) {
        apply.handOver();
        storage.sync(ticket);
        durable.accept(storage.durable());
    }
}
