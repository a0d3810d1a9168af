package dev.multipaxos.storage;

import java.util.regex.Pattern;

/** One file of the journal. */
final class Segment {
    private static final String PREFIX = "journal-";
    private static final String SUFFIX = ".log";
    private static final Pattern NAME = Pattern.compile(PREFIX + "[0-9a-f]{16}" + Pattern.quote(SUFFIX));

    final SegmentHeader header;
    final String name;

    Segment(SegmentHeader header) {
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
}
