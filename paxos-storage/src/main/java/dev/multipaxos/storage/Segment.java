package dev.multipaxos.storage;

import java.util.regex.Pattern;

/** One file of the journal. */
final class Segment {
    private static final String PREFIX = "journal-";
    private static final String SUFFIX = ".log";
    private static final Pattern NAME = Pattern.compile(PREFIX + "[0-9a-f]{16}" + Pattern.quote(SUFFIX));

    final SegmentHeader header;
    final String name;

    /**
     * Whether all records in it were written by this process. Where another one has written, a force may have failed: then the page cache shows
     * what the disk does not have, and takes it for written.
     */
    final boolean begunHere;

    Segment(SegmentHeader header) {
        this(header, false);
    }

    private Segment(SegmentHeader header, boolean begunHere) {
        this.header = header;
        this.name = name(header.segment());
        this.begunHere = begunHere;
    }

    /** {@return a segment that is empty yet} */
    static Segment begin(SegmentHeader header) {
        return new Segment(header, true);
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
