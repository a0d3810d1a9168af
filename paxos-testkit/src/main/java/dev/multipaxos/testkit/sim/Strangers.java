package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.wire.Pinned;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Puts a {@link Stranger} in a node's place, or beside it, and sees that nobody takes it for the node. Whoever is replaced is lost
 * for good; so this counts as damage, of which there is never so much that the others hold no quorum.
 *
 * <p>What was seen of a storage others remember in part only when they restart. So a copy is used when it is so old that what they have on
 * their disks is enough; one that comes back to life often enough, or meets somebody whose own disk has lost what it knew, may be let
 * in: then an operator stops it before it says anything.
 */
final class Strangers {

    private static final int LIVES_BEHIND = 2; // a copy's next life is below what others know
    private static final int LOOKS_MAX = 50;

    /** What was on a node's disk in one of its lives. */
    private record Copy(SimulatedDisk disk, long life) {}

    private final Simulation simulation;
    private final Swarm swarm;
    private final Map<Integer, Copy> copies = new HashMap<>(); // by node
    private final List<SimulatedNode> twins = new ArrayList<>();

    Strangers(Simulation simulation, Swarm swarm) {
        this.simulation = simulation;
        this.swarm = swarm;
    }

    // ---- they come ----

    void wipe(SimulatedNode node) {
        if (mayStrike(node)) {
            replace(node, Stranger.WIPED, new SimulatedDisk("empty"));
        }
    }

    void restoreOldCopy(SimulatedNode node, SplittableRandom random) {
        withOldCopy(node, random, copy -> replace(node, Stranger.OLD_COPY, copy));
    }

    void startTwin(SimulatedNode node, SplittableRandom random) {
        if (random.nextBoolean()) {
            withOldCopy(node, random, copy -> beside(node, Stranger.COPIED_TWIN, copy, random));
        } else if (mayStrike(node) && othersKnow(node, 1)) {
            beside(node, Stranger.EMPTY_TWIN, new SimulatedDisk("empty"), random);
        }
    }

    /** Only where the others are enough, and when the cluster is founded, which takes more of them. */
    private boolean mayStrike(SimulatedNode node) {
        long others = simulation.nodes().stream()
                .filter(other -> other != node && other.isSpoiled())
                .count();
        return !simulation.isCalm()
                && !swarm.unbounded()
                && node.isUp()
                && !node.isSpoiled()
                && others < swarm.quorums().voters() - swarm.needed()
                && simulation.nodes().stream().allMatch(SimulatedNode::isConfirmed);
    }

    /** {@return whether all others have a life of a node on their disks that is no earlier than this} */
    private boolean othersKnow(SimulatedNode node, long life) {
        return simulation.nodes().stream()
                .allMatch(other -> other == node || other.facts().knownLife(node.id()) >= life);
    }

    private void withOldCopy(SimulatedNode node, SplittableRandom random, Consumer<SimulatedDisk> use) {
        if (mayStrike(node)) {
            copies.computeIfAbsent(node.id(), id -> new Copy(node.disk().copy(), node.bootCount()));
            age(node, random, LOOKS_MAX, use);
        }
    }

    /** Lets a node live on until its copy is old enough. */
    private void age(SimulatedNode node, SplittableRandom random, int looks, Consumer<SimulatedDisk> use) {
        Copy copy = copies.get(node.id());
        if (copy == null || simulation.isCalm() || node.isSpoiled() || looks == 0) {
            return;
        }
        if (mayStrike(node) && othersKnow(node, copy.life + LIVES_BEHIND)) {
            use.accept(copy.disk.copy());
            return;
        }
        if (node.isUp() && othersKnow(node, node.bootCount())) {
            simulation.crash(node, false);
            simulation.restartLater(node);
        }
        simulation.later(
                1 + random.nextInt(10 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS),
                () -> age(node, random, looks - 1, use));
    }

    private void replace(SimulatedNode node, Stranger stranger, SimulatedDisk disk) {
        simulation.observer().world(() -> "node " + node.id() + " comes back: " + stranger);
        simulation.crash(node, true);
        node.becomes(stranger, disk);
        simulation.restartLater(node);
    }

    private void beside(SimulatedNode node, Stranger stranger, SimulatedDisk disk, SplittableRandom random) {
        simulation.observer().world(() -> "another node " + node.id() + " comes: " + stranger);
        SimulatedNode twin = node.twin(random.split());
        twin.becomes(stranger, disk);
        twins.add(twin);
        simulation.restartLater(twin);
    }

    // ---- they are met ----

    /**
     * Two have let each other in.
     *
     * @return whether one of them is a stranger that must not go on; it does not
     */
    boolean haveMet(SimulatedNode one, SimulatedNode other) {
        boolean oneLeft = isLetIn(one, other);
        boolean otherLeft = isLetIn(other, one);
        return oneLeft || otherLeft;
    }

    private boolean isLetIn(SimulatedNode node, SimulatedNode by) {
        Stranger stranger = node.stranger();
        if (stranger == null) {
            return false;
        }
        check(
                by.isStranger() || !mustKnow(by, node),
                () -> "identity: node " + by.id() + " lets in node " + node.id() + ", " + stranger + " in life "
                        + node.bootCount() + ", and knows " + by.facts().pinned(node.id()));
        if (stranger == Stranger.WIPED) {
            return false; // it may be met by who has not met the node; it never votes
        }
        node.leave();
        if (stranger.isTwin()) {
            simulation.node(node.id()).leave(); // which may be taken for the copy from now on
        }
        return true;
    }

    private static boolean mustKnow(SimulatedNode other, SimulatedNode node) {
        Pinned known = other.facts().pinned(node.id());
        Stranger stranger = node.stranger();
        if (known == null || stranger == null) {
            return false;
        }
        // Who has never met the node may pin the wiped disk, and meet it again.
        return stranger.isEmpty() ? known.storageId() != node.storageId() : node.bootCount() < known.bootCount();
    }

    // ---- the end ----

    /** Starts those that were not refused yet, if any of these must. */
    void comeAgain(List<SimulatedNode> back) {
        for (SimulatedNode node : all()) {
            if (node.isStranger()) {
                node.awake();
                boolean known = node.isUp()
                        && back.stream().anyMatch(other -> other.id() != node.id() && mustKnow(other, node));
                if (!known) {
                    node.leave();
                }
            }
        }
    }

    boolean areGone() {
        return all().stream().allMatch(node -> !node.isStranger() || node.isGone());
    }

    private List<SimulatedNode> all() {
        List<SimulatedNode> all = new ArrayList<>(simulation.nodes());
        all.addAll(twins);
        return all;
    }
}
