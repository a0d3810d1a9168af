package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.HelloCodec;
import java.util.Set;
import java.util.TreeSet;

/** The transport's view of the node: greets, judges, and puts what arrives into the mailbox. Called by the transport's threads. */
final class PeerGate implements Transport.Receiver {

    /** A frame from a node. */
    record PeerFrame(int node, Bytes frame) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onPeerFrame(this);
        }
    }

    /** A frame from a client. */
    record ClientFrame(long connection, Bytes frame) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onClientFrame(this);
        }
    }

    /** A client has gone. */
    record ClientClosed(long connection) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onClientClosed(connection);
        }
    }

    /** A peer was let in: there may be something to write down about its storage. */
    record Greeted(int node) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onGreeted(node);
        }
    }

    /** A peer will never let this storage in. */
    record Excluded(Hello.Refusal refusal) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onExcluded(refusal);
        }
    }

    /** A peer came or went. */
    record Reachable(int node, boolean connected) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onReachable(this);
        }
    }

    private static final int FRAME_OVERHEAD_BYTES = 64;

    private final NodeIdentity identity;
    private final Handshake handshake;
    private final JournalWriter storage;
    private final Mailbox mailbox;
    private final Set<Integer> connected = new TreeSet<>(); // guarded by itself

    PeerGate(NodeIdentity identity, Handshake handshake, JournalWriter storage, Mailbox mailbox) {
        this.identity = identity;
        this.handshake = handshake;
        this.storage = storage;
        this.mailbox = mailbox;
    }

    @Override
    public Bytes hello(int node) {
        return HelloCodec.encode(identity.hello(node, storage.position()));
    }

    @Override
    public Transport.Verdict onHello(int dialled, String remote, Bytes hello) {
        Transport.Verdict verdict = handshake.judge(dialled, remote, hello);
        Hello.Refusal exclusion = dialled == 0 ? null : handshake.exclusion(hello); // strangers stop no node
        if (exclusion != null) {
            mailbox.add(new Excluded(exclusion));
        } else if (verdict.refusal() == null && verdict.node() != 0) {
            mailbox.add(new Greeted(verdict.node()));
        }
        return verdict;
    }

    @Override
    public void onPeer(int node, Bytes frame) {
        mailbox.add(Mailbox.Part.MEMBERS, new PeerFrame(node, frame), frame.length() + FRAME_OVERHEAD_BYTES);
    }

    @Override
    public void onBulk(int node, Bytes frame) {
        mailbox.add(Mailbox.Part.BULK, new PeerFrame(node, frame), frame.length() + FRAME_OVERHEAD_BYTES);
    }

    @Override
    public void onClient(long connection, Bytes frame) {
        mailbox.add(Mailbox.Part.CLIENTS, new ClientFrame(connection, frame), frame.length() + FRAME_OVERHEAD_BYTES);
    }

    @Override
    public void onBurstEnd() {
        mailbox.wake();
    }

    @Override
    public void onClientClosed(long connection) {
        mailbox.add(new ClientClosed(connection));
    }

    @Override
    public void onPeerConnected(int node) {
        synchronized (connected) {
            connected.add(node);
        }
        mailbox.add(new Reachable(node, true));
    }

    @Override
    public void onPeerDisconnected(int node) {
        synchronized (connected) {
            connected.remove(node);
        }
        mailbox.add(new Reachable(node, false));
    }

    /** {@return the peers that can be reached, ascending; any thread} */
    Set<Integer> connected() {
        synchronized (connected) {
            return new TreeSet<>(connected);
        }
    }
}
