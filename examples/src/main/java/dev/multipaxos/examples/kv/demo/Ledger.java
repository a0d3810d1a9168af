package dev.multipaxos.examples.kv.demo;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** What became of each write of a {@link Workload}, as its client saw it. Any thread. */
public final class Ledger {

    /** What became of a write. */
    public enum Fate {
        /** It was not proposed, or is known to have had no effect. */
        NONE,
        /** It was acknowledged: it must be there, once. */
        ACKNOWLEDGED,
        /** It may be there, but not twice. */
        UNKNOWN
    }

    private final AtomicReferenceArray<@Nullable Fate> fates;
    private final AtomicInteger acknowledged = new AtomicInteger();
    private final AtomicInteger unknown = new AtomicInteger();

    /**
     * Opens a ledger.
     *
     * @param size the number of writes
     */
    public Ledger(int size) {
        this.fates = new AtomicReferenceArray<>(size);
    }

    /**
     * Notes the end of a write.
     *
     * @param index its number
     * @param fate how it ended, for good
     */
    void note(int index, Fate fate) {
        fates.set(index, fate);
        (fate == Fate.ACKNOWLEDGED ? acknowledged : unknown).incrementAndGet();
    }

    /**
     * Looks up a write.
     *
     * @param index its number
     * @return what became of it
     */
    public Fate fate(int index) {
        Fate fate = fates.get(index);
        return fate == null ? Fate.NONE : fate;
    }

    /** {@return how many writes were acknowledged} */
    public int acknowledged() {
        return acknowledged.get();
    }

    /** {@return of how many writes the outcome is not known} */
    public int unknown() {
        return unknown.get();
    }
}
