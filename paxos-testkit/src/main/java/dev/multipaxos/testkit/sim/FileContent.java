package dev.multipaxos.testkit.sim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What one simulated file holds: what a reader sees, what was forced, and where the disk lies about that.
 *
 * <p><b>Where damage strikes.</b> A journal cannot tell a last batch that rots before any mark follows it from a torn tail
 * ({@code docs/storage.md}, Limits). So a journal is damaged below its last forced batch only, the header of which is such a
 * mark: what is damaged must then be found, without exception.
 */
final class FileContent {
    static final int SECTOR_BYTES = 512;
    private static final int PAGE_BYTES = 4_096;

    /** Bytes that were written and not forced. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Write(int position, byte[] bytes, int sizeAfter, boolean lost) {
        int end() {
            return position + bytes.length;
        }
    }

    /** What is really on the disk, where the page cache shows something else. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Hidden(int position, byte[] bytes) {}

    private boolean journal;
    private boolean usedAgain;
    private byte[] now = new byte[0];
    private int size;
    private byte[] forced = new byte[0];
    private int forcedSize;
    private final List<Write> unforced = new ArrayList<>();
    private final List<Hidden> hidden = new ArrayList<>();
    private int marked; // where the last forced batch of a journal begins
    private boolean lied; // a force failed, and its pages have looked clean since

    /**
     * An empty file.
     *
     * @param journal whether it is written batch by batch
     */
    FileContent(boolean journal) {
        this.journal = journal;
    }

    /**
     * It is written batch by batch from now on, from the beginning: the reserve, or a segment that was trimmed, which becomes another
     * one.
     */
    void becomeJournal() {
        journal = true;
        marked = 0;
    }

    /** It is a segment no more, and will be another one. */
    void useAgain() {
        usedAgain = true;
    }

    boolean isUsedAgain() {
        return usedAgain;
    }

    int size() {
        return size;
    }

    byte[] bytes() {
        return now;
    }

    // ---- written and forced ----

    /** Writes; with {@code lost} the disk will say so, and not do it. */
    void write(int position, byte[] bytes, int sizeAfter, boolean lost) {
        now = put(now, position, bytes);
        size = sizeAfter;
        unforced.add(new Write(position, bytes, sizeAfter, lost && !isZero(bytes)));
    }

    void force() {
        int first = Integer.MAX_VALUE;
        boolean something = false;
        for (Write write : unforced) {
            first = Math.min(first, write.position);
            something |= !isZero(write.bytes);
            hidden.removeIf(
                    piece -> piece.position < write.end() && piece.position + piece.bytes.length > write.position);
            if (write.lost) {
                hidden.add(new Hidden(write.position, Arrays.copyOf(range(forced, write), write.bytes.length)));
            }
            forced = put(forced, write.position, write.bytes);
            if (lied) {
                putPages(write);
            }
            forcedSize = write.sizeAfter;
        }
        if (something) {
            marked = Math.max(marked, first);
        }
        unforced.clear();
    }

    private static byte[] range(byte[] source, Write write) {
        int from = Math.min(write.position, source.length);
        return Arrays.copyOfRange(source, from, Math.min(write.end(), source.length));
    }

    /** A page is written whole, with what an earlier force has left in it; one that was cut off since then is not. */
    private void putPages(Write write) {
        int to = Math.min(size, (write.end() + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
        int from = Math.min(to, write.position / PAGE_BYTES * PAGE_BYTES);
        forced = put(forced, from, Arrays.copyOfRange(now, from, to));
    }

    /** A force has failed, and the pages that it did not write count as written from now on. */
    void failToForce() {
        unforced.clear();
        lied = true;
    }

    private static byte[] put(byte[] target, int position, byte[] bytes) {
        int end = position + bytes.length;
        byte[] roomy = end <= target.length ? target : Arrays.copyOf(target, Math.max(end, 2 * target.length));
        System.arraycopy(bytes, 0, roomy, position, bytes.length);
        return roomy;
    }

    boolean isJournal() {
        return journal;
    }

    /** {@return whether these bytes are a part of a batch} */
    boolean isBatch(byte[] bytes) {
        return journal && !isZero(bytes);
    }

    private static boolean isZero(byte[] bytes) {
        for (byte each : bytes) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }

    /** Each sector as it was after any of the writes; so the size. Then what the disk hid is seen. */
    void losePower(SplittableRandom random, int sectorBytes) {
        if (unforced.isEmpty() && hidden.isEmpty() && !lied) {
            return;
        }
        if (!unforced.isEmpty()) {
            keepSome(random, sectorBytes);
        }
        showHidden(damageableTo());
        hidden.clear();
        lied = false;
        now = Arrays.copyOf(forced, Math.max(forced.length, forcedSize));
        forced = now.clone();
        size = forcedSize;
    }

    private void keepSome(SplittableRandom random, int sectorBytes) {
        int longest = forced.length;
        for (Write write : unforced) {
            longest = Math.max(longest, write.end());
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
            for (int at = write.position; at < write.end(); ) {
                int sector = at / sectorBytes;
                int end = Math.min((sector + 1) * sectorBytes, write.end());
                if (i < survives[sector]) {
                    System.arraycopy(write.bytes, at - write.position, forced, at, end - at);
                }
                at = end;
            }
            forcedSize = i < sizeSurvives ? write.sizeAfter : forcedSize;
        }
        Arrays.fill(forced, Math.min(forcedSize, forced.length), forced.length, (byte) 0);
        unforced.clear();
    }

    /** {@return what is truly on the disk once what is not forced yet was written, as a file of its own} */
    FileContent platter() {
        FileContent platter = copy();
        platter.force();
        platter.showHidden(damageableTo());
        platter.now = Arrays.copyOf(platter.forced, Math.max(platter.forced.length, platter.forcedSize));
        platter.size = platter.forcedSize;
        return platter;
    }

    private void showHidden(int limit) {
        for (Hidden piece : hidden) {
            int end = Math.min(piece.position + piece.bytes.length, limit);
            if (end > piece.position) {
                forced = put(forced, piece.position, Arrays.copyOf(piece.bytes, end - piece.position));
            }
        }
    }

    // ---- damage ----

    /** {@return where that ends which may be damaged} */
    int damageableTo() {
        return Math.min(journal ? marked : forcedSize, forcedSize);
    }

    /** A bit changes, or a sector becomes zero. */
    void rot(int at, SplittableRandom random) {
        if (random.nextBoolean()) {
            change(at, new byte[] {(byte) (forced[at] ^ 1 << random.nextInt(8))});
        } else {
            int from = at / SECTOR_BYTES * SECTOR_BYTES;
            change(from, new byte[Math.min(SECTOR_BYTES, damageableTo() - from)]);
        }
    }

    private void change(int position, byte[] bytes) {
        forced = put(forced, position, bytes);
        now = put(now, position, bytes);
    }

    /** A write meant for another place went here; it is seen when the page cache is gone. */
    void hide(int position, byte[] bytes) {
        hidden.add(new Hidden(position, bytes));
    }

    FileContent copy() {
        FileContent copy = new FileContent(journal);
        copy.now = now.clone();
        copy.size = size;
        copy.forced = forced.clone();
        copy.forcedSize = forcedSize;
        copy.unforced.addAll(unforced);
        copy.hidden.addAll(hidden);
        copy.marked = marked;
        copy.lied = lied;
        copy.usedAgain = usedAgain;
        return copy;
    }
}
