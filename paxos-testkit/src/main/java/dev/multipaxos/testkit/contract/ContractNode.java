package dev.multipaxos.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.spi.Transport.Receiver;
import dev.multipaxos.spi.Transport.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import java.util.function.Predicate;

/**
 * A node that greets with its number, admits whoever greets with a number, 0 being a client's, and writes down all that happens
 * and what must not. Waiting is done on its monitor, which every event notifies.
 */
final class ContractNode implements Receiver {

    /** Something that happened: to a peer or a client, by its number. */
    record Event(String what, long who, Bytes frame) {}

    static final String CONNECTED = "connected";
    static final String DISCONNECTED = "disconnected";
    static final String PEER = "frame of peer";
    static final String BULK = "bulk frame of peer";
    static final String CLIENT = "frame of client";
    static final String CLIENT_CLOSED = "client closed";
    static final String GREETED = "greeted by";
    static final String ANSWERED = "answered by";
    static final String DECLINED = "declined by";
    static final String BURST = "end of a burst";
    static final String HELLO = "hello made for";

    private static final Duration RESEND_AFTER = Duration.ofMillis(200);

    final int id;
    final Transport transport;
    private final Duration patience;
    private final Thread caller = Thread.currentThread();
    private int port;

    // guarded by this
    private final List<Event> events = new ArrayList<>();
    private final List<String> broken = new ArrayList<>();
    private final Map<String, Thread> inside = new HashMap<>();
    private final Set<Long> admitted = new HashSet<>();
    private boolean closed;

    private volatile IntPredicate admits = node -> true;
    private volatile Bytes declining = Bytes.EMPTY;
    private volatile CountDownLatch stall = new CountDownLatch(0);

    ContractNode(int id, Transport transport, Duration patience) {
        this.id = id;
        this.transport = transport;
        this.patience = patience;
    }

    void start(String bind, int frameBytesMax) throws Exception {
        port = transport.start(bind, frameBytesMax, this);
    }

    int port() {
        return port;
    }

    static Bytes greeting(int id) {
        return Bytes.utf8("node " + id);
    }

    /** Judges by this whom it lets stay, from now on. */
    void admit(IntPredicate nodes) {
        admits = nodes;
    }

    /** Says this to whom it does not let stay, from now on: something that {@link #isDeclining}. */
    void declineWith(Bytes answer) {
        declining = answer;
    }

    private static boolean isDeclining(Bytes hello) {
        return hello.toUtf8().startsWith("no: ");
    }

    /** Does not return from the frame that comes next, until {@link #goOn}. */
    void stall() {
        stall = new CountDownLatch(1);
    }

    void goOn() {
        stall.countDown();
    }

    /** Waits for a thing, not for a time: the limit only ends a test that fails. */
    void await(String sentence, BooleanSupplier condition) {
        if (!comes(condition, patience)) {
            fail(sentence + ": waited in vain at node " + id + "; " + last());
        }
    }

    /** Sends until something is there: frames may be lost. */
    void awaitResending(String sentence, Runnable resend, BooleanSupplier condition) {
        long deadline = System.nanoTime() + patience.toNanos();
        do {
            resend.run();
            if (comes(condition, RESEND_AFTER)) {
                return;
            }
        } while (System.nanoTime() < deadline);
        fail(sentence + ": sent again and again, and waited in vain at node " + id + "; " + last());
    }

    private synchronized boolean comes(BooleanSupplier condition, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            try {
                wait(Math.min(left / 1_000_000 + 1, 20)); // the condition may look at other nodes too
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        return true;
    }

    private synchronized String last() {
        return "what happened last: " + events.subList(Math.max(0, events.size() - 10), events.size());
    }

    // ---- what was written down

    synchronized List<Event> events(Predicate<Event> which) {
        return events.stream().filter(which).toList();
    }

    synchronized List<Event> events(String what, long who) {
        return events(event -> event.what.equals(what) && event.who == who);
    }

    synchronized int count(String what, long who) {
        return events(what, who).size();
    }

    synchronized boolean has(String what, long who) {
        return count(what, who) > 0;
    }

    List<Bytes> frames(String what, long who) {
        return events(what, who).stream().map(Event::frame).toList();
    }

    synchronized void complain(String sentence) {
        broken.add(sentence);
    }

    /** Fails if the transport has broken a sentence that holds at all times. */
    synchronized void assertNothingBroken() {
        assertEquals(List.of(), broken, "at node " + id);
    }

    // ---- what the transport says

    private synchronized void enter(String connection) {
        if (closed) {
            broken.add("close: joins every thread of the transport, but then " + connection + " was heard");
        }
        if (Thread.currentThread() == caller) {
            broken.add("the receiver is called by the transport's own threads, but was by the one that called it: "
                    + connection);
        }
        if (inside.put(connection, Thread.currentThread()) != null) {
            broken.add("the receiver is called one at a time for each connection, but was not for " + connection);
        }
    }

    private synchronized void leave(String connection) {
        inside.remove(connection);
        notifyAll();
    }

    private synchronized void event(String what, long who, Bytes frame) {
        events.add(new Event(what, who, frame));
        notifyAll();
    }

    @Override
    public Bytes hello(int node) {
        event(HELLO, node, Bytes.EMPTY);
        return greeting(id);
    }

    @Override
    public Verdict onHello(int dialled, String remote, Bytes hello) {
        if (dialled != 0 && isDeclining(hello)) {
            event(DECLINED, dialled, hello);
            return Verdict.refused("node " + id + " was told no");
        }
        String text = hello.toUtf8();
        if (!text.startsWith("node ")) {
            complain("onHello: gets the other side's first frame, but got " + hello);
            return Verdict.refused("no greeting");
        }
        if (remote.isEmpty()) {
            complain("onHello: is told where the other side is");
        }
        int node = Integer.parseInt(text.substring(5));
        event(dialled == 0 ? GREETED : ANSWERED, node, hello);
        if (dialled != 0 && dialled != node) {
            complain("onHello: the node that was dialled is " + dialled + ", but node " + node + " answers");
        }
        if (!admits.test(node)) {
            return Verdict.refused("node " + id + " does not want it").withAnswer(declining);
        }
        synchronized (this) {
            admitted.add((long) node);
        }
        return node == 0 ? Verdict.client() : Verdict.peer(node);
    }

    @Override
    public void onPeer(int node, Bytes frame) {
        frame(PEER, node, node, frame);
    }

    @Override
    public void onBulk(int node, Bytes frame) {
        frame(BULK, node, node, frame);
    }

    @Override
    public void onClient(long connection, Bytes frame) {
        if (connection == 0) {
            complain("onClient: the name of a connection is never 0");
        }
        frame(CLIENT, connection, 0, frame);
    }

    private void frame(String what, long who, long greetedAs, Bytes frame) {
        enter(what + " " + who);
        synchronized (this) {
            if (!admitted.contains(greetedAs)) {
                broken.add(
                        "nothing is let through before both sides were admitted, but a " + what + " " + who + " was");
            }
            if (has(CLIENT_CLOSED, who) && what.equals(CLIENT)) {
                broken.add("onClientClosed: the connection is closed, and its name never used again, but a frame came");
            }
        }
        event(what, who, frame);
        try {
            stall.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        leave(what + " " + who);
    }

    @Override
    public void onBurstEnd() {
        event(BURST, 0, Bytes.EMPTY);
    }

    @Override
    public void onClientClosed(long connection) {
        enter(CLIENT_CLOSED + " " + connection);
        event(CLIENT_CLOSED, connection, Bytes.EMPTY);
        leave(CLIENT_CLOSED + " " + connection);
    }

    @Override
    public void onPeerConnected(int node) {
        enter("link to " + node);
        if (count(CONNECTED, node) > count(DISCONNECTED, node)) {
            complain("onPeerConnected: node " + node + " can now be reached, but it could before");
        }
        event(CONNECTED, node, Bytes.EMPTY);
        leave("link to " + node);
    }

    @Override
    public void onPeerDisconnected(int node) {
        enter("link to " + node);
        if (count(CONNECTED, node) <= count(DISCONNECTED, node)) {
            complain("onPeerDisconnected: node " + node + " cannot be reached any more, but it could not before");
        }
        event(DISCONNECTED, node, Bytes.EMPTY);
        leave("link to " + node);
    }

    void close() {
        goOn();
        transport.close();
        synchronized (this) {
            closed = true;
        }
    }
}
