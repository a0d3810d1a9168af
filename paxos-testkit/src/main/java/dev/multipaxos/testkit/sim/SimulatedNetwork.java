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
        if (happens(Fault.LOSS)) {
            return;
        }
        long due = simulation.now() + delay();
        if (happens(Fault.FLIPPED_BYTES)) {
            frame = frame.clone();
            frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
        }
        carry(sender.id(), to, message, frame, crc, due);
        if (happens(Fault.DUPLICATION)) {
            carry(
                    sender.id(),
                    to,
                    message,
                    frame,
                    crc,
                    due + swarm.delayMicros() * (1L + random.nextInt(DUPLICATE_DELAYS)));
        }
    }

    private boolean happens(Fault fault) {
        return swarm.has(fault) && !simulation.isCalm() && random.nextDouble() < swarm.probability();
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

    private void carry(int from, int to, Message message, byte[] frame, int crc, long due) {
        simulation.at(
                due,
                Event.Kind.MESSAGE,
                simulation.node(to),
                0,
                (long) from << 32 ^ crc,
                () -> arrive(from, to, message, frame, crc));
    }

    private void arrive(int from, int to, Message message, byte[] frame, int crc) {
        if (Math.max(cloggedUntil[from], cloggedUntil[to]) > simulation.now()) {
            held.add(() -> carry(from, to, message, frame, crc, simulation.now() + delay()));
        } else if (cut[from][to]) {
            simulation.trace(() -> "  lost: " + from + " → " + to + " is cut");
        } else if (crc(frame) != crc) {
            simulation.trace(() -> "  refused: bytes have changed");
            decodeGarbage(frame);
        } else {
            deliver(from, to, message, frame);
        }
    }

    private void deliver(int from, int to, Message sent, byte[] frame) {
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
                    check(message.equals(sent), () -> "codec: " + sent + " was sent, " + message + " came");
                    simulation.node(to).receive(from, message);
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
    private void decodeGarbage(byte[] frame) {
        try {
            PeerCodec.decode(Bytes.wrap(frame), new PeerFrames() {
                @Override
                public void onMessage(Envelope envelope, Message message) {
                    simulation.trace(() -> "  which the codec would have taken for " + message);
                }

                @Override
                public void onEdge(Envelope envelope, Edge edge) {
                    simulation.trace(() -> "  which the codec would have taken for " + edge);
                }
            });
        } catch (WireException e) {
            simulation.trace(() -> "  which the codec refuses: " + e.getMessage());
        }
    }
}
