package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A whole cluster in one thread: the real protocol, driver, codecs and file storage on simulated disks, networks and clocks. One
 * seed decides everything; the same seed does the same thing again, event by event.
 *
 * <p>A run first lets things go wrong, and checks after every event what must never be false. Then it heals a quorum or more,
 * and the cluster must go on: elect one leader that stays, choose a new command, and agree on everything.
 *
 * <p>Not thread-safe, and runs once.
 */
public final class Simulation {

    private static final int FRAME_BYTES_MAX = 1 << 20;
    private static final int TRACE_LINES = 50;
    private static final long HASH_MULTIPLIER = 0x9E3779B97F4A7C15L;

    private final long seed;
    private final SplittableRandom random;
    private final Sabotage sabotage;
    private final Swarm swarm;
    private final Bytes founding;
    private final Witness witness;
    private final SimulatedNetwork network;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Chaos chaos;

    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private long sequence;
    private long now;
    private boolean calm;
    private long events;
    private long traceHash;
    private long elections;
    private long crashes;
    private long reads;
    private @Nullable ArrayDeque<String> trace; // null: not traced

    /**
     * Draws a cluster and what goes wrong in it.
     *
     * @param seed decides everything
     * @param config what may be drawn
     */
    public Simulation(long seed, SimulationConfig config) {
        this(seed, config, Sabotage.NONE);
    }

    Simulation(long seed, SimulationConfig config, Sabotage sabotage) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.sabotage = sabotage;
        this.swarm = Swarm.draw(random, config, seed);
        this.founding = FoundingRecordCodec.encode(foundation(swarm));
        this.witness = new Witness(swarm.quorums());
        this.network = new SimulatedNetwork(this, swarm, random.split());
        for (int id = 1; id <= swarm.quorums().voters(); id++) {
            nodes.add(new SimulatedNode(this, swarm, random.split(), witness, id));
        }
        this.chaos = new Chaos(this, swarm, random.split(), network);
    }

    private static FoundingRecord foundation(Swarm swarm) {
        List<FoundingRecord.Founder> founders = new ArrayList<>();
        for (int id = 1; id <= swarm.quorums().voters(); id++) {
            founders.add(new FoundingRecord.Founder(id, "node-" + id + ":1"));
        }
        return new FoundingRecord(
                1,
                swarm.parameters().alpha(),
                swarm.payloadBytesMax(),
                FRAME_BYTES_MAX,
                "flexible",
                swarm.quorums().phase1(),
                swarm.quorums().phase2(),
                founders);
    }

    /**
     * Keeps the last events as text, for {@link Violation#trace}. Slower; changes nothing else.
     *
     * @return this
     */
    public Simulation traced() {
        trace = new ArrayDeque<>();
        return this;
    }

    /** {@return what the seed drew, for people} */
    public String describe() {
        return swarm.toString();
    }

    /**
     * Runs it.
     *
     * @param maxEvents how many events things may go wrong for; those of the healing come on top
     * @return what it came to
     * @throws Violation if something was false that must never be, or the healed cluster did not go on
     */
    public Result run(long maxEvents) {
        try {
            nodes.forEach(SimulatedNode::start);
            planClient();
            chaos.plan();
            while (events < maxEvents) {
                step();
            }
            heal();
        } catch (AssertionError | RuntimeException e) {
            throw new Violation(seed, events, what(e), trace == null ? List.of() : List.copyOf(trace), e);
        }
        return new Result(seed, events, traceHash, witness.executed(), elections, crashes, now / 1_000);
    }

    private static String what(Throwable thrown) {
        return thrown instanceof AssertionError ? String.valueOf(thrown.getMessage()) : thrown.toString();
    }

    // ---- events ----

    private void step() {
        Event event = queue.remove();
        now = event.time();
        SimulatedNode node = event.node();
        if (node != null) {
            if (event.life() != 0 && event.life() != node.life()) {
                return;
            }
            if (node.pausedUntil() > now) {
                at(node.pausedUntil(), event.kind(), node, event.life(), event.detail(), event.action());
                return;
            }
        }
        events++;
        traceHash = mix(
                traceHash,
                now ^ (long) event.kind().name().hashCode() << 40,
                event.detail() ^ (node == null ? 0 : node.id()));
        trace(() -> now + " µs " + event.kind() + (node == null ? "" : ", " + node));
        event.action().run();
    }

    static long mix(long hash, long one, long other) {
        long mixed = (hash ^ one) * HASH_MULTIPLIER;
        mixed = (mixed ^ mixed >>> 32 ^ other) * HASH_MULTIPLIER;
        return mixed ^ mixed >>> 29;
    }

    void at(long time, Event.Kind kind, @Nullable SimulatedNode node, int life, long detail, Runnable action) {
        queue.add(new Event(time, sequence++, kind, node, life, detail, action));
    }

    /** Something happens to the world, after a while. */
    void later(long micros, Runnable action) {
        at(now + micros, Event.Kind.FAULT, null, 0, 0, action);
    }

    void trace(Supplier<String> line) {
        ArrayDeque<String> lines = trace;
        if (lines != null) {
            if (lines.size() == TRACE_LINES) {
                lines.remove();
            }
            lines.add(line.get());
        }
    }

    // ---- what the parts ask for ----

    long now() {
        return now;
    }

    boolean isCalm() {
        return calm;
    }

    Sabotage sabotage() {
        return sabotage;
    }

    Bytes foundingRecord() {
        return founding;
    }

    List<SimulatedNode> nodes() {
        return nodes;
    }

    SimulatedNode node(int id) {
        return nodes.get(id - 1);
    }

    void send(SimulatedNode sender, int to, Message message) {
        network.send(sender, to, message);
    }

    void elected() {
        elections++;
    }

    void crash(SimulatedNode node, boolean powerLost) {
        crashes++;
        node.crash(powerLost);
    }

    /** Brings a node back, sooner or later. */
    void restartLater(SimulatedNode node) {
        long down = calm ? 1 : 1 + random.nextInt(20 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS);
        at(now + down, Event.Kind.START, node, 0, 0, node::start);
    }

    // ---- clients ----

    private void planClient() {
        at(now + 1 + random.nextInt(2 * swarm.proposalMicros()), Event.Kind.CLIENT, null, 0, 0, this::askSomeone);
    }

    private void askSomeone() {
        if (calm) {
            return;
        }
        planClient();
        SimulatedNode node = nodes.get(random.nextInt(nodes.size()));
        if (random.nextInt(4) == 0) {
            if (node.isUp() && node.pausedUntil() <= now) {
                witness.askedToRead(++reads);
                node.read(reads);
            }
        } else if (node.pausedUntil() <= now) {
            propose(node);
        }
    }

    private void propose(SimulatedNode node) {
        ByteBuffer command = ByteBuffer.allocate(4 + random.nextInt(swarm.payloadBytesMax()));
        command.putInt(0, witness.nextCommand());
        Value.Batch value = new Value.Batch(now / 1_000, Bytes.wrap(command.array()));
        if (node.canPropose()) {
            witness.asked(value);
            node.propose(value);
        }
    }

    // ---- the end ----

    /** Brings back enough nodes for every quorum, perhaps all, and sees that they go on. */
    private void heal() {
        calm = true;
        network.heal();
        int away = random.nextInt(1 + nodes.size() - swarm.needed());
        List<SimulatedNode> back = new ArrayList<>(nodes);
        while (away-- > 0) {
            SimulatedNode gone = back.remove(random.nextInt(back.size()));
            if (gone.isUp()) {
                crash(gone, true);
            }
            gone.pauseUntil(Long.MAX_VALUE); // nobody brings it back
        }
        for (SimulatedNode node : back) {
            node.pauseUntil(0);
            node.disk().heal();
            if (!node.isUp()) {
                node.start();
            }
        }
        trace(() -> "healed: " + back);
        long electionMicros = (long) swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
        long bound = 200 * electionMicros + 20L * Swarm.TICK_MICROS * (witness.executed() + 1);
        int firstNew = witness.nextCommand();
        long[] askAgainAt = {now}; // a leader that is about to be deposed takes a command with it
        await(bound, "liveness: a healed cluster chooses a new command, and everybody executes it", back, () -> {
            if (witness.newestCommand() < firstNew && now >= askAgainAt[0]) {
                askAgainAt[0] = now + 2 * electionMicros;
                back.forEach(this::propose);
            }
            return witness.newestCommand() >= firstNew && back.stream().allMatch(SimulatedNode::holdsEverything);
        });
        long settled = now + network.lifeMicros() + 10 * electionMicros; // old campaigns may still arrive
        await(bound, "liveness: a healed cluster has one leader", back, () -> now > settled && leader(back) != null);
        mustStay(back, 20 * electionMicros);
    }

    private void await(long bound, String what, List<SimulatedNode> back, BooleanSupplier reached) {
        long until = now + bound;
        while (!reached.getAsBoolean()) {
            check(now <= until, () -> what + " within " + bound / 1_000 + " ms: " + back);
            step();
        }
    }

    private static @Nullable SimulatedNode leader(List<SimulatedNode> back) {
        List<SimulatedNode> leaders =
                back.stream().filter(SimulatedNode::isLeader).toList();
        return leaders.size() == 1 ? leaders.get(0) : null;
    }

    private void mustStay(List<SimulatedNode> back, long micros) {
        Ballot highest = Ballot.ZERO;
        for (SimulatedNode node : back) {
            highest = node.isLeader() ? highest.max(node.ledBallot()) : highest;
        }
        Ballot stays = highest;
        long until = now + micros;
        while (now <= until) {
            step();
        }
        SimulatedNode leader = leader(back);
        check(
                leader != null && leader.ledBallot().equals(stays),
                () -> "liveness: a leader that all hear keeps its ballot, " + stays + ": " + back);
        for (SimulatedNode node : back) {
            check(
                    node.holdsEverything() && node.hash() == back.get(0).hash(),
                    () -> "equal states: " + witness.executed() + " slots were executed, " + back);
        }
    }
}
