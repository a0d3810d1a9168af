package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replay;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * The disk of one node, as a value. What is durable is kept the way {@link Replay} reads it back, so that journals that say the
 * same are equal.
 *
 * @param durable what a restart sees
 * @param executed the values of the slots up to its base
 * @param unsynced records that a crash may still take away, oldest first
 */
record Disk(Durable durable, List<Value> executed, List<Record> unsynced) {

    static final Disk EMPTY = new Disk(Durable.EMPTY, List.of(), List.of());

    Disk {
        executed = List.copyOf(executed);
        unsynced = List.copyOf(unsynced);
    }

    Disk append(Record record) {
        List<Record> longer = new ArrayList<>(unsynced);
        longer.add(record);
        return new Disk(durable, executed, longer);
    }

    /** The first so many of the unsynced records become durable. */
    Disk sync(long records) {
        return crash((int) records).with(unsynced.subList((int) records, unsynced.size()));
    }

    /** The first so many of the unsynced records were durable, though nobody knew; the others are gone. */
    Disk crash(int kept) {
        return kept == 0 ? with(List.of()) : fold(durable, executed, unsynced.subList(0, kept));
    }

    private Disk with(List<Record> unsyncedNow) {
        return new Disk(durable, executed, unsyncedNow);
    }

    /** What a restart would make of a replica's own idea of its disk. */
    static Durable restarted(Durable durable, List<Value> executed) {
        return fold(durable, executed, List.of()).durable();
    }

    private static Disk fold(Durable durable, List<Value> executed, List<Record> more) {
        List<Value> values = new ArrayList<>();
        Replay replay = new Replay(0, (slot, value) -> values.add(value));
        if (!durable.promised().equals(Ballot.ZERO)) {
            replay.record(new Record.Promised(durable.promised()));
        }
        for (int i = 0; i < durable.base(); i++) {
            replay.record(new Record.Chosen(i + 1, executed.get(i)));
        }
        for (Entry entry : durable.entries()) {
            if (entry.chosen()) {
                replay.record(new Record.Chosen(entry.slot(), entry.value()));
            }
            if (!entry.ballot().equals(Ballot.ZERO)) {
                replay.record(new Record.Accepted(entry.slot(), entry.ballot(), entry.value()));
            }
        }
        if (durable.chosenUpTo() > 0) {
            replay.record(new Record.ChosenUpTo(durable.chosenUpTo()));
        }
        more.forEach(replay::record);
        return new Disk(replay.finish(), values, List.of());
    }
}
