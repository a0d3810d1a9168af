package dev.multipaxos.storage;

import dev.multipaxos.spi.DurableStorage.RecordVisitor;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import java.io.IOException;

/**
 * A place where records that were durable cannot be read any more: the disk has lost or changed them, or gives an error.
 *
 * @param path the file
 * @param offset where the first of them begins
 */
record Damage(String path, long offset) {

    /** Tells a visitor what may be lost. One that does not go on gets the place into its exception. */
    void tell(RecordVisitor visitor, int group, long slotFrom, long slotTo, long round, int node)
            throws StorageException {
        try {
            visitor.damaged(group, slotFrom, slotTo, round, node);
        } catch (StorageException e) {
            throw e.code() == Code.DAMAGED
                    ? Failures.damaged(path, offset, "the record is not what was written", e)
                    : e;
        } catch (IOException e) {
            throw Failures.damaged(path, offset, "the record is not what was written", e);
        }
    }

    /** Tells a visitor what the marks of a batch say of it. */
    void tell(RecordVisitor visitor, GroupMarks lost) throws StorageException {
        for (int i = 0; i < lost.count(); i++) {
            tell(visitor, lost.group(i), lost.slotFrom(i), lost.slotTo(i), lost.promisedRound(i), lost.promisedNode(i));
        }
    }
}
