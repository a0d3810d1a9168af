package dev.multipaxos.testkit.sim;

import dev.multipaxos.Consistency;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * A client that is no member, as simple as one can be: it has a session, a few calls open, and asks somebody else when it hears
 * nothing. What it sends again it sends in the same session under the same number, so that it is executed once.
 */
final class RemoteClient {

    private static final int OPEN_MAX = 4;
    private static final Bytes HELLO = HelloCodec.encode(new Hello.Client(Hello.PROTOCOL_VERSION, 0, 1));

    /** A command that is not answered. */
    private static final class Open {
        final Load.Call call;
        int submissions; // those that were not refused

        Open(Load.Call call) {
            this.call = call;
        }
    }

    private final Simulation simulation;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final Witness witness;
    private final int name;

    private SimulatedNode server;
    private int serverLife;
    private long connection; // 0: none
    private long frame; // the last one sent
    private long heardAt;

    private boolean commandServed; // since the cluster was healed
    private boolean queryServed;

    private long session; // 0: none
    private long nonce;
    private long openedAt; // when it last asked for a session
    private long nextSequence = 1;
    private final TreeMap<Long, Open> open = new TreeMap<>(); // by sequence
    private final Map<Long, List<Open>> submitted = new HashMap<>(); // by frame
    private final Map<Long, Long> queries = new HashMap<>(); // calls by frame

    RemoteClient(Simulation simulation, Swarm swarm, SplittableRandom random, Witness witness, int name) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.witness = witness;
        this.name = name;
        this.server = simulation.node(1 + random.nextInt(swarm.quorums().voters()));
    }

    void plan() {
        simulation.at(
                simulation.now() + 1 + random.nextInt(4 * swarm.proposalMicros()),
                Event.Kind.CLIENT,
                null,
                0,
                name,
                this::act);
    }

    private void act() {
        boolean calm = simulation.isCalm();
        if (calm && isServed()) {
            return;
        }
        plan();
        if (connection == 0 || serverLife != server.life()) {
            connect(simulation.node(1 + random.nextInt(swarm.quorums().voters())));
        } else if (simulation.now() - heardAt > patienceMicros()) {
            connect(simulation.node(1 + random.nextInt(swarm.quorums().voters())));
        } else if (session == 0) {
            if (!calm || simulation.now() - openedAt > patienceMicros()) { // of many sessions each ends another
                openSession();
            }
        } else if (calm) {
            callHealed();
        } else if (random.nextInt(200) == 0) {
            leave();
        } else if (random.nextInt(50) == 0) {
            send(List.of(), new Command(Command.Kind.KEEP_ALIVE, session, 0, 0, Bytes.EMPTY));
        } else if (simulation.clients().mayAsk()) {
            call();
        }
    }

    private long patienceMicros() {
        return 4L * swarm.parameters().electionTicks() * Swarm.TICK_MICROS;
    }

    // ---- connections

    /** Goes to a server, with everything that is open. */
    private void connect(SimulatedNode next) {
        queries.values().forEach(simulation.load()::notExecuted);
        queries.clear();
        submitted.clear();
        if (connection != 0) {
            simulation.network().disconnectClient(server, serverLife, connection);
        }
        server = next;
        serverLife = next.life();
        long[] own = {0};
        own[0] = simulation.network().connectClient(next, HELLO, bytes -> onFrame(own[0], bytes));
        connection = own[0];
        heardAt = simulation.now();
        if (connection != 0 && session != 0) {
            resubmit();
        }
    }

    private void resubmit() {
        if (!open.isEmpty()) {
            List<Command> commands = new ArrayList<>();
            open.forEach((sequence, command) -> commands.add(command(sequence, command)));
            send(open.values(), commands.toArray(Command[]::new));
        }
    }

    private Command command(long sequence, Open command) {
        return new Command(
                Command.Kind.APPLY, session, sequence, Math.min(open.firstKey(), sequence), command.call.command());
    }

    private void send(Collection<Open> calls, Command... commands) {
        calls.forEach(call -> call.submissions++);
        submitted.put(++frame, List.copyOf(calls));
        transmit(new ClientMessage.Submit(frame, Commands.encode(List.of(commands))));
    }

    private void transmit(ClientMessage message) {
        Bytes head = ClientCodec.head(message);
        Bytes body = ClientCodec.body(message);
        simulation.network().sendFromClient(server, connection, SimulatedTransport.frame(head, body));
    }

    // ---- the session

    private void openSession() {
        if (nonce == 0) {
            nonce = random.nextLong() >>> 1 | 1; // members have the negative ones
        }
        openedAt = simulation.now();
        send(List.of(), new Command(Command.Kind.OPEN, nonce, 0, 0, Bytes.EMPTY));
    }

    /** Says good-bye, or not; a new session comes next. */
    private void leave() {
        if (random.nextBoolean() && open.isEmpty()) {
            send(List.of(), new Command(Command.Kind.CLOSE, session, 0, 0, Bytes.EMPTY));
        }
        endSession();
    }

    private void endSession() {
        open.values().forEach(command -> simulation.load().unknown(command.call.id()));
        open.clear();
        session = 0;
        nonce = 0;
        nextSequence = 1;
    }

    // ---- calls

    private void call() {
        Load.Call query = random.nextInt(4) == 0 ? simulation.load().query(name) : null;
        if (query != null) {
            ask(query);
        } else {
            propose();
        }
    }

    /** One thing after the other, until the healed cluster has answered both. */
    private void callHealed() {
        if (commandServed) {
            Load.Call query = simulation.load().query(name);
            if (query != null) {
                ask(query);
            } else {
                queryServed = true;
            }
        } else {
            propose();
        }
    }

    /** {@return whether the healed cluster has answered a command and a query, if there are any} */
    boolean isServed() {
        return commandServed && queryServed;
    }

    private void ask(Load.Call query) {
        witness.askedToRead(query.id());
        queries.put(++frame, query.id());
        transmit(new ClientMessage.Query(frame, true, swarm.consistency(frame) == Consistency.LEASE, query.command()));
    }

    private void propose() {
        if (open.isEmpty()
                || nextSequence - open.firstKey()
                        < Math.min(OPEN_MAX, swarm.sessions().window())) {
            Load.Call call = simulation.load().command(name);
            witness.asked(call.id(), call.command());
            nextSequence += random.nextInt(100) == 0 ? swarm.sessions().window() : 0; // too far, if any is open
            Open command = new Open(call);
            open.put(nextSequence, command);
            send(List.of(command), command(nextSequence++, command));
        }
    }

    // ---- answers

    private void onFrame(long from, Bytes bytes) {
        if (from != connection) {
            return;
        }
        heardAt = simulation.now();
        ClientMessage message;
        try {
            message = ClientCodec.decode(bytes);
        } catch (WireException e) {
            throw new AssertionError("codec: what a member said to a client cannot be decoded", e);
        }
        if (message instanceof ClientMessage.Results results) {
            simulation.observer().at(server.id(), Step.Kind.CALL, () -> "tells client " + name + ": " + results);
            results.results().forEach(this::onResult);
        } else if (message instanceof ClientMessage.QueryResult result) {
            onQueryResult(result);
        } else if (message instanceof ClientMessage.NotLeader refusal) {
            onNotLeader(refusal);
        }
    }

    private void onResult(ClientMessage.Result result) {
        if (result.sequence() == 0) {
            if (session == 0 && result.session() == nonce && result.status() == Status.OK) {
                session = result.payload().toByteBuffer().getLong();
            } else if (session != 0 && result.session() == session && result.status() == Status.SESSION_EXPIRED) {
                endSession();
            }
            return;
        }
        Open command = result.session() == session ? open.get(result.sequence()) : null;
        if (command == null) {
            return;
        }
        if (command.submissions > 1 && result.status() == Status.OK) {
            simulation.observer().hit(Situation.ANSWERED_AFTER_RETRY);
        }
        switch (result.status()) {
            case OK -> {
                open.remove(result.sequence());
                commandServed |= simulation.isCalm();
                simulation.load().answered(command.call.id(), result.payload());
            }
            case REFUSED -> end(result.sequence(), command, true);
            case OUTSIDE_WINDOW -> {
                simulation.observer().hit(Situation.OUTSIDE_WINDOW);
                end(result.sequence(), command, command.submissions == 1);
            }
            case OVERLOADED -> {
                command.submissions--;
                end(result.sequence(), command, command.submissions == 0);
            }
            case SESSION_EXPIRED -> {
                end(result.sequence(), command, command.submissions == 1);
                endSession();
            }
            default -> end(result.sequence(), command, false);
        }
    }

    private void end(long sequence, Open command, boolean definite) {
        open.remove(sequence);
        if (definite) {
            simulation.load().notExecuted(command.call.id());
        } else {
            simulation.load().unknown(command.call.id());
        }
    }

    private void onQueryResult(ClientMessage.QueryResult result) {
        Long call = queries.remove(result.id());
        if (call != null && result.status() == Status.OK) {
            queryServed |= simulation.isCalm();
            simulation.load().answered(call, result.payload());
        } else if (call != null) {
            Checks.check(
                    result.status() != Status.QUERY_FAILED,
                    () -> "calls: a query failed: " + result.payload().toUtf8());
            simulation.load().notExecuted(call);
        }
    }

    private void onNotLeader(ClientMessage.NotLeader refusal) {
        List<Open> refused = submitted.remove(refusal.id());
        if (refused != null) {
            refused.forEach(command -> command.submissions--);
        }
        Long query = queries.remove(refusal.id());
        if (query != null) {
            simulation.observer().hit(Situation.READ_REFUSED);
            simulation.load().notExecuted(query);
        }
        if (refusal.leader() != 0 && refusal.leader() != server.id()) {
            connect(simulation.node(refusal.leader()));
        }
    }
}
