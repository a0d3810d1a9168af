package dev.multipaxos.spi;

import dev.multipaxos.bytes.Bytes;
import java.io.Closeable;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Keeps snapshots beside the journal, the newest of each group. What is in one is opaque here: bytes, written once from the first
 * to the last, then read from any place. Every part of it carries a checksum, and so does the whole.
 *
 * <p><b>Threads.</b> Any; each {@link Writer} and {@link Reader} is used by one at a time.
 *
 * <p><b>Errors.</b> A failure concerns this snapshot alone: the journal goes on, and so does an older snapshot.
 */
public interface SnapshotStore {
    /** How much {@link #verify} reads at once: 1 MiB. */
    int VERIFY_BYTES = 1024 * 1024;

    /**
     * Which snapshot. Members may write one state differently; whoever has got a part of a snapshot goes on with the same id only.
     *
     * @param group the group
     * @param slot the last slot whose effects are in it
     * @param bytes how many bytes it has
     * @param checksum CRC-32C of all of them
     */
    record Id(int group, long slot, long bytes, int checksum) {}

    /** Takes a snapshot, which does not exist before {@link #commit}. */
    interface Writer extends Closeable {
        /**
         * Adds bytes behind all earlier ones.
         *
         * @param source holds them
         * @param offset the first
         * @param length how many
         * @throws StorageException if they could not be written; only {@link #close} may follow
         */
        void write(byte[] source, int offset, int length) throws StorageException;

        /** {@return how many bytes were written} */
        long position();

        /**
         * Makes it durable: the file, then its name. Afterwards it is what {@link SnapshotStore#latest} says, unless a later one is
         * there, and older ones of the group go as soon as nobody reads them.
         *
         * @return its id
         * @throws StorageException if that failed; it does not exist
         */
        Id commit() throws StorageException;

        /** Forgets it, unless it was committed. Throws nothing. */
        @Override
        void close();
    }

    /** Reads a snapshot, which stays while it is open. */
    interface Reader extends Closeable {
        /** {@return which} */
        Id id();

        /**
         * Reads bytes whose checksums are right.
         *
         * @param offset the first
         * @param maxBytes at most so many; fewer come only at the end
         * @return the bytes; empty at the end
         * @throws StorageException with {@link StorageException.Code#DAMAGED} if they are not what was written; with {@link
         *     StorageException.Code#IO_FAILED} if they cannot be read, which may be otherwise the next time
         */
        Bytes read(long offset, int maxBytes) throws StorageException;

        /** Lets it go. Throws nothing. */
        @Override
        void close();
    }

    /**
     * Begins a snapshot.
     *
     * @param group the group
     * @param slot the last slot whose effects are in it
     * @return what takes it
     * @throws StorageException if it cannot be begun
     */
    Writer create(int group, long slot) throws StorageException;

    /**
     * Finds the newest snapshot that is whole by its name, header and size. Its bytes are checked as they are read: one that was
     * found to be damaged is not whole any more. One that could not be read when that was last tried is passed over until {@link
     * #readAgain} has read it. May wait for the disk.
     *
     * @param group the group
     * @return which; null if there is none
     * @throws StorageException with {@link StorageException.Code#DAMAGED} if there is a snapshot, but none that is whole; with
     *     {@link StorageException.Code#IO_FAILED} if the newest of these cannot be read; with
     *     {@link StorageException.Code#FOREIGN} or {@link StorageException.Code#UNKNOWN_VERSION} if the newest of these is not ours to read
     */
    @Nullable
    Id latest(int group) throws StorageException;

    /**
     * Tries again what could not be read, which says nothing of what is on the disk: what {@link #latest} passes over for that reason
     * alone. May wait for the disk.
     *
     * @param group the group
     * @return the newest of these, of which what could not be read can be read now; null if there is none to be tried
     * @throws StorageException with {@link StorageException.Code#IO_FAILED} if there is one, and it cannot be read this time either
     */
    @Nullable
    Id readAgain(int group) throws StorageException;

    /**
     * Opens a snapshot. May wait for the disk.
     *
     * @param id which
     * @return what reads it; null if it is not there any more, was found to be damaged, or is not to be read before it was tried
     *     again
     * @throws StorageException if it cannot be read
     */
    @Nullable
    Reader open(Id id) throws StorageException;

    /**
     * Reads a snapshot from the first byte to the last and compares the whole with its id; what is restored was read like this
     * before, so that a state machine never gets half of one.
     *
     * @param reader the snapshot
     * @throws StorageException with {@link StorageException.Code#DAMAGED} if it is not what was written
     */
    static void verify(Reader reader) throws StorageException {
        Id id = reader.id();
        CRC32C checksum = new CRC32C();
        long position = 0;
        for (Bytes part = reader.read(0, VERIFY_BYTES); part.length() > 0; part = reader.read(position, VERIFY_BYTES)) {
            checksum.update(part.array(), part.offset(), part.length());
            position += part.length();
        }
        if (position != id.bytes() || (int) checksum.getValue() != id.checksum()) {
            throw new StorageException(
                    StorageException.Code.DAMAGED,
                    "the snapshot of group " + id.group() + " at slot " + id.slot() + " has " + position
                            + " bytes with checksum " + Integer.toHexString((int) checksum.getValue()) + ", not "
                            + id.bytes() + " with " + Integer.toHexString(id.checksum())
                            + ". Get it again from another member.",
                    null);
        }
    }
}
