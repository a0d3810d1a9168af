package dev.multipaxos.storage;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/** The sentences that an operator reads, each with what to do. */
final class Failures {
    private static final String REPLACE =
            " If the disk cannot be brought back as it was, remove this node from the cluster and add it as a new one.";

    private Failures() {}

    static StorageException damaged(String file, long offset, String what, @Nullable Throwable cause) {
        return new StorageException(
                Code.DAMAGED,
                file + ": offset " + offset + ": " + what
                        + ", though this was durable: the disk has lost or changed it." + REPLACE,
                cause);
    }

    static StorageException stateLost(String file, long offset) {
        return damaged(
                file,
                offset,
                "the record is not what was written, and what it was cannot be told from the records around it, so what this"
                        + " node has promised and accepted is lost",
                null);
    }

    static StorageException damaged(String file, String what) {
        return new StorageException(Code.DAMAGED, file + ": " + what + "." + REPLACE, null);
    }

    static StorageException notUnderstood(String where, IOException cause) {
        return new StorageException(
                Code.DAMAGED,
                where + ": the record is as it was written but cannot be understood: " + cause.getMessage()
                        + ". Start the version that wrote it, or a later one.",
                cause);
    }

    static StorageException missing(String file, String what) {
        return new StorageException(
                Code.MISSING_FILE, file + " is missing: " + what + ". Put the file back." + REPLACE, null);
    }

    static StorageException unknownVersion(String file, int found, int known) {
        return new StorageException(
                Code.UNKNOWN_VERSION,
                file + " needs a reader of format " + found + ", this version reads format " + known
                        + ". Start the version that wrote it, or a later one.",
                null);
    }

    static StorageException failed(String file, IOException cause) {
        return new StorageException(
                Code.IO_FAILED,
                file + ": " + cause
                        + ". Nothing is known about what was not durable before: check the disk and restart.",
                cause);
    }

    // of snapshots: the journal is not concerned, and other members have others

    static StorageException damagedSnapshot(String file, long offset, String what, @Nullable Throwable cause) {
        return new StorageException(
                Code.DAMAGED,
                file + ": offset " + offset + ": " + what
                        + ": the disk has lost or changed it. Nothing else is touched; the next snapshot, or one of another"
                        + " member, replaces it.",
                cause);
    }

    static StorageException unreadSnapshot(String file, long offset, IOException cause) {
        return cause instanceof ClosedChannelException
                ? failedSnapshot(file, cause) // closed under the reader, by an interrupt or with the storage
                : new StorageException(
                        Code.IO_FAILED,
                        file + ": offset " + offset + ": cannot be read (" + cause
                                + "). It stays, and is tried again while it is needed; the next snapshot, or one of another"
                                + " member, replaces it: check the disk.",
                        cause);
    }

    static StorageException foreignSnapshot(String file, long found, long expected) {
        return new StorageException(
                Code.FOREIGN,
                file + " is a snapshot of cluster " + Long.toHexString(found) + ", not of " + Long.toHexString(expected)
                        + ". It came from elsewhere: remove it.",
                null);
    }

    static StorageException failedSnapshot(String file, IOException cause) {
        return new StorageException(
                Code.IO_FAILED,
                file + ": " + cause
                        + ". This snapshot is given up, the journal goes on: check the disk and its free space.",
                cause);
    }

    static StorageException closed(String file) {
        return new StorageException(Code.IO_FAILED, file + ": the storage was closed. Open it again.", null);
    }
}
