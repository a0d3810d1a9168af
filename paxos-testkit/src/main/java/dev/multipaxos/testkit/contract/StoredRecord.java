package dev.multipaxos.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A record as a visitor sees it; its body is a function of its slot, size and version. */
record StoredRecord(int group, int kind, long slotFrom, long slotTo, Bytes body) {

    /** What the arrays hold in front of and behind the bytes that are handed over. */
    private static final int MARGIN_BYTES = 3;

    static StoredRecord of(int group, long slot, int bytes) {
        return of(group, slot, bytes, 0);
    }

    static StoredRecord of(int group, long slot, int bytes, int version) {
        byte[] body = new byte[bytes];
        new SplittableRandom(31 * (31 * slot + bytes) + version).nextBytes(body);
        return new StoredRecord(group, 1 + (int) (slot % 255), slot, slot, Bytes.wrap(body));
    }

    StoredRecord over(long from, long to) {
        return new StoredRecord(group, kind, from, to, body);
    }

    /** Appends it in two parts, each in the middle of a larger array, as the parts of a frame are. */
    void appendTo(DurableStorage storage) throws StorageException {
        int cut = body.length() / 3;
        appendTo(storage, inLargerArray(0, cut), inLargerArray(cut, body.length() - cut));
    }

    void appendTo(DurableStorage storage, Bytes head, Bytes rest) throws StorageException {
        storage.append(group, kind, slotFrom, slotTo, 5, 7, head, rest);
    }

    Bytes inLargerArray(int from, int length) {
        byte[] larger = new byte[length + 2 * MARGIN_BYTES];
        System.arraycopy(body.array(), body.offset() + from, larger, MARGIN_BYTES, length);
        return Bytes.wrap(larger, MARGIN_BYTES, length);
    }

    boolean touches(long from, long to) {
        return slotTo >= from && slotFrom <= to && slotTo > 0;
    }

    /** A visitor that keeps all it gets, body included. */
    static DurableStorage.RecordVisitor into(List<StoredRecord> found) {
        return (group, kind, from, to, body) -> found.add(new StoredRecord(group, kind, from, to, body));
    }

    static List<StoredRecord> sequence(int group, long slotFrom, long slotTo, int bytes) {
        List<StoredRecord> records = new ArrayList<>();
        for (long slot = slotFrom; slot <= slotTo; slot++) {
            records.add(of(group, slot, bytes));
        }
        return records;
    }

    /** Compares, and names the first difference only: the lists may be long. */
    static void assertSame(List<StoredRecord> expected, List<StoredRecord> found, String sentence) {
        assertPrefix(found, expected, sentence);
        assertEquals(expected.size(), found.size(), sentence + ": the number of records");
    }

    /** The records found are the first of those appended. */
    static void assertPrefix(List<StoredRecord> found, List<StoredRecord> appended, String sentence) {
        for (int i = 0; i < found.size(); i++) {
            if (i >= appended.size()) {
                fail(sentence + ": record " + i + " was never appended, or not so often: " + found.get(i));
            }
            if (!found.get(i).equals(appended.get(i))) {
                fail(sentence + ": record " + i + " is " + found.get(i) + " instead of " + appended.get(i));
            }
        }
    }
}
