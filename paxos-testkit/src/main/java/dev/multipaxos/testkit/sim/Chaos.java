package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Does, from time to time, one of the things that a seed drew. What it breaks, it mends after a while. */
final class Chaos {

    /** Those faults that happen at a moment; the others belong to a message, a disk or a clock. */
    private static final List<Fault> AT_A_MOMENT = List.of(
            Fault.ONE_WAY_CUT,
            Fault.PARTITION,
            Fault.CLOG,
            Fault.SWIZZLE_CLOG,
            Fault.LEADER_CUT_OFF,
            Fault.LATE_MESSAGES,
            Fault.LEADER_UNTOLD,
            Fault.LATE_VOTER,
            Fault.LATE_GRANTS,
            Fault.KILL,
            Fault.POWER_LOSS,
            Fault.POWER_LOSS_OF_ALL,
            Fault.POWER_LOSS_AT_START,
            Fault.ROLLING_RESTART,
            Fault.IO_ERROR,
            Fault.READ_ERROR,
            Fault.DISK_FULL,
            Fault.ROT,
            Fault.LOST_WRITE,
            Fault.MISDIRECTED_WRITE,
            Fault.LYING_PAGE_CACHE,
            Fault.WIPED_DISK,
            Fault.OLD_DISK,
            Fault.TWIN,
            Fault.PAUSE,
            Fault.CLOCK_JUMP);

    private static final List<Class<? extends Message>> LATE_KINDS = List.of(
            Message.Promise.class,
            Message.Accept.class,
            Message.Accepted.class,
            Message.HeartbeatAck.class,
            Message.CatchUpReply.class,
            Message.Rejected.class);

    private final Simulation simulation;
    private final Swarm swarm;
    private final SortedSet<Integer> skipped;
    private final SplittableRandom schedule;
    private final SimulatedNetwork network;
    private final List<Fault> drawn;

    private SplittableRandom random; // of the strike, so that one that is skipped changes no other
    private int strikes;

    Chaos(
            Simulation simulation,
            Swarm swarm,
            SimulationConfig config,
            SplittableRandom random,
            SimulatedNetwork network) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.skipped = config.skipped();
        this.schedule = random;
        this.random = random;
        this.network = network;
        this.drawn = AT_A_MOMENT.stream().filter(swarm::drew).toList();
    }

    /** {@return how many strikes there were, those that were skipped included} */
    int strikes() {
        return strikes;
    }

    /** Plans the next fault, if the seed drew any that is planned. */
    void plan() {
        if (!drawn.isEmpty()) {
            simulation.later(schedule.nextInt(2 * swarm.chaosMicros()), this::strike);
        }
    }

    private void strike() {
        if (simulation.isCalm()) {
            return;
        }
        plan();
        random = schedule.split();
        if (skipped.contains(++strikes)) {
            return;
        }
        if (random.nextInt(3) == 0) {
            network.heal();
        }
        Fault fault = drawn.get(random.nextInt(drawn.size()));
        SimulatedNode node = simulation.node(1 + random.nextInt(swarm.quorums().voters()));
        if (!swarm.has(fault)) {
            return;
        }
        simulation.observer().struck(fault);
        simulation.observer().world(() -> "strike " + strikes + ": " + fault + ", node " + node.id());
        switch (fault) {
            case ONE_WAY_CUT ->
                network.cut(node.id(), 1 + random.nextInt(swarm.quorums().voters()));
            case PARTITION -> partition();
            case CLOG -> network.clog(node.id(), simulation.now() + duration());
            case SWIZZLE_CLOG -> swizzle();
            case LEADER_CUT_OFF -> cutOffLeaders();
            case LATE_MESSAGES -> delayMessages(node);
            case LEADER_UNTOLD -> leaveLeaderUntold(node);
            case LATE_VOTER -> delayVoter(node);
            case LATE_GRANTS -> delayGrants();
            case KILL -> down(node, false);
            case POWER_LOSS -> losePower(node);
            case POWER_LOSS_OF_ALL -> simulation.nodes().forEach(each -> down(each, true));
            case POWER_LOSS_AT_START -> losePowerAtStart(node);
            case ROLLING_RESTART -> rollingRestart();
            case IO_ERROR, LYING_PAGE_CACHE -> node.disk().failIn(random.nextInt(20));
            case READ_ERROR -> failRead(node);
            case DISK_FULL -> fillDisk(node);
            case ROT, LOST_WRITE, MISDIRECTED_WRITE -> damage(fault, node);
            case WIPED_DISK -> simulation.strangers().wipe(node);
            case OLD_DISK -> simulation.strangers().restoreOldCopy(node, random.split());
            case TWIN -> simulation.strangers().startTwin(node, random.split());
            case PAUSE -> node.pauseUntil(simulation.now() + duration());
            case CLOCK_JUMP -> node.setWallClock(random.nextInt(40_000) - 20_000);
            default -> throw new IllegalStateException(fault + " happens at no moment");
        }
    }

    /** From a moment to several elections. */
    private long duration() {
        return 1L + random.nextInt(10 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS);
    }

    private void partition() {
        long side = random.nextLong();
        for (SimulatedNode from : simulation.nodes()) {
            for (SimulatedNode to : simulation.nodes()) {
                if ((side >> from.id() & 1) != (side >> to.id() & 1)) {
                    network.cut(from.id(), to.id());
                }
            }
        }
    }

    /** One after the other, and let go in another order. */
    private void swizzle() {
        long step = duration() / 4 + 1;
        long allClogged = simulation.now() + step * swarm.quorums().voters();
        long delay = 0;
        for (SimulatedNode node : shuffled()) {
            long until = allClogged + step * random.nextInt(swarm.quorums().voters() + 1);
            simulation.later(delay, () -> {
                if (!simulation.isCalm()) {
                    network.clog(node.id(), until);
                }
            });
            delay += step;
        }
    }

    private void cutOffLeaders() {
        boolean in = random.nextBoolean();
        boolean out = !in || random.nextBoolean();
        for (SimulatedNode leader : simulation.nodes()) {
            for (SimulatedNode other : simulation.nodes()) {
                if (leader.isLeader() && in) {
                    network.cut(other.id(), leader.id());
                }
                if (leader.isLeader() && out) {
                    network.cut(leader.id(), other.id());
                }
            }
        }
    }

    /** To a leader rather than to anybody else, since it is the one who is answered. */
    private void delayMessages(SimulatedNode node) {
        Class<? extends Message> kind = LATE_KINDS.get(random.nextInt(LATE_KINDS.size()));
        boolean toLeader = random.nextBoolean();
        SimulatedNode receiver = simulation.nodes().stream()
                .filter(each -> toLeader && each.isLeader())
                .findFirst()
                .orElse(node);
        network.delay(receiver.id(), simulation.now() + duration(), kind::isInstance);
    }

    private void leaveLeaderUntold(SimulatedNode witness) {
        int election = swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
        long asleep = (3L + random.nextInt(6)) * election;
        long othersLost = asleep - random.nextInt(3 * election);
        simulation.nodes().stream().filter(SimulatedNode::isLeader).findFirst().ifPresent(leader -> {
            leader.pauseUntil(simulation.now() + asleep);
            network.delay(
                    leader.id(),
                    simulation.now() + asleep + 2L * election,
                    message -> leader.ledBallot().isBelow(told(message)));
            simulation.later(othersLost, () -> {
                for (SimulatedNode later : simulation.nodes()) {
                    if (later != leader && later.isLeader() && !simulation.isCalm()) {
                        network.cut(later.id(), witness.id());
                    }
                }
            });
        });
    }

    /** What was granted may arrive when it is over, and who granted it may have been started again meanwhile. */
    private void delayGrants() {
        long heartbeat = (long) swarm.parameters().heartbeatTicks() * Swarm.TICK_MICROS;
        long election = (long) swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
        long awake = heartbeat + random.nextInt((int) heartbeat);
        long asleep = (2L + random.nextInt(5)) * election;
        boolean late = random.nextBoolean();
        boolean startedAgain = random.nextBoolean();
        simulation.nodes().stream().filter(SimulatedNode::isLeader).findFirst().ifPresent(leader -> {
            if (late) {
                network.delay(leader.id(), simulation.now() + awake + 1, Message.HeartbeatAck.class::isInstance);
            }
            simulation.later(awake, () -> {
                if (simulation.isCalm()) {
                    return;
                }
                leader.pauseUntil(simulation.now() + asleep);
                for (SimulatedNode granter : simulation.nodes()) {
                    if (startedAgain && granter != leader && granter.isUp()) {
                        simulation.crash(granter, false);
                        granter.start();
                    }
                }
            });
        });
    }

    /** Others may choose without the two; the one hears what, and is then asked to vote for what its leader proposed before. */
    private void delayVoter(SimulatedNode voter) {
        long election = (long) swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
        long lasts = (3L + random.nextInt(6)) * election;
        if (network.isDelaying() || voter.isLeader()) {
            return;
        }
        network.delay(
                voter.id(),
                simulation.now() + lasts,
                message -> message instanceof Message.Prepare || message instanceof Message.Accept);
        for (SimulatedNode leader : simulation.nodes()) {
            for (SimulatedNode other : simulation.nodes()) {
                if (leader.isLeader() && other != voter) {
                    network.cut(leader.id(), other.id());
                }
            }
        }
    }

    /** {@return the ballot that a message makes its receiver give up lower ones for} */
    private static Ballot told(Message message) {
        if (message instanceof Message.Prepare prepare) {
            return prepare.ballot();
        } else if (message instanceof Message.Accept accept) {
            return accept.ballot();
        } else if (message instanceof Message.Heartbeat heartbeat) {
            return heartbeat.ballot();
        } else if (message instanceof Message.Rejected rejected) {
            return rejected.promised();
        }
        return Ballot.ZERO;
    }

    /** At once, in the middle of what the disk does next, or soon after it gives a file its name. */
    private void losePower(SimulatedNode node) {
        if (random.nextBoolean()) {
            down(node, true);
        } else if (node.isUp() && random.nextBoolean()) {
            node.disk().losePowerIn(random.nextInt(60));
        } else if (node.isUp()) {
            node.disk().losePowerAfterRename(random.nextInt(4));
        }
    }

    private void down(SimulatedNode node, boolean powerLost) {
        if (node.isUp()) {
            simulation.crash(node, powerLost);
            simulation.restartLater(node);
        }
    }

    /** The power fails, comes back, and fails again before the node is up. */
    private void losePowerAtStart(SimulatedNode node) {
        if (node.isUp()) {
            simulation.crash(node, true);
        }
        node.disk().losePowerIn(random.nextInt(60));
        simulation.restartLater(node);
    }

    private void failRead(SimulatedNode node) {
        if (random.nextBoolean()) {
            down(node, random.nextBoolean());
        }
        node.disk().failReadIn(random.nextInt(20));
    }

    /**
     * It lasts for long, so that a node also starts, or begins a segment, on a full disk. Often there is room for a little more
     * than nothing: the node is to notice before a write fails.
     */
    private void fillDisk(SimulatedNode node) {
        if (random.nextBoolean()) {
            down(node, random.nextBoolean());
        }
        node.disk().fill(random.nextInt(swarm.segmentBytes() * (1 + random.nextInt(6))));
        simulation.later(4 * duration(), node.disk()::makeRoom);
    }

    /**
     * Some damage at once, or in one of the next writes; where too many disks would be hit, one that was already. Often the node
     * must then show it. A cluster is founded first: that takes more nodes than go on later.
     */
    private void damage(Fault fault, SimulatedNode drawn) {
        boolean founded = simulation.nodes().stream().allMatch(SimulatedNode::isConfirmed);
        Stream.concat(Stream.of(drawn), simulation.nodes().stream())
                .filter(node -> founded && !node.isStranger() && !node.isGone() && mayBeDamaged(node))
                .findFirst()
                .ifPresent(node -> damageOf(fault, node));
    }

    private boolean mayBeDamaged(SimulatedNode node) {
        long others = simulation.nodes().stream()
                .filter(other -> other != node && other.isSpoiled())
                .count();
        return swarm.unbounded() || others < swarm.quorums().voters() - swarm.needed();
    }

    private void damageOf(Fault fault, SimulatedNode node) {
        if (fault == Fault.ROT) {
            node.disk().rot(random);
        } else {
            SplittableRandom itsRandom = random.split();
            boolean misdirects = fault == Fault.MISDIRECTED_WRITE;
            if (random.nextBoolean()) {
                holdBackVotes();
                node.atNextVote(() -> {
                    node.disk().loseNextWrite(itsRandom, misdirects);
                    node.disk().losePowerWhenMarked();
                });
                return;
            }
            node.disk().loseNextWrite(itsRandom, misdirects);
        }
        if (random.nextBoolean()) {
            simulation.later(duration(), () -> {
                if (!simulation.isCalm()) {
                    down(node, true);
                }
            });
        }
    }

    /** Nothing is chosen for a while, so that who loses a vote must not know what it was worth. */
    private void holdBackVotes() {
        for (SimulatedNode leader : simulation.nodes()) {
            if (leader.isLeader() && !network.isDelaying()) {
                network.delay(
                        leader.id(),
                        simulation.now() + 2L * election(),
                        message -> message instanceof Message.Accepted);
            }
        }
    }

    private int election() {
        return swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
    }

    private void rollingRestart() {
        long delay = 0;
        long step = duration();
        for (SimulatedNode node : shuffled()) {
            simulation.later(delay, () -> {
                if (node.isUp() && !simulation.isCalm()) {
                    node.stop();
                    simulation.restartLater(node);
                }
            });
            delay += step;
        }
    }

    private List<SimulatedNode> shuffled() {
        List<SimulatedNode> left = new ArrayList<>(simulation.nodes());
        List<SimulatedNode> shuffled = new ArrayList<>();
        while (!left.isEmpty()) {
            shuffled.add(left.remove(random.nextInt(left.size())));
        }
        return shuffled;
    }
}
