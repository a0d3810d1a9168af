package dev.multipaxos.examples.kv;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.examples.kv.KvCommand.Expected;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The store: keys in order, each with a value and the revision of its last change.
 *
 * <p>The content hash is the sum of the hashes of all entries. It is kept up to date with every change at the cost of the
 * entries that change, does not depend on the order, and is the same exactly where keys, values and revisions are.
 */
public final class KvStateMachine implements StateMachine<KvCommand, KvAnswer> {

    /** The longest key, in chars. */
    public static final int KEY_CHARS_MAX = 1_024;

    /** The longest value, in chars: any text of this length fits into one command, of 1 MiB. */
    public static final int VALUE_CHARS_MAX = 256 << 10;

    /** The most items on a page. */
    public static final int PAGE_ITEMS_MAX = 10_000;

    /** A page ends when it has this many chars, so that it fits into one frame, of 4 MiB. */
    static final int PAGE_CHARS_MAX = 512 << 10;

    private static final int SNAPSHOT_MAGIC = 0x4B56_534E; // KVSN
    private static final int SNAPSHOT_VERSION = 1;

    private record Entry(String value, long revision) {}

    private final Supplier<KvAnswer.Member> self;
    private NavigableMap<String, Entry> entries = new TreeMap<>();
    private long revision;
    private long contentHash;

    /**
     * Makes an empty store.
     *
     * @param self how the server that it runs in sees itself; asked on the thread that applies
     */
    public KvStateMachine(Supplier<KvAnswer.Member> self) {
        this.self = self;
    }

    @Override
    public KvAnswer apply(Context at, KvCommand command) {
        if (command instanceof KvCommand.Write write) {
            String problem = problem(write);
            return problem.isEmpty() ? write(write) : new KvAnswer.Refused(problem);
        }
        if (command instanceof KvCommand.Unreadable unreadable) {
            return unreadable(unreadable);
        }
        return new KvAnswer.Refused("a query does not go through the log: send it as a read");
    }

    @Override
    public KvAnswer query(KvCommand query) {
        if (query instanceof KvCommand.Get get) {
            Entry entry = entries.get(get.key());
            return entry == null ? new KvAnswer.NotFound() : new KvAnswer.Found(entry.value(), entry.revision());
        }
        if (query instanceof KvCommand.GetUnlessSeen get) {
            return getUnlessSeen(get);
        }
        if (query instanceof KvCommand.Scan scan) {
            return scan(scan);
        }
        if (query instanceof KvCommand.Status) {
            return new KvAnswer.ServerStatus(self.get(), revision, entries.size(), contentHash);
        }
        if (query instanceof KvCommand.Unreadable unreadable) {
            return unreadable(unreadable);
        }
        return new KvAnswer.Refused("a write does not come as a read: propose it");
    }

    private static KvAnswer unreadable(KvCommand.Unreadable unreadable) {
        return new KvAnswer.Refused("the command cannot be read: " + unreadable.reason()
                + "; use a client of the same version as the servers");
    }

    private static String problem(KvCommand.Write write) {
        int chars = write.key().length();
        if (chars == 0 || chars > KEY_CHARS_MAX) {
            return "a key has 1 to " + KEY_CHARS_MAX + " characters, not " + chars;
        }
        return "";
    }

    private KvAnswer write(KvCommand.Write write) {
        Entry before = entries.get(write.key());
        if (write instanceof KvCommand.Put put) {
            return set(put.key(), put.value());
        }
        if (write instanceof KvCommand.Append append) {
            // the length first: a value that is refused must not be built
            String old = before == null ? "" : before.value();
            return tooLong(old.length() + append.value().length())
                    ? refuseLength(old.length() + append.value().length())
                    : set(append.key(), old + append.value());
        }
        if (write instanceof KvCommand.CompareAndSet compare) {
            if (isAsExpected(compare.expected(), before)) {
                return set(compare.key(), compare.value());
            }
            return before == null
                    ? new KvAnswer.Conflict("", 0)
                    : new KvAnswer.Conflict(before.value(), before.revision());
        }
        if (before == null) {
            return new KvAnswer.NotFound();
        }
        entries.remove(write.key());
        contentHash -= hash(write.key(), before);
        return new KvAnswer.Written(++revision);
    }

    private KvAnswer set(String key, String value) {
        if (tooLong(value.length())) {
            return refuseLength(value.length());
        }
        Entry after = new Entry(value, ++revision);
        Entry before = entries.put(key, after);
        contentHash += hash(key, after) - (before == null ? 0 : hash(key, before));
        return new KvAnswer.Written(revision);
    }

    private static boolean tooLong(int chars) {
        return chars > VALUE_CHARS_MAX;
    }

    private static KvAnswer refuseLength(int chars) {
        return new KvAnswer.Refused("a value has at most " + VALUE_CHARS_MAX + " characters, not " + chars);
    }

    private static boolean isAsExpected(Expected expected, @Nullable Entry entry) {
        if (expected instanceof Expected.Value value) {
            return entry != null && entry.value().equals(value.value());
        }
        if (expected instanceof Expected.Revision number) {
            return entry != null && entry.revision() == number.revision();
        }
        return entry == null;
    }

    private KvAnswer getUnlessSeen(KvCommand.GetUnlessSeen get) {
        Entry entry = entries.get(get.key());
        if ((entry == null ? 0 : entry.revision()) == get.revision()) {
            return new KvAnswer.Unchanged();
        }
        return entry == null ? new KvAnswer.NotFound() : new KvAnswer.Found(entry.value(), entry.revision());
    }

    private KvAnswer scan(KvCommand.Scan scan) {
        if (scan.limit() < 1 || scan.limit() > PAGE_ITEMS_MAX) {
            return new KvAnswer.Refused("the limit of a page must be 1 to " + PAGE_ITEMS_MAX + ", not " + scan.limit());
        }
        boolean goesOn =
                scan.after().compareTo(scan.prefix()) >= 0 && !scan.after().isEmpty();
        NavigableMap<String, Entry> rest =
                goesOn ? entries.tailMap(scan.after(), false) : entries.tailMap(scan.prefix(), true);
        List<KvAnswer.Item> items = new ArrayList<>();
        int chars = 0;
        for (Map.Entry<String, Entry> next : rest.entrySet()) {
            if (!next.getKey().startsWith(scan.prefix())) {
                break;
            }
            if (items.size() == scan.limit() || chars >= PAGE_CHARS_MAX) {
                return new KvAnswer.Page(items, true);
            }
            Entry entry = next.getValue();
            items.add(new KvAnswer.Item(next.getKey(), entry.value(), entry.revision()));
            chars += next.getKey().length() + entry.value().length();
        }
        return new KvAnswer.Page(items, false);
    }

    /** FNV-1a over the chars, and a last mixing so that sums of similar entries do not meet. */
    private static long hash(String key, Entry entry) {
        long hash = 0xCBF2_9CE4_8422_2325L;
        hash = hash(hash, key);
        hash = (hash ^ 0xFFFF_FFFFL) * 0x100_0000_01B3L; // no char: tells "ab","c" from "a","bc"
        hash = hash(hash, entry.value());
        hash = (hash ^ entry.revision()) * 0x100_0000_01B3L;
        hash = (hash ^ (hash >>> 32)) * 0xD6E8_FEB8_6659_FD93L;
        return hash ^ (hash >>> 32);
    }

    private static long hash(long seed, String text) {
        long hash = seed;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * 0x100_0000_01B3L;
        }
        return hash;
    }

    @Override
    public Snapshot snapshot() {
        NavigableMap<String, Entry> captured = new TreeMap<>(entries);
        long capturedRevision = revision;
        long capturedHash = contentHash;
        return out -> write(out, captured, capturedRevision, capturedHash);
    }

    private static void write(OutputStream to, NavigableMap<String, Entry> entries, long revision, long contentHash)
            throws IOException {
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(to));
        out.writeInt(SNAPSHOT_MAGIC);
        out.writeByte(SNAPSHOT_VERSION);
        out.writeLong(revision);
        out.writeInt(entries.size());
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            writeText(out, entry.getKey());
            writeText(out, entry.getValue().value());
            out.writeLong(entry.getValue().revision());
        }
        out.writeLong(contentHash);
        out.flush();
    }

    private static void writeText(DataOutputStream out, String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(utf8.length);
        out.write(utf8);
    }

    @Override
    public void restore(InputStream from) throws IOException {
        DataInputStream in = new DataInputStream(from);
        if (in.readInt() != SNAPSHOT_MAGIC) {
            throw new IOException("this is no snapshot of a key-value store: it begins with other bytes");
        }
        int version = in.readUnsignedByte();
        if (version != SNAPSHOT_VERSION) {
            throw new IOException("the snapshot has version " + version + ", and this program knows only "
                    + SNAPSHOT_VERSION + ": run the newer program");
        }
        NavigableMap<String, Entry> restored = new TreeMap<>();
        long restoredRevision = in.readLong();
        long restoredHash = 0;
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
            String key = readText(in, 3 * KEY_CHARS_MAX);
            Entry entry = new Entry(readText(in, 3 * VALUE_CHARS_MAX), in.readLong());
            restored.put(key, entry);
            restoredHash += hash(key, entry);
        }
        long written = in.readLong();
        if (written != restoredHash || restored.size() != count) {
            throw new IOException("the snapshot is damaged: its content has hash " + Long.toHexString(restoredHash)
                    + ", and " + Long.toHexString(written) + " was written; restore it from another member");
        }
        entries = restored;
        revision = restoredRevision;
        contentHash = restoredHash;
    }

    private static String readText(DataInputStream in, int bytesMax) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > bytesMax) {
            throw new IOException("the snapshot is damaged: a text of " + length + " bytes, where at most " + bytesMax
                    + " can be; restore it from another member");
        }
        byte[] utf8 = in.readNBytes(length);
        if (utf8.length < length) {
            throw new IOException("the snapshot is cut off in the middle of a text; restore it from another member");
        }
        return new String(utf8, StandardCharsets.UTF_8);
    }
}
