package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A small file that holds the same thing twice, each with a CRC, so that one bad sector does not lose it. It is replaced as
 * a whole: a crash leaves the old one or the new one.
 *
 * <pre>
 *  0 magic u64   8 format u16   10 minimum reader u16   12 payload length u32   16 payload …   CRC u32
 * </pre>
 *
 * the first copy at 0, the second at half the file's size, a multiple of 4,096. This head is the same in every format, so
 * that a later one can be told from damage.
 */
final class CopiedFile {
    static final String TEMPORARY = ".new";

    private static final int PAGE_BYTES = 4096;
    private static final int HEAD_BYTES = 16;
    private static final int BYTES_MAX = 64 * 1024 * 1024;

    private final Disk disk;
    private final String name;
    private final long magic;
    private final int knownFormat;

    CopiedFile(Disk disk, String name, long magic, int knownFormat) {
        this.disk = disk;
        this.name = name;
        this.magic = magic;
        this.knownFormat = knownFormat;
    }

    /**
     * What was read.
     *
     * @param payload the payload, from its position to its limit
     * @param whole false if one of the copies is damaged
     * @param format the format in which it was written
     */
    record Content(ByteBuffer payload, boolean whole, int format) {}

    Content read() throws IOException {
        String path = disk.describe(name);
        try (DiskFile file = disk.open(name, false)) {
            long size = file.size();
            Window window = new Window(file, PAGE_BYTES);
            if (size < 2 * PAGE_BYTES
                    || size % (2 * PAGE_BYTES) != 0
                    || size > BYTES_MAX
                    || !window.holds(0, (int) size)) {
                throw Failures.damaged(path, "its size, " + size + " bytes, is not one that this file can have");
            }
            ByteBuffer pages = window.buffer();
            int half = (int) size / 2;
            boolean first = isWhole(pages, 0, half);
            boolean second = isWhole(pages, half, half);
            if (!first && !second) {
                throw Failures.damaged(path, "both copies of what it holds are damaged");
            }
            if (first && second && !meaning(pages, 0).equals(meaning(pages, half))) {
                throw Failures.damaged(path, "its two copies are whole but differ, so one is of another time");
            }
            int at = first ? 0 : half;
            int minimumReader = pages.getShort(at + 10) & 0xFFFF;
            if (minimumReader > knownFormat) {
                throw Failures.unknownVersion(path, minimumReader, knownFormat);
            }
            int format = pages.getShort(at + 8) & 0xFFFF;
            pages.position(at + HEAD_BYTES).limit(at + HEAD_BYTES + pages.getInt(at + 12));
            return new Content(pages.slice().order(ByteOrder.LITTLE_ENDIAN), first && second, format);
        }
    }

    private boolean isWhole(ByteBuffer pages, int at, int half) {
        int length = pages.getInt(at + 12);
        return pages.getLong(at) == magic
                && length >= 0
                && length <= half - HEAD_BYTES - 4
                && pages.getInt(at + HEAD_BYTES + length) == crc(pages, at, length);
    }

    private static ByteBuffer meaning(ByteBuffer pages, int at) {
        return pages.slice(at, HEAD_BYTES + pages.getInt(at + 12));
    }

    void write(ByteBuffer payload) throws IOException {
        int length = payload.remaining();
        int half = (HEAD_BYTES + length + 4 + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        ByteBuffer pages = ByteBuffer.allocate(2 * half).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < pages.capacity(); at += half) {
            pages.position(at);
            pages.putLong(magic)
                    .putShort((short) knownFormat)
                    .putShort((short) knownFormat)
                    .putInt(length);
            pages.put(payload.duplicate());
            pages.putInt(crc(pages, at, length));
        }
        String temporary = name + TEMPORARY;
        if (disk.list().contains(temporary)) {
            disk.delete(temporary);
        }
        try (DiskFile file = disk.create(temporary)) {
            Writes.all(file, pages.clear(), 0);
            file.force(true);
        }
        disk.rename(temporary, name);
        disk.syncDirectory();
    }

    private static int crc(ByteBuffer pages, int at, int length) {
        CRC32C crc = new CRC32C();
        crc.update(pages.slice(at, HEAD_BYTES + length));
        return (int) crc.getValue();
    }
}
