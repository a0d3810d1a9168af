package dev.multipaxos.testkit.sim;

import java.util.ArrayList;
import java.util.List;

/**
 * What becomes of damaged disks when a cluster is healed. Their nodes are started once more, so that what is wrong is known before
 * anything is asked for: a node that names the damage and stops has to be replaced; one that goes on must get back from the others
 * what it has lost, and repair its disk.
 */
final class Repairs {
    private final List<SimulatedNode> sound = new ArrayList<>();
    private final List<SimulatedNode> lost = new ArrayList<>();
    private final List<SimulatedNode> repairing = new ArrayList<>();
    private final long pauseMicros;
    private long lookMicros;

    /**
     * Starts them.
     *
     * @param simulation theirs, in which nothing goes wrong any more
     * @param pauseMicros how long a node may take before it is looked at again
     */
    Repairs(Simulation simulation, long pauseMicros) {
        this.pauseMicros = pauseMicros;
        for (SimulatedNode node : simulation.nodes()) {
            if (node.isStranger() || node.isGone()) {
                lost.add(node);
                continue;
            }
            if (!node.disk().isDamaged()) {
                sound.add(node);
                continue;
            }
            if (!node.isLost()) {
                startAgain(simulation, node);
            }
            (node.isLost() ? lost : repairing).add(node);
        }
    }

    private static void startAgain(Simulation simulation, SimulatedNode node) {
        node.disk().heal();
        if (node.isUp()) {
            simulation.crash(node, true); // the page cache may hide what is wrong
        }
        node.pauseUntil(0);
        node.start();
    }

    /** {@return the nodes whose disks nothing was done to: what was chosen is on those of them that hold every quorum} */
    List<SimulatedNode> sound() {
        return List.copyOf(sound);
    }

    /** {@return the nodes that have stopped for good, and those in whose place there is a stranger} */
    List<SimulatedNode> lost() {
        return List.copyOf(lost);
    }

    /** Looks now and then, by a start, whether the disks are as they should be. {@return whether all are} */
    boolean areDone(long nowMicros) {
        repairing.removeIf(node -> node.isUp() && !node.startedWithLoss());
        if (nowMicros >= lookMicros) {
            lookMicros = nowMicros + pauseMicros;
            repairing.stream().filter(SimulatedNode::isUp).forEach(node -> {
                node.stop();
                node.start();
                if (!node.startedWithLoss()) {
                    node.observer().hit(Situation.DISK_REPAIRED);
                }
            });
        }
        return repairing.isEmpty();
    }
}
