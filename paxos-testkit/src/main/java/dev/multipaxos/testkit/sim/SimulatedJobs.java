package dev.multipaxos.testkit.sim;

import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.runtime.SteppedNode;
import java.util.SplittableRandom;

/**
 * What is to be done in one life of a node. In a process each of these jobs has a thread; here each step is an event, sooner or
 * later, whenever there is something to do.
 */
final class SimulatedJobs {

    private static final int IDLE_TICKS = 50;
    private static final int SNAPSHOT_ASKED_TICKS = 1_000; // an operator asks for one once in so many
    private static final int SCRUB_PAUSE_MICROS = 1_000; // at most, between two pieces

    private final Simulation simulation;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final SimulatedNode owner;
    private final SteppedNode<Bytes, Bytes> node;
    private final ObservedMachine machine;
    private final DurableFacts facts;
    private final SimulatedScrubber scrubber;
    private final int life;

    // which of them are under way
    private boolean turnPlanned;
    private boolean writing;
    private boolean executing;
    private boolean answering;
    private boolean capturing;
    private boolean transferring;
    private int idleTicks;

    SimulatedJobs(
            Simulation simulation,
            Swarm swarm,
            SplittableRandom random,
            SimulatedNode owner,
            SteppedNode<Bytes, Bytes> node,
            ObservedMachine machine,
            DurableFacts facts,
            SimulatedScrubber scrubber) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.owner = owner;
        this.node = node;
        this.machine = machine;
        this.facts = facts;
        this.scrubber = scrubber;
        this.life = owner.life();
    }

    private boolean isOver() {
        return owner.life() != life;
    }

    /** The first tick is planned, and the first round of the scrubber; everything else follows. */
    void begin() {
        planTick();
        if (swarm.scrubMicros() > 0 && !owner.isStranger()) {
            planScrub(swarm.scrubMicros());
        }
    }

    /** {@return whether records were written and not forced yet} */
    boolean isWriting() {
        return writing;
    }

    // ---- the loop ----

    private void after(long micros, Event.Kind kind, Runnable action) {
        simulation.at(simulation.now() + micros, kind, owner, life, 0, action);
    }

    private void planTick() {
        after(Math.max(1, owner.micros(node.nextTickNanos() - owner.nanoTime())), Event.Kind.TICK, this::tick);
    }

    private void tick() {
        turn();
        if (isOver()) {
            return;
        }
        planTick();
        if (!writing && !node.hasRecords() && ++idleTicks >= IDLE_TICKS) {
            idleTicks = 0;
            if (!owner.onDisk(() -> node.idle())) {
                return;
            }
        }
        if (random.nextInt(SNAPSHOT_ASKED_TICKS) == 0 && !owner.isStranger()) {
            askForSnapshot();
        }
    }

    /** The loop wakes up, mostly at once. */
    void mailArrived() {
        if (!isOver() && node.hasMail() && !turnPlanned) {
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
        try {
            if (!owner.onDisk(node::turn)) { // where the loop forces
                return;
            }
        } catch (PaxosException.StorageRefused e) {
            owner.isRefused(e);
            return;
        }
        owner.turned(node);
        write();
        answer();
        execute();
        transfer();
    }

    /** One force at a time; what comes meanwhile is for the next. */
    private void write() {
        if (!isOver() && !writing && node.hasRecords()) {
            idleTicks = 0;
            writing = true;
            owner.note(Step.Kind.FORCE, () -> "writes and forces records");
            if (owner.onDisk(() -> node.write())) {
                boolean slow = swarm.has(Fault.SLOW_DISK) && !simulation.isCalm() && random.nextInt(8) == 0;
                if (slow) {
                    owner.observer().struck(Fault.SLOW_DISK);
                }
                int most = slow ? 2 * swarm.parameters().electionTicks() * Swarm.TICK_MICROS : 100;
                after(random.nextInt(most), Event.Kind.SYNCED, this::sync);
            }
        }
    }

    private void sync() {
        if (owner.onDisk(() -> node.sync())) {
            writing = false;
            owner.note(Step.Kind.FORCED, () -> "has forced them");
            mailArrived();
            write();
        }
    }

    /** Reads the journal for a member that lags. */
    private void answer() {
        if (!isOver() && !answering && node.hasQuestions()) {
            answering = true;
            after(random.nextInt(500), Event.Kind.LOG_READ, () -> {
                if (owner.onDisk(() -> node.answerQuestion())) {
                    owner.observer().hit(Situation.CATCH_UP_FROM_JOURNAL);
                    answering = false;
                    mailArrived();
                    answer();
                }
            });
        }
    }

    // ---- the state machine ----

    private void execute() {
        if (!isOver() && !executing && node.hasChosen()) {
            executing = true;
            boolean slow = swarm.has(Fault.SLOW_STATE_MACHINE) && !simulation.isCalm();
            if (slow) {
                owner.observer().struck(Fault.SLOW_STATE_MACHINE);
            }
            after(random.nextInt(slow ? 20_000 : 50), Event.Kind.EXECUTED, () -> {
                executing = false;
                long first = machine.slot() + 1;
                if (!owner.besideLog(() -> node.execute(1 + random.nextInt(8)))) {
                    return;
                }
                if (machine.slot() >= first) {
                    owner.note(Step.Kind.EXECUTE, () -> "executes " + MessageText.range(first, machine.slot()));
                }
                mailArrived();
                execute();
                writeSnapshot();
            });
        }
    }

    // ---- scrubbing ----

    /** A piece after a pause, a round after a long one, so that it is slow as it is beside a node. */
    private void planScrub(int pauseMicros) {
        after(1L + random.nextInt(pauseMicros), Event.Kind.SCRUB, () -> {
            boolean[] more = new boolean[1];
            if (owner.scrub(() -> more[0] = scrubber.step())) {
                mailArrived();
            }
            if (!isOver()) {
                planScrub(more[0] ? SCRUB_PAUSE_MICROS : 2 * swarm.scrubMicros());
            }
        });
    }

    // ---- snapshots ----

    /** An operator asks; what is answered must be on the disk. */
    @SuppressWarnings("FutureReturnValueIgnored") // what is found there is told to the simulation
    private void askForSnapshot() {
        node.snapshot().whenComplete((slot, failure) -> {
            if (failure == null && !facts.snapshots().covers(slot)) {
                simulation.found(new AssertionError("durable before said: node " + owner.id()
                        + " says that it has a snapshot of slot " + slot + ", its disk has " + facts.snapshots()));
            }
        });
        mailArrived();
    }

    /** Writes a captured state, at once or when others have been executed since. */
    private void writeSnapshot() {
        if (!isOver() && !capturing && node.hasCaptured()) {
            capturing = true;
            after(random.nextInt(random.nextInt(4) == 0 ? 20_000 : 500), Event.Kind.SNAPSHOT, () -> {
                if (owner.besideLog(node::writeSnapshot)) {
                    capturing = false;
                    mailArrived();
                    writeSnapshot();
                }
            });
        }
    }

    /** Carries snapshots from and to others. */
    private void transfer() {
        if (!isOver() && !transferring && node.hasTransfers()) {
            transferring = true;
            after(random.nextInt(500), Event.Kind.TRANSFER, () -> {
                if (owner.besideLog(node::transfer)) {
                    transferring = false;
                    mailArrived();
                }
            });
        }
    }
}
