package dev.multipaxos.storage.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A directory of the operating system, through {@link FileChannel}. Nothing is mapped: an I/O error must be an exception. */
public final class FileSystemDisk implements Disk {

    /** A larger piece would make the JDK keep a direct buffer of that size for each thread. */
    private static final int PIECE_BYTES = 256 * 1024;

    /**
     * The directories locked by this process. A lock of the operating system does not hold inside one process, and closing
     * any channel to the lock file would drop it: so a second attempt must not even open the file.
     */
    private static final Set<Path> LOCKED = new HashSet<>();

    /** Channels that must not be closed, nor collected, while the process lives: see {@link #locked}. */
    private static final List<FileChannel> KEPT = new ArrayList<>();

    private final Path directory;

    /**
     * Stands for a directory; touches nothing yet.
     *
     * @param directory the directory, which may not exist yet
     */
    public FileSystemDisk(Path directory) {
        this.directory = directory.toAbsolutePath();
    }

    @Override
    public void createDirectory() throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path path = directory; path != null && !Files.isDirectory(path); path = path.getParent()) {
            missing.add(0, path);
        }
        for (Path path : missing) {
            Files.createDirectories(path); // another process may be making the same one
            Path parent = path.getParent();
            if (parent != null) {
                syncDirectory(parent);
            }
        }
    }

    @Override
    public List<String> list() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Override
    public DiskFile create(String name) throws IOException {
        return new ChannelFile(FileChannel.open(
                directory.resolve(name),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE));
    }

    @Override
    public DiskFile open(String name, boolean writable) throws IOException {
        Path file = directory.resolve(name);
        return new ChannelFile(
                writable
                        ? FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
                        : FileChannel.open(file, StandardOpenOption.READ));
    }

    @Override
    public @Nullable DiskFile openPastCache(String name) throws IOException {
        return DirectFile.open(directory.resolve(name));
    }

    @Override
    public void rename(String from, String to) throws IOException {
        Files.move(
                directory.resolve(from),
                directory.resolve(to),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void delete(String name) throws IOException {
        Files.delete(directory.resolve(name));
    }

    @Override
    public void syncDirectory() throws IOException {
        syncDirectory(directory);
    }

    private static void syncDirectory(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public @Nullable Closeable lock(String name) throws IOException {
        Path key = directory.toRealPath();
        synchronized (LOCKED) {
            if (!LOCKED.add(key)) {
                return null;
            }
        }
        FileChannel channel = null;
        try {
            channel = locked(directory.resolve(name));
        } finally {
            if (channel == null) {
                release(key, null);
            }
        }
        FileChannel held = channel;
        return held == null ? null : () -> release(key, held);
    }

    private static @Nullable FileChannel locked(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            // Held by a copy of this class in another class loader: closing our channel would drop its lock.
            synchronized (LOCKED) {
                KEPT.add(channel);
            }
            return null;
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        return null;
    }

    private static void release(Path key, @Nullable FileChannel channel) throws IOException {
        try {
            if (channel != null) {
                channel.close();
            }
        } finally {
            synchronized (LOCKED) {
                LOCKED.remove(key);
            }
        }
    }

    @Override
    public String describe(String name) {
        return directory.resolve(name).toString();
    }

    private static final class ChannelFile implements DiskFile {
        private final FileChannel channel;

        ChannelFile(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            if (target.isDirect() || target.remaining() <= PIECE_BYTES) {
                return channel.read(target, position);
            }
            int limit = target.limit();
            try {
                target.limit(target.position() + PIECE_BYTES);
                return channel.read(target, position);
            } finally {
                target.limit(limit);
            }
        }

        @Override
        public long write(ByteBuffer[] sources, long position) throws IOException {
            channel.position(position);
            return channel.write(sources);
        }

        @Override
        public void truncate(long size) throws IOException {
            channel.truncate(size);
        }

        @Override
        public void force(boolean metadata) throws IOException {
            channel.force(metadata);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
