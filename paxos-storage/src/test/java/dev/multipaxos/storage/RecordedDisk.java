package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A directory in memory that writes down everything that changes it, in order, for {@link CrashStates}. */
final class RecordedDisk implements Disk {

    /** A file, whatever its name is. */
    static final class Content {
        final byte[] first; // before the recording began
        private byte[] now;

        Content(byte[] bytes) {
            first = bytes;
            now = bytes.clone();
        }
    }

    /** What the storage did. */
    sealed interface Operation {}

    /** An operation on names: not durable before the next {@link SyncDirectory}. */
    sealed interface NameChange extends Operation {
        void apply(Map<String, Content> names);
    }

    record Create(String name, Content content) implements NameChange {
        @Override
        public void apply(Map<String, Content> names) {
            names.put(name, content);
        }
    }

    record Rename(String from, String to, Content content) implements NameChange {
        @Override
        public void apply(Map<String, Content> names) {
            names.remove(from, content);
            names.put(to, content);
        }
    }

    record Delete(String name, Content content) implements NameChange {
        @Override
        public void apply(Map<String, Content> names) {
            names.remove(name, content);
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Write(Content content, int position, byte[] bytes, boolean extending) implements Operation {
        int end() {
            return position + bytes.length;
        }

        @Override
        public String toString() {
            return "Write[" + position + " to " + end() + (extending ? ", extending]" : "]");
        }
    }

    record Truncate(Content content, int size) implements Operation {}

    record Force(Content content) implements Operation {}

    record SyncDirectory() implements Operation {}

    private final SortedMap<String, Content> names = new TreeMap<>();
    private final Map<String, Content> firstNames;
    private final List<Operation> operations = new ArrayList<>();
    private @Nullable Class<? extends Operation> leftOut;
    private boolean locked;
    private long capacity = Long.MAX_VALUE;

    RecordedDisk(Map<String, byte[]> files) {
        files.forEach((name, bytes) -> names.put(name, new Content(bytes)));
        firstNames = Map.copyOf(names);
    }

    /** {@return what was there before the first operation} */
    Map<String, Content> firstNames() {
        return firstNames;
    }

    List<Operation> operations() {
        return operations;
    }

    /** {@return what is there now} */
    SortedMap<String, byte[]> files() {
        SortedMap<String, byte[]> files = new TreeMap<>();
        names.forEach((name, content) -> files.put(name, content.now.clone()));
        return files;
    }

    /** From now on no more bytes than so many fit. */
    void limit(long bytes) {
        capacity = bytes;
    }

    /** {@return the bytes of all files} */
    long used() {
        return names.values().stream().mapToLong(content -> content.now.length).sum();
    }

    /** From now on operations of one kind do nothing, and say that they did. */
    void leaveOut(Class<? extends Operation> kind) {
        leftOut = kind;
    }

    private void note(Operation operation) {
        if (operation.getClass() != leftOut) {
            operations.add(operation);
        }
    }

    /** The process that used it is gone. */
    void processEnds() {
        locked = false;
    }

    private Content content(String name) throws NoSuchFileException {
        Content content = names.get(name);
        if (content == null) {
            throw new NoSuchFileException(name);
        }
        return content;
    }

    private void change(NameChange change) {
        change.apply(names);
        note(change);
    }

    @Override
    public void createDirectory() {}

    @Override
    public List<String> list() {
        return List.copyOf(names.keySet());
    }

    @Override
    public DiskFile create(String name) throws IOException {
        if (names.containsKey(name)) {
            throw new IOException(name + " exists");
        }
        Content content = new Content(new byte[0]);
        change(new Create(name, content));
        return new RecordedFile(content);
    }

    @Override
    public DiskFile open(String name, boolean writable) throws IOException {
        return new RecordedFile(content(name));
    }

    @Override
    public DiskFile openPastCache(String name) throws IOException {
        return open(name, false);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        change(new Rename(from, to, content(from)));
    }

    @Override
    public void delete(String name) throws IOException {
        change(new Delete(name, content(name)));
    }

    @Override
    public void syncDirectory() {
        note(new SyncDirectory());
    }

    @Override
    public @Nullable Closeable lock(String name) {
        if (locked) {
            return null;
        }
        locked = true;
        return () -> locked = false;
    }

    @Override
    public long usableBytes() {
        return capacity == Long.MAX_VALUE ? capacity : Math.max(0, capacity - used());
    }

    @Override
    public boolean isLocked(String name) {
        return locked;
    }

    @Override
    public String describe(String name) {
        return "recorded/" + name;
    }

    private final class RecordedFile implements DiskFile {
        private final Content content;

        RecordedFile(Content content) {
            this.content = content;
        }

        @Override
        public long size() {
            return content.now.length;
        }

        @Override
        public int read(ByteBuffer target, long position) {
            if (position >= content.now.length) {
                return -1;
            }
            int count = Math.min(target.remaining(), content.now.length - (int) position);
            target.put(content.now, (int) position, count);
            return count;
        }

        @Override
        public long write(ByteBuffer[] sources, long position) throws IOException {
            int count = 0;
            for (ByteBuffer source : sources) {
                count += source.remaining();
            }
            if (position + count - content.now.length > usableBytes()) {
                throw new IOException("no space left on device");
            }
            ByteBuffer bytes = ByteBuffer.allocate(count);
            for (ByteBuffer source : sources) {
                bytes.put(source);
            }
            int at = (int) position;
            Write write = new Write(content, at, bytes.array(), at + count > content.now.length);
            if (write.extending) {
                content.now = Arrays.copyOf(content.now, write.end());
            }
            System.arraycopy(write.bytes, 0, content.now, at, count);
            note(write);
            return count;
        }

        @Override
        public void truncate(long size) {
            content.now = Arrays.copyOf(content.now, (int) Math.min(size, content.now.length));
            note(new Truncate(content, content.now.length));
        }

        @Override
        public void force(boolean metadata) {
            note(new Force(content));
        }

        @Override
        public void close() {}
    }
}
