package dev.multipaxos.testkit.sim;

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
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A directory in memory that remembers what was done to it since the last force, so that a power loss can keep any part of it:
 * of the names the first so many changes, as a journaling file system does; of a file, each sector as it was after any of the
 * writes that touched it. A killed process leaves it as it is, the forces still owed.
 */
final class SimulatedDisk implements Disk {

    /** The power failed in the middle of an operation. */
    static final class PowerLost extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Bytes that were written and not forced. */
    private static final class Write {
        final int position;
        final byte[] bytes;
        final int sizeAfter;

        Write(int position, byte[] bytes, int sizeAfter) {
            this.position = position;
            this.bytes = bytes;
            this.sizeAfter = sizeAfter;
        }
    }

    private static final class Content {
        byte[] now = new byte[0];
        int size;
        byte[] forced = new byte[0];
        int forcedSize;
        final List<Write> unforced = new ArrayList<>();

        void write(int position, byte[] bytes, int sizeAfter) {
            now = put(now, position, bytes);
            size = sizeAfter;
            unforced.add(new Write(position, bytes, sizeAfter));
        }

        void force() {
            for (Write write : unforced) {
                forced = put(forced, write.position, write.bytes);
                forcedSize = write.sizeAfter;
            }
            unforced.clear();
        }

        private static byte[] put(byte[] target, int position, byte[] bytes) {
            int end = position + bytes.length;
            byte[] roomy = end <= target.length ? target : Arrays.copyOf(target, Math.max(end, 2 * target.length));
            System.arraycopy(bytes, 0, roomy, position, bytes.length);
            return roomy;
        }

        /** Each sector as it was after any of the writes; so the size. */
        void losePower(SplittableRandom random, int sectorBytes) {
            int longest = forced.length;
            for (Write write : unforced) {
                longest = Math.max(longest, write.position + write.bytes.length);
            }
            int mood = random.nextInt(4); // all, nothing, or anything
            int[] survives = new int[longest / sectorBytes + 1];
            for (int sector = 0; sector < survives.length; sector++) {
                survives[sector] = mood == 0 ? unforced.size() : mood == 1 ? 0 : random.nextInt(unforced.size() + 1);
            }
            int sizeSurvives = mood == 0 ? unforced.size() : mood == 1 ? 0 : random.nextInt(unforced.size() + 1);
            forced = Arrays.copyOf(forced, longest);
            for (int i = 0; i < unforced.size(); i++) {
                Write write = unforced.get(i);
                for (int at = write.position; at < write.position + write.bytes.length; ) {
                    int sector = at / sectorBytes;
                    int end = Math.min((sector + 1) * sectorBytes, write.position + write.bytes.length);
                    if (i < survives[sector]) {
                        System.arraycopy(write.bytes, at - write.position, forced, at, end - at);
                    }
                    at = end;
                }
                forcedSize = i < sizeSurvives ? write.sizeAfter : forcedSize;
            }
            Arrays.fill(forced, Math.min(forcedSize, forced.length), forced.length, (byte) 0);
            unforced.clear();
            now = Arrays.copyOf(forced, Math.max(forced.length, forcedSize));
            forced = now.clone();
            size = forcedSize;
        }

        Content copy() {
            Content copy = new Content();
            copy.now = now.clone();
            copy.size = size;
            copy.forced = forced.clone();
            copy.forcedSize = forcedSize;
            copy.unforced.addAll(unforced);
            return copy;
        }
    }

    private final String path;
    private TreeMap<String, Content> names = new TreeMap<>();
    private TreeMap<String, Content> forcedNames = new TreeMap<>();
    private final List<Consumer<Map<String, Content>>> unforcedNames = new ArrayList<>();
    private boolean locked;

    private int failsIn = -1; // writes and forces until one fails
    private int powerLostIn = -1; // operations until the power fails
    private boolean failed;
    private @Nullable SplittableRandom shortWrites;

    SimulatedDisk(String path) {
        this.path = path;
    }

    // ---- what happens to it ----

    /** One of the next writes and forces fails. */
    void failIn(int operations) {
        failsIn = operations;
    }

    /** The power fails at one of the next operations. */
    void losePowerIn(int operations) {
        powerLostIn = operations;
    }

    /** From now on writes may be short; null: they are whole. */
    void writeShort(@Nullable SplittableRandom random) {
        shortWrites = random;
    }

    /** {@return whether something was made to fail since the last {@link #release}} */
    boolean hasFailed() {
        return failed;
    }

    /** The process that used the disk is gone; what it wrote is there, forced or not. */
    void release() {
        locked = false;
        failed = false;
        failsIn = -1;
        powerLostIn = -1;
    }

    /** Nothing planned fails any more. */
    void heal() {
        failsIn = -1;
        powerLostIn = -1;
        shortWrites = null;
    }

    /** Of what was not forced any part is left, and that is what the disk now holds. */
    void losePower(SplittableRandom random) {
        int sectorBytes = random.nextBoolean() ? 512 : 4096;
        for (Consumer<Map<String, Content>> change :
                unforcedNames.subList(0, random.nextInt(unforcedNames.size() + 1))) {
            change.accept(forcedNames);
        }
        unforcedNames.clear();
        names = new TreeMap<>(forcedNames);
        for (Content content : names.values()) {
            if (!content.unforced.isEmpty()) {
                content.losePower(random, sectorBytes);
            }
        }
    }

    /** {@return an equal disk of its own} */
    SimulatedDisk copy() {
        SimulatedDisk copy = new SimulatedDisk(path);
        copy.become(this);
        return copy;
    }

    /** Takes over what another disk holds, as if it were all forced. */
    void become(SimulatedDisk other) {
        names.clear();
        other.names.forEach((name, content) -> {
            Content copy = content.copy();
            copy.force();
            names.put(name, copy);
        });
        forcedNames = new TreeMap<>(names);
        unforcedNames.clear();
    }

    private void step() {
        if (powerLostIn >= 0 && --powerLostIn < 0) {
            failed = true;
            powerLostIn = 0; // nor will anything after it succeed
            throw new PowerLost();
        }
    }

    private void mayFail(String what) throws IOException {
        if (failsIn >= 0 && --failsIn < 0) {
            failed = true;
            throw new IOException("input/output error in a " + what);
        }
    }

    private void change(Consumer<Map<String, Content>> change) {
        change.accept(names);
        unforcedNames.add(change);
    }

    private Content content(String name) throws NoSuchFileException {
        Content content = names.get(name);
        if (content == null) {
            throw new NoSuchFileException(describe(name));
        }
        return content;
    }

    // ---- what the storage does with it ----

    @Override
    public void createDirectory() {
        step();
    }

    @Override
    public List<String> list() {
        step();
        return List.copyOf(names.keySet());
    }

    @Override
    public DiskFile create(String name) throws IOException {
        step();
        if (names.containsKey(name)) {
            throw new IOException(describe(name) + " exists");
        }
        Content content = new Content();
        change(map -> map.put(name, content));
        return new SimulatedFile(content, true);
    }

    @Override
    public DiskFile open(String name, boolean writable) throws IOException {
        step();
        return new SimulatedFile(content(name), writable);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        step();
        Content moved = content(from);
        change(map -> {
            map.remove(from);
            map.put(to, moved);
        });
    }

    @Override
    public void delete(String name) throws IOException {
        step();
        content(name);
        change(map -> map.remove(name));
    }

    @Override
    public void syncDirectory() throws IOException {
        step();
        mayFail("directory sync");
        forcedNames = new TreeMap<>(names);
        unforcedNames.clear();
    }

    @Override
    public @Nullable Closeable lock(String name) {
        step();
        if (locked) {
            return null;
        }
        locked = true;
        return () -> locked = false;
    }

    @Override
    public String describe(String name) {
        return path + "/" + name;
    }

    private final class SimulatedFile implements DiskFile {
        private final Content content;
        private final boolean writable;

        SimulatedFile(Content content, boolean writable) {
            this.content = content;
            this.writable = writable;
        }

        @Override
        public long size() {
            return content.size;
        }

        @Override
        public int read(ByteBuffer target, long position) {
            if (position >= content.size) {
                return -1;
            }
            int count = Math.min(target.remaining(), content.size - (int) position);
            target.put(content.now, (int) position, count);
            return count;
        }

        @Override
        public long write(ByteBuffer[] sources, long position) throws IOException {
            mustBeWritable();
            int wanted = 0;
            for (ByteBuffer source : sources) {
                wanted += source.remaining();
            }
            int count = wanted;
            if (shortWrites != null && wanted > 1 && shortWrites.nextInt(4) == 0) {
                count = 1 + shortWrites.nextInt(wanted - 1);
            }
            byte[] bytes = new byte[count];
            int at = 0;
            for (ByteBuffer source : sources) {
                int some = Math.min(count - at, source.remaining());
                source.get(bytes, at, some);
                at += some;
            }
            content.write((int) position, bytes, Math.max(content.size, (int) position + count));
            step(); // a write that never returns may have reached the disk
            mayFail("write");
            return count;
        }

        @Override
        public void truncate(long size) throws IOException {
            mustBeWritable();
            if (size < content.size) {
                content.write((int) size, new byte[content.size - (int) size], (int) size);
            }
            step();
            mayFail("truncate");
        }

        @Override
        public void force(boolean metadata) throws IOException {
            step();
            mayFail("force");
            content.force();
        }

        private void mustBeWritable() {
            if (!writable) {
                throw new IllegalStateException("opened for reading");
            }
        }

        @Override
        public void close() {}
    }
}
