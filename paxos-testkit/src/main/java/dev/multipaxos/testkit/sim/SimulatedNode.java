package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.PaxosException.StorageRefused;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Replica;
import dev.multipaxos.runtime.NodeSettings;
import dev.multipaxos.runtime.SteppedNode;
import dev.multipaxos.runtime.TimeSource;
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
    private @Nullable SimulatedListener listener;
    private Ballot led = Ballot.ZERO; // the last ballot that it was seen to lead with

    private @Nullable SimulatedJobs jobs; // of this life
    private boolean confirmed; // seen in any life
    private boolean lost; // it has stopped for good, its disk being damaged
    private boolean startedWithLoss;
    private @Nullable Stranger stranger; // null as long as it is the node itself
    private boolean hasTwin;
    private @Nullable Runnable atNextVote; // its disk is going to be damaged
    private int installs; // how often it was set to a member's snapshot, in all lives
    private boolean gone; // for good
    private Observer observer;

    SimulatedNode(Simulation simulation, Swarm swarm, SplittableRandom random, Witness witness, int id) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.witness = witness;
        this.id = id;
        this.clockRate = swarm.clockRate(random);
        this.facts = new DurableFacts(id);
        this.observer = simulation.observer();
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

    /** {@return whether it has named the damage of its disk and stopped for good} */
    boolean isLost() {
        return lost;
    }

    /** {@return whether its last start found that something is lost: records, or a snapshot that they stood for} */
    boolean startedWithLoss() {
        return startedWithLoss;
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

    /** {@return who watches it; what a stranger does is of no interest} */
    Observer observer() {
        return observer;
    }

    DurableFacts facts() {
        return facts;
    }

    /** {@return which storage it has} */
    long storageId() {
        return node().storageId();
    }

    /** {@return how often its storage was opened} */
    long bootCount() {
        return node().bootCount();
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

    void note(Step.Kind kind, Supplier<String> what) {
        Stranger who = stranger;
        if (who == null) {
            observer.at(id, kind, what);
        } else {
            simulation.observer().at(id, Step.Kind.NOTE, () -> who + ": " + what.get());
        }
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

    /** {@return how long that is outside} */
    long micros(long ownNanos) {
        return (long) Math.ceil(ownNanos / (1_000 * clockRate));
    }

    // ---- lives ----

    /** Puts the node together from what its disk holds. A disk that fails, or power that does, sends it down again. */
    void start() {
        if (running != null || gone) {
            return;
        }
        life++;
        if (stranger == null) {
            simulation.sabotage().starts(id, disk);
        }
        Executor background = task -> simulation.at(
                simulation.now() + random.nextInt(2_000),
                Event.Kind.BACKGROUND,
                this,
                life,
                0,
                () -> onDisk(task::run));
        FileStorage files = FileStorage.on(simulation.sabotage().disk(id, disk), background, random::nextLong)
                .withSegmentBytes(swarm.segmentBytes());
        SimulatedScrubber scrubber = new SimulatedScrubber(this, files);
        DurableStorage storage = stranger != null
                ? files
                : simulation
                        .sabotage()
                        .storage(
                                id,
                                new WitnessedStorage(
                                        files,
                                        facts,
                                        witness,
                                        scrubber::finds,
                                        () -> disk.isDamaged() || disk.hasFailedToRead()));
        ObservedMachine restarted = new ObservedMachine(
                id,
                simulation.load().machine(id, random.split()),
                swarm.snapshotPaddingBytes(),
                witness,
                observer,
                simulation::found);
        SimulatedTransport connections = new SimulatedTransport(simulation.network(), this);
        transport = connections;
        machine = restarted;
        SimulatedListener hears = new SimulatedListener(this, observer);
        listener = hears;
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
                            swarm.retention(),
                            swarm.forcesOnLoop(),
                            hears,
                            restarted,
                            Codec.bytes(),
                            Codec.bytes()),
                    new SimulatedWiring(this, swarm, simulation.sabotage(), witness, facts, restarted, observer));
        } catch (StorageException | SimulatedDisk.PowerLost e) {
            fails(e, Situation.FAILED_AT_START, "recovery: node " + id + " does not start");
            return;
        } catch (IOException e) {
            throw new IllegalStateException("no simulated transport fails to start", e);
        }
        observer.started(id, facts.lost(), facts.keptUnforced());
        note(
                Step.Kind.START,
                () -> "starts, promised " + replica().promised() + ", executed "
                        + machine().slot());
        lost = false;
        startedWithLoss = facts.wasToldOfDamage() || replica().isRebuilding();
        if (stranger == null) {
            foundWhatMustBe();
        }
        SimulatedJobs begun = new SimulatedJobs(simulation, swarm, random, this, node(), restarted, facts, scrubber);
        jobs = begun;
        begun.begin();
    }

    private void foundWhatMustBe() {
        check(
                replica().chosenUpTo() >= facts.trimmedUpTo(),
                () -> "trimming: node " + id + " starts with " + replica() + ", but has trimmed up to slot "
                        + facts.trimmedUpTo());
        if (facts.wasToldOfDamage()) {
            check(disk.isDamaged(), () -> "recovery: node " + id + " finds damage where there is none");
            disk.isToldOf();
        }
        if (facts.wasTrimmed()) {
            observer.hit(Situation.TRIMMED);
        }
        if (disk.holdsSegmentUsedAgain()) {
            observer.hit(Situation.SEGMENT_USED_AGAIN);
        }
        if (machine().isRestored()) {
            observer.hit(Situation.RESTORED_AT_START);
        }
    }

    /** The process is gone; with the power goes what was not forced. */
    void crash(boolean powerLost) {
        SteppedNode<Bytes, Bytes> node = running;
        observer.down(id, false, node != null && node.isHoldingBack());
        if (powerLost && jobs != null && jobs.isWriting() && !disk.hasFailed() && random.nextBoolean()) {
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
            observer.down(id, true, false);
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
        listener = null;
        pausedUntil = 0;
        jobs = null;
        if (stranger == null || !stranger.isTwin()) {
            simulation.network().lost(this);
        }
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

    /** The loop wakes up. */
    void mailArrived() {
        SimulatedJobs busy = jobs;
        if (busy != null) {
            busy.mailArrived();
        }
    }

    /** It leads with a ballot, perhaps with another than before. */
    private void leads(Ballot ballot) {
        if (!ballot.equals(led)) {
            check(
                    led.isBelow(ballot),
                    () -> "a ballot is never used again: " + this + " leads with " + ballot + " after " + led);
            led = ballot;
            simulation.elected();
        }
    }

    /** A turn has ended. */
    void turned(SteppedNode<Bytes, Bytes> node) {
        Replica replica = node.replica();
        if (stranger != null) {
            check(
                    !replica.isLeader() && !(stranger.isEmpty() && node.isConfirmed()),
                    () -> "identity: node " + id + ", " + stranger + ", may vote: " + replica);
            return;
        }
        confirmed |= node.isConfirmed();
        if (replica.isLeader()) {
            check(
                    swarm.quorums().voters() == 1 || listener == null || !listener.isFull(),
                    () -> "full disks: " + this + " leads, though it takes no values");
            leads(replica.ballot());
        }
        simulation.nodes().forEach(other -> {
            mustNotLeadBesides(other);
            other.mustNotLeadBesides(this);
        });
        observer.turned(id, replica, node.bootCount() == 1);
    }

    /** {@return whether it would answer a read now without asking anybody} */
    boolean holdsLease() {
        SteppedNode<Bytes, Bytes> node = running;
        return node != null && stranger == null && node.holdsLease();
    }

    private void mustNotLeadBesides(SimulatedNode holder) {
        check(
                !isLeader()
                        || !holder.holdsLease()
                        || !holder.replica().ballot().isBelow(replica().ballot()),
                () -> "leases: " + holder + ", holds one with ballot "
                        + holder.replica().ballot() + ", but " + this + " leads with ballot "
                        + replica().ballot());
    }

    /** Its disk is damaged when it has a vote to write. */
    void atNextVote(Runnable damage) {
        atNextVote = damage;
    }

    void votes() {
        Runnable event = atNextVote;
        atNextVote = null;
        if (event != null && !simulation.isCalm()) {
            event.run();
        }
    }

    void isInstalled() {
        installs++;
    }

    /** {@return how often it was set to a member's snapshot} */
    int installs() {
        return installs;
    }

    // ---- strangers ----

    /** {@return a second process under this node's id; its disk is to be said} */
    SimulatedNode twin(SplittableRandom itsRandom) {
        hasTwin = true;
        return new SimulatedNode(simulation, swarm, itsRandom, witness, id);
    }

    /** From its next start on it is not the node any more, but somebody who has this disk. */
    void becomes(Stranger another, SimulatedDisk content) {
        stranger = another;
        disk.become(content);
        observer = new Observer(swarm.quorums().voters());
    }

    @Nullable
    Stranger stranger() {
        return stranger;
    }

    boolean isStranger() {
        return stranger != null;
    }

    /** {@return whether it counts among those that may be missing} */
    boolean isSpoiled() {
        return disk.isDamaged() || atNextVote != null || stranger != null || hasTwin;
    }

    boolean isGone() {
        return gone;
    }

    /** It was told that it is not who it says. */
    void isRefused(StorageRefused e) {
        check(
                stranger != null && stranger.reason() == e.reason(),
                () -> "identity: node " + id + (stranger == null ? ", on its own disk," : ", " + stranger + ",")
                        + " stops: " + e.getMessage());
        note(Step.Kind.NOTE, () -> "is refused: " + e.getMessage());
        if (stranger != null) {
            simulation.observer().hit(stranger.refused());
        }
        leave();
    }

    /** It is switched off, and nobody brings it back. */
    void leave() {
        if (isUp()) {
            simulation.crash(this, true);
        }
        gone = true;
    }

    /** Nothing is wrong with it any more, and it is up, if it can be. */
    void awake() {
        pauseUntil(0);
        disk.heal();
        start();
    }

    // ---- the disk ----

    interface DiskWork {
        void run() throws StorageException;
    }

    /** {@return whether it went well; if not, the node is down} */
    boolean onDisk(DiskWork work) {
        try {
            work.run();
            return true;
        } catch (StorageException | SimulatedDisk.PowerLost e) {
            fails(e, Situation.STOPPED_BY_DISK, "the storage of node " + id + " fails by itself");
            return false;
        }
    }

    /**
     * Does what the node can do without: if it could not, because the disk failed, the node goes on.
     *
     * @return whether it went on
     */
    boolean besideLog(DiskWork work) {
        return endures(work, () -> observer.hit(Situation.SNAPSHOT_FAILED));
    }

    private boolean endures(DiskWork work, Runnable failed) {
        boolean failedBefore = disk.hasFailed();
        boolean up = onDisk(work);
        if (up && disk.hasFailed() && !failedBefore) {
            disk.isEndured();
            failed.run();
        }
        return up;
    }

    /** Looks for damage; what cannot be read is left to the next round. */
    boolean scrub(DiskWork step) {
        return endures(step, () -> note(Step.Kind.NOTE, () -> "cannot read what it scrubs"));
    }

    /** A node whose disk failed comes back; one whose disk is damaged must be replaced. Nothing else may stop it. */
    private void fails(Exception e, Situation situation, String otherwise) {
        lost = disk.isFound(e);
        if (!lost && !disk.hasFailed()) {
            throw new AssertionError(otherwise + ": " + e.getMessage(), e);
        }
        observer.hit(lost ? Situation.DAMAGE_FOUND : situation);
        String how = lost ? "is lost: " : "stops: ";
        note(Step.Kind.NOTE, () -> how + e);
        simulation.crash(this, lost || disk.losesCacheNow());
        if (!lost) {
            simulation.restartLater(this);
        }
    }

    /** {@return whether it is up and has executed all that anybody has} */
    boolean holdsEverything() {
        return isUp() && machine().slot() == witness.executed();
    }
}
