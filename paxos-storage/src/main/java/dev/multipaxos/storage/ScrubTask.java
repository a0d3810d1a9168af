package dev.multipaxos.storage;

import java.io.Closeable;
import java.io.IOException;

/** One file to be read again from its beginning to its end. */
interface ScrubTask extends Closeable {
    /**
     * Verifies the next piece.
     *
     * @return how many bytes were looked at; 0 if there are no more, or if what is wrong with the file was reported
     * @throws IOException if the file is gone or cannot be opened, which is no damage
     */
    long step() throws IOException;

    /** Lets the file go. */
    @Override
    void close() throws IOException;
}
