package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Snapshots of one group that can be damaged or unreadable, and a disk that can be full. */
final class SnapshotsInMemory implements SnapshotStore {
    final Map<Long, Id> ids = new TreeMap<>(); // by slot
    final Map<Id, byte[]> contents = new java.util.HashMap<>();
    boolean full;
    boolean damaged;
    final Set<Long> unreadable = new TreeSet<>(); // the slots
    final TreeSet<Long> unread = new TreeSet<>(); // a reader has found that
    int attempts; // to read again
    private boolean spoilt; // and somebody knows it
    int openReaders;
    int openWriters;

    Id put(long slot, byte[] content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        Id id = new Id(1, slot, content.length, (int) crc.getValue());
        ids.put(slot, id);
        contents.put(id, content);
        return id;
    }

    void forget(Id id) {
        ids.remove(id.slot());
        contents.remove(id);
    }

    @Override
    public Writer create(int group, long slot) throws StorageException {
        failIfFull();
        openWriters++;
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        return new Writer() {
            @Override
            public void write(byte[] source, int offset, int length) throws StorageException {
                failIfFull();
                content.write(source, offset, length);
            }

            @Override
            public long position() {
                return content.size();
            }

            @Override
            public Id commit() {
                openWriters--;
                return put(slot, content.toByteArray());
            }

            @Override
            public void close() {
                openWriters--;
            }
        };
    }

    private void failIfFull() throws StorageException {
        if (full) {
            throw new StorageException(StorageException.Code.IO_FAILED, "no space left on device", null);
        }
    }

    @Override
    public @Nullable Id latest(int group) throws StorageException {
        if (spoilt) {
            throw rotten();
        }
        return ids.values().stream().reduce((one, later) -> later).orElse(null);
    }

    private static StorageException rotten() {
        return new StorageException(StorageException.Code.DAMAGED, "it has rotted", null);
    }

    @Override
    public @Nullable Id readAgain(int group) throws StorageException {
        attempts++;
        for (long slot : List.copyOf(unread.descendingSet())) {
            if (!unreadable.contains(slot)) {
                unread.remove(slot);
                return ids.get(slot);
            }
        }
        if (!unread.isEmpty()) {
            throw new StorageException(StorageException.Code.IO_FAILED, "input/output error", null);
        }
        return null;
    }

    @Override
    public @Nullable Reader open(Id id) {
        byte[] content = contents.get(id);
        if (content == null || spoilt) {
            return null;
        }
        openReaders++;
        return new Reader() {
            @Override
            public Id id() {
                return id;
            }

            @Override
            public Bytes read(long offset, int maxBytes) throws StorageException {
                if (damaged && offset + maxBytes > content.length / 2) {
                    spoilt = true;
                    throw rotten();
                }
                return Bytes.wrap(content, (int) offset, (int) Math.min(maxBytes, content.length - offset));
            }

            @Override
            public void close() {
                openReaders--;
            }
        };
    }
}
