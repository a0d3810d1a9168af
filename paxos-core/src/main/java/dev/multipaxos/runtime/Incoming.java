package dev.multipaxos.runtime;

import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.Edge;
import java.util.zip.CRC32C;

/**
 * A snapshot that is being received, part after part, in order. Several parts are asked for ahead; what does not follow what is
 * there is ignored, and after a while asked for again from where it stopped. Owned by the thread of {@link TransferJob}.
 */
final class Incoming {

    /** How many parts are asked for ahead, once the first has come. */
    private static final int AHEAD_MAX = 8;

    private static final long RETRY_NANOS_MIN = 1_000_000_000;
    private static final long RETRY_NANOS_MAX = 8_000_000_000L;

    private final SnapshotStore.Id id;
    private final Edge.SnapshotId name;
    private final SnapshotStore.Writer writer;
    private final TransferHost host;
    private final CRC32C checksum = new CRC32C();
    private int from;
    private int partBytes;
    private int ahead = 1;
    private long asked; // bytes: up to here a part was asked for
    private long askedNanos;
    private long progressNanos;
    private long retryNanos = RETRY_NANOS_MIN;

    /**
     * Begins to receive.
     *
     * @param id which snapshot
     * @param writer takes it
     * @param from who sends it
     * @param partBytesMax the largest part that fits into a frame
     * @param host the rest of the node
     * @param nowNanos now
     */
    Incoming(
            SnapshotStore.Id id,
            SnapshotStore.Writer writer,
            int from,
            int partBytesMax,
            TransferHost host,
            long nowNanos) {
        this.id = id;
        this.name = TransferJob.named(id);
        this.writer = writer;
        this.from = from;
        this.partBytes = partBytesMax;
        this.host = host;
        this.progressNanos = nowNanos;
    }

    SnapshotStore.Id id() {
        return id;
    }

    int from() {
        return from;
    }

    SnapshotTransfer view(int self) {
        return new SnapshotTransfer(from, self, id.slot(), writer.position(), id.bytes());
    }

    boolean isWhole() {
        return writer.position() == id.bytes();
    }

    /** {@return whether what came is what was written where the snapshot was taken} */
    boolean isRight() {
        return (int) checksum.getValue() == id.checksum();
    }

    /** {@return when the last part came that was asked for} */
    long progressNanos() {
        return progressNanos;
    }

    /** Goes on where it is, with another member that has the same snapshot. */
    void goOnWith(int provider, long nowNanos) {
        from = provider;
        progressNanos = nowNanos;
        askAgain(nowNanos);
    }

    /** Asks for all parts that may be asked for by now. */
    void ask(long nowNanos) {
        while (asked < id.bytes() && asked - writer.position() < (long) ahead * partBytes) {
            int length = (int) Math.min(partBytes, id.bytes() - asked);
            host.say(from, new Edge.SnapshotRequest(name, asked, length));
            asked += length;
            askedNanos = nowNanos;
        }
    }

    private void askAgain(long nowNanos) {
        asked = writer.position();
        ahead = 1;
        ask(nowNanos);
    }

    /** Asks again if nothing has come for a while. */
    void onTime(long nowNanos) {
        if (nowNanos >= retryDueNanos()) {
            retryNanos = Math.min(2 * retryNanos, RETRY_NANOS_MAX);
            askAgain(nowNanos);
        }
    }

    /** {@return when {@link #onTime} has something to do} */
    long retryDueNanos() {
        return Math.max(askedNanos, progressNanos) + retryNanos;
    }

    /**
     * Takes a part.
     *
     * @return false if it does not follow what is there
     * @throws StorageException if it cannot be written
     */
    boolean onPart(int sender, Edge.SnapshotChunk part, long nowNanos) throws StorageException {
        Bytes bytes = part.bytes();
        if (sender != from || !part.id().equals(name) || part.offset() != writer.position() || bytes.length() == 0) {
            return false;
        }
        writer.write(bytes.array(), bytes.offset(), bytes.length());
        checksum.update(bytes.array(), bytes.offset(), bytes.length());
        progressNanos = nowNanos;
        retryNanos = RETRY_NANOS_MIN;
        if (bytes.length() < partBytes && !isWhole()) { // the sender's parts are smaller: those asked for leave gaps
            partBytes = bytes.length();
            asked = writer.position();
        } else {
            ahead = Math.min(AHEAD_MAX, 2 * ahead);
        }
        ask(nowNanos);
        return true;
    }

    /** Tells the sender that what lies behind the snapshot is still needed. */
    void keepAlive() {
        host.say(from, new Edge.SnapshotRequest(name, id.bytes(), 0));
    }

    /**
     * Makes it durable.
     *
     * @return what it is by the store's own reckoning
     * @throws StorageException if that failed
     */
    SnapshotStore.Id commit() throws StorageException {
        return writer.commit();
    }

    /** Forgets what came, unless it is durable. */
    void close() {
        writer.close();
    }
}
