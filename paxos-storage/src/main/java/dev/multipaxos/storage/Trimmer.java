package dev.multipaxos.storage;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets go of obsolete segments, from the oldest on. First a manifest without them is durable, then they are used again or deleted, in
 * the background: a crash between leaves files that the next start knows by their position, or by an unfinished name, and deletes.
 *
 * <p>Owned by the storage thread.
 */
final class Trimmer {
    private static final Logger LOG = LoggerFactory.getLogger(Trimmer.class);

    private final StorageDirectory directory;
    private final SlotIndex index;
    private final Remover remover;
    private final Spares spares;
    private final Map<Integer, Long> keepBytes = new HashMap<>(); // what each group said last

    Trimmer(StorageDirectory directory, SlotIndex index, Remover remover, Spares spares) {
        this.directory = directory;
        this.index = index;
        this.remover = remover;
        this.spares = spares;
    }

    /** Trims; everything that was appended is durable. */
    void trim(int group, long upTo, long restatedFrom, long keep, long durable) throws IOException {
        Manifest now = directory.manifest();
        Map<Integer, TrimPoint> points = new TreeMap<>(now.trims());
        points.put(group, now.trim(group).and(upTo, restatedFrom));
        keepBytes.put(group, keep);
        long kept = 0;
        for (long bytes : keepBytes.values()) {
            kept = Math.max(kept, bytes);
        }
        int count = index.obsolete(points, durable - kept);
        if (count == 0 && points.equals(now.trims())) {
            return;
        }
        long start = index.segment(count).header.logicalStart();
        directory.replaceManifest(now.without(count, start, points, durable));
        if (count > 0) {
            List<Segment> dropped = index.drop(count);
            LOG.info(
                    "{}: trimmed up to journal position {}, {} segments",
                    directory.disk().describe(""),
                    start,
                    count);
            Set<String> begunHere = dropped.stream()
                    .filter(segment -> segment.begunHere)
                    .map(segment -> segment.name)
                    .collect(Collectors.toSet());
            remover.remove(
                    dropped.stream().map(segment -> segment.name).toList(),
                    name -> begunHere.contains(name) && spares.takeOver(name));
        }
    }
}
