package dev.multipaxos.spi;

import dev.multipaxos.bytes.Bytes;
import java.io.IOException;

/**
 * The acceptor's memory: one journal for all groups of a host, in order.
 *
 * <p>Two beats, as in {@link Transport}: {@link #append} says many things, {@link #sync} makes them last. Nobody answers for
 * a record before a {@code sync} that began after its {@code append} has returned.
 *
 * <p><b>Threads.</b> {@link #open} and {@link #replay} are called first, once, in this order, by one thread. From then on
 * {@link #append}, {@link #sync}, {@link #idle} and {@link #trim} are called one at a time, each behind the other in memory too, by a thread that
 * is not interrupted: always the same one, or one of two where the loop forces ({@code forceOnLoop} of the node's builder).
 * {@link #read} is called by another at the same time. {@link #close} is called when all have stopped.
 *
 * <p><b>Errors.</b> After an exception from {@link #append}, {@link #sync}, {@link #idle} or {@link #trim} the storage is <i>failed</i>:
 * every later call of these throws the same, and nothing that was not durable before may be taken for durable. The host stops.
 */
public interface DurableStorage extends AutoCloseable {

    /**
     * Who a directory belongs to.
     *
     * @param storageId drawn at random, not 0, when the storage was formatted; a node that lost its disk is known by its new one
     * @param bootCount how often this storage was opened, this time included: 1, 2, 3 …
     * @param formatted true if this call has formatted an empty storage
     */
    record Identity(long storageId, long bootCount, boolean formatted) {}

    /** Receives records in the order in which they were appended. */
    @FunctionalInterface
    interface RecordVisitor {
        /**
         * Takes one record.
         *
         * @param group the group it belongs to
         * @param kind as given to {@link DurableStorage#append}
         * @param slotFrom as given to {@link DurableStorage#append}
         * @param slotTo as given to {@link DurableStorage#append}
         * @param body the head and the body that were appended, one after the other; may be kept
         * @throws IOException if the visitor cannot make sense of it; the caller lets it through
         */
        void record(int group, int kind, long slotFrom, long slotTo, Bytes body) throws IOException;

        /**
         * Hears that records are lost that were durable, and whose place in the order is here. What they were is not known, only
         * what they can have touched. Who does not care for that does not go on: as it is, this throws.
         *
         * @param group the group of which records may be lost
         * @param slotFrom the first slot that these may have touched; 0 if they touched none
         * @param slotTo the last slot that they may have touched; 0 if they touched none
         * @param promisedRound the round of the ballot that the group had promised behind them
         * @param promisedNode the node of that ballot
         * @throws IOException if the visitor cannot do without; the caller lets it through
         */
        default void damaged(int group, long slotFrom, long slotTo, long promisedRound, int promisedNode)
                throws IOException {
            throw new StorageException(
                    StorageException.Code.DAMAGED,
                    "records of group " + group + " are lost, slots " + slotFrom + " to " + slotTo,
                    null);
        }
    }

    /**
     * Hears that something on the disk is not what was written, before anybody has asked for it. Called on a thread of the
     * storage, perhaps again and again while the damage is there; it must be quick, and call nothing of the storage.
     */
    interface DamageListener {
        /**
         * A part of the journal is damaged. A snapshot of each group, and a trim that lets go of everything below a position, are the
         * repair.
         *
         * @param where the file and the place in it, for an operator
         * @param upTo the journal position behind the part: while anything below it is kept, so is the damage
         */
        void journalDamaged(String where, long upTo);

        /**
         * A snapshot is damaged, or cannot be read; {@link SnapshotStore#latest} does not name it any more. The next one that is
         * committed is the repair.
         *
         * @param id which
         */
        void snapshotDamaged(SnapshotStore.Id id);
    }

    /**
     * Locks the storage for this process and finds out whose it is; an empty one is formatted for this node.
     *
     * @param node the node that opens it
     * @param foundingRecord what the cluster was founded with, opaque, compared byte by byte
     * @return who it is
     * @throws StorageException if it belongs to another node or another foundation, is in use, is damaged, or is of an unknown
     *     version; the message says what to do. Nothing was changed
     */
    Identity open(int node, Bytes foundingRecord) throws StorageException;

    /**
     * Reads back everything that was appended and may be durable, oldest first. A torn tail is cut; everything that is
     * visited is durable when this returns.
     *
     * @param visitor gets the records
     * @throws StorageException if anything else is wrong; the message names the file and the offset
     */
    void replay(RecordVisitor visitor) throws StorageException;

    /**
     * Adds a record behind all earlier ones. Not durable yet; may be kept in memory until {@link #sync}.
     *
     * @param group the group, positive
     * @param kind what kind of record it is, 1 to 255; opaque here
     * @param slotFrom the first slot that it touches; 0 if it touches none
     * @param slotTo the last slot that it touches; 0 if it touches none
     * @param promisedRound the round of the group's promised ballot, this record included
     * @param promisedNode the node of that ballot
     * @param head the first part of the record, opaque
     * @param body the second part, opaque: the value, shared with the frames that carry it, not copied before it is written
     * @throws StorageException if it could not be written
     */
    void append(
            int group,
            int kind,
            long slotFrom,
            long slotTo,
            long promisedRound,
            int promisedNode,
            Bytes head,
            Bytes body)
            throws StorageException;

    /**
     * Makes everything appended so far durable, in one write and one force; returns when it is.
     *
     * @throws StorageException if that failed; it is final
     */
    void sync() throws StorageException;

    /**
     * Called when nothing was appended for about 50 ms: the moment to leave a mark behind the last batch, so that damage to
     * it can be told from a torn tail. And called about once a second as long as nothing is: the moment to find out whether
     * there is room again. Cheap when there is nothing to do.
     *
     * @throws StorageException if that failed; it is final
     */
    void idle() throws StorageException;

    /** {@return the logical end of the durable journal, in bytes: never falls, not by trimming or copying either} */
    long durablePosition();

    /**
     * Reads durable records that touch given slots, oldest first; of a slot it visits every record that is stored, at least the
     * latest. What is damaged it reports at its place, with the slots that may be missing there; the ballot is 0 then.
     *
     * @param group the group
     * @param slotFrom the first slot wanted
     * @param slotTo the last slot wanted
     * @param maxBytes stop soon after this many bytes of records whose slots are wanted; at least one slot is read whole
     * @param visitor gets the records
     * @return the last slot of which everything was visited; less than {@code slotFrom} if nothing was found
     * @throws StorageException if it cannot be read
     */
    long read(int group, long slotFrom, long slotTo, long maxBytes, RecordVisitor visitor) throws StorageException;

    /**
     * Lets go of what is obsolete: records of a group that touch slots up to {@code upTo} only, and those that touch none and lie
     * below {@code restatedFrom}. Whole segments go, in the background; the last {@code keepBytes} of the journal stay in any
     * case. What was appended, and what {@link #trimmedUpTo} then says, is durable before anything is gone. Called as {@link #append}
     * is; it waits for a small file to be written, not for the deleting.
     *
     * @param group the group
     * @param upTo a slot up to which something durable stands for the log: a snapshot, or the state machine's own store. Lower
     *     than before means as before
     * @param restatedFrom a durable position, behind which everything was said again that was said of the group before and touches no slot
     * @param keepBytes how much of the journal stays at least, for members that lag; of several groups the largest counts, of each
     *     what it said last in this life
     * @throws StorageException if that failed; it is final. A file that cannot be deleted is no failure: the next start tries again
     * @throws IllegalArgumentException if a number is negative, or {@code restatedFrom} not durable
     */
    void trim(int group, long upTo, long restatedFrom, long keepBytes) throws StorageException;

    /**
     * {@return the highest {@code upTo} of the group that {@link #trim} was called with, 0 if none: the log alone does not say any
     * more what was up to there. After {@link #open}}
     *
     * @param group the group
     */
    long trimmedUpTo(int group);

    /**
     * {@return how much room there was when it last looked: at {@link #replay}, before it needed more, and at {@link #idle}.
     * Costs nothing; any thread, after {@link #replay}}
     */
    default DiskSpace space() {
        return DiskSpace.PLENTY;
    }

    /**
     * {@return whether {@link #replay} read the end of the journal from where it is kept, past every cache that may still hold what a
     * failed write has lost. If not, the node says so in its status. Costs nothing; any thread, after {@link #replay}}
     */
    default boolean readsPastCache() {
        return true;
    }

    /** {@return where snapshots are kept. After {@link #open}} */
    SnapshotStore snapshots();

    /**
     * Says who wants to hear of damage at rest. Called before {@link #replay}, by the same thread. A storage that does not look for
     * any, as this does not, has nothing to say.
     *
     * @param listener hears of it
     */
    default void watch(DamageListener listener) {}

    /** Releases the storage. Does not sync. Afterwards nothing is taken or read any more; called again, it does nothing. */
    @Override
    void close();
}
