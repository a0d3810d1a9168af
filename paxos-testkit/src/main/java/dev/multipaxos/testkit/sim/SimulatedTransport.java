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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One life's end of the {@link SimulatedNetwork}. What is said leaves with the next flush. */
final class SimulatedTransport implements Transport {

    private final SimulatedNetwork network;
    private final SimulatedNode node;
    private final int life;
    private final Set<Integer> dialling = new TreeSet<>();
    private final Set<Integer> links = new TreeSet<>(); // the peers that are connected
    private final Map<Long, Consumer<Bytes>> clients = new HashMap<>(); // by connection
    private final Map<Integer, Edge.SnapshotChunk> parts = new HashMap<>(); // the last one, by receiver
    private final List<Runnable> unflushed = new ArrayList<>();
    private @Nullable Receiver receiver;
    private boolean closed;
    private @Nullable Message saying; // what the next frame says, if it is the protocol's

    SimulatedTransport(SimulatedNetwork network, SimulatedNode node) {
        this.network = network;
        this.node = node;
        this.life = node.life();
    }

    SimulatedNode node() {
        return node;
    }

    /** {@return whether the process that it belongs to is still there} */
    boolean isUp() {
        return !closed && node.life() == life && node.isUp();
    }

    Receiver receiver() {
        Receiver started = receiver;
        if (started == null) {
            throw new IllegalStateException("not started");
        }
        return started;
    }

    @Override
    public int start(String bind, int frameBytesMax, Receiver target) {
        receiver = target;
        return node.id();
    }

    @Override
    public void connect(int peer, String address) {
        network.dialLater(this, peer);
    }

    // ---- links to peers

    /** {@return whether it was not dialling this peer already} */
    boolean beginDialling(int peer) {
        return dialling.add(peer);
    }

    void endDialling(int peer) {
        dialling.remove(peer);
    }

    void linked(SimulatedNode peer) {
        links.add(peer.id());
        receiver().onPeerConnected(peer.id());
    }

    /** The other side of a link is gone. */
    void unlinked(int peer) {
        if (links.remove(peer)) {
            receiver().onPeerDisconnected(peer);
        }
    }

    /** The next frame says this. */
    void saying(Message message) {
        saying = message;
    }

    @Override
    public boolean send(int peer, Bytes head, Bytes body) {
        Message message = saying;
        saying = null;
        if (!links.contains(peer)) {
            return false;
        }
        Bytes frame = frame(head, body);
        unflushed.add(() -> network.send(node.id(), peer, frame, message));
        return true;
    }

    /** Takes the ordinary way: in a simulation nothing waits for what is large. */
    @Override
    public boolean sendBulk(int peer, Bytes head, Bytes body) {
        if (!isUp() || !links.contains(peer)) {
            return false;
        }
        Bytes frame = frame(head, body);
        noticeRepeat(peer, frame);
        network.send(node.id(), peer, frame, null);
        return true;
    }

    private void noticeRepeat(int peer, Bytes frame) {
        try {
            PeerCodec.decode(frame, new PeerFrames() {
                @Override
                public void onMessage(Envelope envelope, Message message) {}

                @Override
                public void onEdge(Envelope envelope, Edge edge) {
                    if (edge instanceof Edge.SnapshotChunk part) {
                        Edge.SnapshotChunk before = parts.put(peer, part);
                        if (before != null && before.id().equals(part.id()) && part.offset() <= before.offset()) {
                            node.observer().hit(Situation.TRANSFER_RESUMED);
                        }
                    }
                }
            });
        } catch (WireException e) {
            throw new AssertionError("what a node sends cannot be read: " + e, e);
        }
    }

    /** {@return a frame as it arrives} */
    static Bytes frame(Bytes head, Bytes body) {
        byte[] frame = new byte[head.length() + body.length()];
        System.arraycopy(head.array(), head.offset(), frame, 0, head.length());
        System.arraycopy(body.array(), body.offset(), frame, head.length(), body.length());
        return Bytes.wrap(frame);
    }

    // ---- clients

    /** A client has come; what is sent to it goes to {@code frames}. */
    void connectClient(long connection, Consumer<Bytes> frames) {
        clients.put(connection, frames);
    }

    /** A client is gone. */
    void disconnectClient(long connection) {
        if (clients.remove(connection) != null) {
            receiver().onClientClosed(connection);
        }
    }

    @Override
    public boolean sendToClient(long connection, Bytes head, Bytes body) {
        Consumer<Bytes> client = clients.get(connection);
        if (client == null) {
            return false;
        }
        Bytes frame = frame(head, body);
        unflushed.add(() -> network.sendToClient(node.id(), frame, client));
        return true;
    }

    @Override
    public void closeClient(long connection) {
        clients.remove(connection);
    }

    @Override
    public void flush() {
        unflushed.forEach(Runnable::run);
        unflushed.clear();
    }

    @Override
    public void close() {
        closed = true;
        links.clear();
        clients.clear();
        unflushed.clear();
    }
}
