package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.NodeListener;
import dev.multipaxos.Retention;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Replica;
import dev.multipaxos.runtime.NodeSettings;
import dev.multipaxos.runtime.SteppedNode;
import dev.multipaxos.runtime.TimeSource;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.FileStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One node: the real one, without its threads, on a simulated disk, network and clock. What its threads do in a process are
 * events here.
 */
final class SimulatedNode implements TimeSource {

    private static final int IDLE_TICKS = 50;
    private static final long ORIGIN_NANOS = -300_000_000; // of the first node's clock; of the others more
    private static final long BEGINNING_MILLIS = 1_700_000_000_000L; // when the wall clocks begin

    private final Simulation simulation;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final Witness witness;
    private final int id;
    private final double clockRate;
    private final DurableFacts facts;
    private final SimulatedDisk disk;

    private int life; // counts up at every start and every crash
    private long pausedUntil;
    private long stillUntil; // what was put off in a pause that was cut short comes no sooner
    private long wallAheadMillis; // of this node's wall clock
    private @Nullable SteppedNode<Bytes, Bytes> running; // null while the node is down
    private @Nullable SimulatedTransport transport;
    private @Nullable ObservedMachine machine;
    private Ballot led = Ballot.ZERO; // the last ballot that it was seen to lead with

    private boolean confirmed; // seen in any life

    // of one life: which of its jobs are under way
    private boolean turnPlanned;
    private boolean writing;
    private boolean executing;
    private boolean answering;
    private int idleTicks;

    SimulatedNode(Simulation simulation, Swarm swarm, SplittableRandom random, Witness witness, int id) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.witness = witness;
        this.id = id;
        this.clockRate = swarm.has(Fault.DRIFT) ? 0.7 + 0.6 * random.nextDouble() : 0.99 + 0.02 * random.nextDouble();
        this.facts = new DurableFacts(id);
        this.disk = new SimulatedDisk("node-" + id);
        for (Fault always : List.of(Fault.DRIFT, Fault.SHORT_WRITE, Fault.REORDERED_NAMES)) {
            if (swarm.has(always)) {
                simulation.observer().struck(always);
            }
        }
        disk.behave(swarm, random);
    }

    int id() {
        return id;
    }

    int life() {
        return life;
    }

    boolean isUp() {
        return running != null;
    }

    boolean isLeader() {
        SteppedNode<Bytes, Bytes> node = running;
        return node != null && node.replica().isLeader();
    }

    /** {@return whether its storage was seen to be confirmed, in any life} */
    boolean isConfirmed() {
        return confirmed;
    }

    Ballot ledBallot() {
        return led;
    }

    long pausedUntil() {
        return pausedUntil;
    }

    /** {@return when it may last have stood still, in any part} */
    long stillUntil() {
        return stillUntil;
    }

    void pauseUntil(long time) {
        if (isUp() && time > simulation.now()) {
            note(Step.Kind.PAUSE, () -> "stands still until " + time + " µs");
        }
        pausedUntil = time;
        stillUntil = Math.max(stillUntil, time);
    }

    SimulatedDisk disk() {
        return disk;
    }

    SimulatedTransport transport() {
        return present(transport);
    }

    Replica replica() {
        return node().replica();
    }

    private void note(Step.Kind kind, Supplier<String> what) {
        simulation.observer().at(id, kind, what);
    }

    /** {@return what it replicates, in this life} */
    ObservedMachine machine() {
        return present(machine);
    }

    private SteppedNode<Bytes, Bytes> node() {
        return present(running);
    }

    private <T> T present(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("node " + id + " is down");
        }
        return part;
    }

    @Override
    public String toString() {
        SteppedNode<Bytes, Bytes> node = running;
        return node == null
                ? "node " + id + ", down"
                : node.replica() + ", executed " + machine().slot();
    }

    // ---- clocks ----

    /** Negative at first, as a real one may be, and of each node another. */
    @Override
    public long nanoTime() {
        return ORIGIN_NANOS * id + elapsedNanos();
    }

    @Override
    public long currentTimeMillis() {
        return BEGINNING_MILLIS + wallAheadMillis + elapsedNanos() / 1_000_000;
    }

    private long elapsedNanos() {
        return (long) (simulation.now() * 1_000 * clockRate);
    }

    void setWallClock(long aheadMillis) {
        wallAheadMillis = aheadMillis;
    }

    private long micros(long ownNanos) {
        return (long) Math.ceil(ownNanos / (1_000 * clockRate));
    }

    // ---- lives ----

    /** Puts the node together from what its disk holds. A disk that fails, or power that does, sends it down again. */
    void start() {
        if (running != null) {
            return;
        }
        life++;
        simulation.sabotage().starts(id, disk);
        Executor background = task -> after(random.nextInt(2_000), Event.Kind.BACKGROUND, () -> onDisk(task::run));
        DurableStorage storage = simulation
                .sabotage()
                .storage(
                        id,
                        new WitnessedStorage(
                                FileStorage.on(simulation.sabotage().disk(id, disk), background, random::nextLong)
                                        .withSegmentBytes(swarm.segmentBytes()),
                                facts,
                                witness));
        ObservedMachine restarted = new ObservedMachine(
                id, simulation.load().machine(id, random.split()), witness, simulation.observer(), simulation::found);
        SimulatedTransport connections = new SimulatedTransport(simulation.network(), this);
        transport = connections;
        machine = restarted;
        try {
            running = SteppedNode.start(
                    new NodeSettings<>(
                            id,
                            1,
                            swarm.membership(),
                            "simulated",
                            storage,
                            connections,
                            swarm.timing(),
                            swarm.limits(),
                            Retention.defaults(),
                            new DiskWatch(),
                            restarted,
                            Codec.bytes(),
                            Codec.bytes()),
                    new SimulatedWiring(
                            this, swarm, simulation.sabotage(), witness, facts, restarted, simulation.observer()));
        } catch (StorageException | SimulatedDisk.PowerLost e) {
            fails(e, Situation.FAILED_AT_START, "recovery: node " + id + " does not start");
            return;
        } catch (IOException e) {
            throw new IllegalStateException("no simulated transport fails to start", e);
        }
        simulation.observer().started(id, facts.lost(), facts.keptUnforced());
        note(
                Step.Kind.START,
                () -> "starts, promised " + replica().promised() + ", executed "
                        + machine().slot());
        planTick();
    }

    /** The process is gone; with the power goes what was not forced. */
    void crash(boolean powerLost) {
        SteppedNode<Bytes, Bytes> node = running;
        simulation.observer().down(id, false, node != null && node.isHoldingBack());
        if (powerLost && writing && !disk.hasFailed() && random.nextBoolean()) {
            tear();
        }
        disk.release();
        if (powerLost) {
            disk.losePower(random);
        }
        forget();
    }

    /** The process ends in good order. */
    void stop() {
        if (onDisk(() -> node().close())) {
            disk.release();
            simulation.observer().down(id, true, false);
            note(Step.Kind.STOP, () -> "stops in good order");
            forget();
        }
    }

    /** The power fails in the middle of a sync. */
    private void tear() {
        disk.losePowerIn(random.nextInt(3));
        try {
            node().sync();
        } catch (StorageException e) {
            note(Step.Kind.NOTE, () -> "in the middle of a force: " + e);
        }
    }

    private void forget() {
        life++;
        running = null;
        transport = null;
        machine = null;
        pausedUntil = 0;
        turnPlanned = false;
        writing = false;
        executing = false;
        answering = false;
        idleTicks = 0;
        simulation.network().lost(this);
    }

    // ---- what arrives ----

    void receive(int from, Bytes frame) {
        if (isUp()) {
            transport().receiver().onPeer(from, frame);
            transport().receiver().onBurstEnd();
            mailArrived();
        }
    }

    void receiveFromClient(long connection, Bytes frame) {
        transport().receiver().onClient(connection, frame);
        transport().receiver().onBurstEnd();
        mailArrived();
    }

    void clientLeft(long connection) {
        transport().disconnectClient(connection);
        mailArrived();
    }

    CompletableFuture<Bytes> propose(Bytes command, Duration deadline) {
        CompletableFuture<Bytes> answer = node().propose(command, deadline);
        mailArrived();
        return answer;
    }

    CompletableFuture<Bytes> read(Consistency consistency, Supplier<Bytes> query, Duration deadline) {
        CompletableFuture<Bytes> answer = node().read(consistency, query, deadline);
        mailArrived();
        return answer;
    }

    // ---- the loop ----

    private void after(long micros, Event.Kind kind, Runnable action) {
        simulation.at(simulation.now() + micros, kind, this, life, 0, action);
    }

    private void planTick() {
        after(Math.max(1, micros(node().nextTickNanos() - nanoTime())), Event.Kind.TICK, this::tick);
    }

    private void tick() {
        int ticked = life;
        turn();
        if (life != ticked) {
            return;
        }
        planTick();
        if (!writing && !node().hasRecords() && ++idleTicks >= IDLE_TICKS) {
            idleTicks = 0;
            onDisk(() -> node().idle());
        }
    }

    /** The loop wakes up, mostly at once. */
    void mailArrived() {
        if (isUp() && node().hasMail() && !turnPlanned) {
            if (random.nextInt(4) == 0) {
                turnPlanned = true;
                after(random.nextInt(200), Event.Kind.TURN, this::turn);
            } else {
                turn();
            }
        }
    }

    private void turn() {
        turnPlanned = false;
        node().turn();
        confirmed |= node().isConfirmed();
        Replica replica = node().replica();
        if (replica.isLeader() && !replica.ballot().equals(led)) {
            check(
                    led.isBelow(replica.ballot()),
                    () -> "a ballot is never used again: " + replica + " leads with " + replica.ballot() + " after "
                            + led);
            led = replica.ballot();
            simulation.elected();
        }
        simulation.observer().turned(id, replica, node().bootCount() == 1);
        write();
        answer();
        execute();
    }

    // ---- the disk ----

    /** Sees a node give up taking values, and go on. */
    private final class DiskWatch implements NodeListener {
        private boolean full;

        @Override
        public void diskSpaceChanged(DiskSpace space) {
            note(Step.Kind.NOTE, () -> "has room on its disk: " + space.level());
            if (space.isFull()) {
                simulation.observer().hit(Situation.NO_VALUES_ON_FULL_DISK);
            } else if (full) {
                simulation.observer().hit(Situation.VALUES_AGAIN_WITH_ROOM);
            }
            full = space.isFull();
        }
    }

    private interface DiskWork {
        void run() throws StorageException;
    }

    /** {@return whether it went well; if not, the node is down} */
    private boolean onDisk(DiskWork work) {
        try {
            work.run();
            return true;
        } catch (StorageException | SimulatedDisk.PowerLost e) {
            fails(e, Situation.STOPPED_BY_DISK, "the storage of node " + id + " fails by itself");
            return false;
        }
    }

    /** A node whose disk failed comes back; one whose disk is damaged must be replaced. Nothing else may stop it. */
    private void fails(Exception e, Situation situation, String otherwise) {
        boolean lost = disk.isFound(e);
        if (!lost && !disk.hasFailed()) {
            throw new AssertionError(otherwise + ": " + e.getMessage(), e);
        }
        simulation.observer().hit(lost ? Situation.DAMAGE_FOUND : situation);
        note(Step.Kind.NOTE, () -> (lost ? "is lost: " : "stops: ") + e);
        simulation.crash(this, lost || disk.losesCacheNow());
        if (!lost) {
            simulation.restartLater(this);
        }
    }

    /** One force at a time; what comes meanwhile is for the next. */
    private void write() {
        if (!writing && isUp() && node().hasRecords()) {
            idleTicks = 0;
            writing = true;
            note(Step.Kind.FORCE, () -> "writes and forces records");
            if (onDisk(() -> node().write())) {
                boolean slow = swarm.has(Fault.SLOW_DISK) && !simulation.isCalm() && random.nextInt(8) == 0;
                if (slow) {
                    simulation.observer().struck(Fault.SLOW_DISK);
                }
                int most = slow ? 2 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS : 100;
                after(random.nextInt(most), Event.Kind.SYNCED, this::sync);
            }
        }
    }

    private void sync() {
        if (onDisk(() -> node().sync())) {
            writing = false;
            note(Step.Kind.FORCED, () -> "has forced them");
            mailArrived();
            write();
        }
    }

    /** Reads the journal for a member that lags. */
    private void answer() {
        if (!answering && isUp() && node().hasQuestions()) {
            answering = true;
            after(random.nextInt(500), Event.Kind.LOG_READ, () -> {
                if (onDisk(() -> node().answerQuestion())) {
                    simulation.observer().hit(Situation.CATCH_UP_FROM_JOURNAL);
                    answering = false;
                    mailArrived();
                    answer();
                }
            });
        }
    }

    // ---- the state machine ----

    private void execute() {
        if (!executing && isUp() && node().hasChosen()) {
            executing = true;
            boolean slow = swarm.has(Fault.SLOW_STATE_MACHINE) && !simulation.isCalm();
            if (slow) {
                simulation.observer().struck(Fault.SLOW_STATE_MACHINE);
            }
            after(random.nextInt(slow ? 20_000 : 50), Event.Kind.EXECUTED, () -> {
                executing = false;
                long first = machine().slot() + 1;
                node().execute(1 + random.nextInt(8));
                if (machine().slot() >= first) {
                    note(
                            Step.Kind.EXECUTE,
                            () -> "executes "
                                    + MessageText.range(first, machine().slot()));
                }
                mailArrived();
                execute();
            });
        }
    }

    /** {@return whether it is up and has executed all that anybody has} */
    boolean holdsEverything() {
        return isUp() && machine().slot() == witness.executed();
    }
}
