package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.FoundingRecord;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** One snapshot, in memory. */
final class HeapSnapshots implements SnapshotStore {

    static final FoundingRecord FOUNDING = new FoundingRecord(
            1, 1_024, 1 << 20, 4 << 20, "majority", 1, 1, List.of(new FoundingRecord.Founder(1, "local:1")));

    private Bytes content = Bytes.EMPTY;
    private @Nullable Id newest;

    @Nullable
    String failure;

    int largestWrite;
    int readsLeft = Integer.MAX_VALUE;

    /** Changes one byte of it. */
    void damage(int at) {
        byte[] changed = content.toArray();
        changed[at] ^= 1;
        content = Bytes.wrap(changed);
    }

    @Override
    public Writer create(int group, long slot) {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        return new Writer() {
            @Override
            public void write(byte[] source, int offset, int length) throws StorageException {
                if (failure != null) {
                    throw new StorageException(StorageException.Code.IO_FAILED, failure, null);
                }
                largestWrite = Math.max(largestWrite, length);
                written.write(source, offset, length);
            }

            @Override
            public long position() {
                return written.size();
            }

            @Override
            public Id commit() {
                content = Bytes.wrap(written.toByteArray());
                CRC32C checksum = new CRC32C();
                checksum.update(content.toByteBuffer());
                newest = new Id(group, slot, content.length(), (int) checksum.getValue());
                return newest;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public @Nullable Id latest(int group) {
        return newest;
    }

    @Override
    public @Nullable Id readAgain(int group) {
        return null;
    }

    @Override
    public @Nullable Reader open(Id id) {
        return !id.equals(newest)
                ? null
                : new Reader() {
                    @Override
                    public Id id() {
                        return id;
                    }

                    @Override
                    public Bytes read(long offset, int maxBytes) throws StorageException {
                        if (readsLeft-- <= 0) {
                            throw new StorageException(StorageException.Code.IO_FAILED, "input/output error", null);
                        }
                        return content.slice((int) offset, (int) Math.min(maxBytes, content.length() - offset));
                    }

                    @Override
                    public void close() {}
                };
    }
}
