package dev.multipaxos.storage;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The snapshots in the directory of a {@link FileStorage}, each a file of its own, written under a name that is not that of a
 * snapshot until all of it is durable. An older one goes only when the name of the newer one is durable, too, and all of that was
 * written in this life or has been read: until then it is what is left if the newer one turns out to be damaged.
 *
 * <p>What is known to be damaged is never the latest, and goes with the next that is committed. What could not be read is not the
 * latest either until it can be read again. What came from another cluster or a later version is not ours to remove.
 *
 * <p>Thread-safe. Every method may wait for the disk; writing and reading of content wait for nobody.
 */
final class FileSnapshots implements SnapshotStore {
    private static final Logger LOG = LoggerFactory.getLogger(FileSnapshots.class);

    /** In place of the number of a chunk: the header or the trailer, or that the file could not be opened. */
    static final long AROUND = -1;

    /** A file in the directory; guarded by the store. */
    static final class Stored {
        final SnapshotName name;
        private @Nullable Id id; // once its header and its trailer were read
        private @Nullable StorageException problem; // it is of no use
        private @Nullable StorageException unread; // it could not be read when that was last tried
        private long unreadChunk; // the number of the chunk that could not be; negative if it was what is around them
        private boolean proven; // it was written in this life, or all of it was read
        private int readers;

        Stored(SnapshotName name) {
            this.name = name;
        }
    }

    private final Disk disk;
    private final long cluster;
    private final LongSupplier random;
    private final Remover remover;
    private final List<Stored> all = new ArrayList<>(); // of equal slots the later one is the newer one
    private final Set<SnapshotWriter> writers = new LinkedHashSet<>();
    private final Set<SnapshotReader> readers = new LinkedHashSet<>();
    private boolean closed;

    /**
     * Finds what is in a locked directory, and removes what was not finished.
     *
     * @param disk the directory
     * @param cluster stands for the cluster
     * @param random draws the ids of files
     * @param remover takes those that were replaced
     * @throws IOException if the directory cannot be listed; nothing else that is wrong with a snapshot matters yet
     */
    FileSnapshots(Disk disk, long cluster, LongSupplier random, Remover remover) throws IOException {
        this.disk = disk;
        this.cluster = cluster;
        this.random = random;
        this.remover = remover;
        for (String file : disk.list()) {
            SnapshotName name = SnapshotName.parse(file);
            if (name != null) {
                all.add(new Stored(name));
            } else if (SnapshotName.isUnfinished(file)) {
                delete(file);
            }
        }
    }

    String path(String file) {
        return disk.describe(file);
    }

    SnapshotLayout layout(SnapshotName name) {
        return new SnapshotLayout(cluster, name);
    }

    // ---- writing ----

    @Override
    public Writer create(int group, long slot) throws StorageException {
        if (group <= 0 || slot <= 0) {
            throw new IllegalArgumentException("group " + group + " and slot " + slot + " must be positive");
        }
        SnapshotWriter writer;
        synchronized (this) {
            checkOpen();
            SnapshotName name = new SnapshotName(group, slot, StorageDirectory.nonZero(random));
            try {
                writer = new SnapshotWriter(this, name, disk.create(name.unfinishedFile()));
            } catch (IOException e) {
                throw Failures.failedSnapshot(disk.describe(name.unfinishedFile()), e);
            }
            writers.add(writer);
        }
        writer.begin();
        return writer;
    }

    /** Gives a file that is durable its name; it is a snapshot from then on. */
    synchronized void publish(SnapshotWriter writer, Id id) throws IOException {
        checkOpen();
        SnapshotName name = writer.name();
        disk.rename(name.unfinishedFile(), name.file());
        try {
            disk.syncDirectory();
        } catch (IOException e) {
            delete(name.file());
            throw e;
        }
        writers.remove(writer);
        Stored stored = new Stored(name);
        stored.id = id;
        stored.proven = true;
        all.add(stored);
        removeOld(name.group());
    }

    /** Removes what a writer has written. */
    synchronized void discard(SnapshotWriter writer) {
        if (writers.remove(writer)) {
            writer.closeFile();
            delete(writer.name().unfinishedFile());
        }
    }

    // ---- finding ----

    @Override
    public synchronized @Nullable Id latest(int group) throws StorageException {
        checkOpen();
        StorageException problem = null;
        for (Stored stored : newestFirst(group)) {
            Id id = identify(stored);
            if (id != null) {
                return id;
            }
            StorageException its = stored.problem != null ? stored.problem : stored.unread;
            problem = problem == null ? its : problem;
        }
        if (problem != null) {
            throw problem;
        }
        return null;
    }

    @Override
    public synchronized @Nullable Id readAgain(int group) throws StorageException {
        checkOpen();
        StorageException unread = null;
        for (Stored stored : newestFirst(group)) {
            if (stored.unread != null) {
                readAgain(stored);
                if (stored.unread == null && stored.problem == null) {
                    return stored.id;
                }
                unread = unread == null ? stored.unread : unread;
            }
        }
        if (unread != null) {
            throw unread;
        }
        return null;
    }

    /** Looks at the very chunk that could not be read, and at what is around. */
    private void readAgain(Stored stored) {
        String path = disk.describe(stored.name.file());
        try (DiskFile file = disk.open(stored.name.file(), false)) {
            stored.id = layout(stored.name).read(file, path);
            if (stored.unreadChunk >= 0) {
                SnapshotLayout.fill(file, SnapshotLayout.chunkBuffer(), SnapshotLayout.place(stored.unreadChunk), path);
            }
            stored.unread = null;
        } catch (StorageException e) {
            failed(stored, e, stored.unreadChunk);
        } catch (NoSuchFileException e) {
            all.remove(stored); // somebody else has removed it
        } catch (IOException e) {
            failed(stored, Failures.failedSnapshot(path, e), stored.unreadChunk);
        }
    }

    private List<Stored> newestFirst(int group) {
        List<Stored> found = new ArrayList<>();
        for (int i = all.size() - 1; i >= 0; i--) {
            if (all.get(i).name.group() == group) {
                found.add(all.get(i));
            }
        }
        found.sort((a, b) -> Long.compare(b.name.slot(), a.name.slot()));
        return found;
    }

    /** {@return which it is, or null if it is of no use, or cannot be read now} */
    private @Nullable Id identify(Stored stored) {
        if (stored.id == null && stored.problem == null && stored.unread == null) {
            String path = disk.describe(stored.name.file());
            try (DiskFile file = disk.open(stored.name.file(), false)) {
                stored.id = layout(stored.name).read(file, path);
            } catch (StorageException e) {
                failed(stored, e, AROUND);
            } catch (NoSuchFileException e) {
                all.remove(stored); // somebody else has removed it
            } catch (IOException e) {
                failed(stored, Failures.failedSnapshot(path, e), AROUND);
            }
        }
        return stored.problem == null && stored.unread == null ? stored.id : null;
    }

    /** It could not be read, or is of no use: that a read failed does not say that what is on the disk is wrong. */
    synchronized void failed(Stored stored, StorageException why, long chunk) {
        if (closed) {
            return;
        }
        if (why.code() == Code.IO_FAILED) {
            if (stored.unread == null) {
                LOG.warn("{}", why.getMessage());
            }
            stored.unread = why;
            stored.unreadChunk = chunk;
        } else {
            stored.unread = null;
            spoilt(stored, why);
        }
    }

    private void spoilt(Stored stored, StorageException problem) {
        if (stored.problem == null) {
            LOG.warn("{}", problem.getMessage());
            stored.problem = problem;
        }
    }

    // ---- reading ----

    @Override
    public synchronized @Nullable Reader open(Id id) throws StorageException {
        checkOpen();
        for (Stored stored : newestFirst(id.group())) {
            if (stored.name.slot() == id.slot() && id.equals(identify(stored))) {
                return open(stored, id);
            }
        }
        return null;
    }

    private @Nullable Reader open(Stored stored, Id id) throws StorageException {
        String path = disk.describe(stored.name.file());
        SnapshotReader reader;
        try {
            reader = new SnapshotReader(this, stored, id, disk.open(stored.name.file(), false));
        } catch (NoSuchFileException e) {
            all.remove(stored); // somebody else has removed it
            return null;
        } catch (IOException e) {
            StorageException failure = Failures.failedSnapshot(path, e);
            failed(stored, failure, AROUND);
            throw failure;
        }
        stored.readers++;
        readers.add(reader);
        try {
            reader.check();
        } catch (StorageException e) {
            reader.close();
            throw e;
        }
        return reader;
    }

    /** {@return those that are of use, of all groups} */
    synchronized List<Id> whole() {
        List<Id> ids = new ArrayList<>();
        for (Stored stored : all) {
            if (stored.id != null && stored.problem == null) {
                ids.add(stored.id);
            }
        }
        return ids;
    }

    /** All of it was read, and was what was written. */
    synchronized void proven(Stored stored) {
        stored.proven = true;
    }

    synchronized void release(SnapshotReader reader, Stored stored) {
        if (readers.remove(reader)) {
            reader.closeFile();
            stored.readers--;
            removeOld(stored.name.group());
        }
    }

    // ---- removing ----

    /**
     * Removes what is older than the newest one that is proven to be whole. One that is newer than that stays, though it counts as
     * damaged or cannot be read: what is in it is nowhere else here, and the next read may find it.
     */
    private void removeOld(int group) {
        Stored newest = null;
        for (Stored stored : newestFirst(group)) {
            if (newest == null && stored.proven && identify(stored) != null) {
                newest = stored;
            }
        }
        for (Stored stored : newestFirst(group)) {
            boolean ours = stored.problem == null || stored.problem.code() == Code.DAMAGED;
            boolean replaced = newest != null && stored != newest && stored.name.slot() <= newest.name.slot() && ours;
            if (replaced && stored.readers == 0 && takeOut(stored.name)) {
                all.remove(stored);
            }
        }
    }

    /** It counts as unfinished from now on. {@return whether it is out of the way} */
    private boolean takeOut(SnapshotName name) {
        try {
            disk.rename(name.file(), name.unfinishedFile());
        } catch (IOException e) {
            return delete(name.file()); // or somebody else has removed it
        }
        remover.remove(List.of(name.unfinishedFile()));
        return true;
    }

    private boolean delete(String file) {
        try {
            disk.delete(file);
            return true;
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            LOG.warn("{}: could not be removed; the next start tries again", disk.describe(file), e);
            return false;
        }
    }

    synchronized void checkOpen() throws StorageException {
        if (closed) {
            throw Failures.closed(disk.describe(""));
        }
    }

    /** Ends all reading and writing; what was not committed goes. Before the directory is unlocked. */
    synchronized void close() {
        closed = true;
        List.copyOf(writers).forEach(this::discard);
        List.copyOf(readers).forEach(SnapshotReader::close);
    }
}
