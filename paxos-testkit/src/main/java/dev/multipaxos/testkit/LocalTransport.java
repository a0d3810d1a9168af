package dev.multipaxos.testkit;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node's end of a {@link LocalNetwork}: a thread that dials, and delivers what arrives. */
final class LocalTransport implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(LocalTransport.class);
    private static final long REDIAL_MILLIS = 5;
    private static final int QUEUE_BYTES_MAX = 16 << 20;
    private static final int BULK_BYTES_MAX = 1 << 20;
    private static final int FRAME_OVERHEAD_BYTES = 64;

    private final LocalNetwork network;
    private final int node;
    private final Thread thread;
    private @Nullable Receiver receiver;
    private volatile int frameBytesMax;

    private final Map<Integer, LocalTransport> links = new ConcurrentHashMap<>(); // those we dialled
    private final Map<Long, Consumer<Bytes>> clients = new ConcurrentHashMap<>();
    private final Map<LocalTransport, List<Runnable>> unflushed = new HashMap<>(); // the sender's
    private final AtomicLong queuedBytes = new AtomicLong(); // for this node and its clients, flushed or not
    private final AtomicLong bulkBytes = new AtomicLong(); // for this node

    private final Object lock = new Object();
    private final TreeSet<Integer> wanted = new TreeSet<>(); // guarded by lock
    private final ArrayDeque<Runnable> arrived = new ArrayDeque<>(); // guarded by lock
    private final ArrayDeque<Runnable> bulk = new ArrayDeque<>(); // guarded by lock
    private volatile boolean closed; // written under lock

    LocalTransport(LocalNetwork network, int node) {
        this.network = network;
        this.node = node;
        this.thread = new Thread(this::run, "local-" + node);
    }

    int node() {
        return node;
    }

    @Override
    public int start(String bind, int frameBytesMax, Receiver target) throws IOException {
        receiver = target;
        this.frameBytesMax = frameBytesMax;
        if (network.find(node) != null) {
            throw new IOException("node " + node + " is already up in this network");
        }
        network.up(this);
        thread.start();
        return node;
    }

    private Receiver receiver() {
        return Objects.requireNonNull(receiver, "not started");
    }

    @Override
    public void connect(int peer, String address) {
        synchronized (lock) {
            wanted.add(peer);
            lock.notifyAll();
        }
    }

    @Override
    public boolean send(int peer, Bytes head, Bytes body) {
        LocalTransport target = links.get(peer);
        if (target == null) {
            return false;
        }
        Bytes frame = joined(head, body);
        if (target.isFull(frame)) {
            return false;
        }
        if (!network.isLost(node, peer) && frame.length() <= target.frameBytesMax) {
            queue(target, frame, () -> target.receiver().onPeer(node, frame));
        }
        return true;
    }

    @Override
    public boolean sendBulk(int peer, Bytes head, Bytes body) {
        LocalTransport target = links.get(peer);
        if (target == null || closed) {
            return false;
        }
        Bytes frame = joined(head, body);
        long bytes = bytes(frame);
        long before = target.bulkBytes.getAndAdd(bytes);
        if (before > 0 && before + bytes > BULK_BYTES_MAX) { // one always fits
            target.bulkBytes.addAndGet(-bytes);
            return false;
        }
        boolean arrives = !network.isLost(node, peer) && frame.length() <= target.frameBytesMax;
        target.deliverBulk(() -> {
            target.bulkBytes.addAndGet(-bytes);
            if (arrives) {
                target.receiver().onBulk(node, frame);
            }
        });
        return true;
    }

    private void deliverBulk(Runnable delivery) {
        synchronized (lock) {
            if (!closed) {
                bulk.add(delivery);
                lock.notifyAll();
            }
        }
    }

    @Override
    public boolean sendToClient(long connection, Bytes head, Bytes body) {
        Consumer<Bytes> client = clients.get(connection);
        if (client == null) {
            return false;
        }
        Bytes frame = joined(head, body);
        if (isFull(frame)) {
            closeClient(connection);
            return false;
        }
        queue(this, frame, () -> client.accept(frame));
        return true;
    }

    /** One frame always fits, however large. */
    private boolean isFull(Bytes frame) {
        long queued = queuedBytes.get();
        return queued > 0 && queued + bytes(frame) > QUEUE_BYTES_MAX;
    }

    private void queue(LocalTransport target, Bytes frame, Runnable delivery) {
        target.queuedBytes.addAndGet(bytes(frame));
        unflushed.computeIfAbsent(target, none -> new ArrayList<>()).add(() -> {
            target.queuedBytes.addAndGet(-bytes(frame));
            delivery.run();
        });
    }

    private static long bytes(Bytes frame) {
        return (long) frame.length() + FRAME_OVERHEAD_BYTES;
    }

    @Override
    public void closeClient(long connection) {
        if (clients.remove(connection) != null) {
            deliver(List.of(() -> receiver().onClientClosed(connection)));
        }
    }

    @Override
    public void flush() {
        if (!closed) {
            unflushed.forEach(LocalTransport::deliver);
        }
        unflushed.clear();
    }

    private void deliver(List<Runnable> deliveries) {
        synchronized (lock) {
            if (!closed) {
                arrived.addAll(deliveries);
                lock.notifyAll();
            }
        }
    }

    /** A frame as the receiver gets it; as strict about its size as a real transport. */
    private Bytes joined(Bytes head, Bytes body) {
        long bytes = (long) head.length() + body.length();
        if (bytes > frameBytesMax) {
            throw new IllegalArgumentException(
                    "a frame of " + bytes + " bytes is larger than the limit of " + frameBytesMax);
        }
        byte[] frame = Arrays.copyOf(head.toArray(), head.length() + body.length());
        System.arraycopy(body.array(), body.offset(), frame, head.length(), body.length());
        return Bytes.wrap(frame);
    }

    private void run() {
        List<Runnable> taken = new ArrayList<>();
        List<Integer> peers = new ArrayList<>();
        while (true) {
            synchronized (lock) {
                if (arrived.isEmpty() && bulk.isEmpty() && !closed) {
                    try {
                        lock.wait(REDIAL_MILLIS);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                if (closed) {
                    return;
                }
                taken.addAll(arrived);
                arrived.clear();
                if (!bulk.isEmpty()) { // one at a time: what else arrives passes the rest
                    taken.add(bulk.remove());
                }
                peers.addAll(wanted);
            }
            peers.forEach(this::dial);
            peers.clear();
            taken.forEach(Runnable::run);
            if (!taken.isEmpty()) {
                receiver().onBurstEnd();
            }
            taken.clear();
        }
    }

    private void dial(int peer) {
        LocalTransport target = network.find(peer);
        LocalTransport before = links.get(peer);
        if (before == target) {
            return;
        }
        if (before != null) {
            links.remove(peer);
            receiver().onPeerDisconnected(peer);
        }
        if (target == null || network.isCut(node, peer)) {
            return;
        }
        Verdict ours = greet(peer, target);
        if (ours == null) {
            return;
        }
        if (ours.refusal() != null) {
            LOG.debug("no link from node {} to node {}: {}", node, peer, ours.refusal());
            return;
        }
        links.put(peer, target);
        receiver().onPeerConnected(peer);
    }

    /** Both judge each other, while neither is closed: afterwards its receiver is not called. Null if the other was. */
    private @Nullable Verdict greet(int peer, LocalTransport target) {
        synchronized (network) {
            if (network.find(peer) != target) {
                return null;
            }
            Verdict theirs =
                    target.receiver().onHello(0, "local-" + node, receiver().hello(peer));
            return theirs.refusal() != null
                    ? theirs
                    : receiver()
                            .onHello(peer, "local-" + peer, target.receiver().hello(0));
        }
    }

    /**
     * Connects a client.
     *
     * @param hello its greeting
     * @param frames gets what the node sends, on this transport's thread
     * @return the connection
     * @throws IllegalStateException if it is refused
     */
    long connectClient(Bytes hello, Consumer<Bytes> frames) {
        Verdict verdict = receiver().onHello(0, "a client", hello);
        if (verdict.refusal() != null) {
            throw new IllegalStateException(verdict.refusal());
        }
        long connection = network.nextConnection();
        clients.put(connection, frames);
        return connection;
    }

    /** Sends a client's frame. */
    void fromClient(long connection, Bytes frame) {
        deliver(List.of(() -> receiver().onClient(connection, frame)));
    }

    @Override
    public void close() {
        network.down(this);
        synchronized (lock) {
            closed = true;
            lock.notifyAll();
        }
        boolean interrupted = false;
        while (thread.isAlive() && thread != Thread.currentThread()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        links.clear();
        clients.clear();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
