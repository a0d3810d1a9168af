package dev.multipaxos.testkit;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A storage in memory, for tests: as fast as a disk can only wish to be, and able to fail when told. It is the <i>disk</i>: give
 * the same object to the next node and that node finds what the last one had synced. It grows until it is trimmed; then it lets go
 * of every record that it may, so that one that was needed after all is missed at once.
 *
 * <p>Thread-safe.
 */
public final class MemoryStorage implements DurableStorage {

    private record Entry(int group, int kind, long slotFrom, long slotTo, Bytes body) {
        int bytes() {
            return body.length() + 32;
        }
    }

    /** An entry and where the journal ended when it was the last. */
    private record Kept(Entry entry, long end) {}

    /** What a group was trimmed to; see {@link #trim}. */
    private record Trim(long upTo, long restatedFrom, long keepBytes) {
        static final Trim NONE = new Trim(0, 0, 0);
    }

    private final Object lock = new Object();
    private final List<Kept> durable = new ArrayList<>();
    private final List<Entry> appended = new ArrayList<>(); // not durable yet
    private final MemorySnapshots snapshots = new MemorySnapshots();
    private final NavigableMap<Long, List<Kept>> bySlot = new TreeMap<>();
    private final Map<Integer, Trim> trims = new HashMap<>();
    private @Nullable Bytes foundingRecord;
    private int owner;
    private long storageId;
    private long bootCount;
    private boolean open;
    private boolean held;
    private @Nullable StorageException failure;
    private long position;
    private long syncs;
    private volatile DiskSpace space = DiskSpace.PLENTY;

    /** Makes an empty storage. */
    public MemoryStorage() {}

    /**
     * Loses the power: whatever uses this storage fails from now on.
     *
     * @return what has survived, everything that was synced, for the next node to open
     */
    public MemoryStorage crash() {
        MemoryStorage copy = new MemoryStorage();
        synchronized (lock) {
            fail("the power is lost");
            copy.foundingRecord = foundingRecord;
            copy.owner = owner;
            copy.storageId = storageId;
            copy.bootCount = bootCount;
            copy.space = space;
            copy.position = position;
            copy.trims.putAll(trims);
            durable.forEach(copy::keep);
        }
        snapshots.copyTo(copy.snapshots);
        return copy;
    }

    /**
     * Makes every write and sync fail from now on, of snapshots too.
     *
     * @param reason what the exception says
     */
    public void fail(String reason) {
        synchronized (lock) {
            failure = new StorageException(Code.IO_FAILED, reason, null);
            held = false;
            lock.notifyAll();
        }
        snapshots.fail(reason);
    }

    /**
     * Makes the next write or commit of a snapshot fail; the journal, and what is tried after it, do not.
     *
     * @param reason what the exception says
     */
    public void failNextSnapshot(String reason) {
        snapshots.failNext(reason);
    }

    /**
     * Makes every read of a snapshot fail, as of a disk that is away for a while, or none any more. What is on it stays as it is.
     *
     * @param reason why; null: they succeed again
     */
    public void failSnapshotReads(@Nullable String reason) {
        snapshots.failReads(reason);
    }

    /**
     * Makes every read of the newest snapshot of a group fail, as of a bad sector under it. Older ones can be read.
     *
     * @param group the group
     * @param reason why; null: they succeed again
     * @return false if there is none
     */
    public boolean failSnapshotReads(int group, @Nullable String reason) {
        return snapshots.failReads(group, reason);
    }

    /**
     * Damages the newest snapshot of a group: it is still found, but cannot be read.
     *
     * @param group the group
     * @return false if there is none
     */
    public boolean damageSnapshot(int group) {
        return snapshots.damage(group);
    }

    /** Makes every sync wait until {@link #release}. */
    public void hold() {
        synchronized (lock) {
            held = true;
        }
    }

    /** Lets syncs go on. */
    public void release() {
        synchronized (lock) {
            held = false;
            lock.notifyAll();
        }
    }

    /**
     * Pretends that there is so much room. Nothing is refused here: what that means is the node's business, which learns of it
     * within about a second.
     *
     * @param left how much room there is from now on
     */
    public void pretend(DiskSpace left) {
        space = left;
    }

    /** {@return how many syncs were made} */
    public long syncs() {
        synchronized (lock) {
            return syncs;
        }
    }

    @Override
    public Identity open(int node, Bytes founding) throws StorageException {
        synchronized (lock) {
            if (open) {
                throw new StorageException(Code.IN_USE, "the storage is used by node " + owner, null);
            }
            boolean formatted = foundingRecord == null;
            if (formatted) {
                foundingRecord = founding;
                owner = node;
                storageId = ThreadLocalRandom.current().nextLong() | 1;
            } else if (owner != node) {
                throw new StorageException(
                        Code.FOREIGN, "the storage belongs to node " + owner + ", not to node " + node, null);
            } else if (!Objects.equals(founding, foundingRecord)) {
                throw new StorageException(Code.FOREIGN, "the storage was founded with other members or limits", null);
            }
            open = true;
            bootCount++;
            appended.clear();
            snapshots.open();
            return new Identity(storageId, bootCount, formatted);
        }
    }

    @Override
    public void replay(RecordVisitor visitor) throws StorageException {
        List<Kept> all;
        synchronized (lock) {
            all = List.copyOf(durable);
        }
        visit(all, visitor);
    }

    private static void visit(Collection<Kept> records, RecordVisitor visitor) throws StorageException {
        for (Kept kept : records) {
            Entry entry = kept.entry();
            try {
                visitor.record(entry.group(), entry.kind(), entry.slotFrom(), entry.slotTo(), entry.body());
            } catch (StorageException e) {
                throw e;
            } catch (IOException e) {
                throw new StorageException(Code.DAMAGED, "a record makes no sense: " + e.getMessage(), e);
            }
        }
    }

    @Override
    public void append(
            int group,
            int kind,
            long slotFrom,
            long slotTo,
            long promisedRound,
            int promisedNode,
            Bytes head,
            Bytes body)
            throws StorageException {
        byte[] joined = Arrays.copyOf(head.toArray(), head.length() + body.length());
        System.arraycopy(body.array(), body.offset(), joined, head.length(), body.length());
        synchronized (lock) {
            check();
            appended.add(new Entry(group, kind, slotFrom, slotTo, Bytes.wrap(joined)));
        }
    }

    @Override
    public void sync() throws StorageException {
        synchronized (lock) {
            boolean interrupted = false;
            while (held) {
                try {
                    lock.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            check();
            syncs++;
            for (Entry entry : appended) {
                position += entry.bytes();
                keep(new Kept(entry, position));
            }
            appended.clear();
        }
    }

    private void keep(Kept kept) {
        Entry entry = kept.entry();
        for (long slot = entry.slotFrom(); slot > 0 && slot <= entry.slotTo(); slot++) {
            bySlot.computeIfAbsent(slot, none -> new ArrayList<>()).add(kept);
        }
        durable.add(kept);
    }

    private void check() throws StorageException {
        if (failure != null) {
            throw failure;
        }
        checkOpen();
    }

    private void checkOpen() {
        if (!open) {
            throw new IllegalStateException("the storage is not open");
        }
    }

    @Override
    public void idle() throws StorageException {
        synchronized (lock) {
            check();
        }
    }

    @Override
    public DiskSpace space() {
        return space;
    }

    @Override
    public long durablePosition() {
        synchronized (lock) {
            return position;
        }
    }

    @Override
    public long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor)
            throws StorageException {
        TreeMap<Long, Kept> found = new TreeMap<>(); // by their place in the journal
        long readTo = slotFrom - 1;
        synchronized (lock) {
            checkOpen();
            long bytes = 0;
            for (var slot : bySlot.subMap(slotFrom, true, slotTo, true).entrySet()) {
                if (bytes >= maxBytes && bytes > 0) {
                    break;
                }
                for (Kept kept : slot.getValue()) {
                    if (kept.entry().group() == group) {
                        bytes += found.put(kept.end(), kept) == null
                                ? kept.entry().bytes()
                                : 0;
                        readTo = slot.getKey();
                    }
                }
            }
        }
        visit(found.values(), visitor);
        return readTo;
    }

    @Override
    public SnapshotStore snapshots() {
        synchronized (lock) {
            checkOpen();
        }
        return snapshots;
    }

    @Override
    public void trim(int group, long upTo, long restatedFrom, long keepBytes) throws StorageException {
        synchronized (lock) {
            check();
            if (!appended.isEmpty()) {
                sync(); // what was said again must not be lost when what it repeats is gone
            }
            if (group <= 0 || upTo < 0 || restatedFrom < 0 || restatedFrom > position || keepBytes < 0) {
                throw new IllegalArgumentException("group " + group + " must be positive, slot " + upTo + " and "
                        + keepBytes + " bytes to keep not negative, position " + restatedFrom + " from 0 to "
                        + position + ", the durable end");
            }
            Trim before = trims.getOrDefault(group, Trim.NONE);
            trims.put(
                    group,
                    new Trim(Math.max(before.upTo(), upTo), Math.max(before.restatedFrom(), restatedFrom), keepBytes));
            long kept = trims.values().stream().mapToLong(Trim::keepBytes).max().orElse(0);
            List<Kept> left = durable.stream()
                    .filter(record -> record.end() > position - kept || !isObsolete(record))
                    .toList();
            durable.clear();
            bySlot.clear();
            left.forEach(this::keep);
        }
    }

    private boolean isObsolete(Kept kept) {
        Trim trim = trims.getOrDefault(kept.entry().group(), Trim.NONE);
        return kept.entry().slotTo() == 0
                ? kept.end() <= trim.restatedFrom()
                : kept.entry().slotTo() <= trim.upTo();
    }

    @Override
    public long trimmedUpTo(int group) {
        synchronized (lock) {
            return trims.getOrDefault(group, Trim.NONE).upTo();
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            snapshots.close();
            open = false;
            appended.clear();
            held = false;
            lock.notifyAll();
        }
    }
}
