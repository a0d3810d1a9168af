package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.storage.FileStorage;

/** The storage's scrubber in one life of a node, in simulated time: it may find nothing but damage, and the repair must end that. */
final class SimulatedScrubber {

    private final SimulatedNode node;
    private final FileStorage files;
    private boolean found; // in this round
    private boolean foundBefore; // in an earlier one, and not gone yet

    SimulatedScrubber(SimulatedNode node, FileStorage files) {
        this.node = node;
        this.files = files;
    }

    /** Looks at the next piece. {@return false at the end of a round} */
    boolean step() {
        boolean more = files.scrubStep();
        if (!more) {
            if (foundBefore && !found) {
                node.note(Step.Kind.NOTE, () -> "finds nothing damaged any more");
                node.observer().hit(Situation.DAMAGE_REPAIRED);
            }
            foundBefore = found;
            found = false;
        }
        return more;
    }

    /** It says that something is damaged, or cannot be read; and that again and again, as long as nothing has taken its place. */
    void finds(String where) {
        SimulatedDisk disk = node.disk();
        check(
                disk.isDamaged() || disk.hasFailedToRead(),
                () -> "recovery: the scrubber of node " + node.id() + " finds damage where there is none: " + where);
        node.note(Step.Kind.NOTE, () -> "finds damage: " + where);
        found = true;
        if (disk.isDamaged()) {
            disk.isToldOf();
            node.observer().hit(Situation.SCRUB_FOUND_DAMAGE);
        }
    }
}
