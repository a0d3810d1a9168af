package dev.multipaxos.storage.inspect;

import dev.multipaxos.bytes.Bytes;
import java.util.List;

/**
 * Is told what is in the directory of a storage, in the order in which it was written: the identity, the manifest, then the
 * journal, segment by segment, then
 * the snapshots; what cannot be read is told as damage, and then what can be read behind it.
 */
@SuppressWarnings("MissingJavadocMethod") // each says what it is told
public interface DirectoryVisitor {

    /**
     * Whose directory it is.
     *
     * @param node the node
     * @param storageId the storage
     * @param foundingRecord what the cluster was founded with, opaque
     */
    default void identity(int node, long storageId, Bytes foundingRecord) {}

    /**
     * What the directory should hold.
     *
     * @param bootCount how often it was opened
     * @param durable a journal position below which everything was durable when this was written
     * @param segments the files of the journal, in order
     */
    default void manifest(long bootCount, long durable, List<String> segments) {}

    /**
     * How far a group was trimmed.
     *
     * @param group the group
     * @param upTo the last slot of which the journal alone does not say any more what was there
     */
    default void trimmed(int group, long upTo) {}

    /**
     * A segment of the journal; its batches follow.
     *
     * @param file its name
     * @param bytes its size
     * @param position the journal position of its first record
     * @param firstBatch the number of its first batch
     */
    default void segment(String file, int bytes, long position, long firstBatch) {}

    /**
     * A batch: what was made durable by one force. Its records follow.
     *
     * @param file its segment
     * @param offset where it is in that
     * @param number its number
     * @param bytes its size
     * @param mark the journal position below which everything was durable when it was written
     */
    default void batch(String file, long offset, long number, long bytes, long mark) {}

    /**
     * What a batch says of a group.
     *
     * @param group the group
     * @param round the round of the ballot that it had promised at the end of the batch
     * @param node the node of that ballot
     */
    default void promised(int group, long round, int node) {}

    /**
     * A record that was appended.
     *
     * @param file its segment
     * @param offset where it is in that
     * @param group its group
     * @param kind its kind
     * @param slotFrom the first slot that it touches, or 0
     * @param slotTo the last slot that it touches, or 0
     * @param body what was appended
     */
    default void record(String file, long offset, int group, int kind, long slotFrom, long slotTo, Bytes body) {}

    /**
     * The end of a segment's records.
     *
     * @param file its name
     * @param end where they end
     * @param tail how many bytes follow of a write that was not finished, and that the next start removes; mostly 0
     */
    default void end(String file, long end, long tail) {}

    /**
     * A snapshot.
     *
     * @param file its name
     * @param group its group
     * @param slot the last slot whose effects are in it
     * @param bytes the size of its content
     */
    default void snapshot(String file, int group, long slot, long bytes) {}

    /**
     * A file that is none of these.
     *
     * @param file its name
     * @param bytes its size
     */
    default void other(String file, long bytes) {}

    /**
     * Something is missing, or is not what was written.
     *
     * @param file where
     * @param offset where in that
     * @param what what is wrong
     */
    void damage(String file, long offset, String what);
}
