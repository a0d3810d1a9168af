package dev.multipaxos.testkit.contract;

import static dev.multipaxos.testkit.contract.ContractNode.CLIENT;
import static dev.multipaxos.testkit.contract.ContractNode.CLIENT_CLOSED;
import static dev.multipaxos.testkit.contract.ContractNode.GREETED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.testkit.contract.ContractNode.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What {@link TransportContract} needs to know, and its half about clients; extend that one. */
@Timeout(120)
public abstract class TransportClientContract {

    /** How many bytes may wait for a peer or a client that takes nothing; more is no bounded memory. */
    static final long QUEUED_BYTES_MAX = 256L << 20;

    private final List<ContractNode> nodes = new ArrayList<>();
    private final List<TransportClient> clients = new ArrayList<>();

    TransportClientContract() {}

    // ---- for subclasses

    /**
     * Makes a transport.
     *
     * @param node the node that it is for
     * @return a transport, not started, that can reach the others made in the same test
     * @throws Exception if it cannot be made
     */
    protected abstract Transport newTransport(int node) throws Exception;

    /**
     * Says where to listen.
     *
     * @param port the port, or 0 for any free one
     * @return what {@link Transport#start} is given
     */
    protected String bind(int port) {
        return "127.0.0.1:" + port;
    }

    /**
     * Says where a node can be reached.
     *
     * @param port what its {@link Transport#start} has returned
     * @return what {@link Transport#connect} is given
     */
    protected String address(int port) {
        return "127.0.0.1:" + port;
    }

    /**
     * Says how large the largest frame of these tests is; 1 MiB unless it is overridden.
     *
     * @return the size in bytes, from 64 KiB to 16 MiB
     */
    protected int frameBytesMax() {
        return 1 << 20;
    }

    /**
     * Says how long to wait for what must come; 20 s unless it is overridden. Only a test that fails waits so long.
     *
     * @return the limit
     */
    protected Duration patience() {
        return Duration.ofSeconds(20);
    }

    /**
     * Says which threads are not the transport's, though they came into being with it, such as one that a library keeps for the
     * whole process.
     *
     * @param thread a thread that is there after {@link Transport#close} and was not before {@link Transport#start}
     * @return whether it may be; false unless it is overridden
     */
    protected boolean mayOutliveClose(Thread thread) {
        return false;
    }

    /**
     * Connects a client. Unless it is overridden, the tests of clients are reported as aborted.
     *
     * @param port what the {@link Transport#start} of the node has returned
     * @param hello the first frame from the client
     * @param frames gets what the node sends, its hello not included, on any thread; while it does not return, the client reads
     *     nothing more
     * @return the connection, not yet admitted; a refusal need not be noticed by it
     * @throws Exception if it cannot be connected
     */
    protected TransportClient dialAsClient(int port, Bytes hello, Consumer<Bytes> frames) throws Exception {
        return Assumptions.abort("no client speaks to this transport: dialAsClient is not overridden");
    }

    // ---- bringing up

    final ContractNode made(int id) throws Exception {
        ContractNode node = new ContractNode(id, newTransport(id), patience());
        nodes.add(node);
        return node;
    }

    final ContractNode started(int id) throws Exception {
        return started(id, 0, frameBytesMax());
    }

    final ContractNode started(int id, int port, int bytesMax) throws Exception {
        ContractNode node = made(id);
        node.start(bind(port), bytesMax);
        return node;
    }

    /** Admitted by the node, with frames coming into the queue. */
    private TransportClient client(ContractNode node, Consumer<Bytes> frames) throws Exception {
        int before = node.count(GREETED, 0);
        TransportClient client = dialAsClient(node.port(), ContractNode.greeting(0), frames);
        clients.add(client);
        node.await("onHello: judges a client's first frame", () -> node.count(GREETED, 0) > before);
        return client;
    }

    /** The name of the connection on which this frame came. */
    private static long connectionOf(ContractNode node, Bytes frame) {
        node.await(
                "onClient: a frame from a client that was admitted",
                () -> !find(node, frame).isEmpty());
        return find(node, frame).get(0).who();
    }

    private static List<Event> find(ContractNode node, Bytes frame) {
        return node.events(event -> event.what().equals(CLIENT) && event.frame().equals(frame));
    }

    @AfterEach
    void close_what_was_started() throws Exception {
        for (TransportClient client : clients) {
            client.close();
        }
        nodes.forEach(ContractNode::close);
        nodes.forEach(ContractNode::assertNothingBroken);
    }

    // ---- clients

    @Test
    void a_client_is_heard_and_answered() throws Exception {
        ContractNode node = started(1);
        BlockingQueue<Bytes> answers = new LinkedBlockingQueue<>();
        TransportClient client = client(node, answers::add);
        List<Bytes> questions = IntStream.range(0, 50)
                .mapToObj(i -> StoredRecord.of(1, i, 1 + i * i).body())
                .toList();
        for (Bytes question : questions) {
            client.send(question);
        }
        long connection = connectionOf(node, questions.get(0));
        node.await("onClient: every frame of a client", () -> node.count(CLIENT, connection) == 50);
        assertEquals(questions, node.frames(CLIENT, connection), "onClient: frames arrive unchanged and in order");

        Bytes largest = StoredRecord.of(1, 99, frameBytesMax()).body();
        assertTrue(node.transport.sendToClient(connection, Bytes.utf8("head, "), Bytes.utf8("body")));
        assertTrue(node.transport.sendToClient(
                connection, largest.slice(0, 10), largest.slice(10, largest.length() - 10)));
        node.transport.flush();
        String sentence = "sendToClient: the head and the body that were sent, one after the other";
        assertEquals(Bytes.utf8("head, body"), answers.poll(patience().toMillis(), TimeUnit.MILLISECONDS), sentence);
        assertEquals(largest, answers.poll(patience().toMillis(), TimeUnit.MILLISECONDS), sentence);
    }

    @Test
    void each_client_gets_its_own_answers_and_no_name_is_used_twice() throws Exception {
        ContractNode node = started(1);
        List<Long> names = new ArrayList<>();
        List<BlockingQueue<Bytes>> answers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            BlockingQueue<Bytes> queue = new LinkedBlockingQueue<>();
            answers.add(queue);
            client(node, queue::add).send(Bytes.utf8("I am " + i));
            names.add(connectionOf(node, Bytes.utf8("I am " + i)));
        }
        assertEquals(
                5, names.stream().distinct().count(), "onClient: names the connection, never used again: " + names);
        for (int i = 4; i >= 0; i--) {
            assertTrue(node.transport.sendToClient(names.get(i), Bytes.EMPTY, Bytes.utf8("you are " + i)));
        }
        node.transport.flush();
        for (int i = 0; i < 5; i++) {
            Bytes answer = answers.get(i).poll(patience().toMillis(), TimeUnit.MILLISECONDS);
            assertEquals(Bytes.utf8("you are " + i), answer, "sendToClient: queues a frame for this client");
        }
        assertTrue(answers.stream().allMatch(BlockingQueue::isEmpty), "sendToClient: for this client and no other");
    }

    @Test
    void a_client_is_closed_after_what_was_queued_for_it() throws Exception {
        ContractNode node = started(1);
        BlockingQueue<Bytes> answers = new LinkedBlockingQueue<>();
        client(node, answers::add).send(Bytes.utf8("hello"));
        long connection = connectionOf(node, Bytes.utf8("hello"));
        for (int i = 0; i < 100; i++) {
            node.transport.sendToClient(connection, Bytes.EMPTY, Bytes.utf8("last word " + i));
        }
        node.transport.closeClient(connection);
        node.transport.flush();

        node.await("closeClient: closes a client's connection", () -> node.has(CLIENT_CLOSED, connection));
        for (int i = 0; i < 100; i++) {
            Bytes answer = answers.poll(patience().toMillis(), TimeUnit.MILLISECONDS);
            assertEquals(Bytes.utf8("last word " + i), answer, "closeClient: after what was queued for it");
        }
        node.transport.closeClient(connection);
        assertFalse(
                node.transport.sendToClient(connection, Bytes.EMPTY, Bytes.EMPTY),
                "sendToClient: false if the connection is closed");
        client(node, frame -> {}).send(Bytes.utf8("another"));
        assertNotEquals(
                connection,
                connectionOf(node, Bytes.utf8("another")),
                "onClient: the name of a connection is never used again");
        assertEquals(1, node.count(CLIENT_CLOSED, connection), "onClientClosed: once");
    }

    @Test
    void a_client_that_leaves_is_noticed() throws Exception {
        ContractNode node = started(1);
        TransportClient client = client(node, frame -> {});
        client.send(Bytes.utf8("hello"));
        long connection = connectionOf(node, Bytes.utf8("hello"));
        client.close();
        node.await("onClientClosed: a client's connection is closed", () -> node.has(CLIENT_CLOSED, connection));
        assertFalse(
                node.transport.sendToClient(connection, Bytes.EMPTY, Bytes.EMPTY),
                "sendToClient: false if the connection is closed");
    }

    @Test
    void a_client_that_is_refused_is_not_heard() throws Exception {
        ContractNode node = started(1);
        node.admit(who -> false);
        try (TransportClient refused = client(node, frame -> {})) {
            refused.send(Bytes.utf8("let me in"));
        } catch (IOException e) {
            // it may notice that it was refused
        }
        node.admit(who -> true);
        client(node, frame -> {}).send(Bytes.utf8("and me?"));
        connectionOf(node, Bytes.utf8("and me?"));
        assertEquals(
                List.of(),
                find(node, Bytes.utf8("let me in")),
                "onHello: lets nothing else through before both sides were admitted");
    }

    @Test
    void a_client_that_reads_nothing_is_closed_and_blocks_nobody() throws Exception {
        ContractNode node = started(1);
        CountDownLatch reads = new CountDownLatch(1);
        client(node, frame -> {
                    try {
                        reads.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                })
                .send(Bytes.utf8("hello"));
        long connection = connectionOf(node, Bytes.utf8("hello"));
        try {
            offerUntilRefused(
                    "a frame that finds a queue full closes the connection (to a client)",
                    node,
                    body -> node.transport.sendToClient(connection, Bytes.EMPTY, body));
        } finally {
            reads.countDown();
        }
        node.await("onClientClosed: of a client whose queue is full", () -> node.has(CLIENT_CLOSED, connection));
    }

    /** One who sends. */
    interface Offer {
        boolean send(Bytes body);
    }

    /** Sends to someone who takes nothing, from a thread of its own, which must neither block nor go on for ever. */
    final void offerUntilRefused(String sentence, ContractNode from, Offer offer) throws InterruptedException {
        Bytes body = Bytes.wrap(new byte[64 * 1024]);
        long framesMax = QUEUED_BYTES_MAX / body.length();
        long[] sent = new long[1];
        Thread sender = new Thread(
                () -> {
                    while (sent[0] < framesMax && offer.send(body)) {
                        sent[0]++;
                        from.transport.flush();
                    }
                    from.transport.flush();
                },
                "contract-sender");
        sender.setDaemon(true);
        sender.start();
        sender.join(patience().toMillis());
        assertFalse(sender.isAlive(), "send, sendToClient and flush never block");
        assertTrue(sent[0] < framesMax, sentence + ": but " + framesMax + " frames of 64 KiB were taken");
    }
}
