package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.PeerCodec;
import dev.multipaxos.wire.PeerFrames;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Carries frames from node to node, each with a checksum, as the transport does: what arrives arrives whole, late, twice or not
 * at all. Connections are greeted and judged as everywhere; else it is worse than any transport, which keeps order.
 */
final class SimulatedNetwork {

    private static final int REORDERED_DELAYS = 100;
    private static final int DUPLICATE_DELAYS = 200;
    private static final int REDIAL_MICROS = 10_000;
    private static final int DECODED_MASK = 7; // of frames that nobody watches one in eight is looked at

    /** A frame on its way: its number, what it says if that is the protocol's, the sender's life, and whether it is a copy. */
    private record Flight(
            long number,
            int from,
            int to,
            Bytes frame,
            int crc,
            @Nullable Message message,
            int life,
            boolean again) {}

    /** Messages that do not come before a certain time. */
    private record Late(long until, Predicate<Message> messages) {}

    private final Simulation simulation;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final boolean[][] cut; // by sender, receiver
    private final int[][] admitted; // by sender, receiver: the receiver's life that has let the sender in
    private final long[] cloggedUntil; // by node
    private final List<@Nullable Late> late = new ArrayList<>(); // by node
    private final List<Runnable> held = new ArrayList<>(); // brings on its way again what came as far as a clog
    private long lastConnection; // of a client

    SimulatedNetwork(Simulation simulation, Swarm swarm, SplittableRandom random) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        int nodes = swarm.quorums().voters() + 1;
        this.cut = new boolean[nodes][nodes];
        this.admitted = new int[nodes][nodes];
        this.cloggedUntil = new long[nodes];
        this.late.addAll(Collections.nCopies(nodes, null));
    }

    // ---- what happens to it ----

    void cut(int from, int to) {
        cut[from][to] = true;
    }

    void clog(int node, long until) {
        cloggedUntil[node] = Math.max(cloggedUntil[node], until);
        simulation.later(until - simulation.now(), this::release);
    }

    /** Holds some of the messages to a node back until then, or the healing; no mending in between lets them go. */
    void delay(int node, long until, Predicate<Message> messages) {
        late.set(node, new Late(until, messages));
        simulation.later(until - simulation.now(), this::release);
    }

    /** {@return whether some messages are being held back; two such delays at once mostly stop everything} */
    boolean isDelaying() {
        return late.stream().anyMatch(held -> held != null && simulation.now() < held.until);
    }

    private boolean isLate(int to, @Nullable Message message) {
        Late held = late.get(to);
        return held != null
                && message != null
                && simulation.now() < held.until
                && !simulation.isCalm()
                && held.messages.test(message);
    }

    private void release() {
        List<Runnable> all = List.copyOf(held);
        held.clear();
        all.forEach(Runnable::run);
    }

    /** Mends everything; what was held back is on its way again. */
    void heal() {
        for (boolean[] from : cut) {
            Arrays.fill(from, false);
        }
        Arrays.fill(cloggedUntil, 0);
        release();
    }

    /** {@return the longest time for which a message may be on its way once nothing is clogged} */
    long lifeMicros() {
        return (long) swarm.delayMicros() * (REORDERED_DELAYS + DUPLICATE_DELAYS);
    }

    private boolean isOpen(int one, int other) {
        return !cut[one][other]
                && !cut[other][one]
                && Math.max(cloggedUntil[one], cloggedUntil[other]) <= simulation.now();
    }

    // ---- connections ----

    /** Keeps a connection from one node to another while the one lives. */
    void dialLater(SimulatedTransport dialler, int peer) {
        if (!dialler.beginDialling(peer)) {
            return;
        }
        int most = simulation.isCalm() ? swarm.delayMicros() : REDIAL_MICROS;
        simulation.at(
                simulation.now() + 1 + random.nextInt(most),
                Event.Kind.DIAL,
                dialler.node(),
                dialler.node().life(),
                peer,
                () -> dial(dialler, simulation.node(peer)));
    }

    private void dial(SimulatedTransport dialler, SimulatedNode peer) {
        SimulatedNode node = dialler.node();
        dialler.endDialling(peer.id());
        if (dialler.isUp()) {
            dialler.unlinked(peer.id());
            if (!peer.isUp() || peer.pausedUntil() > simulation.now() || !isOpen(node.id(), peer.id())) {
                dialLater(dialler, peer.id());
            } else if (isAdmitted(dialler, peer.transport())) {
                if (simulation.strangers().haveMet(node, peer)) {
                    return;
                }
                admitted[node.id()][peer.id()] = peer.life();
                dialler.linked(peer);
                peer.mailArrived();
                node.mailArrived();
            } else {
                dialLater(dialler, peer.id());
            }
        }
    }

    private boolean isAdmitted(SimulatedTransport dialler, SimulatedTransport dialled) {
        Transport.Verdict theirs = dialled.receiver()
                .onHello(
                        0,
                        "node-" + dialler.node().id(),
                        dialler.receiver().hello(dialled.node().id()));
        Transport.Verdict ours = theirs;
        if (theirs.refusal() == null || theirs.answer().length() > 0) {
            Bytes answer = theirs.refusal() == null ? dialled.receiver().hello(0) : theirs.answer();
            ours = dialler.receiver()
                    .onHello(dialled.node().id(), "node-" + dialled.node().id(), answer);
            dialler.node().mailArrived();
        }
        if (ours.refusal() != null) {
            note(dialler.node().id(), "is not connected: " + ours.refusal());
        }
        return ours.refusal() == null;
    }

    /** A process is gone: after a while those that are connected to it notice, and dial again. */
    void lost(SimulatedNode gone) {
        for (SimulatedNode node : simulation.nodes()) {
            if (node != gone && node.isUp()) {
                dialLater(node.transport(), gone.id());
            }
        }
    }

    // ---- what it carries ----

    /** Carries a frame; {@code message} is what it says, if that is the protocol's. */
    void send(int from, int to, Bytes frame, @Nullable Message message) {
        int crc = crc(frame);
        Bytes carried = frame;
        long number = 0;
        if (message != null) {
            number = simulation.observer().sent(from, to, message);
        } else {
            simulation.observer().hit(Situation.FORWARDED);
        }
        if (happens(Fault.LOSS)) {
            lost(number, from, to, message, "loss");
            return;
        }
        long due = simulation.now() + delay();
        if (happens(Fault.FLIPPED_BYTES)) {
            byte[] changed = frame.toArray();
            changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
            carried = Bytes.wrap(changed);
        }
        int life = simulation.node(from).life();
        carry(new Flight(number, from, to, carried, crc, message, life, false), due);
        if (message != null && happens(Fault.DUPLICATION)) { // a definite refusal relies on a forward arriving once
            carry(
                    new Flight(number, from, to, carried, crc, message, life, true),
                    due + swarm.delayMicros() * (1L + random.nextInt(DUPLICATE_DELAYS)));
        }
    }

    private boolean happens(Fault fault) {
        if (!swarm.drew(fault) || simulation.isCalm() || random.nextDouble() >= swarm.probability()) {
            return false;
        }
        if (swarm.has(fault)) {
            simulation.observer().struck(fault);
        }
        return swarm.has(fault);
    }

    private int delay() {
        int most = simulation.isCalm() ? Math.min(100, swarm.delayMicros()) : swarm.delayMicros();
        return 1 + random.nextInt(happens(Fault.REORDERING) ? REORDERED_DELAYS * most : most);
    }

    private static int crc(Bytes frame) {
        CRC32C crc = new CRC32C();
        crc.update(frame.array(), frame.offset(), frame.length());
        return (int) crc.getValue();
    }

    private void carry(Flight flight, long due) {
        simulation.at(
                due,
                Event.Kind.MESSAGE,
                simulation.node(flight.to),
                0,
                (long) flight.from << 32 ^ flight.crc,
                () -> arrive(flight));
    }

    private void arrive(Flight flight) {
        int from = flight.from;
        int to = flight.to;
        SimulatedNode receiver = simulation.node(to);
        if (Math.max(cloggedUntil[from], cloggedUntil[to]) > simulation.now()) {
            held.add(() -> carry(flight, simulation.now() + delay()));
        } else if (isLate(to, flight.message)) {
            held.add(() -> carry(flight, simulation.now() + 1)); // in order: what was said long ago comes first
        } else if (cut[from][to]) {
            lost(flight.number, from, to, flight.message, "cut");
        } else if (crc(flight.frame) != flight.crc) {
            lost(flight.number, from, to, flight.message, "bytes have changed");
            decodeGarbage(to, flight.frame);
        } else if (!receiver.isUp()) {
            simulation.observer().hit(Situation.MESSAGE_TO_NOBODY);
            lost(flight.number, from, to, flight.message, "nobody is there");
        } else if (admitted[from][to] != receiver.life()) {
            lost(flight.number, from, to, flight.message, "not connected");
        } else {
            if (flight.message != null) {
                boolean earlierLife = simulation.node(from).life() != flight.life;
                simulation
                        .observer()
                        .arrives(
                                flight.number, from, to, flight.message, flight.again, earlierLife, receiver.replica());
            }
            boolean looks = simulation.isWatched() || (flight.crc & DECODED_MASK) == 0;
            receiver.receive(from, looks ? decoded(from, to, flight.frame, flight.message) : flight.frame);
        }
    }

    private void lost(long number, int from, int to, @Nullable Message message, String why) {
        if (message != null) {
            simulation.observer().lost(number, from, to, message, why);
        }
    }

    /** Sees that a frame says what it should; a test may put another in its place. */
    private Bytes decoded(int from, int to, Bytes frame, @Nullable Message sent) {
        Bytes[] result = {frame};
        try {
            PeerCodec.decode(frame, new PeerFrames() {
                @Override
                public void onMessage(Envelope envelope, Message message) {
                    check(envelope);
                    Checks.check(message.equals(sent), () -> "codec: " + sent + " was sent, " + message + " came");
                    Message arrives = simulation.sabotage().arrives(from, to, message);
                    if (arrives != message) {
                        Bytes head = PeerCodec.head(envelope, arrives);
                        Bytes body = PeerCodec.body(arrives);
                        result[0] = SimulatedTransport.frame(head, body);
                    }
                }

                @Override
                public void onEdge(Envelope envelope, Edge edge) {
                    check(envelope);
                    note(to, from + " → " + to + "  " + edge);
                }

                private void check(Envelope envelope) {
                    Checks.check(
                            envelope.from() == from && envelope.to() == to,
                            () -> "codec: from " + from + " to " + to + " came " + envelope);
                }
            });
        } catch (WireException e) {
            throw new AssertionError("codec: what was encoded cannot be decoded", e);
        }
        return result[0];
    }

    /** The checksum keeps such frames from the codec; were it ever to let one through, the codec must not break. */
    private void decodeGarbage(int to, Bytes frame) {
        try {
            PeerCodec.decode(frame, new PeerFrames() {
                @Override
                public void onMessage(Envelope envelope, Message message) {
                    note(to, "the codec would have taken the bytes for " + message);
                }

                @Override
                public void onEdge(Envelope envelope, Edge edge) {
                    note(to, "the codec would have taken the bytes for " + edge);
                }
            });
        } catch (WireException e) {
            note(to, "the codec refuses the bytes: " + e.getMessage());
        }
    }

    private void note(int node, String what) {
        simulation.observer().at(node, Step.Kind.NOTE, () -> what);
    }

    // ---- clients ----

    /** Connects a client that is no member; false if the node is not there. */
    long connectClient(SimulatedNode node, Bytes hello, Consumer<Bytes> frames) {
        if (!node.isUp()
                || node.pausedUntil() > simulation.now()
                || node.transport().receiver().onHello(0, "a client", hello).refusal() != null) {
            return 0;
        }
        node.transport().connectClient(++lastConnection, frames);
        return lastConnection;
    }

    /** A client closes its connection; the node notices after a while, if it is still there. */
    void disconnectClient(SimulatedNode node, int life, long connection) {
        simulation.at(
                simulation.now() + delay(),
                Event.Kind.MESSAGE,
                node,
                life,
                connection,
                () -> node.clientLeft(connection));
    }

    /** A frame of a client is on its way to a node; if that has a new life meanwhile, it is lost. */
    void sendFromClient(SimulatedNode node, long connection, Bytes frame) {
        if (!happens(Fault.LOSS)) { // as if the connection were lost with it
            simulation.at(
                    simulation.now() + delay(),
                    Event.Kind.MESSAGE,
                    node,
                    node.life(),
                    connection << 32 ^ crc(frame),
                    () -> node.receiveFromClient(connection, frame));
        }
    }

    void sendToClient(int from, Bytes frame, Consumer<Bytes> client) {
        if (!happens(Fault.LOSS)) {
            simulation.at(
                    simulation.now() + delay(),
                    Event.Kind.CLIENT,
                    null,
                    0,
                    (long) from << 32 ^ crc(frame),
                    () -> client.accept(frame));
        }
    }
}
