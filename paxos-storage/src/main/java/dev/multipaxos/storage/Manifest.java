package dev.multipaxos.storage;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is in the directory; replaced as a whole in {@code MANIFEST}. Format 1 ended behind the segments.
 *
 * @param sequence counts the replacements
 * @param storageId the storage
 * @param bootCount how often it was opened
 * @param durable a journal position below which everything was durable when this was written
 * @param segments the ids of the segments, in order
 * @param start the journal position at which the first of them begins; what was before is trimmed
 * @param trims how far each group was trimmed, those that were
 */
record Manifest(
        long sequence,
        long storageId,
        long bootCount,
        long durable,
        List<Long> segments,
        long start,
        SortedMap<Integer, TrimPoint> trims) {
    static final String FILE = "MANIFEST";
    static final int FORMAT = 2;
    static final long MAGIC = 0x46494E414D58504DL; // "MPXMANIF" in the file

    Manifest {
        segments = List.copyOf(segments);
        trims = Collections.unmodifiableSortedMap(new TreeMap<>(trims));
    }

    /** {@return what a new directory holds, which was never opened} */
    static Manifest first(long storageId, long segment) {
        return new Manifest(1, storageId, 0, 0, List.of(segment), 0, new TreeMap<>());
    }

    Manifest booted(long count) {
        return new Manifest(sequence + 1, storageId, count, durable, segments, start, trims);
    }

    Manifest durableTo(long position) {
        return new Manifest(sequence + 1, storageId, bootCount, position, segments, start, trims);
    }

    Manifest with(long segment, long durableNow) {
        List<Long> more = new ArrayList<>(segments);
        more.add(segment);
        return new Manifest(sequence + 1, storageId, bootCount, durableNow, more, start, trims);
    }

    /** {@return this without its oldest segments} */
    Manifest without(int oldest, long startNow, Map<Integer, TrimPoint> trimsNow, long durableNow) {
        List<Long> left = segments.subList(oldest, segments.size());
        return new Manifest(sequence + 1, storageId, bootCount, durableNow, left, startNow, new TreeMap<>(trimsNow));
    }

    TrimPoint trim(int group) {
        return trims.getOrDefault(group, TrimPoint.NONE);
    }

    /** {@return the names of the segments, in order} */
    Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        segments.forEach(segment -> names.add(Segment.name(segment)));
        return names;
    }

    ByteBuffer encode() {
        ByteBuffer payload = ByteBuffer.allocate(48 + 8 * segments.size() + 20 * trims.size())
                .order(ByteOrder.LITTLE_ENDIAN);
        payload.putLong(sequence).putLong(storageId).putLong(bootCount).putLong(durable);
        payload.putInt(segments.size());
        for (long segment : segments) {
            payload.putLong(segment);
        }
        payload.putLong(start).putInt(trims.size());
        trims.forEach(
                (group, point) -> payload.putInt(group).putLong(point.upTo()).putLong(point.restatedFrom()));
        return payload.flip();
    }

    static Manifest decode(ByteBuffer payload, int format) {
        long sequence = payload.getLong();
        long storageId = payload.getLong();
        long bootCount = payload.getLong();
        long durable = payload.getLong();
        int count = payload.getInt();
        List<Long> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            segments.add(payload.getLong());
        }
        long start = 0;
        SortedMap<Integer, TrimPoint> trims = new TreeMap<>();
        if (format > 1) {
            start = payload.getLong();
            int trimmed = payload.getInt();
            for (int i = 0; i < trimmed; i++) {
                trims.put(payload.getInt(), new TrimPoint(payload.getLong(), payload.getLong()));
            }
        }
        return new Manifest(sequence, storageId, bootCount, durable, segments, start, trims);
    }
}
