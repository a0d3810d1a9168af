package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.core.Ballot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
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

    private static final int BLIND_SEARCHES = 8; // one seed in so many
    /** A disk is not repaired while a snapshot is sent, or was sent lately: 30 s of a clock that runs fifty times as fast. */
    private static final long REPAIR_MICROS = 1_200_000;

    private static final int STEPS_KEPT = 1_000;
    private static final long HASH_MULTIPLIER = 0x9E3779B97F4A7C15L;

    private final long seed;
    private final SimulationConfig config;
    private final SplittableRandom random;
    private final SplittableRandom restarts;
    private final Sabotage sabotage;
    private final Swarm swarm;
    private final Load<?, ?> load;
    private final Witness witness;
    private final SimulatedNetwork network;
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final Strangers strangers;
    private final Chaos chaos;
    private final Clients clients;
    private final Observer observer;

    private final PriorityQueue<Event> queue = new PriorityQueue<>();
    private long sequence;
    private long now;
    private boolean calm;
    private long events;
    private long traceHash;
    private long elections;
    private long crashes;
    private @Nullable AssertionError found; // where what is thrown goes no further

    /**
     * Draws a cluster and what goes wrong in it.
     *
     * @param seed decides everything
     * @param config what may be drawn
     */
    public Simulation(long seed, SimulationConfig config) {
        this(seed, config, new Registers());
    }

    /**
     * Draws a cluster that replicates something of the caller's, and what goes wrong in it.
     *
     * @param seed decides everything
     * @param config what may be drawn
     * @param workload what is replicated
     */
    public Simulation(long seed, SimulationConfig config, Workload<?, ?> workload) {
        this(seed, config, workload, Sabotage.NONE);
    }

    Simulation(long seed, SimulationConfig config, Sabotage sabotage) {
        this(seed, config, new Registers(), sabotage);
    }

    private Simulation(long seed, SimulationConfig config, Workload<?, ?> workload, Sabotage sabotage) {
        this.seed = seed;
        this.config = config;
        this.random = new SplittableRandom(seed);
        this.sabotage = sabotage;
        this.swarm = Swarm.draw(random, config, seed, workload.commandBytesMax());
        this.observer = new Observer(swarm.quorums().voters());
        this.load = new Load<>(workload, swarm.paddingBytesMax(), random.split(), this::now);
        this.witness = new Witness(swarm.quorums(), swarm.sessions(), load);
        this.network = new SimulatedNetwork(this, swarm, random.split());
        for (int id = 1; id <= swarm.quorums().voters(); id++) {
            nodes.add(new SimulatedNode(this, swarm, random.split(), witness, id));
        }
        this.strangers = new Strangers(this, swarm);
        this.chaos = new Chaos(this, swarm, config, random.split(), network);
        this.clients = new Clients(this, swarm, random.split(), witness, config.commandsMax());
        this.restarts = random.split();
    }

    /**
     * Keeps the last steps, for {@link Violation#trace}. Slower; changes nothing else.
     *
     * @return this
     */
    public Simulation traced() {
        return traced(step -> {});
    }

    /** Keeps the last steps, and shows all of them to a listener. */
    Simulation traced(Consumer<Step> listener) {
        observer.keep(STEPS_KEPT, listener);
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
            clients.plan();
            chaos.plan();
            while (events < maxEvents) {
                step();
            }
            if (!swarm.unbounded()) {
                heal();
            }
            load.check(seed % BLIND_SEARCHES == 0);
        } catch (AssertionError | RuntimeException e) {
            throw violation(e, maxEvents);
        }
        return new Result(
                seed, events, traceHash, witness.executed(), elections, crashes, now / 1_000, observer.coverage());
    }

    private Violation violation(Throwable caught, long maxEvents) {
        Throwable thrown = load.reason(caught);
        return new Violation(
                new Reproduction(seed, config, maxEvents),
                events,
                what(thrown),
                new Violation.Scene(
                        describe(), nodes.size(), swarm.faults(), chaos.strikes(), clients.asked(), observer.trace()),
                thrown);
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
        observer.event(events, now);
        event.action().run();
        load.rethrow();
        if (found != null) {
            throw found;
        }
    }

    /**
     * Something was false that must never be, and to throw it would not end the run: a node answers for what a query throws, a
     * future for what its dependents do. It ends with this event.
     */
    void found(Throwable wrong) {
        if (found == null) {
            found = wrong instanceof AssertionError error ? error : new AssertionError(wrong.toString(), wrong);
        }
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

    // ---- what the parts ask for ----

    long now() {
        return now;
    }

    Observer observer() {
        return observer;
    }

    boolean isCalm() {
        return calm;
    }

    /** {@return whether somebody wants to see every message: a reader of the trace, or a test that changes some} */
    boolean isWatched() {
        return observer.trace() != null || sabotage != Sabotage.NONE;
    }

    Sabotage sabotage() {
        return sabotage;
    }

    Clients clients() {
        return clients;
    }

    Load<?, ?> load() {
        return load;
    }

    Strangers strangers() {
        return strangers;
    }

    SimulatedNetwork network() {
        return network;
    }

    List<SimulatedNode> nodes() {
        return nodes;
    }

    SimulatedNode node(int id) {
        return nodes.get(id - 1);
    }

    void elected() {
        elections++;
    }

    void crash(SimulatedNode node, boolean powerLost) {
        crashes++;
        node.note(Step.Kind.CRASH, () -> powerLost ? "loses power" : "is killed");
        node.crash(powerLost);
    }

    /** Brings a node back, sooner or later. */
    void restartLater(SimulatedNode node) {
        long down = calm ? 1 : 1 + restarts.nextInt(20 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS);
        at(now + down, Event.Kind.START, node, 0, 0, node::start);
    }

    // ---- the end ----

    /** Brings back enough nodes for every quorum, perhaps all, and sees that they go on. */
    private void heal() {
        calm = true;
        network.heal();
        long electionMicros = (long) swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
        Repairs repairs = new Repairs(this, 20 * electionMicros);
        List<SimulatedNode> away = new ArrayList<>(repairs.lost()); // they have to be replaced
        List<SimulatedNode> sound = new ArrayList<>(repairs.sound());
        int more = random.nextInt(1 + sound.size() - swarm.needed());
        boolean founded = nodes.stream().allMatch(SimulatedNode::isConfirmed); // which may take all of them
        while (founded && more-- > 0) {
            away.add(sound.remove(random.nextInt(sound.size())));
        }
        List<SimulatedNode> back = new ArrayList<>(nodes);
        back.removeAll(away);
        for (SimulatedNode gone : away) {
            if (gone.isStranger()) {
                continue;
            }
            if (gone.isUp()) {
                crash(gone, true);
            }
            gone.pauseUntil(Long.MAX_VALUE); // nobody brings it back
        }
        back.forEach(SimulatedNode::awake);
        strangers.comeAgain(back);
        observer.world(() -> "healed: " + back);
        long slots =
                witness.executed() + clients.open().size() + 1; // to catch up with, and what waits: a slot may hold one
        long bound = 200 * electionMicros + 20L * Swarm.TICK_MICROS * slots;
        await(bound, "identity: whoever comes without a node's memory is told so, and stops", back, strangers::areGone);
        long[] askAgainAt = {now}; // a call may end without an answer, its session having expired meanwhile
        List<SimulatedNode> owing = new ArrayList<>(back);
        List<SimulatedNode> reading = new ArrayList<>(back);
        await(
                bound,
                "liveness: a healed cluster executes a command of every member's, everywhere, and a read",
                back,
                () -> {
                    if (now >= askAgainAt[0]) {
                        askAgainAt[0] = now + 20 * electionMicros;
                        Duration deadline = Duration.ofNanos(20_000 * electionMicros);
                        List.copyOf(owing).forEach(node -> clients.propose(node, deadline, () -> owing.remove(node)));
                        List.copyOf(reading).forEach(node -> clients.read(node, deadline, () -> reading.remove(node)));
                    }
                    return owing.isEmpty()
                            && reading.isEmpty()
                            && back.stream().allMatch(SimulatedNode::holdsEverything);
                });
        await(bound, "liveness: a healed cluster answers everybody who is no member", back, clients::areServed);
        await(
                bound + REPAIR_MICROS,
                "repair: what was lost on a damaged disk comes back from the others, and the disk is whole again",
                back,
                () -> repairs.areDone(now));
        long settled = now + network.lifeMicros() + 10 * electionMicros; // old campaigns may still arrive
        await(bound, "liveness: a healed cluster has one leader", back, () -> now > settled && leader(back) != null);
        await(
                bound,
                "liveness: every call at a member ends, by its deadline at the latest",
                back,
                () -> clients.open().isEmpty());
        mustStay(back, 20 * electionMicros);
        await(
                bound,
                "liveness: everybody executes what is chosen",
                back,
                () -> back.stream()
                        .allMatch(
                                SimulatedNode
                                        ::holdsEverything)); // sessions are kept alive through the log all the time
        mustBeEqual(back);
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
    }

    private void mustBeEqual(List<SimulatedNode> back) {
        for (SimulatedNode node : back) {
            check(
                    node.machine().hash() == back.get(0).machine().hash(),
                    () -> "equal states: " + witness.executed() + " slots were executed, " + back);
            node.machine().compareState();
        }
    }
}
