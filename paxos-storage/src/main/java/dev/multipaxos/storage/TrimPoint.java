package dev.multipaxos.storage;

/**
 * How far a group's records are obsolete.
 *
 * @param upTo a slot: what touches slots up to here only is obsolete
 * @param restatedFrom a journal position: so is what touches no slot and ends here or before
 */
record TrimPoint(long upTo, long restatedFrom) {
    static final TrimPoint NONE = new TrimPoint(0, 0);

    /** {@return what both say} */
    TrimPoint and(long slot, long position) {
        return new TrimPoint(Math.max(upTo, slot), Math.max(restatedFrom, position));
    }
}
