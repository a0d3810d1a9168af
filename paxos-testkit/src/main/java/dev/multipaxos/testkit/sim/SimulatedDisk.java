package dev.multipaxos.testkit.sim;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A directory in memory that remembers what was done to it since the last force, so that a power loss can keep any part of it:
 * of the names the first so many changes, as a journaling file system does, or any of them; of a file, each sector as it was
 * after any of the writes that touched it. A killed process leaves it as it is, the forces still owed.
 *
 * <p>It may <i>fail</i>, and say so, or be <i>damaged</i>, and say nothing: then the storage must find it, at the latest when it
 * starts the next time.
 */
final class SimulatedDisk implements Disk {

    /** The power failed in the middle of an operation. */
    static final class PowerLost extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static final int FORCES_UNTIL_MARKED = 2; // its own, and that of the next batch

    private final String path;
    private TreeMap<String, FileContent> names = new TreeMap<>();
    private TreeMap<String, FileContent> forcedNames = new TreeMap<>();
    private final List<Consumer<Map<String, FileContent>>> unforcedNames = new ArrayList<>();
    private boolean locked;

    // how it behaves
    private @Nullable SplittableRandom shortWrites;
    private boolean namesInAnyOrder;
    private boolean liesAfterFailure;

    // what is going to fail
    private int failsIn = -1; // writes and forces until one fails
    private int readFailsIn = -1; // reads until one fails
    private int powerLostIn = -1; // operations until the power fails
    private int powerLostAfterRename = -1; // so many after the next rename
    private int room = Integer.MAX_VALUE; // bytes by which files can still grow
    private boolean failed;
    private boolean readFailed;
    private boolean powerLost;

    // damage
    private @Nullable SplittableRandom losesNextWrite;
    private boolean misdirects; // the write that is lost
    private boolean shows; // at once: the power fails when something is durable behind it
    private int showsIn; // so many forces, when it was lost
    private boolean damaged;
    private boolean found;

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

    /** The power fails soon after the next rename: what it made the way for must be there, too. */
    void losePowerAfterRename(int operations) {
        powerLostAfterRename = operations;
    }

    /** Takes on those of a seed's faults that belong to a disk. */
    void behave(Swarm swarm, SplittableRandom random) {
        shortWrites = swarm.has(Fault.SHORT_WRITE) ? random.split() : null;
        namesInAnyOrder = swarm.has(Fault.REORDERED_NAMES);
        liesAfterFailure = swarm.has(Fault.LYING_PAGE_CACHE);
    }

    /** One of the next reads fails. */
    void failReadIn(int reads) {
        readFailsIn = reads;
    }

    /** Files can grow by so much, and no more until there is room again. */
    void fill(int bytes) {
        room = bytes;
    }

    void makeRoom() {
        room = Integer.MAX_VALUE;
    }

    /** {@return whether something was made to fail since the last {@link #release}} */
    boolean hasFailed() {
        return failed;
    }

    /** {@return whether a read has failed since the last {@link #release}, endured or not} */
    boolean hasFailedToRead() {
        return readFailed;
    }

    /** What failed was a snapshot, which a node can do without. */
    void isEndured() {
        failed = false;
    }

    /** {@return whether a process that ends by a failure takes the page cache with it} */
    boolean losesCacheNow() {
        return powerLost || !liesAfterFailure;
    }

    /** The process that used the disk is gone; what it wrote is there, forced or not. */
    void release() {
        locked = false;
        failed = false;
        readFailed = false;
        failsIn = -1;
        readFailsIn = -1;
        powerLostIn = -1;
        powerLostAfterRename = -1;
        powerLost = false;
        showsIn = 0;
    }

    /** Nothing planned fails any more. */
    void heal() {
        failsIn = -1;
        readFailsIn = -1;
        powerLostIn = -1;
        powerLostAfterRename = -1;
        shortWrites = null;
        losesNextWrite = null;
        showsIn = 0;
        makeRoom();
    }

    // ---- damage ----

    /** Something at rest changes, if there is anything that may: any byte, or any of a segment or a snapshot, which are few. */
    void rot(SplittableRandom random) {
        boolean anywhere = random.nextBoolean();
        List<FileContent> files = new ArrayList<>();
        names.forEach((name, file) -> {
            if (anywhere || name.startsWith("journal-") || name.startsWith("snapshot-")) {
                files.add(file);
            }
        });
        if (!anywhere && !files.isEmpty()) {
            rot(List.of(files.get(random.nextInt(files.size()))), random);
        } else {
            rot(files, random);
        }
    }

    private void rot(List<FileContent> files, SplittableRandom random) {
        int bytes = files.stream().mapToInt(FileContent::damageableTo).sum();
        int at = bytes == 0 ? 0 : random.nextInt(bytes);
        for (FileContent file : files) {
            if (at < file.damageableTo()) {
                file.rot(at, random);
                damaged = true;
                return;
            }
            at -= file.damageableTo();
        }
    }

    /** The next write is lost, though the disk says that it is done; or it goes to another place. */
    void loseNextWrite(SplittableRandom random, boolean toAnotherPlace) {
        damaged = true;
        losesNextWrite = random;
        misdirects = toAnotherPlace;
    }

    /** The write that is lost is one of the journal, and the power fails as soon as the storage must find that. */
    void losePowerWhenMarked() {
        shows = true;
    }

    /** {@return whether anything was done to it that the storage must find, or may overwrite unseen} */
    boolean isDamaged() {
        return damaged;
    }

    /** {@return whether this failure names what was done to the disk; then the node is lost} */
    boolean isFound(Exception failure) {
        boolean names = failure instanceof StorageException named
                && (named.code() == StorageException.Code.DAMAGED
                        || named.code() == StorageException.Code.MISSING_FILE);
        found |= damaged && names;
        return damaged && names;
    }

    /** The storage has found damage, and the node goes on all the same. */
    void isToldOf() {
        found = true;
    }

    /** {@return whether the storage has found the damage} */
    boolean wasFound() {
        return found;
    }

    private boolean isLost(FileContent content, byte[] bytes) {
        SplittableRandom random = losesNextWrite;
        if (shows && !content.isBatch(bytes)) {
            return false;
        }
        losesNextWrite = null;
        if (random != null && shows) {
            showsIn = FORCES_UNTIL_MARKED;
            shows = false;
        }
        if (random != null && misdirects) {
            List<FileContent> files = List.copyOf(names.values());
            FileContent victim = files.get(random.nextInt(files.size()));
            int sector = random.nextInt(1 + victim.size() / FileContent.SECTOR_BYTES);
            victim.hide(sector * FileContent.SECTOR_BYTES, bytes);
        }
        return random != null;
    }

    /** Of what was not forced any part is left, and that is what the disk now holds. */
    void losePower(SplittableRandom random) {
        int sectorBytes = random.nextBoolean() ? 512 : 4096;
        int kept = random.nextInt(unforcedNames.size() + 1);
        for (int i = 0; i < unforcedNames.size(); i++) {
            if (namesInAnyOrder ? random.nextBoolean() : i < kept) {
                unforcedNames.get(i).accept(forcedNames);
            }
        }
        unforcedNames.clear();
        names = new TreeMap<>(forcedNames);
        for (FileContent content : names.values()) {
            content.losePower(random, sectorBytes);
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
            FileContent copy = content.copy();
            copy.force();
            names.put(name, copy);
        });
        forcedNames = new TreeMap<>(names);
        unforcedNames.clear();
    }

    private void step() {
        if (powerLostIn >= 0 && --powerLostIn < 0) {
            failed = true;
            powerLost = true;
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

    private void giveRoom(int bytes) {
        room += room == Integer.MAX_VALUE ? 0 : bytes;
    }

    private void change(Consumer<Map<String, FileContent>> change) {
        change.accept(names);
        unforcedNames.add(change);
    }

    private FileContent content(String name) throws NoSuchFileException {
        FileContent content = names.get(name);
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
        FileContent content = new FileContent(isJournal(name));
        change(map -> map.put(name, content));
        return new SimulatedFile(content, true);
    }

    private static boolean isJournal(String name) {
        return name.startsWith("journal-");
    }

    private static boolean isSegment(String name) {
        return isJournal(name) && name.endsWith(".log");
    }

    /** {@return whether a segment is a file that was trimmed as another one} */
    boolean holdsSegmentUsedAgain() {
        return names.entrySet().stream()
                .anyMatch(file -> isSegment(file.getKey()) && file.getValue().isUsedAgain());
    }

    @Override
    public DiskFile open(String name, boolean writable) throws IOException {
        step();
        return new SimulatedFile(content(name), writable);
    }

    @Override
    public DiskFile openPastCache(String name) throws IOException {
        step();
        return new SimulatedFile(content(name).platter(), false);
    }

    @Override
    public void rename(String from, String to) throws IOException {
        step();
        if (powerLostAfterRename >= 0) {
            powerLostIn = powerLostAfterRename;
            powerLostAfterRename = -1;
        }
        FileContent moved = content(from);
        if (isJournal(to)) {
            moved.becomeJournal();
        }
        if (isSegment(from)) {
            moved.useAgain();
        }
        FileContent replaced = names.get(to);
        giveRoom(replaced == null ? 0 : replaced.size());
        change(map -> {
            map.remove(from);
            map.put(to, moved);
        });
    }

    @Override
    public void delete(String name) throws IOException {
        step();
        giveRoom(content(name).size());
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
    public long usableBytes() {
        return room == Integer.MAX_VALUE ? Long.MAX_VALUE : room;
    }

    @Override
    public boolean isLocked(String name) {
        return locked;
    }

    @Override
    public String describe(String name) {
        return path + "/" + name;
    }

    private final class SimulatedFile implements DiskFile {
        private final FileContent content;
        private final boolean writable;

        SimulatedFile(FileContent content, boolean writable) {
            this.content = content;
            this.writable = writable;
        }

        @Override
        public long size() {
            return content.size();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            if (readFailsIn >= 0 && --readFailsIn < 0) {
                failed = true;
                readFailed = true;
                throw new IOException("input/output error in a read");
            }
            if (position >= content.size()) {
                return -1;
            }
            int count = Math.min(target.remaining(), content.size() - (int) position);
            target.put(content.bytes(), (int) position, count);
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
            int sizeAfter = Math.max(content.size(), (int) position + count);
            takeRoom(sizeAfter - content.size());
            content.write((int) position, bytes, sizeAfter, isLost(content, bytes));
            step(); // a write that never returns may have reached the disk
            mayFail("write");
            return count;
        }

        @Override
        public void truncate(long size) throws IOException {
            mustBeWritable();
            if (size < content.size()) {
                giveRoom(content.size() - (int) size);
                content.write((int) size, new byte[content.size() - (int) size], (int) size, false);
            }
            step();
            mayFail("truncate");
        }

        @Override
        public void force(boolean metadata) throws IOException {
            step();
            try {
                mayFail("force");
            } catch (IOException e) {
                if (liesAfterFailure) {
                    content.failToForce();
                }
                throw e;
            }
            content.force();
            if (content.isJournal() && showsIn > 0 && --showsIn == 0) {
                losePowerIn(0);
            }
        }

        private void takeRoom(int bytes) throws IOException {
            if (bytes > room) {
                failed = true;
                throw new IOException("no space left on device");
            }
            room -= room == Integer.MAX_VALUE ? 0 : bytes;
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
