package dev.multipaxos.spi;

/**
 * How much room a storage has left.
 *
 * @param level what that means for the node
 * @param usableBytes how many bytes this process can still write; {@link Long#MAX_VALUE} if there is no end to them or nobody
 *     knows
 */
public record DiskSpace(Level level, long usableBytes) {

    /** What the room that is left means for the node. */
    public enum Level {
        /** There is room. */
        PLENTY,
        /** It gets less: somebody should know. Nothing else changes. */
        LOW,
        /**
         * What is left is for promises and snapshots: the node takes no values, and does not lead, until there is room again. It
         * goes on to promise, to answer, and to vote where nothing is stored.
         */
        FULL
    }

    /** A storage that does not fill, or does not know. */
    public static final DiskSpace PLENTY = new DiskSpace(Level.PLENTY, Long.MAX_VALUE);

    /** {@return whether values must not be taken} */
    public boolean isFull() {
        return level == Level.FULL;
    }
}
