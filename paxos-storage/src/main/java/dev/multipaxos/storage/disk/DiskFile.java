package dev.multipaxos.storage.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open file. One thread uses it; another that wants to read the same file opens it again, so that an interrupt of that
 * thread, which closes its channel, cannot close the writer's.
 */
public interface DiskFile extends Closeable {

    /**
     * Measures the file.
     *
     * @return its size in bytes
     * @throws IOException if that failed
     */
    long size() throws IOException;

    /**
     * Reads some bytes; perhaps fewer than there is room for.
     *
     * @param target where they go
     * @param position the place in the file
     * @return how many were read, or -1 at the end of the file
     * @throws IOException if that failed
     */
    int read(ByteBuffer target, long position) throws IOException;

    /**
     * Writes some of the bytes of several buffers, in order, one behind the other; perhaps not all. The positions of the
     * buffers say how far it came.
     *
     * @param sources the buffers
     * @param position the place in the file of the first byte
     * @return how many bytes were written
     * @throws IOException if that failed; what was written then is unknown
     */
    long write(ByteBuffer[] sources, long position) throws IOException;

    /**
     * Cuts the file off.
     *
     * @param size what is left, in bytes
     * @throws IOException if that failed
     */
    void truncate(long size) throws IOException;

    /**
     * Makes what was written durable.
     *
     * @param metadata true if everything the file system knows of the file must be durable too, false if the bytes and the
     *     size suffice
     * @throws IOException if that failed; then nothing is known about the bytes written since the last force, and another
     *     force that succeeds says nothing about them
     */
    void force(boolean metadata) throws IOException;
}
