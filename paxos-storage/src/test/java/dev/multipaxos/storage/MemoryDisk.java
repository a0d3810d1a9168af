package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A directory in memory that knows what a power loss would leave of it, and fails when told to. */
final class MemoryDisk implements Disk {
    private static final int SECTOR_BYTES = 512;

    /** Thrown by the operation at which the power fails, and by every one after it. */
    static final class PowerLoss extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** What a power loss leaves of what was not forced. */
    enum Survivors {
        EVERYTHING,
        NOTHING,
        ANYTHING
    }

    private static final class Content {
        byte[] now = new byte[0];
        byte[] forced = new byte[0];
        byte @Nullable [] clean; // what a force failed to write, and no later one will: its pages count as written
    }

    private Map<String, Content> names = new TreeMap<>();
    private Map<String, Content> forcedNames = new TreeMap<>();
    private final List<Consumer<Map<String, Content>>> unforced = new ArrayList<>();
    private boolean locked;

    /** Draws ids, none twice, whatever is copied from whom. */
    SplittableRandom ids = new SplittableRandom(1);

    int operations;
    int powerFailsAt = Integer.MAX_VALUE;
    int writesFailFrom = Integer.MAX_VALUE;
    int writesFailTo = Integer.MAX_VALUE;
    int forcesFailFrom = Integer.MAX_VALUE;
    int forcesFailTo = Integer.MAX_VALUE;
    int writeBytesMax = Integer.MAX_VALUE;
    long capacity = Long.MAX_VALUE; // bytes of all files
    int writes;
    int forces;
    int openFiles;
    long bytesRead;
    boolean readsPastCache = true;
    String unreadable = ""; // a file
    int unreadableAt; // a byte of it
    int segmentsMade;
    boolean deletesFail;
    boolean directorySyncsFail;

    @Nullable
    Runnable beforeNextRead;

    @Nullable
    Runnable beforeNextRename;

    /** And then it is not made. */
    @Nullable
    Runnable beforeNextSegment;

    @Nullable
    Error nextForceThrows;

    private synchronized void step() {
        if (operations++ >= powerFailsAt) {
            throw new PowerLoss();
        }
    }

    private void name(Consumer<Map<String, Content>> change) {
        change.accept(names);
        unforced.add(change);
    }

    /** {@return what is on the disk after a power loss at this moment} */
    synchronized MemoryDisk afterPowerLoss(Survivors survivors, SplittableRandom random) {
        MemoryDisk after = new MemoryDisk();
        after.ids = ids.split();
        Map<String, Content> left = new TreeMap<>(forcedNames);
        int kept = switch (survivors) {
            case EVERYTHING -> unforced.size();
            case NOTHING -> 0;
            case ANYTHING -> random.nextInt(unforced.size() + 1);
        };
        for (Consumer<Map<String, Content>> change : unforced.subList(0, kept)) {
            change.accept(left);
        }
        left.forEach((name, content) -> {
            byte[] bytes = switch (survivors) {
                case EVERYTHING -> content.now.clone();
                case NOTHING -> content.forced.clone();
                case ANYTHING -> mixed(content, random);
            };
            after.put(name, bytes);
        });
        return after;
    }

    /** The process was killed, the machine goes on: nothing is lost, nothing more is durable. */
    synchronized void processEnds() {
        locked = false;
        powerFailsAt = Integer.MAX_VALUE;
    }

    private static byte[] mixed(Content content, SplittableRandom random) {
        byte[] bytes = (random.nextBoolean() ? content.now : content.forced).clone();
        byte[] other = random.nextBoolean() ? content.now : content.forced;
        for (int at = 0; at < Math.min(bytes.length, other.length); at += SECTOR_BYTES) {
            if (random.nextBoolean()) {
                int length = Math.min(SECTOR_BYTES, Math.min(bytes.length, other.length) - at);
                System.arraycopy(other, at, bytes, at, length);
            }
        }
        return bytes;
    }

    /** {@return an equal disk of its own} */
    synchronized MemoryDisk copy() {
        MemoryDisk copy = new MemoryDisk();
        copy.ids = ids.split();
        names.forEach((name, content) -> copy.put(name, content.now.clone()));
        return copy;
    }

    /** Puts a file there, durably. */
    synchronized void put(String name, byte[] bytes) {
        Content content = new Content();
        content.now = bytes;
        content.forced = bytes.clone();
        names.put(name, content);
        forcedNames.put(name, content);
    }

    synchronized void remove(String name) {
        names.remove(name);
        forcedNames.remove(name);
    }

    /** {@return the bytes of a file themselves, to be changed} */
    synchronized byte[] bytes(String name) {
        return content(names, name).now;
    }

    private static Content content(Map<String, Content> names, String name) {
        Content content = names.get(name);
        if (content == null) {
            throw new IllegalArgumentException(name + " is not there: " + names.keySet());
        }
        return content;
    }

    synchronized List<String> journals() {
        return names.keySet().stream().filter(Segment::isName).toList();
    }

    /** {@return those that no records were ever written to under this name, and no header that says where they belong} */
    synchronized List<String> spares() {
        return journals().stream()
                .filter(name -> {
                    ByteBuffer bytes = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN);
                    return bytes.getLong(0) == 0 || bytes.getLong(40) == Long.MAX_VALUE;
                })
                .toList();
    }

    @Override
    public synchronized void createDirectory() {
        step();
    }

    @Override
    public synchronized List<String> list() {
        step();
        return List.copyOf(names.keySet());
    }

    @Override
    public synchronized DiskFile create(String name) throws IOException {
        step();
        if (names.containsKey(name)) {
            throw new IllegalStateException(name + " exists");
        }
        boolean isSegment = Segment.isName(TailCopy.finished(name));
        Runnable first = beforeNextSegment;
        if (isSegment && first != null) {
            beforeNextSegment = null;
            first.run();
            throw new IOException("disk quota exceeded");
        }
        segmentsMade += isSegment ? 1 : 0;
        Content content = new Content();
        name(map -> map.put(name, content));
        return new MemoryFile(name, content, true);
    }

    @Override
    public synchronized DiskFile open(String name, boolean writable) throws IOException {
        step();
        Content content = names.get(name);
        if (content == null) {
            throw new NoSuchFileException(name);
        }
        return new MemoryFile(name, content, writable);
    }

    /** What is on the disk, once the pages that count as changed are written. */
    @Override
    public synchronized @Nullable DiskFile openPastCache(String name) throws IOException {
        step();
        Content content = names.get(name);
        if (content == null) {
            throw new NoSuchFileException(name);
        }
        Content platter = new Content();
        platter.now = content.clean == null ? content.now : MemoryFile.written(content, content.clean);
        return readsPastCache ? new MemoryFile(name, platter, false) : null;
    }

    @Override
    public synchronized void rename(String from, String to) {
        step();
        Runnable first = beforeNextRename;
        if (first != null) {
            beforeNextRename = null;
            first.run();
        }
        content(names, from);
        name(map -> {
            Content moved = map.remove(from);
            if (moved != null) {
                map.put(to, moved);
            }
        });
    }

    @Override
    public synchronized void delete(String name) throws IOException {
        step();
        if (deletesFail) {
            throw new IOException("operation not permitted");
        }
        content(names, name);
        name(map -> map.remove(name));
    }

    @Override
    public synchronized void syncDirectory() throws IOException {
        step();
        if (directorySyncsFail) {
            throw new IOException("the names stay where they are");
        }
        forcedNames = new TreeMap<>(names);
        unforced.clear();
    }

    @Override
    public synchronized @Nullable Closeable lock(String name) {
        step();
        if (locked) {
            return null;
        }
        locked = true;
        return () -> locked = false;
    }

    @Override
    public synchronized long usableBytes() {
        return capacity == Long.MAX_VALUE ? capacity : Math.max(0, capacity - used());
    }

    /** {@return the bytes of all files} */
    synchronized long used() {
        return names.values().stream().mapToLong(file -> file.now.length).sum();
    }

    @Override
    public boolean isLocked(String name) {
        return locked;
    }

    @Override
    public String describe(String name) {
        return "memory/" + name;
    }

    private final class MemoryFile implements DiskFile {
        private final String name;
        private final Content content;
        private final boolean writable;
        private boolean closed;

        MemoryFile(String name, Content content, boolean writable) {
            this.name = name;
            this.content = content;
            this.writable = writable;
            openFiles++;
        }

        @Override
        public long size() {
            synchronized (MemoryDisk.this) {
                return content.now.length;
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            Runnable first = beforeNextRead;
            if (first != null) {
                beforeNextRead = null;
                first.run();
            }
            synchronized (MemoryDisk.this) {
                if (name.equals(unreadable)
                        && position <= unreadableAt
                        && unreadableAt < position + target.remaining()) {
                    throw new IOException("input/output error");
                }
                if (position >= content.now.length) {
                    return -1;
                }
                int count = Math.min(target.remaining(), content.now.length - (int) position);
                target.put(content.now, (int) position, count);
                bytesRead += count;
                return count;
            }
        }

        @Override
        public long write(ByteBuffer[] sources, long position) throws IOException {
            synchronized (MemoryDisk.this) {
                mustBeWritable();
                writes++;
                if (writes > writesFailFrom && writes <= writesFailTo) {
                    throw new IOException("no space left on device");
                }
                step();
                int at = (int) position;
                long length = 0;
                for (ByteBuffer source : sources) {
                    length += source.remaining();
                }
                if (at + length - content.now.length > usableBytes()) {
                    throw new IOException("no space left on device");
                }
                int left = writeBytesMax;
                for (ByteBuffer source : sources) {
                    int count = Math.min(left, source.remaining());
                    if (at + count > content.now.length) {
                        content.now = Arrays.copyOf(content.now, at + count);
                    }
                    int limit = source.limit();
                    source.limit(source.position() + count);
                    source.get(content.now, at, count);
                    source.limit(limit);
                    at += count;
                    left -= count;
                }
                return at - position;
            }
        }

        @Override
        public void truncate(long size) {
            synchronized (MemoryDisk.this) {
                mustBeWritable();
                step();
                content.now = Arrays.copyOf(content.now, (int) Math.min(size, content.now.length));
            }
        }

        @Override
        public void force(boolean metadata) throws IOException {
            synchronized (MemoryDisk.this) {
                forces++;
                Error thrown = nextForceThrows;
                if (thrown != null) {
                    nextForceThrows = null;
                    throw thrown;
                }
                if (forces > forcesFailFrom && forces <= forcesFailTo) {
                    content.clean = content.now.clone();
                    throw new IOException("input/output error");
                }
                step();
                content.forced = content.clean == null ? content.now.clone() : written(content, content.clean);
            }
        }

        /** Only what was changed since the force that failed. */
        private static byte[] written(Content content, byte[] clean) {
            byte[] bytes = Arrays.copyOf(content.forced, content.now.length);
            for (int at = 0; at < bytes.length; at += SECTOR_BYTES) {
                int end = Math.min(at + SECTOR_BYTES, bytes.length);
                if (end > clean.length || !Arrays.equals(content.now, at, end, clean, at, end)) {
                    System.arraycopy(content.now, at, bytes, at, end - at);
                }
            }
            return bytes;
        }

        private void mustBeWritable() {
            if (!writable) {
                throw new IllegalStateException("opened for reading");
            }
        }

        @Override
        public void close() {
            synchronized (MemoryDisk.this) {
                if (!closed) {
                    closed = true;
                    openFiles--;
                }
            }
        }
    }
}
