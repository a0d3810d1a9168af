package dev.multipaxos.testkit.sim;

import dev.multipaxos.Consistency;
import dev.multipaxos.Limits;
import dev.multipaxos.Member;
import dev.multipaxos.Membership;
import dev.multipaxos.Retention;
import dev.multipaxos.Timing;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Quorums;
import dev.multipaxos.runtime.SessionRules;
import java.time.Duration;
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
 * @param limits the bounds of a node
 * @param theme what it is about
 * @param retention when a node takes a snapshot and what it keeps; the rate is of a clock that runs fast
 * @param scrubMicros the time between two rounds of the scrubber; 0: it never looks
 * @param snapshotPaddingBytes by how much a snapshot is longer than the workload makes it
 * @param sessions the rules of the session table
 * @param remoteClients how many clients are no members
 * @param paddingBytesMax by how much a command may be longer than the workload makes it
 * @param proposalMicros the mean time between two commands
 * @param delayMicros the longest time that a message takes when nothing is wrong
 * @param chaosMicros the mean time between two of those faults that happen at a moment
 * @param probability of those faults that happen to a single message
 * @param faults what goes wrong
 * @param without what was drawn and does not go wrong; it draws what it would draw all the same
 * @param unbounded whether any disk may be damaged; then nothing is asked for but safety
 * @param forcesOnLoop whether the loops force the journals themselves
 */
record Swarm(
        Quorums quorums,
        Parameters parameters,
        int segmentBytes,
        Limits limits,
        Theme theme,
        Retention retention,
        int scrubMicros,
        int snapshotPaddingBytes,
        SessionRules sessions,
        int remoteClients,
        int paddingBytesMax,
        int proposalMicros,
        int delayMicros,
        int chaosMicros,
        double probability,
        Set<Fault> faults,
        Set<Fault> without,
        boolean unbounded,
        boolean forcesOnLoop) {

    static final int TICK_MICROS = 1_000;

    private static final int PAGE_BYTES = 4_096;
    private static final int OVERHEAD_BYTES = 64; // of a command beside what the workload makes
    private static final int FRAME_OVERHEAD_BYTES = 256;
    private static final int VOTERS_SPARE_TWO = 3; // of more than so many, two may be left out
    private static final int FRAME_BYTES_MAX = 1 << 20;
    private static final List<Fault> WITH_DUELS =
            List.of(Fault.LOSS, Fault.DUPLICATION, Fault.REORDERING, Fault.DRIFT, Fault.LATE_MESSAGES);

    static Swarm draw(SplittableRandom random, SimulationConfig config, long seed, int commandBytesMax) {
        int size = config.sizeMin() + random.nextInt(config.sizeMax() - config.sizeMin() + 1);
        Quorums quorums = Quorums.majority(size);
        if (size > 1 && random.nextInt(4) == 0) {
            int phase2 = 1 + random.nextInt(size);
            quorums = new Quorums(size, size + 1 - phase2, phase2);
        }
        Theme theme = Theme.draw(random, quorums.phase1() < size && quorums.phase2() < size);
        boolean roomy = random.nextInt(4) == 0 && !theme.isScarce();
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
        left.remove(Fault.LATE_GRANTS); // drawn where there are leases
        Set<Fault> drawn = EnumSet.noneOf(Fault.class);
        for (int i = random.nextInt(6); i > 0 && !left.isEmpty(); i--) {
            drawn.add(left.remove(random.nextInt(left.size())));
        }
        boolean duels = size > 2
                && random.nextInt(theme.duelsEvery()) == 0
                && config.faults().contains(Fault.LEADER_CUT_OFF)
                && config.faults().containsAll(WITH_DUELS);
        if (duels) { // leaders that are cut off again and again leave different votes for the same slots behind
            drawn.add(Fault.LEADER_CUT_OFF);
            drawn.add(random.nextBoolean() ? Fault.LOSS : WITH_DUELS.get(random.nextInt(WITH_DUELS.size())));
        }
        if (size > VOTERS_SPARE_TWO && random.nextInt(8) == 0 && config.faults().contains(Fault.LATE_VOTER)) {
            drawn.add(Fault.LATE_VOTER); // rarely drawn where it could do something
        }
        drawn.addAll(theme.faults(random, config.faults()));
        double leaseElections = duels ? 0 : leaseElections(seed); // who has a lease is not deposed again and again
        if (leaseElections > 0) {
            drawn.addAll(leaseFaults(seed, config.faults()));
        }
        boolean unbounded = config.unboundedEvery() > 0
                && drawn.stream().anyMatch(Fault::isDamage)
                && random.nextInt(config.unboundedEvery()) == 0;
        drawn.addAll(config.forced());
        Set<Fault> happening = EnumSet.copyOf(drawn);
        happening.removeAll(config.without());
        drawn.removeAll(happening);
        int chaosMicros = 2_000 + random.nextInt(random.nextBoolean() ? 15_000 : 100_000);
        int pages = 4 + random.nextInt(13);
        int paddingBytesMax = 1 + random.nextInt(random.nextInt(8) == 0 ? 5_000 : 200);
        int remoteClients = random.nextInt(4);
        SessionRules sessions = new SessionRules(
                50 + random.nextInt(random.nextBoolean() ? 500 : 20_000),
                2 << random.nextInt(6),
                1 + size + random.nextInt(8),
                answerBytesMax(seed, size + remoteClients));
        int batchBytesMax = 1 + random.nextInt(roomy ? 4_000 : 500);
        int largestBytes = Math.max(batchBytesMax, paddingBytesMax + commandBytesMax + OVERHEAD_BYTES);
        Retention retention = theme.retention(random);
        int snapshotPaddingBytes = theme.snapshotPaddingBytes(random);
        int scrubMicros = random.nextInt(4) == 0 ? 0 : 1_000 + random.nextInt(20_000);
        return new Swarm(
                quorums,
                withLeases(parameters, leaseElections, happening.contains(Fault.DRIFT)),
                PAGE_BYTES * (pages + largestBytes / 250), // a start looks at every segment: not one for each command
                limits(
                        random,
                        alpha,
                        parameters.chunkBytes(),
                        batchBytesMax,
                        paddingBytesMax + commandBytesMax + OVERHEAD_BYTES),
                theme,
                retention,
                scrubMicros,
                snapshotPaddingBytes,
                sessions,
                remoteClients,
                paddingBytesMax,
                100 + random.nextInt(random.nextBoolean() ? 400 : 5_000),
                20 + random.nextInt(500),
                duels ? parameters.electionTicks() * TICK_MICROS : chaosMicros,
                random.nextDouble() * 0.3,
                happening,
                drawn,
                unbounded,
                forcesOnLoop(seed));
    }

    /**
     * Mostly so few that sessions go for it, though each client may have one answer. Drawn apart, so that the rest of what a seed
     * draws stays what it was.
     */
    private static long answerBytesMax(long seed, int clients) {
        SplittableRandom random = new SplittableRandom(~seed);
        long most = random.nextInt(random.nextBoolean() ? 200 : 5_000);
        return random.nextInt(4) == 0 ? 1 << 20 : clients * 160L + most;
    }

    /** Drawn apart, too. */
    private static boolean forcesOnLoop(long seed) {
        return new SplittableRandom(Long.reverse(seed)).nextInt(4) == 0;
    }

    /** Drawn apart, too: how long the leases are, in election times; 0: there are none. */
    private static double leaseElections(long seed) {
        SplittableRandom random = new SplittableRandom(Long.rotateLeft(seed, 24));
        if (random.nextInt(3) != 0) {
            return 0;
        }
        return random.nextInt(3) == 0 ? 1 : 0.7 + 3 * random.nextDouble();
    }

    /** What shows whether leases are kept. */
    private static Set<Fault> leaseFaults(long seed, List<Fault> drawable) {
        Set<Fault> faults = EnumSet.noneOf(Fault.class);
        SplittableRandom random = new SplittableRandom(~Long.rotateLeft(seed, 24));
        List.of(Fault.DRIFT, Fault.LATE_GRANTS).stream()
                .filter(fault -> random.nextBoolean() && drawable.contains(fault))
                .forEach(faults::add);
        return faults;
    }

    /**
     * Longer than an election, which {@code Timing} does not allow, they alone keep others from being elected. Clocks may drift apart by
     * as much as {@link #clockRate} lets them.
     */
    private static Parameters withLeases(Parameters parameters, double elections, boolean drift) {
        long nanos = (long) (elections * parameters.electionTicks() * TICK_MICROS * 1_000);
        return parameters.withLease(nanos, (long) (nanos * (drift ? 0.7 / 1.3 : 0.99 / 1.01)));
    }

    private static Limits limits(
            SplittableRandom random, int alpha, int chunkBytes, int batchBytesMax, int valueBytesMax) {
        // As the node's own rule has it: the frames of clients, and those of members at least, must hold the largest.
        int largestFrame = chunkBytes + Math.max(batchBytesMax, valueBytesMax) + FRAME_OVERHEAD_BYTES;
        boolean tight = random.nextInt(4) == 0;
        return new Limits(
                alpha,
                2 * alpha,
                batchBytesMax,
                valueBytesMax,
                FRAME_BYTES_MAX,
                tight ? 1 + random.nextInt(20) : 1_000,
                2 * Limits.SESSION_ANSWERS_BYTES_MAX
                        + (tight ? 14 * largestFrame + random.nextInt(20_000) + random.nextInt(20_000) : 7 << 20));
    }

    /** {@return who founds the cluster} */
    Membership membership() {
        List<Member> members = new ArrayList<>();
        for (int id = 1; id <= quorums.voters(); id++) {
            members.add(new Member(id, "node-" + id + ":1"));
        }
        return new Membership(members, quorums.phase1(), quorums.phase2());
    }

    /** {@return the times of a node; its protocol runs with the ticks of {@link #parameters}} */
    Timing timing() {
        Duration tick = Duration.ofNanos(TICK_MICROS * 1_000L);
        return new Timing(
                tick,
                tick.multipliedBy(parameters.heartbeatTicks()),
                tick.multipliedBy(parameters.electionTicks()),
                tick.multipliedBy(40L * parameters.electionTicks()),
                Duration.ofNanos(parameters.leaseNanos()));
    }

    /** {@return how fresh a query must be; never less than linearizable} */
    Consistency consistency(long call) {
        return parameters.leaseNanos() > 0 && call % 4 != 0 ? Consistency.LEASE : Consistency.LINEARIZABLE;
    }

    /** {@return the rate of a clock, of which {@link #withLeases} takes account} */
    double clockRate(SplittableRandom random) {
        return has(Fault.DRIFT) ? 0.7 + 0.6 * random.nextDouble() : 0.99 + 0.02 * random.nextDouble();
    }

    boolean has(Fault fault) {
        return faults.contains(fault);
    }

    /** {@return whether a fault happens, or would but for the configuration} */
    boolean drew(Fault fault) {
        return faults.contains(fault) || without.contains(fault);
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
