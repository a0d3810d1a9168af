package dev.multipaxos.testkit.sim;

/** What may go wrong in a {@link Simulation}. A seed draws a few of these: what happens all the time hides what happens rarely. */
public enum Fault {
    /** Messages are lost. */
    LOSS,
    /** Messages arrive twice, the second time perhaps much later. */
    DUPLICATION,
    /** A message may take a hundred times as long as the one sent after it. */
    REORDERING,
    /** Bytes of a message change on the way; the checksum of the frame finds it. */
    FLIPPED_BYTES,
    /** One direction between two nodes is cut. */
    ONE_WAY_CUT,
    /** The nodes fall into two groups that do not hear each other. */
    PARTITION,
    /** A node's messages, in and out, are held back and then come all at once. */
    CLOG,
    /** All nodes are clogged one after the other, and let go in another order. */
    SWIZZLE_CLOG,
    /** The node that leads is cut off, in one direction or both. */
    LEADER_CUT_OFF,
    /** Messages of one kind, on their way to one node, are held back and come several elections late. */
    LATE_MESSAGES,
    /**
     * The node that leads sleeps through an election and, awake again, hears of no higher ballot for a while; another loses sight
     * of the leaders after it, and talks to it.
     */
    LEADER_UNTOLD,
    /** The node that leads falls asleep while its leases last or are being granted; the others may be started again at once. */
    LATE_GRANTS,
    /** The node that leads is heard by one other only, and that one gets what it should promise and vote for much too late. */
    LATE_VOTER,
    /** A process ends; its disk keeps everything that was written, forced or not. */
    KILL,
    /** A machine stops; of what was not forced its disk keeps any part. */
    POWER_LOSS,
    /** All machines stop at once. */
    POWER_LOSS_OF_ALL,
    /** The power fails again while a node starts. */
    POWER_LOSS_AT_START,
    /** One node after the other is stopped in good order and started again. */
    ROLLING_RESTART,
    /** A write or a force fails: the node stops, and comes back without its page cache. */
    IO_ERROR,
    /** A read fails, while others are served or while the node starts; the next one succeeds. */
    READ_ERROR,
    /** The disk is full, and after a while there is room again. */
    DISK_FULL,
    /** Of the names that were not made durable a power loss keeps any, not only the first so many. */
    REORDERED_NAMES,
    /** A bit of what is at rest on a disk changes, or a sector becomes zero. */
    ROT,
    /** A disk says that a write is done, and never does it; the page cache hides that for a while. */
    LOST_WRITE,
    /** A write goes to another place of the disk, and is missing where it belongs. */
    MISDIRECTED_WRITE,
    /**
     * A force fails, and what it did not write looks written from then on; the process comes back and the machine goes on.
     */
    LYING_PAGE_CACHE,
    /** A node's disk is wiped, and the node started on it: it must be refused, and is lost. */
    WIPED_DISK,
    /** A node comes back on an older copy of its disk: it must be refused, and is lost. */
    OLD_DISK,
    /** A second process comes under a node's id, with an empty directory or an older copy of the disk: it must be refused, the node goes on. */
    TWIN,
    /** The disk takes a part of a write and says so. */
    SHORT_WRITE,
    /** A force takes as long as an election. */
    SLOW_DISK,
    /** The state machine is slower than the log. */
    SLOW_STATE_MACHINE,
    /** A process stands still for a while, and does not know it. */
    PAUSE,
    /** Clocks run at different rates. */
    DRIFT,
    /** A wall clock jumps, ahead or back. */
    CLOCK_JUMP;

    /** {@return whether a disk is no longer what was written to it, and does not say so} */
    boolean isDamage() {
        return this == ROT || this == LOST_WRITE || this == MISDIRECTED_WRITE;
    }
}
