package dev.multipaxos.storage;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.disk.Disk;
import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads chosen parts of the durable journal while it is being written. Owned by the reading thread. */
final class JournalReader {
    /** Slots of interest may lie in several segments in turn; more files than this are not kept open. */
    private static final int FILES_MAX = 8;

    private final Disk disk;
    private final SlotIndex index;
    private final Chain chain;
    private final Map<Segment, DiskFile> files = new LinkedHashMap<>(); // the one opened first is closed first

    JournalReader(Disk disk, SlotIndex index, Owner owner) {
        this.disk = disk;
        this.index = index;
        this.chain = new Chain(owner.cluster(), owner.storageId());
    }

    /** A record; or, if there is one, a damage, and between which slots something may be missing. */
    private record Found(
            int kind,
            long slotFrom,
            long slotTo,
            Bytes body,
            @Nullable Damage damage) {}

    /**
     * Reads records. They are gathered first: which slots come whole within the budget is known only when all records of
     * the blocks are known, for a later block may hold an earlier slot once more.
     */
    long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor) throws IOException {
        closeTrimmed();
        for (long from = slotFrom; from <= slotTo; ) {
            SlotIndex.Selection selection = index.find(group, from, slotTo, maxBytes);
            List<Found> found;
            try {
                found = gather(selection, group, from);
            } catch (IOException e) {
                if (areHeld(selection)) {
                    throw e;
                }
                continue; // a file was deleted under us, and the index does not name it any more
            }
            if (found.stream().anyMatch(record -> record.damage != null) && !areHeld(selection)) {
                continue; // or it was being cut down
            }
            if (!found.isEmpty()) {
                return hand(group, found, lastWithin(found, from, selection.slotTo(), maxBytes), visitor);
            }
            if (selection.slotTo() >= slotTo) {
                break;
            }
            from = selection.slotTo() + 1; // the blocks span these slots but do not hold them
        }
        return slotFrom - 1;
    }

    private boolean areHeld(SlotIndex.Selection selection) {
        return selection.blocks().stream().allMatch(block -> index.holds(block.segment()));
    }

    private List<Found> gather(SlotIndex.Selection selection, int group, long slotFrom) throws IOException {
        List<Found> found = new ArrayList<>();
        SegmentScan scan = null;
        Segment segment = null;
        for (SlotIndex.Block block : selection.blocks()) {
            if (scan == null || segment != block.segment()) {
                segment = block.segment();
                scan = new SegmentScan(disk, segment, readable(segment), chain);
            }
            gather(scan, block, group, slotFrom, selection.slotTo(), found);
        }
        return found;
    }

    private static long hand(int group, List<Found> found, long last, RecordVisitor visitor) throws StorageException {
        for (Found record : found) {
            Damage damage = record.damage;
            if (record.slotFrom > last) {
                continue;
            }
            if (damage != null) {
                damage.tell(visitor, group, record.slotFrom, record.slotTo, 0, 0);
            } else {
                try {
                    visitor.record(group, record.kind, record.slotFrom, record.slotTo, record.body);
                } catch (StorageException e) {
                    throw e;
                } catch (IOException e) {
                    throw Failures.notUnderstood("group " + group + ", slot " + record.slotFrom, e);
                }
            }
        }
        return last;
    }

    private static void gather(
            SegmentScan scan, SlotIndex.Block block, int group, long slotFrom, long slotTo, List<Found> found)
            throws IOException {
        int crc = block.crcBefore();
        for (long at = block.start(); at >= 0 && at < block.end(); ) {
            if (!scan.moveTo(at, block.end(), crc)) {
                found.add(new Found(
                        0,
                        Math.max(slotFrom, block.slotFrom()),
                        Math.min(slotTo, block.slotTo()),
                        Bytes.EMPTY,
                        new Damage(scan.path(), at)));
                at = scan.nextBatchHeader(at + 8, block.end());
                continue;
            }
            crc = scan.crc();
            at = scan.next();
            if (!scan.isBatchHeader()
                    && scan.group() == group
                    && scan.slotTo() != 0
                    && scan.slotFrom() <= slotTo
                    && scan.slotTo() >= slotFrom) {
                found.add(new Found(scan.kind(), scan.slotFrom(), scan.slotTo(), scan.body(), null));
            }
        }
    }

    /** {@return the last slot that still fits, at least the first one found} */
    private static long lastWithin(List<Found> found, long slotFrom, long slotTo, long maxBytes) {
        List<Found> bySlot = new ArrayList<>(found);
        bySlot.sort((a, b) -> Long.compare(a.slotFrom, b.slotFrom));
        long last = slotFrom - 1;
        long bytes = 0;
        for (Found record : bySlot) {
            if (bytes >= maxBytes && last >= slotFrom && record.slotFrom > last) {
                return Math.min(last, record.slotFrom - 1);
            }
            bytes += record.body.length();
            last = Math.max(last, Math.min(record.slotTo, slotTo));
        }
        return last;
    }

    /** A file that is open keeps what space it has though it is deleted. */
    private void closeTrimmed() throws IOException {
        for (Iterator<Map.Entry<Segment, DiskFile>> open = files.entrySet().iterator(); open.hasNext(); ) {
            Map.Entry<Segment, DiskFile> file = open.next();
            if (!index.holds(file.getKey())) {
                open.remove();
                file.getValue().close();
            }
        }
    }

    private DiskFile readable(Segment segment) throws IOException {
        DiskFile file = files.get(segment);
        if (file == null) {
            if (files.size() == FILES_MAX) {
                Iterator<DiskFile> opened = files.values().iterator();
                DiskFile first = opened.next();
                opened.remove();
                first.close();
            }
            file = disk.open(segment.name, false);
            files.put(segment, file);
        }
        return file;
    }

    /** Closes the files; an interrupted reader has lost its channel and opens another one next time. */
    void close() throws IOException {
        try {
            for (DiskFile file : files.values()) {
                file.close();
            }
        } finally {
            files.clear();
        }
    }
}
