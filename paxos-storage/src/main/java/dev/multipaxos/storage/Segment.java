package dev.multipaxos.storage;

import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One file of the journal. */
final class Segment {
    private static final String PREFIX = "journal-";
    private static final String SUFFIX = ".log";
    private static final Pattern NAME = Pattern.compile(PREFIX + "[0-9a-f]{16}" + Pattern.quote(SUFFIX));

    final SegmentHeader header;
    final String name;
    private final Disk disk;
    private @Nullable DiskFile readable; // of the reading thread

    Segment(Disk disk, SegmentHeader header) {
        this.disk = disk;
        this.header = header;
        this.name = name(header.segment());
    }

    static String name(long segment) {
        return String.format(PREFIX + "%016x" + SUFFIX, segment);
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** {@return the journal position of a place in the file} */
    long position(long offset) {
        return header.logicalStart() + offset - SegmentHeader.BYTES;
    }

    /** {@return the file, opened for reading by the one thread that reads} */
    DiskFile readable() throws IOException {
        DiskFile file = readable;
        if (file == null) {
            file = disk.open(name, false);
            readable = file;
        }
        return file;
    }

    /** Closes what {@link #readable} opened; an interrupted reader has lost its channel and opens another one next time. */
    void closeReadable() throws IOException {
        DiskFile file = readable;
        readable = null;
        if (file != null) {
            file.close();
        }
    }
}
