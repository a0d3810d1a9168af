package dev.multipaxos.storage;

/**
 * Where the fields of a record are, in bytes from its start; little-endian, 8-byte aligned.
 *
 * <pre>
 *  0 length u32   4 type u8   5 format u8   6 flags u16   8 batch u64   16 group u32   20 body length u32
 *    appended:      24 first slot u64   32 last slot u64   40 body …
 *    batch header:  24 synced up to u64   32 batch bytes u64   40 records u32   44 previous CRC u32
 *                   48 groups u32   52 groups of the batch before u32   56 marks, 32 bytes for each group …
 *                   then the boot count u32, 0 if it was written before this was known
 *  padding to 4 bytes below the next multiple of 8, then the CRC u32
 * </pre>
 */
final class RecordLayout {
    static final byte FORMAT_VERSION = 1;

    static final int LENGTH = 0;
    static final int TYPE = 4;
    static final int FORMAT = 5;
    static final int FLAGS = 6;
    static final int BATCH = 8;
    static final int GROUP = 16;
    static final int BODY_LENGTH = 20;
    static final int HEAD_BYTES = 24;

    static final int SLOT_FROM = 24;
    static final int SLOT_TO = 32;
    static final int BODY = 40;

    static final int SYNCED_UP_TO = 24;
    static final int BATCH_BYTES = 32;
    static final int RECORDS = 40;
    static final int PREVIOUS_CRC = 44;
    static final int GROUPS = 48;
    static final int PREVIOUS_GROUPS = 52;
    static final int MARKS = 56;
    static final int MARK_BYTES = 32;

    /** Where the boot count is in a batch header, counted back from its end. */
    static final int BOOT_COUNT_FROM_END = 8;

    static final int CRC_BYTES = 4;
    static final int LENGTH_MIN = 48;

    /** The flag of a record that the journal wrote for itself; its type is then one of those below, else the kind appended. */
    static final short OWN = 1;

    /** The first record of a batch. */
    static final byte BATCH_HEADER = 1;

    private RecordLayout() {}

    /** {@return the bytes of a record that was appended, 2⁶² or less so that nothing overflows} */
    static long length(long bodyBytes) {
        return align(BODY + bodyBytes + CRC_BYTES);
    }

    /** {@return the bytes of a batch header with so many marks} */
    static long headerLength(long marks) {
        return align(MARKS + MARK_BYTES * marks + CRC_BYTES);
    }

    /** Tells whether a length can be one, before anything is allocated for it. */
    static boolean isPossible(int length, long remaining) {
        return length >= LENGTH_MIN && (length & 7) == 0 && length <= remaining;
    }

    private static long align(long bytes) {
        return (bytes + 7) & ~7L;
    }
}
