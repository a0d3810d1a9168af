package dev.multipaxos.core;

import dev.multipaxos.core.Message.Unknown;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An immutable set of slots of which an acceptor has lost what it held, each with the ballot up to which it may have voted there
 * ({@code docs/protocol.md} §12). Kept as disjoint ranges in ascending order, so that a wide extent of damage costs no more than
 * a narrow one; equal by content.
 */
record UnknownSlots(List<Unknown> ranges) {

    static final UnknownSlots NONE = new UnknownSlots(List.of());

    UnknownSlots {
        ranges = List.copyOf(ranges);
        long last = 0;
        for (Unknown range : ranges) {
            long before = last;
            Invariants.check(
                    range.first() > before && range.last() >= range.first(),
                    () -> range + " does not come after slot " + before);
            last = range.last();
        }
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** The ballot up to which there may have been a vote for a slot that is lost; null if nothing of it is lost. */
    @Nullable
    Ballot upTo(long slot) {
        for (Unknown range : ranges) {
            if (range.first() <= slot && slot <= range.last()) {
                return range.upTo();
            }
        }
        return null;
    }

    /** Adds a range; where slots are in the set already, the higher ballot stays. */
    UnknownSlots with(Unknown more) {
        List<Unknown> pieces = new ArrayList<>();
        long from = more.first(); // what is not covered by an older range begins here
        for (Unknown old : ranges) {
            long first = Math.max(old.first(), more.first());
            long last = Math.min(old.last(), more.last());
            if (first > last) {
                pieces.add(old);
                continue;
            }
            add(pieces, old.first(), first - 1, old.upTo());
            add(pieces, from, first - 1, more.upTo());
            add(pieces, first, last, old.upTo().max(more.upTo()));
            add(pieces, last + 1, old.last(), old.upTo());
            from = last + 1;
        }
        add(pieces, from, more.last(), more.upTo());
        return joined(pieces);
    }

    /** Takes one slot out. */
    UnknownSlots without(long slot) {
        if (upTo(slot) == null) {
            return this;
        }
        List<Unknown> pieces = new ArrayList<>(within(1, slot - 1).ranges);
        pieces.addAll(within(slot + 1, Long.MAX_VALUE).ranges);
        return new UnknownSlots(pieces);
    }

    /** The part of the set from one slot to another. */
    UnknownSlots within(long from, long to) {
        List<Unknown> pieces = new ArrayList<>();
        for (Unknown range : ranges) {
            add(pieces, Math.max(from, range.first()), Math.min(to, range.last()), range.upTo());
        }
        return new UnknownSlots(pieces);
    }

    private static void add(List<Unknown> pieces, long first, long last, Ballot upTo) {
        if (first <= last) {
            pieces.add(new Unknown(first, last, upTo));
        }
    }

    private static UnknownSlots joined(List<Unknown> pieces) {
        List<Unknown> joined = new ArrayList<>();
        pieces.sort(Comparator.comparingLong(Unknown::first));
        for (Unknown next : pieces) {
            Unknown before = joined.isEmpty() ? null : joined.get(joined.size() - 1);
            if (before != null
                    && before.last() + 1 == next.first()
                    && before.upTo().equals(next.upTo())) {
                joined.set(joined.size() - 1, new Unknown(before.first(), next.last(), next.upTo()));
            } else {
                joined.add(next);
            }
        }
        return new UnknownSlots(joined);
    }
}
