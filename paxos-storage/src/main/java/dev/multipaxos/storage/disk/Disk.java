package dev.multipaxos.storage.disk;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One directory and exactly what the storage does with it. A file is known by its name inside the directory.
 *
 * <p>Nothing is durable before {@link DiskFile#force} of the file and, for what concerns names ({@link #create},
 * {@link #rename}, {@link #delete}), {@link #syncDirectory}. The storage assumes no more than that of any implementation.
 */
public interface Disk {

    /**
     * Makes the directory and those above it, durably, where they do not exist.
     *
     * @throws IOException if that failed
     */
    void createDirectory() throws IOException;

    /**
     * Lists the directory.
     *
     * @return the names of the files in it, sorted
     * @throws IOException if it cannot be read
     */
    List<String> list() throws IOException;

    /**
     * Makes an empty file and opens it for reading and writing.
     *
     * @param name its name, which must be free
     * @return the file
     * @throws IOException if that failed
     */
    DiskFile create(String name) throws IOException;

    /**
     * Opens a file.
     *
     * @param name its name
     * @param writable false to open it for reading only
     * @return the file
     * @throws IOException if that failed
     */
    DiskFile open(String name, boolean writable) throws IOException;

    /**
     * Opens a file for reading what the disk holds, whatever the operating system keeps of it in memory: after a force that
     * failed the two may differ. What was written and not forced is on the disk before it is read.
     *
     * @param name its name
     * @return the file, to be read only; null if this cannot be done here
     * @throws IOException if the file cannot be opened at all
     */
    @Nullable
    DiskFile openPastCache(String name) throws IOException;

    /**
     * Gives a file another name; what had that name before is replaced. One step: afterwards it is done or it is not.
     *
     * @param from the old name
     * @param to the new name
     * @throws IOException if that failed
     */
    void rename(String from, String to) throws IOException;

    /**
     * Removes a file.
     *
     * @param name its name
     * @throws IOException if that failed
     */
    void delete(String name) throws IOException;

    /**
     * Makes the names in the directory durable.
     *
     * @throws IOException if that failed
     */
    void syncDirectory() throws IOException;

    /**
     * Takes the directory for this process and this storage.
     *
     * @param name the file that stands for the lock; made if it does not exist, never removed
     * @return what releases the lock, or null if someone else holds it
     * @throws IOException if that cannot be found out
     */
    @Nullable
    Closeable lock(String name) throws IOException;

    /**
     * Says where a file is, for messages.
     *
     * @param name its name
     * @return its path
     */
    String describe(String name);
}
