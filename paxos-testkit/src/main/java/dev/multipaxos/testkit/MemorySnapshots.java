package dev.multipaxos.testkit;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** The snapshots of a {@link MemoryStorage}. Thread-safe. */
final class MemorySnapshots implements SnapshotStore {

    private static final class Stored {
        final Id id;
        final Bytes content;
        int readers;
        boolean damaged;
        boolean spoilt; // a reader has found that

        @Nullable
        StorageException unread; // a reader has failed

        @Nullable
        String readFailure; // of this one

        Stored(Id id, Bytes content) {
            this.id = id;
            this.content = content;
        }

        boolean isOfUse() {
            return !spoilt && unread == null;
        }
    }

    private final List<Stored> all = new ArrayList<>(); // in the order in which they were committed
    private long life; // how often the storage was opened; what was begun in an earlier life is void
    private boolean open;
    private @Nullable String failure; // of everything that is written
    private @Nullable String nextFailure; // of one snapshot
    private @Nullable String readFailure; // of every snapshot

    // ---- what happens to the storage ----

    synchronized void open() {
        open = true;
        life++;
        all.forEach(stored -> stored.unread = null); // to be found again
    }

    synchronized void close() {
        open = false;
        all.forEach(stored -> stored.readers = 0);
        retireOld();
    }

    synchronized void fail(String reason) {
        failure = reason;
    }

    /** Fails the next write or commit, and nothing after it. */
    synchronized void failNext(String reason) {
        nextFailure = reason;
    }

    /** Fails every read, until there is no reason any more. */
    synchronized void failReads(@Nullable String reason) {
        readFailure = reason;
    }

    /** Fails every read of the newest snapshot of a group, until there is no reason any more. {@return false if there is none} */
    synchronized boolean failReads(int group, @Nullable String reason) {
        Stored newest = newest(stored -> stored.id.group() == group);
        if (newest != null) {
            newest.readFailure = reason;
        }
        return newest != null;
    }

    private @Nullable String readFailure(Stored stored) {
        return stored.readFailure != null ? stored.readFailure : readFailure;
    }

    /** Makes the newest snapshot of a group rot. {@return false if there is none} */
    synchronized boolean damage(int group) {
        Stored newest = newest(group);
        if (newest != null) {
            newest.damaged = true;
        }
        return newest != null;
    }

    synchronized void copyTo(MemorySnapshots other) {
        for (Stored stored : all) {
            Stored copy = new Stored(stored.id, stored.content);
            copy.damaged = stored.damaged; // to be found again
            copy.readFailure = stored.readFailure;
            other.all.add(copy);
        }
        other.retireOld();
    }

    // ---- what the node does with it ----

    @Override
    public synchronized Writer create(int group, long slot) throws StorageException {
        if (group <= 0 || slot < 1) {
            throw new IllegalArgumentException("group " + group + " and slot " + slot + " must be positive");
        }
        checkWritable(life);
        return new MemoryWriter(group, slot, life);
    }

    @Override
    public synchronized @Nullable Id latest(int group) throws StorageException {
        checkOpen(life);
        Stored newest = newest(group);
        StorageException unread = newest == null ? unread(group) : null;
        if (unread != null) {
            throw unread;
        }
        if (newest == null && all.stream().anyMatch(stored -> stored.id.group() == group)) {
            throw damaged("of group " + group + " every snapshot");
        }
        return newest == null ? null : newest.id;
    }

    @Override
    public synchronized @Nullable Id readAgain(int group) throws StorageException {
        checkOpen(life);
        Stored again =
                newest(stored -> stored.id.group() == group && stored.unread != null && readFailure(stored) == null);
        if (again != null) {
            again.unread = null;
            return again.id;
        }
        StorageException unread = unread(group);
        if (unread != null) {
            throw unread;
        }
        return null;
    }

    private @Nullable StorageException unread(int group) {
        return all.stream()
                .filter(stored -> stored.id.group() == group)
                .map(stored -> stored.unread)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    @Override
    public synchronized @Nullable Reader open(Id id) throws StorageException {
        checkOpen(life);
        for (Stored stored : all) {
            if (stored.id.equals(id) && stored.isOfUse()) {
                stored.readers++;
                return new MemoryReader(stored, life);
            }
        }
        return null;
    }

    private @Nullable Stored newest(int group) {
        return newest(stored -> stored.id.group() == group && stored.isOfUse());
    }

    private @Nullable Stored newest(Predicate<Stored> which) {
        return all.stream()
                .filter(which)
                .reduce((one, later) -> later.id.slot() >= one.id.slot() ? later : one)
                .orElse(null);
    }

    /** What is damaged, or cannot be read, takes the place of none, also before that was found. */
    private void retireOld() {
        for (Stored stored : List.copyOf(all)) {
            int group = stored.id.group();
            Stored newest = newest(other ->
                    other.id.group() == group && other.isOfUse() && !other.damaged && other.readFailure == null);
            boolean replaced = newest != null && stored != newest && stored.id.slot() <= newest.id.slot();
            if (replaced && stored.readers == 0) {
                all.remove(stored);
            }
        }
    }

    private static StorageException damaged(String what) {
        return new StorageException(Code.DAMAGED, what + " is damaged, as the test wanted: get another", null);
    }

    private void checkOpen(long since) throws StorageException {
        if (!open || since != life) {
            throw new StorageException(Code.IO_FAILED, "the storage is closed: open it again", null);
        }
    }

    private void checkWritable(long since) throws StorageException {
        checkOpen(since);
        if (failure != null) {
            throw new StorageException(Code.IO_FAILED, failure, null);
        }
    }

    private void checkNext(long since) throws StorageException {
        checkWritable(since);
        String reason = nextFailure;
        nextFailure = null;
        if (reason != null) {
            throw new StorageException(Code.IO_FAILED, reason, null);
        }
    }

    private final class MemoryWriter implements Writer {
        private final int group;
        private final long slot;
        private final long since;
        private final ByteArrayOutputStream content = new ByteArrayOutputStream();
        private final CRC32C checksum = new CRC32C();
        private boolean over; // committed, failed or closed

        MemoryWriter(int group, long slot, long since) {
            this.group = group;
            this.slot = slot;
            this.since = since;
        }

        @Override
        public void write(byte[] source, int offset, int length) throws StorageException {
            Objects.checkFromIndexSize(offset, length, source.length);
            step();
            content.write(source, offset, length);
            checksum.update(source, offset, length);
            over = false;
        }

        @Override
        public long position() {
            return content.size();
        }

        @Override
        public Id commit() throws StorageException {
            step();
            Id id = new Id(group, slot, content.size(), (int) checksum.getValue());
            synchronized (MemorySnapshots.this) {
                all.add(new Stored(id, Bytes.wrap(content.toByteArray())));
                retireOld();
            }
            return id;
        }

        /** Is over, unless the caller says that it is not. */
        private void step() throws StorageException {
            if (over) {
                throw new IllegalStateException("the snapshot was committed, has failed or was closed");
            }
            over = true;
            synchronized (MemorySnapshots.this) {
                checkNext(since);
            }
        }

        @Override
        public void close() {
            over = true;
        }
    }

    private final class MemoryReader implements Reader {
        private final Stored stored;
        private final long since;
        private boolean closed;

        MemoryReader(Stored stored, long since) {
            this.stored = stored;
            this.since = since;
        }

        @Override
        public Id id() {
            return stored.id;
        }

        @Override
        public Bytes read(long offset, int maxBytes) throws StorageException {
            if (offset < 0 || maxBytes < 1) {
                throw new IllegalArgumentException(
                        "offset " + offset + " must not be negative, bytes " + maxBytes + " must be positive");
            }
            synchronized (MemorySnapshots.this) {
                if (closed) {
                    throw new IllegalStateException("the reader was closed");
                }
                checkOpen(since);
                String failure = readFailure(stored);
                if (failure != null) {
                    stored.unread =
                            new StorageException(Code.IO_FAILED, stored.id + " cannot be read: " + failure, null);
                    throw stored.unread;
                }
                if (stored.damaged) {
                    stored.spoilt = true;
                    throw damaged(stored.id.toString());
                }
            }
            Bytes content = stored.content;
            int from = (int) Math.min(offset, content.length());
            return content.slice(from, Math.min(maxBytes, content.length() - from));
        }

        @Override
        public void close() {
            synchronized (MemorySnapshots.this) {
                if (!closed && since == life && open) {
                    stored.readers--;
                    retireOld();
                }
                closed = true;
            }
        }
    }
}
