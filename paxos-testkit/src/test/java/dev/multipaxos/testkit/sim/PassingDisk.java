package dev.multipaxos.testkit.sim;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Passes everything on, until a planted bug overrides something. */
class PassingDisk implements Disk {
    private final Disk disk;

    PassingDisk(Disk disk) {
        this.disk = disk;
    }

    @Override
    public void createDirectory() throws IOException {
        disk.createDirectory();
    }

    @Override
    public List<String> list() throws IOException {
        return disk.list();
    }

    @Override
    public DiskFile create(String name) throws IOException {
        return disk.create(name);
    }

    @Override
    public DiskFile open(String name, boolean writable) throws IOException {
        return disk.open(name, writable);
    }

    @Override
    public @Nullable DiskFile openPastCache(String name) throws IOException {
        return disk.openPastCache(name);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(String name) throws IOException {
        disk.delete(name);
    }

    @Override
    public void syncDirectory() throws IOException {
        disk.syncDirectory();
    }

    @Override
    public @Nullable Closeable lock(String name) throws IOException {
        return disk.lock(name);
    }

    @Override
    public String describe(String name) {
        return disk.describe(name);
    }

    /** A file whose forces do nothing. */
    static final class Unforced implements DiskFile {
        private final DiskFile file;

        Unforced(DiskFile file) {
            this.file = file;
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public long write(ByteBuffer[] sources, long position) throws IOException {
            return file.write(sources, position);
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void force(boolean metadata) {
            // this is the bug
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
