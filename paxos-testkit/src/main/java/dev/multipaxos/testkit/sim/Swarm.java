package dev.multipaxos.testkit.sim;

import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Quorums;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What one seed drew: a cluster, mostly with tiny limits, and the few things that go wrong in it. Times are in microseconds of
 * the simulated clock; a tick is a millisecond.
 *
 * @param quorums how many elect, how many choose
 * @param parameters the protocol's numbers
 * @param segmentBytes the size of a journal's segment
 * @param payloadBytesMax the largest command
 * @param proposalMicros the mean time between two commands
 * @param delayMicros the longest time that a message takes when nothing is wrong
 * @param chaosMicros the mean time between two of those faults that happen at a moment
 * @param probability of those faults that happen to a single message
 * @param faults what goes wrong
 */
record Swarm(
        Quorums quorums,
        Parameters parameters,
        int segmentBytes,
        int payloadBytesMax,
        int proposalMicros,
        int delayMicros,
        int chaosMicros,
        double probability,
        Set<Fault> faults) {

    static final int TICK_MICROS = 1_000;

    private static final int PAGE_BYTES = 4_096;
    private static final List<Fault> WITH_DUELS = List.of(Fault.LOSS, Fault.DUPLICATION, Fault.REORDERING, Fault.DRIFT);

    static Swarm draw(SplittableRandom random, SimulationConfig config, long seed) {
        int size = config.sizeMin() + random.nextInt(config.sizeMax() - config.sizeMin() + 1);
        Quorums quorums = Quorums.majority(size);
        if (size > 1 && random.nextInt(4) == 0) {
            int phase2 = 1 + random.nextInt(size);
            quorums = new Quorums(size, size + 1 - phase2, phase2);
        }
        boolean roomy = random.nextInt(4) == 0;
        int alpha = 1 + random.nextInt(roomy ? 64 : 8);
        int heartbeat = 1 + random.nextInt(4);
        Parameters parameters = new Parameters(
                alpha,
                2 * alpha + random.nextInt(2 * alpha),
                heartbeat,
                heartbeat * (3 + random.nextInt(5)),
                seed | 1,
                10 + random.nextInt(roomy ? 4_000 : 300),
                1 + random.nextInt(roomy ? 10_000 : 200),
                random.nextInt(roomy ? 10_000 : 300));
        List<Fault> left = new ArrayList<>(config.faults());
        Set<Fault> drawn = EnumSet.noneOf(Fault.class);
        for (int i = random.nextInt(6); i > 0 && !left.isEmpty(); i--) {
            drawn.add(left.remove(random.nextInt(left.size())));
        }
        boolean duels = size > 2
                && random.nextInt(4) == 0
                && config.faults().contains(Fault.LEADER_CUT_OFF)
                && config.faults().containsAll(WITH_DUELS);
        if (duels) { // leaders that are cut off again and again leave different votes for the same slots behind
            drawn.add(Fault.LEADER_CUT_OFF);
            drawn.add(WITH_DUELS.get(random.nextInt(WITH_DUELS.size())));
        }
        int chaosMicros = 5_000 + random.nextInt(random.nextBoolean() ? 20_000 : 200_000);
        int pages = 4 + random.nextInt(13);
        int payloadBytesMax = 1 + random.nextInt(random.nextInt(8) == 0 ? 5_000 : 200);
        return new Swarm(
                quorums,
                parameters,
                PAGE_BYTES
                        * (pages + payloadBytesMax / 250), // a start looks at every segment: not one for each command
                payloadBytesMax,
                100 + random.nextInt(random.nextBoolean() ? 400 : 5_000),
                20 + random.nextInt(500),
                duels ? parameters.electionTicks() * TICK_MICROS : chaosMicros,
                random.nextDouble() * 0.3,
                drawn);
    }

    boolean has(Fault fault) {
        return faults.contains(fault);
    }

    Configuration configuration() {
        int[] members = new int[quorums.voters()];
        for (int i = 0; i < members.length; i++) {
            members[i] = i + 1;
        }
        return new Configuration(quorums, members);
    }

    /** {@return how many nodes must be there so that every quorum can be had} */
    int needed() {
        return Math.max(quorums.phase1(), quorums.phase2());
    }
}
