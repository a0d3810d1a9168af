package dev.multipaxos.spi;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The storage cannot do what it must; the message says which file, what is wrong and what to do. */
public class StorageException extends IOException {
    private static final long serialVersionUID = 1;

    /** What kind of trouble it is; operators look it up by this name in {@code docs/storage.md}. */
    public enum Code {
        /** Another process, or another node in this one, uses it. */
        IN_USE,
        /** It belongs to another node, or was founded with other members or numbers. */
        FOREIGN,
        /** It was written by a version that this one does not know. */
        UNKNOWN_VERSION,
        /** A file that must be there is not. */
        MISSING_FILE,
        /** What is on the disk is not what was written, below a mark that says it was durable. */
        DAMAGED,
        /** A write or a force failed: nothing is known about what follows the last durable mark until a restart. */
        IO_FAILED
    }

    private final Code code;

    /**
     * Reports trouble.
     *
     * @param code its kind
     * @param message which file, what is wrong, what to do
     * @param cause what the operating system said, if it said anything
     */
    public StorageException(Code code, String message, @Nullable Throwable cause) {
        super(code + ": " + message, cause);
        this.code = code;
    }

    /** {@return the kind of trouble} */
    public Code code() {
        return code;
    }
}
