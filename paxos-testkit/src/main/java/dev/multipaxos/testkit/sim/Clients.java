package dev.multipaxos.testkit.sim;

import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Everybody who wants something of the cluster: applications at the members, and clients that are none. */
final class Clients {

    private static final int QUERIES = 4; // one call in so many
    private static final long GRACE_MICROS = 100_000; // deadlines are looked at now and then
    private static final int FIRST_REMOTE = 101; // names of clients below are those of members

    private final Simulation simulation;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final Witness witness;
    private final List<RemoteClient> remote = new ArrayList<>();
    private final List<Open> calls = new ArrayList<>();
    private final long mostAsked;
    private long asked;

    /** A call at a member; it must have ended by {@code dueMicros}, unless the member stands still then. */
    record Open(SimulatedNode node, int life, long id, long dueMicros, CompletableFuture<@Nullable Void> ended) {}

    Clients(Simulation simulation, Swarm swarm, SplittableRandom random, Witness witness, long mostAsked) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.witness = witness;
        this.mostAsked = mostAsked;
        for (int i = 0; i < swarm.remoteClients(); i++) {
            remote.add(new RemoteClient(simulation, swarm, random.split(), witness, FIRST_REMOTE + i));
        }
    }

    void plan() {
        remote.forEach(RemoteClient::plan);
        planCall();
    }

    private void planCall() {
        simulation.at(
                simulation.now() + 1 + random.nextInt(2 * swarm.proposalMicros()),
                Event.Kind.CLIENT,
                null,
                0,
                0,
                this::callSomewhere);
    }

    private void callSomewhere() {
        if (!simulation.isCalm()) {
            planCall();
            if (random.nextInt(32) == 0) {
                mustBeInTime(); // every time would be too often
            }
            SimulatedNode node =
                    simulation.nodes().get(random.nextInt(simulation.nodes().size()));
            if (node.isUp() && node.pausedUntil() <= simulation.now() && mayAsk()) {
                call(node);
            }
        }
    }

    /** A call ends by its deadline, whatever happens; what stood still has a moment to notice it. */
    private void mustBeInTime() {
        for (Open call : open()) {
            Checks.check(
                    simulation.now() <= call.dueMicros || simulation.now() - call.node.stillUntil() <= GRACE_MICROS,
                    () -> "calls: call " + call.id + " at node " + call.node.id() + " is open "
                            + (simulation.now() - call.dueMicros) / 1_000 + " ms after it must have ended");
        }
    }

    /** {@return whether somebody who wants something may ask for it: clients fall silent after so many calls} */
    boolean mayAsk() {
        return asked++ < mostAsked;
    }

    /** {@return how many calls somebody wanted to make} */
    long asked() {
        return asked;
    }

    private void call(SimulatedNode node) {
        Duration deadline =
                Duration.ofMillis(1 + random.nextInt(40 * swarm.parameters().electionTicks()));
        Load.Call query = random.nextInt(QUERIES) == 0 ? simulation.load().query(node.id()) : null;
        if (query == null) {
            propose(node, deadline, () -> {});
        } else {
            read(node, query, deadline, () -> {});
        }
    }

    /** Has a member's application ask a query, if there is any, and do something when it is answered. */
    void read(SimulatedNode node, Duration deadline, Runnable answered) {
        Load.Call query = simulation.load().query(node.id());
        if (query == null) {
            answered.run();
        } else {
            read(node, query, deadline, answered);
        }
    }

    private void read(SimulatedNode node, Load.Call call, Duration deadline, Runnable answered) {
        witness.askedToRead(call.id());
        if (node.holdsLease()) {
            simulation.observer().hit(Situation.READ_WITH_LEASE);
        }
        ObservedMachine machine = node.machine();
        await(
                node,
                call.id(),
                deadline,
                () -> node.read(swarm.consistency(call.id()), () -> machine.query(call.command()), deadline),
                answered);
    }

    /** Has a member's application ask for a command, and do something when it is answered. */
    void propose(SimulatedNode node, Duration deadline, Runnable answered) {
        Load.Call call = simulation.load().command(node.id());
        witness.asked(call.id(), call.command());
        int installs = node.installs();
        await(node, call.id(), deadline, () -> node.propose(call.command(), deadline), () -> {
            if (node.installs() != installs) {
                simulation.observer().hit(Situation.ANSWERED_AFTER_INSTALL);
            }
            answered.run();
        });
    }

    /** The answer comes on its own; of a call that was made in a life that is over it never does. */
    private void await(
            SimulatedNode node,
            long id,
            Duration deadline,
            Supplier<CompletableFuture<Bytes>> call,
            Runnable answered) {
        int life = node.life(); // the call itself may be the end of it
        CompletableFuture<@Nullable Void> ended = call.get().handle((bytes, failure) -> {
            try {
                ended(node, id, bytes, failure);
                if (failure == null) {
                    answered.run();
                }
            } catch (AssertionError | RuntimeException wrong) {
                simulation.found(wrong);
            }
            return null;
        });
        long dueMicros = simulation.now() + 2 * deadline.toNanos() / 1_000 + GRACE_MICROS; // its clock may be slow
        calls.add(new Open(node, life, id, dueMicros, ended));
    }

    private void ended(SimulatedNode node, long id, @Nullable Bytes answer, @Nullable Throwable failure) {
        Observer observer = simulation.observer();
        if (failure instanceof PaxosException.Overloaded) {
            observer.hit(Situation.OVERLOADED);
        } else { // the others may be too many for a trace
            observer.at(
                    node.id(),
                    Step.Kind.CALL,
                    () -> "call " + id + " ended: " + (failure == null ? "answered" : failure.getMessage()));
        }
        if (failure instanceof PaxosException.OutcomeUnknown) {
            observer.hit(Situation.OUTCOME_UNKNOWN);
        } else if (failure instanceof PaxosException.DiskFull) {
            observer.hit(Situation.REFUSED_ON_FULL_DISK);
        } else if (failure instanceof PaxosException.SessionExpired) {
            observer.hit(Situation.SESSION_LOST);
        }
        simulation.load().ended(id, answer, failure);
    }

    /** {@return whether each client that is no member got answers of the healed cluster} */
    boolean areServed() {
        return remote.stream().allMatch(RemoteClient::isServed);
    }

    /** {@return those calls at members that are up which have not ended} */
    List<Open> open() {
        calls.removeIf(call -> call.node.life() != call.life || call.ended.isDone());
        return calls;
    }
}
