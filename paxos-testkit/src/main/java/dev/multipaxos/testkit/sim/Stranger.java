package dev.multipaxos.testkit.sim;

import dev.multipaxos.PaxosException.StorageRefused.Reason;

/** A process that comes under a node's id, and has not that node's memory. It must be told so, stop, and never have voted. */
enum Stranger {
    /** The node itself, whose disk was wiped. */
    WIPED(Reason.LOST_MEMORY, Situation.WIPED_NODE_REFUSED),
    /** The node itself, on an older copy of its disk. */
    OLD_COPY(Reason.OLD_COPY, Situation.OLD_COPY_REFUSED),
    /** A second process beside the node, with an empty directory. */
    EMPTY_TWIN(Reason.LOST_MEMORY, Situation.TWIN_REFUSED),
    /** A second process beside the node, on an older copy of its disk. */
    COPIED_TWIN(Reason.OLD_COPY, Situation.TWIN_REFUSED);

    private final Reason reason;
    private final Situation refused;

    Stranger(Reason reason, Situation refused) {
        this.reason = reason;
        this.refused = refused;
    }

    /** {@return what it must stop with} */
    Reason reason() {
        return reason;
    }

    /** {@return what is reached when it does} */
    Situation refused() {
        return refused;
    }

    /** {@return whether its storage is another one, which may never vote; else it is an older one} */
    boolean isEmpty() {
        return reason == Reason.LOST_MEMORY;
    }

    boolean isTwin() {
        return refused == Situation.TWIN_REFUSED;
    }
}
