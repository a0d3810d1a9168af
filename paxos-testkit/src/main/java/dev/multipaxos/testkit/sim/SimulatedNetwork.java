package dev.multipaxos.testkit.sim;

import static dev.multipaxos.testkit.sim.Checks.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.PeerCodec;
import dev.multipaxos.wire.PeerFrames;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * Carries frames from node to node, each with a checksum, as the transport does: what arrives arrives whole, late, twice or not
 * at all. Every message is encoded when it leaves and decoded when it arrives.
 */
final class SimulatedNetwork {

    private static final int GROUP = 1;
    private static final int REORDERED_DELAYS = 100;
    private static final int DUPLICATE_DELAYS = 200;

    /** A message on its way: its number, whether it is a copy, and the life in which its sender sent it. */
    record Flight(long number, boolean again, int senderLife, Message message) {}

    private final Simulation simulation;
    private final Swarm swarm;
    private final SplittableRandom random;
    private final long cluster;
    private final boolean[][] cut; // by sender, receiver
    private final long[] cloggedUntil; // by node
    private final List<Runnable> held = new ArrayList<>(); // brings on its way again what came as far as a clog

    SimulatedNetwork(Simulation simulation, Swarm swarm, SplittableRandom random) {
        this.simulation = simulation;
        this.swarm = swarm;
        this.random = random;
        this.cluster = random.nextLong();
        int nodes = swarm.quorums().voters() + 1;
        this.cut = new boolean[nodes][nodes];
        this.cloggedUntil = new long[nodes];
    }

    // ---- what happens to it ----

    void cut(int from, int to) {
        cut[from][to] = true;
    }

    void clog(int node, long until) {
        cloggedUntil[node] = Math.max(cloggedUntil[node], until);
        simulation.later(until - simulation.now(), this::release);
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

    // ---- what it carries ----

    void send(SimulatedNode sender, int to, Message message) {
        Envelope envelope = new Envelope(
                cluster, GROUP, sender.id(), to, sender.storageId(), sender.bootCount(), sender.journalPosition());
        byte[] frame = frame(PeerCodec.head(envelope, message), PeerCodec.body(message));
        int crc = crc(frame);
        long number = simulation.observer().sent(sender.id(), to, message);
        if (happens(Fault.LOSS)) {
            simulation.observer().lost(number, sender.id(), to, message, "loss");
            return;
        }
        long due = simulation.now() + delay();
        if (happens(Fault.FLIPPED_BYTES)) {
            frame = frame.clone();
            frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
        }
        Flight flight = new Flight(number, false, sender.life(), message);
        carry(flight, sender.id(), to, frame, crc, due);
        if (happens(Fault.DUPLICATION)) {
            Flight copy = new Flight(number, true, sender.life(), message);
            carry(
                    copy,
                    sender.id(),
                    to,
                    frame,
                    crc,
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

    private static byte[] frame(Bytes head, Bytes body) {
        byte[] frame = new byte[head.length() + body.length()];
        System.arraycopy(head.array(), head.offset(), frame, 0, head.length());
        System.arraycopy(body.array(), body.offset(), frame, head.length(), body.length());
        return frame;
    }

    private static int crc(byte[] frame) {
        CRC32C crc = new CRC32C();
        crc.update(frame);
        return (int) crc.getValue();
    }

    private void carry(Flight flight, int from, int to, byte[] frame, int crc, long due) {
        simulation.at(
                due,
                Event.Kind.MESSAGE,
                simulation.node(to),
                0,
                (long) from << 32 ^ crc,
                () -> arrive(flight, from, to, frame, crc));
    }

    private void arrive(Flight flight, int from, int to, byte[] frame, int crc) {
        if (Math.max(cloggedUntil[from], cloggedUntil[to]) > simulation.now()) {
            held.add(() -> carry(flight, from, to, frame, crc, simulation.now() + delay()));
        } else if (cut[from][to]) {
            simulation.observer().lost(flight.number(), from, to, flight.message(), "cut");
        } else if (crc(frame) != crc) {
            simulation.observer().lost(flight.number(), from, to, flight.message(), "bytes have changed");
            decodeGarbage(to, frame);
        } else {
            deliver(flight, from, to, frame);
        }
    }

    private void deliver(Flight flight, int from, int to, byte[] frame) {
        try {
            PeerCodec.decode(Bytes.wrap(frame), new PeerFrames() {
                @Override
                public void onMessage(Envelope envelope, Message message) {
                    check(
                            envelope.cluster() == cluster
                                    && envelope.group() == GROUP
                                    && envelope.from() == from
                                    && envelope.to() == to,
                            () -> "codec: from " + from + " to " + to + " came " + envelope);
                    simulation.node(to).receive(flight, from, message);
                }

                @Override
                public void onEdge(Envelope envelope, Edge edge) {
                    throw new AssertionError("codec: nobody sent " + edge);
                }
            });
        } catch (WireException e) {
            throw new AssertionError("codec: what was encoded cannot be decoded", e);
        }
    }

    /** The checksum keeps such frames from the codec; were it ever to let one through, the codec must not break. */
    private void decodeGarbage(int to, byte[] frame) {
        try {
            PeerCodec.decode(Bytes.wrap(frame), new PeerFrames() {
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

    private void note(int to, String what) {
        simulation.observer().at(to, Step.Kind.NOTE, () -> what);
    }
}
