package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replay;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.Driver;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.wire.RecordCodec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One node: the real replica behind the real driver, the real storage on a simulated disk, and a state machine that is a running
 * hash. What the node's threads do in a process are events here.
 */
final class SimulatedNode implements Driver.Journal, Driver.Network, Driver.Application {

    private static final int GROUP = 1;
    private static final int IDLE_TICKS = 50;

    /** A record on its way to the storage. */
    private record Queued(Record record, Ballot promised) {}

    /** A slot on its way to the state machine. */
    private record Chosen(long slot, Value value) {}

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
    private @Nullable Driver driver; // null while the node is down
    private @Nullable DurableStorage storage;
    private DurableStorage.Identity identity = new DurableStorage.Identity(0, 0, false);
    private Ballot led = Ballot.ZERO; // the last ballot that it was seen to lead with

    // of one life: the journal
    private final ArrayDeque<Queued> queue = new ArrayDeque<>();
    private long appended; // records given to the storage
    private long wanted; // records that somebody waits for
    private long durable;
    private boolean syncing;
    private int idleTicks;

    // of one life: the state machine
    private final ArrayDeque<Chosen> toExecute = new ArrayDeque<>();
    private boolean executing;
    private long executed;
    private long hash;

    SimulatedNode(Simulation simulation, Swarm swarm, SplittableRandom random, Witness witness, int id) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.witness = witness;
        this.id = id;
        this.clockRate = swarm.has(Fault.DRIFT) ? 0.7 + 0.6 * random.nextDouble() : 0.99 + 0.02 * random.nextDouble();
        this.facts = new DurableFacts(id);
        this.disk = new SimulatedDisk("node-" + id);
        disk.behave(swarm, random);
    }

    int id() {
        return id;
    }

    int life() {
        return life;
    }

    boolean isUp() {
        return driver != null;
    }

    boolean isLeader() {
        Driver running = driver;
        return running != null && running.replica().isLeader();
    }

    Ballot ledBallot() {
        return led;
    }

    long executed() {
        return executed;
    }

    long hash() {
        return hash;
    }

    long storageId() {
        return identity.storageId();
    }

    long bootCount() {
        return identity.bootCount();
    }

    long journalPosition() {
        return storage().durablePosition();
    }

    long pausedUntil() {
        return pausedUntil;
    }

    void pauseUntil(long time) {
        pausedUntil = time;
    }

    SimulatedDisk disk() {
        return disk;
    }

    private Driver driver() {
        Driver running = driver;
        if (running == null) {
            throw new IllegalStateException("node " + id + " is down");
        }
        return running;
    }

    private DurableStorage storage() {
        DurableStorage open = storage;
        if (open == null) {
            throw new IllegalStateException("node " + id + " is down");
        }
        return open;
    }

    @Override
    public String toString() {
        Driver running = driver;
        return running == null ? "node " + id + ", down" : running.replica() + ", executed " + executed;
    }

    // ---- lives ----

    /** Puts the node together from what its disk holds. A disk that fails, or power that does, sends it down again. */
    void start() {
        if (driver != null) {
            return;
        }
        life++;
        simulation.sabotage().starts(id, disk);
        Executor background = task -> after(random.nextInt(2_000), Event.Kind.BACKGROUND, () -> onDisk(task::run));
        DurableStorage opened = simulation
                .sabotage()
                .storage(
                        id,
                        new WitnessedStorage(
                                FileStorage.on(simulation.sabotage().disk(id, disk), background, random::nextLong)
                                        .withSegmentBytes(swarm.segmentBytes()),
                                facts,
                                witness));
        try {
            identity = opened.open(id, simulation.foundingRecord());
            Replay replay = new Replay(this::executeAtStart);
            opened.replay((group, kind, slotFrom, slotTo, bytes) -> replay.record(RecordCodec.decode(kind, bytes)));
            Replica replica = new Replica(
                    id,
                    simulation.sabotage().configuration(id, swarm.configuration()),
                    swarm.parameters(),
                    replay.finish());
            storage = opened;
            driver = new Driver(replica, simulation.sabotage().journal(id, this, this::tellDurable), this, this);
        } catch (StorageException | SimulatedDisk.PowerLost e) {
            fails(e, "recovery: node " + id + " does not start");
            return;
        }
        simulation.trace(() -> "  up: " + this);
        scheduleTick();
    }

    private void tellDurable(long ticket) {
        driver().durable(ticket);
    }

    /** The process is gone; with the power goes what was not forced. */
    void crash(boolean powerLost) {
        if (powerLost && syncing && !disk.hasFailed() && random.nextBoolean()) {
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
        if (onDisk(() -> storage().close())) {
            disk.release();
            forget();
        }
    }

    /** The power fails in the middle of a sync. */
    private void tear() {
        disk.losePowerIn(random.nextInt(3));
        try {
            storage().sync();
        } catch (StorageException e) {
            simulation.trace(() -> "  torn: " + e);
        }
    }

    private void forget() {
        life++;
        driver = null;
        storage = null;
        pausedUntil = 0;
        queue.clear();
        appended = 0;
        wanted = 0;
        durable = 0;
        syncing = false;
        idleTicks = 0;
        toExecute.clear();
        executing = false;
        executed = 0;
        hash = 0;
    }

    // ---- inputs ----

    private void after(long micros, Event.Kind kind, Runnable action) {
        simulation.at(simulation.now() + micros, kind, this, life, 0, action);
    }

    private void scheduleTick() {
        after((long) (Swarm.TICK_MICROS * clockRate), Event.Kind.TICK, this::tick);
    }

    private void tick() {
        scheduleTick();
        handle(new Input.Tick());
        if (isUp() && !syncing && queue.isEmpty() && ++idleTicks == IDLE_TICKS) {
            idleTicks = 0;
            onDisk(() -> storage().idle());
        }
    }

    void receive(int from, Message message) {
        if (isUp()) {
            Message arrived = simulation.sabotage().arrives(from, id, message);
            simulation.trace(() -> "  " + from + " → " + id + " " + arrived);
            handle(new Input.Received(from, arrived));
        }
    }

    boolean canPropose() {
        return isUp() && driver().replica().openSlots() > 0;
    }

    void propose(Value value) {
        handle(new Input.Propose(value));
    }

    void read(long token) {
        handle(new Input.Read(token));
    }

    private void handle(Input input) {
        driver().handle(input);
        endTurn();
    }

    private void endTurn() {
        driver().endTurn();
        Replica replica = driver().replica();
        if (replica.isLeader() && !replica.ballot().equals(led)) {
            check(
                    led.isBelow(replica.ballot()),
                    () -> "a ballot is never used again: " + replica + " leads with " + replica.ballot() + " after "
                            + led);
            led = replica.ballot();
            simulation.elected();
        }
        beginSync();
    }

    // ---- the disk ----

    private interface DiskWork {
        void run() throws StorageException;
    }

    /** {@return whether it went well; if not, the node is down} */
    private boolean onDisk(DiskWork work) {
        try {
            work.run();
            return true;
        } catch (StorageException | SimulatedDisk.PowerLost e) {
            fails(e, "the storage of node " + id + " fails by itself");
            return false;
        }
    }

    /** A node whose disk failed comes back; one whose disk is damaged must be replaced. Nothing else may stop it. */
    private void fails(Exception e, String otherwise) {
        boolean lost = disk.isFound(e);
        if (!lost && !disk.hasFailed()) {
            throw new AssertionError(otherwise + ": " + e.getMessage(), e);
        }
        simulation.trace(() -> "  node " + id + (lost ? " is lost: " : " stops: ") + e);
        simulation.crash(this, lost || disk.losesCacheNow());
        if (!lost) {
            simulation.restartLater(this);
        }
    }

    @Override
    public void append(Record record, Ballot promised) {
        queue.add(new Queued(record, promised));
        idleTicks = 0;
    }

    @Override
    public void sync(long ticket) {
        wanted = Math.max(wanted, ticket);
    }

    /** One force at a time; what comes meanwhile is for the next. */
    private void beginSync() {
        if (syncing || wanted <= durable) {
            return;
        }
        syncing = true;
        boolean written = onDisk(() -> {
            for (Queued next = queue.poll(); next != null; next = queue.poll()) {
                Record record = next.record();
                storage()
                        .append(
                                GROUP,
                                RecordCodec.kind(record),
                                RecordCodec.slotFrom(record),
                                RecordCodec.slotTo(record),
                                next.promised().round(),
                                next.promised().node(),
                                RecordCodec.head(record),
                                RecordCodec.body(record));
                appended++;
            }
        });
        if (written) {
            boolean slow = swarm.has(Fault.SLOW_DISK) && !simulation.isCalm() && random.nextInt(8) == 0;
            int most = slow ? 2 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS : 100;
            after(random.nextInt(most), Event.Kind.SYNCED, this::finishSync);
        }
    }

    private void finishSync() {
        if (onDisk(() -> storage().sync())) {
            syncing = false;
            durable = appended;
            driver().durable(durable);
            endTurn();
        }
    }

    @Override
    public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
        after(random.nextInt(500), Event.Kind.LOG_READ, () -> {
            List<Value> values = new ArrayList<>();
            if (onDisk(() -> values.addAll(stored(fromSlot, toSlot, maxBytes))) && !values.isEmpty()) {
                handle(new Input.LogRead(to, fromSlot, values));
            }
        });
    }

    /** The last record of a chosen slot holds what is chosen there. */
    private List<Value> stored(long fromSlot, long toSlot, int maxBytes) throws StorageException {
        Map<Long, Value> latest = new TreeMap<>();
        long readTo = storage().read(GROUP, fromSlot, toSlot, maxBytes, (group, kind, slotFrom, slotTo, bytes) -> {
            Record record = RecordCodec.decode(kind, bytes);
            if (record instanceof Record.Accepted vote) {
                latest.put(vote.slot(), vote.value());
            } else if (record instanceof Record.Chosen choice) {
                latest.put(choice.slot(), choice.value());
            }
        });
        List<Value> values = new ArrayList<>();
        long payload = 0;
        for (long slot = fromSlot; slot <= Math.min(readTo, toSlot); slot++) {
            Value value = latest.get(slot);
            if (value == null || (!values.isEmpty() && payload + value.bytes() > maxBytes)) {
                break;
            }
            payload += value.bytes();
            values.add(value);
        }
        return values;
    }

    // ---- the network ----

    @Override
    public void send(int to, Message message) {
        witness.said(facts, message);
        simulation.send(this, to, message);
    }

    @Override
    public void flush() {}

    // ---- the state machine ----

    @Override
    public void execute(long slot, Value value) {
        witness.chosen(id, slot, value);
        toExecute.add(new Chosen(slot, value));
        executeLater();
    }

    private void executeAtStart(long slot, Value value) {
        witness.chosen(id, slot, value);
        apply(slot, value);
    }

    private void executeLater() {
        if (!executing && !toExecute.isEmpty()) {
            executing = true;
            boolean slow = swarm.has(Fault.SLOW_STATE_MACHINE) && !simulation.isCalm();
            after(random.nextInt(slow ? 20_000 : 50), Event.Kind.EXECUTED, this::executeSome);
        }
    }

    private void executeSome() {
        executing = false;
        for (int i = random.nextInt(toExecute.size()); i >= 0; i--) {
            Chosen next = toExecute.remove();
            apply(next.slot(), next.value());
        }
        executeLater();
        handle(new Input.Executed(executed));
    }

    private void apply(long slot, Value value) {
        check(slot == executed + 1, () -> "order: node " + id + " executes slot " + slot + " after " + executed);
        executed = slot;
        hash = Simulation.mix(
                hash,
                slot,
                value instanceof Value.Batch batch ? batch.commands().hashCode() : 0);
        witness.executed(id, slot, hash);
    }

    @Override
    public void readReady(long token, long slot) {
        witness.mayRead(id, token, slot);
    }

    @Override
    public void readRefused(long token) {
        simulation.trace(() -> "  node " + id + " refuses read " + token);
    }

    /** What the witness compares when everything has calmed down. */
    boolean holdsEverything() {
        return isUp() && executed == witness.executed();
    }
}
