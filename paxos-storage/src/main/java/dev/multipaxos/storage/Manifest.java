package dev.multipaxos.storage;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What is in the directory; replaced as a whole in {@code MANIFEST}. Later formats add what snapshots and trimming need
 * behind the segments.
 *
 * @param sequence counts the replacements
 * @param storageId the storage
 * @param bootCount how often it was opened
 * @param durable a journal position below which everything was durable when this was written
 * @param segments the ids of the segments, in order
 */
record Manifest(long sequence, long storageId, long bootCount, long durable, List<Long> segments) {
    static final String FILE = "MANIFEST";
    static final long MAGIC = 0x46494E414D58504DL; // "MPXMANIF" in the file

    Manifest {
        segments = List.copyOf(segments);
    }

    Manifest booted() {
        return new Manifest(sequence + 1, storageId, bootCount + 1, durable, segments);
    }

    Manifest durableTo(long position) {
        return new Manifest(sequence + 1, storageId, bootCount, position, segments);
    }

    Manifest with(long segment, long durableNow) {
        List<Long> more = new ArrayList<>(segments);
        more.add(segment);
        return new Manifest(sequence + 1, storageId, bootCount, durableNow, more);
    }

    /** {@return the names of the segments, in order} */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        segments.forEach(segment -> names.add(Segment.name(segment)));
        return names;
    }

    ByteBuffer encode() {
        ByteBuffer payload = ByteBuffer.allocate(36 + 8 * segments.size()).order(ByteOrder.LITTLE_ENDIAN);
        payload.putLong(sequence).putLong(storageId).putLong(bootCount).putLong(durable);
        payload.putInt(segments.size());
        for (long segment : segments) {
            payload.putLong(segment);
        }
        return payload.flip();
    }

    static Manifest decode(ByteBuffer payload) {
        long sequence = payload.getLong();
        long storageId = payload.getLong();
        long bootCount = payload.getLong();
        long durable = payload.getLong();
        int count = payload.getInt();
        List<Long> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            segments.add(payload.getLong());
        }
        return new Manifest(sequence, storageId, bootCount, durable, segments);
    }
}
