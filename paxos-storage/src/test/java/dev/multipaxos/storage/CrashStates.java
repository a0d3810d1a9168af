package dev.multipaxos.storage;

import dev.multipaxos.storage.RecordedDisk.Content;
import dev.multipaxos.storage.RecordedDisk.Force;
import dev.multipaxos.storage.RecordedDisk.NameChange;
import dev.multipaxos.storage.RecordedDisk.Operation;
import dev.multipaxos.storage.RecordedDisk.SyncDirectory;
import dev.multipaxos.storage.RecordedDisk.Truncate;
import dev.multipaxos.storage.RecordedDisk.Write;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What a crash may leave of the operations so far. What a force or a sync of the directory covers is there. Of the rest there is
 * any part, each independently of the others:
 *
 * <ul>
 *   <li>a change of names is there or not, whatever came before it: no file system is trusted to keep their order. A rename is
 *       one step;
 *   <li>of a write each sector is there or not, and it may be there though a later write of the same sector is not. One that is the
 *       same before and after is not counted;
 *   <li>a file that grew has its new size or not: without it what was written behind the old end is lost, and with it what was
 *       not written is zero;
 *   <li>a file that was cut, which is the last thing done to it, is cut or not.
 * </ul>
 *
 * <p>Up to so many parts are combined in every way. Of more: none, all, each missing, each alone, all up to each, and some at
 * random.
 */
final class CrashStates {
    /**
     * How many subsets are tried.
     *
     * @param partsMax of as many parts all; of 12 there are 4,096
     * @param atRandom of more parts so many, besides the extremes
     */
    record Effort(int partsMax, int atRandom) {}

    /** What a disk writes in one piece; a whole write is tried, too. */
    private static final int[] GRAINS = {Integer.MAX_VALUE, 4096, 512};

    private final Map<String, Content> names;
    private final Map<Content, byte[]> durable = new HashMap<>();
    private final List<Operation> unsynced = new ArrayList<>();

    /** Begins with a disk on which everything is durable. */
    CrashStates(Map<String, Content> names) {
        this.names = new TreeMap<>(names);
        names.values().forEach(content -> durable.put(content, content.first));
    }

    /** The next operation has happened. */
    void add(Operation operation) {
        if (operation instanceof Force force) {
            settle(part -> (part instanceof Write write && write.content() == force.content())
                    || (part instanceof Truncate truncate && truncate.content() == force.content()));
        } else if (operation instanceof SyncDirectory) {
            settle(NameChange.class::isInstance);
        } else {
            unsynced.add(operation);
        }
    }

    private void settle(Predicate<Operation> covered) {
        Left left = new Left();
        for (Operation operation : unsynced) {
            if (covered.test(operation)) {
                parts(operation, Integer.MAX_VALUE).forEach(part -> part.accept(left));
            }
        }
        unsynced.removeIf(covered);
        left.bytes.keySet().forEach(content -> durable.put(content, left.finished(content)));
        names.clear();
        names.putAll(left.names);
    }

    /** One crash. */
    private final class Left {
        final Map<String, Content> names = new TreeMap<>(CrashStates.this.names);
        final Map<Content, byte[]> bytes = new HashMap<>();
        final Map<Content, Integer> sizes = new HashMap<>();
        final Map<Content, Integer> cuts = new HashMap<>();

        private byte[] durable(Content content) {
            return durable.getOrDefault(content, content.first);
        }

        void write(Write write, int from, int to) {
            byte[] old = bytes.containsKey(write.content()) ? bytes.get(write.content()) : durable(write.content());
            byte[] changed = bytes.containsKey(write.content()) && to <= old.length
                    ? old
                    : Arrays.copyOf(old, Math.max(to, old.length));
            System.arraycopy(write.bytes(), from - write.position(), changed, from, to - from);
            bytes.put(write.content(), changed);
        }

        void grow(Write write) {
            bytes.putIfAbsent(write.content(), durable(write.content()));
            sizes.merge(write.content(), write.end(), Math::max);
        }

        void cut(Truncate truncate) {
            bytes.putIfAbsent(truncate.content(), durable(truncate.content()));
            cuts.put(truncate.content(), truncate.size());
        }

        byte[] finished(Content content) {
            byte[] changed = bytes.get(content);
            if (changed == null) {
                return durable(content);
            }
            int size = Math.max(durable(content).length, sizes.getOrDefault(content, 0));
            size = cuts.getOrDefault(content, size);
            return changed.length == size ? changed : Arrays.copyOf(changed, size);
        }

        SortedMap<String, byte[]> files() {
            SortedMap<String, byte[]> files = new TreeMap<>();
            names.forEach((name, content) -> files.put(name, finished(content)));
            return files;
        }
    }

    private List<Consumer<Left>> parts(Operation operation, int grain) {
        List<Consumer<Left>> parts = new ArrayList<>();
        if (operation instanceof NameChange change) {
            parts.add(left -> change.apply(left.names));
        } else if (operation instanceof Truncate truncate) {
            parts.add(left -> left.cut(truncate));
        } else if (operation instanceof Write write) {
            for (int at = write.position(); at < write.end(); ) {
                int from = at;
                int to = grain == Integer.MAX_VALUE ? write.end() : Math.min((at / grain + 1) * grain, write.end());
                if (changes(write, from, to)) {
                    parts.add(left -> left.write(write, from, to));
                }
                at = to;
            }
            if (write.extending()) {
                parts.add(left -> left.grow(write));
            }
        }
        return parts;
    }

    private boolean changes(Write write, int from, int to) {
        byte[] old = durable.getOrDefault(write.content(), write.content().first);
        return to > old.length
                || !Arrays.equals(old, from, to, write.bytes(), from - write.position(), to - write.position())
                || unsynced.stream()
                        .anyMatch(other -> other != write
                                && other instanceof Write another
                                && another.content() == write.content()
                                && another.position() < to
                                && another.end() > from);
    }

    /** {@return how many of the states that were visited} */
    int forEach(Effort effort, SplittableRandom random, Consumer<SortedMap<String, byte[]>> visitor) {
        int visited = 0;
        int partsBefore = -1;
        for (int grain : GRAINS) {
            List<Consumer<Left>> parts = new ArrayList<>();
            unsynced.forEach(operation -> parts.addAll(parts(operation, grain)));
            if (parts.size() == partsBefore) {
                continue; // nothing to split
            }
            partsBefore = parts.size();
            for (BitSet subset : subsets(parts.size(), effort, random)) {
                Left left = new Left();
                subset.stream().forEach(part -> parts.get(part).accept(left));
                visitor.accept(left.files());
                visited++;
            }
        }
        return visited;
    }

    private static List<BitSet> subsets(int parts, Effort effort, SplittableRandom random) {
        List<BitSet> subsets = new ArrayList<>();
        if (parts <= effort.partsMax()) {
            for (long subset = 0; subset < 1L << parts; subset++) {
                subsets.add(BitSet.valueOf(new long[] {subset}));
            }
            return subsets;
        }
        BitSet all = new BitSet();
        all.set(0, parts);
        subsets.add(new BitSet());
        subsets.add(all);
        for (int part = 0; part < parts; part++) {
            BitSet missing = (BitSet) all.clone();
            missing.clear(part);
            BitSet alone = new BitSet();
            alone.set(part);
            BitSet upTo = new BitSet();
            upTo.set(0, part + 1);
            subsets.addAll(List.of(missing, alone, upTo));
        }
        for (int i = 0; i < effort.atRandom(); i++) {
            BitSet some = new BitSet();
            int density = 1 + random.nextInt(9);
            for (int part = 0; part < parts; part++) {
                some.set(part, random.nextInt(10) < density);
            }
            subsets.add(some);
        }
        return subsets;
    }

    /** {@return the operations that may be lost, for messages} */
    @Override
    public String toString() {
        return "unsynced " + unsynced;
    }
}
