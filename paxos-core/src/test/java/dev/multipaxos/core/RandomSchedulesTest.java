package dev.multipaxos.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random schedules over real replicas and drivers: loss, duplication, any order, cuts, slow disks and state machines, crashes
 * that lose what was not synced. {@link Cluster} checks safety after every event; at the end everything heals, and the group
 * must choose again.
 *
 * <p>{@code -Drandom.seeds=N} runs that many seeds, from {@code -Drandom.first=F} on; {@code -Drandom.seed=S} that one alone.
 */
class RandomSchedulesTest {

    private static final int EVENTS = 4_000;
    /** A leader that goes on after learning another choice than its own falls to seed 1560 first. */
    private static final long SEEDS = 1_600;

    private static final int KEPT = 200;

    @Test
    void no_schedule_breaks_agreement_and_a_healed_group_goes_on() {
        Long only = Long.getLong("random.seed");
        long seeds = only == null ? Long.getLong("random.seeds", SEEDS) : 1;
        long first = only == null ? Long.getLong("random.first", 1) : only;
        long choices = 0;
        for (long seed = first; seed < first + seeds; seed++) {
            try {
                choices += new Run(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
        assertThat(choices).as("the schedules must let something be chosen").isGreaterThan(seeds * 10);
    }

    private static final class Run {
        final SplittableRandom random;
        final Cluster cluster;
        final int size;
        final int needed; // nodes, so that every quorum is there
        final long[] executed;
        final boolean[][] cut;
        final Map<Long, Long> acknowledgedBefore = new HashMap<>();
        final double loss;
        final double crashes;
        final double cuts;
        final double slowDisk;
        final double mutes;
        final double camps;
        final boolean[] inCamp;
        int campEvents;
        final double keeps;
        final int rotting; // the one node whose disk loses records, or 0
        boolean hasRotted;
        final double installs;
        final Set<String> muted = new HashSet<>(); // kinds of messages that do not reach a node, for a while
        final List<Cluster.Flight> kept = new ArrayList<>(); // to come again when everybody has forgotten them
        int values;
        long tokens;

        Run(long seed) {
            random = new SplittableRandom(seed);
            size = 1 + random.nextInt(5);
            int alpha = 1 + random.nextInt(8);
            int heartbeat = 1 + random.nextInt(4);
            Parameters parameters = new Parameters(
                    alpha,
                    2 * alpha + random.nextInt(2 * alpha),
                    heartbeat,
                    heartbeat * (2 + random.nextInt(5)),
                    random.nextInt(4) == 0 ? 0 : seed,
                    10 + 10 * random.nextInt(30),
                    1 + random.nextInt(60),
                    random.nextInt(100));
            int[] members = new int[size];
            for (int i = 0; i < size; i++) {
                members[i] = i + 1;
            }
            Quorums quorums = Quorums.majority(size);
            if (size > 1 && random.nextInt(3) == 0) {
                int phase2 = 1 + random.nextInt(size);
                quorums = new Quorums(size, size + 1 - phase2, phase2);
            }
            needed = Math.max(quorums.phase1(), quorums.phase2());
            cluster = new Cluster(new Configuration(quorums, members), parameters);
            cluster.checkQuorums = true;
            cluster.syncAtOnce = random.nextBoolean();
            cluster.executeAtOnce = random.nextBoolean();
            executed = new long[size + 1];
            cut = new boolean[size + 1][size + 1];
            loss = random.nextInt(3) == 0 ? random.nextDouble() * 0.3 : 0;
            crashes = random.nextInt(2) == 0 ? random.nextDouble() * 0.01 : 0;
            cuts = random.nextInt(2) == 0 ? random.nextDouble() * 0.02 : 0;
            slowDisk = random.nextDouble();
            mutes = random.nextInt(2) == 0 ? random.nextDouble() * 0.02 : 0;
            camps = random.nextInt(2) == 0 ? 0.005 : 0;
            inCamp = new boolean[size + 1];
            keeps = random.nextInt(2) == 0 ? random.nextDouble() * 0.3 : 0;
            boolean othersElect = size >= 3 && quorums.phase1() < size; // or what is lost may be missed for ever
            installs = random.nextInt(3) == 0 ? 0.005 : 0;
            rotting = othersElect && random.nextInt(2) == 0 ? 1 + random.nextInt(size) : 0;
        }

        long run() {
            for (int i = 0; i < EVENTS; i++) {
                event();
                checkReads();
            }
            heal();
            return cluster.choices.size();
        }

        private void event() {
            if (campEvents > 0) {
                campEvents--;
                if (random.nextInt(20) == 0) {
                    whisper();
                }
            } else if (random.nextDouble() < camps) {
                campEvents = pitchCamp() ? 500 + random.nextInt(1_500) : 0;
            }
            double dice = random.nextDouble();
            int id = 1 + random.nextInt(size);
            Cluster.Node node = cluster.node(id);
            if (dice < crashes) {
                if (node.isUp()) {
                    node.crash(random.nextInt(1 + node.cache.size()));
                } else {
                    restart(id);
                }
            } else if (dice < crashes + cuts) {
                cut[id][1 + random.nextInt(size)] ^= true;
            } else if (dice < crashes + cuts + mutes) {
                mute(id);
            } else if (dice < crashes + cuts + mutes + installs) {
                install(node);
            } else if (dice < 0.60) {
                if (!kept.isEmpty() && random.nextInt(20) == 0) {
                    cluster.deliver(kept.get(random.nextInt(kept.size())));
                } else {
                    deliverOne();
                }
            } else if (!node.isUp()) {
                if (random.nextInt(50) == 0) {
                    restart(id);
                }
            } else if (dice < 0.72) {
                if (campEvents == 0 || !inCamp[id] || random.nextInt(8) == 0) {
                    cluster.tick(id);
                }
            } else if (dice < 0.84) {
                if (random.nextDouble() > slowDisk) {
                    cluster.force(id);
                }
            } else if (dice < 0.90) {
                executeSome(node);
            } else if (dice < 0.98) {
                if (node.replica().openSlots() > 0) {
                    cluster.propose(id, "v" + values++);
                }
            } else {
                acknowledgedBefore.put(++tokens, cluster.choices.isEmpty() ? 0L : cluster.choices.lastKey());
                cluster.step(id, new Input.Read(tokens));
            }
        }

        /** Loses some kinds of messages to one node, so that it learns of the others' deeds by other ways than usual. */
        private void mute(int id) {
            if (random.nextInt(3) == 0) {
                muted.clear();
            }
            List<String> kinds = new ArrayList<>(
                    List.of("Prepare", "Accept", "Accepted", "Heartbeat", "HeartbeatAck", "Rejected", "Promise"));
            for (int i = random.nextInt(5); i >= 0; i--) {
                muted.add(kinds.remove(random.nextInt(kinds.size())) + " to " + id);
            }
        }

        /**
         * Sets a leader apart, with a follower or alone, on slow clocks: they do not hear of the leader that the others elect,
         * but of what it gets chosen. This is where a leader learns choices that it knows nothing of.
         */
        private boolean pitchCamp() {
            Arrays.fill(inCamp, false);
            boolean pitched = false;
            for (Cluster.Node node : cluster.nodes()) {
                if (!pitched && node.isUp() && node.replica().isLeader()) {
                    inCamp[node.id] = true;
                    inCamp[1 + random.nextInt(size)] |= random.nextBoolean();
                    pitched = true;
                }
            }
            return pitched;
        }

        /** A pre-vote of the first campaign comes late once more: its answer tells the leader apart what is chosen. */
        private void whisper() {
            int from = 1 + random.nextInt(size);
            int to = 1 + random.nextInt(size);
            if (inCamp[from] && !inCamp[to] && cluster.node(to).isUp()) {
                cluster.deliver(new Cluster.Flight(from, to, new Message.PreVote(new Ballot(1, from), 0)));
            }
        }

        private boolean crossesCamp(Cluster.Flight flight) {
            Message message = flight.message();
            return campEvents > 0
                    && inCamp[flight.from()] != inCamp[flight.to()]
                    && !(message instanceof Message.PreVote)
                    && !(message instanceof Message.PreVoteReply)
                    && !(message instanceof Message.CatchUpRequest)
                    && !(message instanceof Message.CatchUpReply);
        }

        private boolean isMuted(Cluster.Flight flight) {
            return !muted.isEmpty()
                    && muted.contains(flight.message().getClass().getSimpleName() + " to " + flight.to())
                    && random.nextInt(10) != 0;
        }

        private void restart(int id) {
            if (id == rotting && random.nextBoolean()) {
                rot(cluster.node(id));
            }
            cluster.restart(id);
            executed[id] = cluster.node(id).lastExecuted;
        }

        /** A snapshot of another node, or of its own past, arrives at a node that may have got further by itself. */
        private void install(Cluster.Node node) {
            Cluster.Node from = cluster.node(1 + random.nextInt(size));
            if (node.isUp() && from.lastExecuted > node.snapshot.size()) {
                long upTo = from.lastExecuted - random.nextInt(3);
                if (upTo > node.snapshot.size()) {
                    cluster.install(node.id, from.id, upTo);
                    executed[node.id] = Math.max(
                            executed[node.id], Math.min(upTo, node.replica().slotOut() - 1));
                }
            }
        }

        /** An extent of the journal cannot be read any more, mostly near its end. */
        private void rot(Cluster.Node node) {
            int records = node.disk.size();
            int from = records - 1 - random.nextInt(1 + random.nextInt(1 + records));
            for (int i = Math.max(0, from); i < Math.min(records, from + 1 + random.nextInt(6)); i++) {
                node.rotten.add(node.disk.get(i));
                hasRotted = true;
            }
        }

        private void executeSome(Cluster.Node node) {
            if (cluster.executeAtOnce || node.lastExecuted <= executed[node.id]) {
                return;
            }
            executed[node.id] += 1 + random.nextLong(node.lastExecuted - executed[node.id]);
            cluster.step(node.id, new Input.Executed(executed[node.id]));
        }

        private void deliverOne() {
            if (cluster.network.isEmpty()) {
                return;
            }
            // mostly near the front, so that old messages do not pile up for ever
            int index = random.nextInt(random.nextInt(cluster.network.size()) + 1);
            Cluster.Flight flight = cluster.network.get(index);
            if (random.nextDouble() < keeps) {
                if (kept.size() < KEPT) {
                    kept.add(flight);
                } else {
                    kept.set(random.nextInt(KEPT), flight);
                }
            }
            if (cut[flight.from()][flight.to()]
                    || crossesCamp(flight)
                    || isMuted(flight)
                    || random.nextDouble() < loss) {
                cluster.network.remove(index);
            } else if (random.nextInt(20) == 0) {
                cluster.deliver(flight);
                cluster.network.add(flight); // once more, later
            } else {
                cluster.deliver(flight);
            }
        }

        private void checkReads() {
            for (Cluster.Node node : cluster.nodes()) {
                node.readyReads.forEach((token, slot) -> Cluster.check(
                        slot >= acknowledgedBefore.getOrDefault(token, 0L),
                        "read " + token + " may run after slot " + slot + ", but slot " + acknowledgedBefore.get(token)
                                + " was acknowledged before it"));
                node.readyReads.clear();
                node.refusedReads.clear();
            }
        }

        /** Some come back, enough for every quorum; they must find a leader, keep it, and choose again. */
        private void heal() {
            cluster.syncAtOnce = true;
            cluster.executeAtOnce = true;
            int away = hasRotted ? 0 : random.nextInt(1 + size - needed);
            for (Cluster.Node node : cluster.nodes()) {
                if (away > 0 && random.nextInt(size) < size - needed) {
                    away--;
                    if (node.isUp()) {
                        node.crash(random.nextInt(1 + node.cache.size()));
                    }
                    continue;
                }
                if (!node.isUp()) {
                    cluster.restart(node.id);
                }
                cluster.force(node.id);
            }
            cluster.settle();
            tickLive(60 * cluster.parameters.electionTicks());
            List<Integer> leaders = new ArrayList<>();
            for (Cluster.Node node : cluster.nodes()) {
                if (node.isUp() && node.replica().isLeader()) {
                    leaders.add(node.id);
                }
            }
            assertThat(leaders)
                    .as("leaders of a healed group: %s", cluster.nodes())
                    .hasSize(1);
            int leader = leaders.get(0);
            Ballot ballot = cluster.replica(leader).ballot();
            cluster.propose(leader, "last");
            acknowledgedBefore.put(++tokens, cluster.choices.isEmpty() ? 0L : cluster.choices.lastKey());
            cluster.step(leader, new Input.Read(tokens));
            cluster.settle();
            cluster.tickAll(10 * cluster.parameters.electionTicks());
            assertThat(cluster.replica(leader).ballot())
                    .as("a leader that all hear stays")
                    .isEqualTo(ballot);
            assertThat(cluster.node(leader).readyReads)
                    .as("a leader serves reads")
                    .containsKey(tokens);
            checkReads();
            for (Cluster.Node node : cluster.nodes()) {
                if (node.isUp()) {
                    assertThat(node.executed).as("node %d", node.id).isEqualTo(cluster.choices);
                    assertThat(node.executed.lastEntry().getValue()).isEqualTo(Cluster.value("last"));
                }
            }
        }

        /** With equal time-outs everywhere candidates may tie for ever; a run without jitter gets it from its clock. */
        private void tickLive(int times) {
            for (int i = 0; i < times; i++) {
                for (Cluster.Node node : cluster.nodes()) {
                    if (node.isUp() && (cluster.parameters.jitterSeed() != 0 || random.nextBoolean())) {
                        cluster.tick(node.id);
                    }
                }
                cluster.settle();
            }
        }
    }
}
