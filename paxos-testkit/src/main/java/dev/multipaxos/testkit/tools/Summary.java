package dev.multipaxos.testkit.tools;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.storage.inspect.DirectoryVisitor;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is in a directory, added up. */
final class Summary implements DirectoryVisitor {

    /**
     * Whose it is.
     *
     * @param node the node
     * @param storageId its storage
     * @param founding what the cluster was founded with; null if it cannot be understood
     */
    record Identity(int node, long storageId, @Nullable FoundingRecord founding) {}

    /**
     * What it should hold.
     *
     * @param bootCount how often it was opened
     * @param durable a journal position below which everything was durable
     * @param segments the files of the journal
     */
    record Listed(long bootCount, long durable, List<String> segments) {}

    /** A segment. */
    static final class Segment {
        final String file;
        final int bytes;
        final long position;
        final long firstBatch;
        long batches;
        long records;
        long slotFrom;
        long slotTo;
        long end;
        long tail;

        Segment(String file, int bytes, long position, long firstBatch) {
            this.file = file;
            this.bytes = bytes;
            this.position = position;
            this.firstBatch = firstBatch;
        }
    }

    /** A group. */
    static final class Group {
        long promisedRound;
        int promisedNode;
        long records;
        long slotFrom;
        long slotTo;
        long chosenUpTo;
        long trimmedUpTo;
        final SortedMap<Integer, Pinned> pinned = new TreeMap<>();
    }

    /**
     * A snapshot.
     *
     * @param file its name
     * @param group its group
     * @param slot the last slot whose effects are in it
     * @param bytes the size of its content
     */
    record Snapshot(String file, int group, long slot, long bytes) {}

    /**
     * Another file.
     *
     * @param file its name
     * @param bytes its size
     */
    record Other(String file, long bytes) {}

    private @Nullable Identity identity;
    private @Nullable Listed listed;
    private final List<Segment> segments = new ArrayList<>();
    private final SortedMap<Integer, Group> groups = new TreeMap<>();
    private final List<Snapshot> snapshots = new ArrayList<>();
    private final List<Other> others = new ArrayList<>();
    private final List<Damage> damage = new ArrayList<>();
    private long mark;

    @Override
    public void identity(int node, long storageId, Bytes foundingRecord) {
        FoundingRecord founding = null;
        try {
            founding = FoundingRecordCodec.decode(foundingRecord);
        } catch (WireException e) {
            damage("IDENTITY", 0, "the founding record is whole but cannot be understood: " + e.getMessage());
        }
        identity = new Identity(node, storageId, founding);
    }

    @Override
    public void manifest(long bootCount, long durable, List<String> files) {
        listed = new Listed(bootCount, durable, files);
        mark = durable;
    }

    @Override
    public void trimmed(int group, long upTo) {
        group(group).trimmedUpTo = upTo;
    }

    @Override
    public void segment(String file, int bytes, long position, long firstBatch) {
        segments.add(new Segment(file, bytes, position, firstBatch));
        mark = Math.max(mark, position);
    }

    @Override
    public void batch(String file, long offset, long number, long bytes, long synced) {
        last().batches++;
        mark = Math.max(mark, synced);
    }

    @Override
    public void promised(int id, long round, int node) {
        Group group = group(id);
        group.promisedRound = round;
        group.promisedNode = node;
    }

    @Override
    public void record(String file, long offset, int id, int kind, long slotFrom, long slotTo, Bytes body) {
        Segment segment = last();
        Group group = group(id);
        segment.records++;
        group.records++;
        if (slotTo > 0) {
            segment.slotFrom = lowest(segment.slotFrom, slotFrom);
            segment.slotTo = Math.max(segment.slotTo, slotTo);
            group.slotFrom = lowest(group.slotFrom, slotFrom);
            group.slotTo = Math.max(group.slotTo, slotTo);
        }
        try {
            RecordText text = RecordText.of(kind, body);
            group.chosenUpTo = Math.max(group.chosenUpTo, text.chosenUpTo());
            Pinned pinned = text.pinned();
            if (pinned != null) {
                group.pinned.put(pinned.node(), pinned);
            }
        } catch (WireException e) {
            damage(file, offset, "the record is as it was written but cannot be understood: " + e.getMessage());
        }
    }

    private static long lowest(long soFar, long slot) {
        return soFar == 0 ? slot : Math.min(soFar, slot);
    }

    @Override
    public void end(String file, long end, long tail) {
        last().end = end;
        last().tail = tail;
    }

    @Override
    public void snapshot(String file, int group, long slot, long bytes) {
        snapshots.add(new Snapshot(file, group, slot, bytes));
    }

    @Override
    public void other(String file, long bytes) {
        others.add(new Other(file, bytes));
    }

    @Override
    public void damage(String file, long offset, String what) {
        damage.add(new Damage(file, offset, what));
    }

    private Segment last() {
        return segments.get(segments.size() - 1);
    }

    private Group group(int id) {
        return groups.computeIfAbsent(id, none -> new Group());
    }

    @Nullable
    Identity identity() {
        return identity;
    }

    @Nullable
    Listed listed() {
        return listed;
    }

    List<Segment> segments() {
        return segments;
    }

    SortedMap<Integer, Group> groups() {
        return groups;
    }

    List<Snapshot> snapshots() {
        return snapshots;
    }

    List<Other> others() {
        return others;
    }

    List<Damage> damage() {
        return damage;
    }

    /** {@return the highest journal position that anything says was durable} */
    long mark() {
        return mark;
    }

    long batches() {
        return segments.stream().mapToLong(segment -> segment.batches).sum();
    }

    long records() {
        return segments.stream().mapToLong(segment -> segment.records).sum();
    }

    long tail() {
        return segments.stream().mapToLong(segment -> segment.tail).sum();
    }
}
