package dev.multipaxos.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Receiver;
import dev.multipaxos.spi.Transport.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * A node that greets with its number, admits whoever greets with a number (0 is a client), and writes everything down. Waiting
 * is done on its monitor, which every event notifies.
 */
final class FakeNode implements Receiver, AutoCloseable {

    private static final long WAIT_NANOS_MAX = 20_000_000_000L;

    /** Something that happened. */
    record Event(String what, long who, Bytes frame) {}

    final int id;
    final NettyTransport transport;
    final List<Event> events = new ArrayList<>();
    volatile Predicate<Integer> admits = node -> true;
    volatile String refusal = "not welcome";
    volatile Predicate<Bytes> failsOn = frame -> false;
    volatile boolean keepFrames = true;
    int port;
    long frames;
    long bursts;

    FakeNode(int id, NettyOptions options) {
        this.id = id;
        this.transport = NettyTransport.tcp(options);
    }

    static FakeNode started(int id, NettyOptions options, int frameBytesMax) throws IOException {
        FakeNode node = new FakeNode(id, options);
        node.port = node.transport.start("127.0.0.1:0", frameBytesMax, node);
        return node;
    }

    static FakeNode started(int id) throws IOException {
        return started(id, NettyOptions.defaults(), 4 << 20);
    }

    void connectTo(FakeNode other) {
        transport.connect(other.id, other.address());
        await("a connection to " + other.id, () -> happened("connected", other.id));
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    boolean send(int node, String text) {
        boolean queued = transport.send(node, Bytes.utf8(text), Bytes.EMPTY);
        transport.flush();
        return queued;
    }

    synchronized void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + WAIT_NANOS_MAX;
        while (!condition.getAsBoolean()) {
            long left = deadline - System.nanoTime();
            assertThat(left)
                    .as("waited in vain for %s; so far: %s", what, events)
                    .isPositive();
            try {
                wait(Math.min(left / 1_000_000 + 1, 20)); // the condition may look at other things than events
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** {@return whether a text was logged, by any node} */
    boolean log(String text) {
        return LeakChecked.LOG.stream().anyMatch(e -> e.getFormattedMessage().contains(text));
    }

    synchronized boolean happened(String what, long who) {
        return count(what, who) > 0;
    }

    synchronized long count(String what, long who) {
        return events.stream().filter(e -> e.what.equals(what) && e.who == who).count();
    }

    synchronized List<String> texts(String what, long who) {
        return events.stream()
                .filter(e -> e.what.equals(what) && e.who == who)
                .map(e -> e.frame.toUtf8())
                .toList();
    }

    synchronized List<Long> clients() {
        return events.stream()
                .filter(e -> e.what.equals("client"))
                .map(Event::who)
                .distinct()
                .toList();
    }

    private synchronized void event(String what, long who, Bytes frame) {
        events.add(new Event(what, who, frame));
        notifyAll();
    }

    private synchronized void frame(String what, long who, Bytes frame) {
        frames++;
        if (keepFrames) {
            event(what, who, frame);
        }
        if (failsOn.test(frame)) {
            throw new IllegalStateException("this node fails on purpose");
        }
    }

    @Override
    public Bytes hello(int node) {
        return Bytes.utf8(Integer.toString(id));
    }

    @Override
    public Verdict onHello(int dialled, String remote, Bytes hello) {
        int node = Integer.parseInt(hello.toUtf8());
        event(dialled == 0 ? "greeted" : "answered", node, hello);
        if (!admits.test(node)) {
            return Verdict.refused(refusal);
        }
        return node == 0 ? Verdict.client() : Verdict.peer(node);
    }

    @Override
    public void onPeer(int node, Bytes frame) {
        frame("peer", node, frame);
    }

    @Override
    public void onBulk(int node, Bytes frame) {
        frame("bulk", node, frame);
    }

    @Override
    public void onClient(long connection, Bytes frame) {
        frame("client", connection, frame);
    }

    @Override
    public synchronized void onBurstEnd() {
        bursts++;
        notifyAll();
    }

    @Override
    public void onClientClosed(long connection) {
        event("clientClosed", connection, Bytes.EMPTY);
    }

    @Override
    public void onPeerConnected(int node) {
        event("connected", node, Bytes.EMPTY);
    }

    @Override
    public void onPeerDisconnected(int node) {
        event("disconnected", node, Bytes.EMPTY);
    }

    void stop() {
        transport.close();
    }

    @Override
    public void close() {
        transport.close();
    }
}
