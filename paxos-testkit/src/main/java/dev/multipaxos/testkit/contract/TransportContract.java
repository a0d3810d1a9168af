package dev.multipaxos.testkit.contract;

import static dev.multipaxos.testkit.contract.ContractNode.ANSWERED;
import static dev.multipaxos.testkit.contract.ContractNode.BULK;
import static dev.multipaxos.testkit.contract.ContractNode.BURST;
import static dev.multipaxos.testkit.contract.ContractNode.CONNECTED;
import static dev.multipaxos.testkit.contract.ContractNode.DECLINED;
import static dev.multipaxos.testkit.contract.ContractNode.DISCONNECTED;
import static dev.multipaxos.testkit.contract.ContractNode.GREETED;
import static dev.multipaxos.testkit.contract.ContractNode.HELLO;
import static dev.multipaxos.testkit.contract.ContractNode.PEER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What {@link Transport} promises, as tests over several nodes in one process; {@link TransportClientContract}, which this
 * extends, has what it promises of clients, and what else can be overridden. Extend it to hold a transport of your own to it:
 *
 * <pre>{@code
 * class MyTransportTest extends TransportContract {
 *     @Override
 *     protected Transport newTransport(int node) {
 *         return new MyTransport();
 *     }
 * }
 * }</pre>
 *
 * <p>A transport may lose frames: what must arrive is sent again until it does. Let one that dials again with a long back-off do
 * so within a second or two here. Each failure begins with the sentence of the contract that was broken.
 */
@Timeout(120)
public abstract class TransportContract extends TransportClientContract {

    /** For subclasses. */
    protected TransportContract() {}

    // ---- bringing up

    private void connect(ContractNode from, ContractNode to) {
        from.transport.connect(to.id, address(to.port()));
    }

    /** Connects each with each. */
    private void connectAll(ContractNode... nodes) {
        for (ContractNode from : nodes) {
            for (ContractNode to : nodes) {
                if (from != to) {
                    connect(from, to);
                }
            }
        }
        for (ContractNode from : nodes) {
            for (ContractNode to : nodes) {
                if (from != to) {
                    from.await("connect: keeps a connection to a node", () -> from.has(CONNECTED, to.id));
                }
            }
        }
    }

    private static boolean send(ContractNode from, ContractNode to, Bytes frame) {
        int cut = frame.length() / 3;
        boolean queued = from.transport.send(to.id, frame.slice(0, cut), frame.slice(cut, frame.length() - cut));
        from.transport.flush();
        return queued;
    }

    /** Sends a frame until it has arrived. */
    private static void deliver(String sentence, ContractNode from, ContractNode to, Bytes frame) {
        to.awaitResending(
                sentence,
                () -> send(from, to, frame),
                () -> to.frames(PEER, from.id).contains(frame));
    }

    /** A set: what was slow to arrive was sent again. */
    private static Set<Bytes> heard(ContractNode from, ContractNode to) {
        return new HashSet<>(to.frames(PEER, from.id));
    }

    private static Bytes numbered(int from, int to, int number) {
        return Bytes.utf8(from + " to " + to + ": " + number);
    }

    // ---- the beginning

    @Test
    void a_transport_listens_when_it_is_started_and_dials_nobody() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        assertTrue(one.port() > 0 && two.port() > 0, "start: returns the port that is listened on");
        connect(two, one);
        two.await("connect: keeps a connection to a node from now on", () -> two.has(CONNECTED, 1));
        assertEquals(
                List.of(),
                one.events(event -> event.what().equals(HELLO) && event.who() != 0),
                "start: nothing is dialled yet");
    }

    @Test
    void an_address_that_is_in_use_is_refused() throws Exception {
        ContractNode one = started(1);
        ContractNode second = made(1);
        IOException refusal = assertThrows(
                IOException.class,
                () -> second.start(bind(one.port()), frameBytesMax()),
                "start: throws if the address cannot be bound");
        assertTrue(
                String.valueOf(refusal.getMessage()).contains(String.valueOf(one.port())),
                "start: the message names the address: " + refusal);
    }

    @Test
    void both_sides_greet_and_judge_each_other() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        assertFalse(send(one, two, Bytes.utf8("early")), "send: false if the frame was dropped, as before a connect");
        connect(one, two);
        one.await("onPeerConnected: a node can now be reached", () -> one.has(CONNECTED, 2));

        assertTrue(one.has(HELLO, 2), "hello: made for the node that is dialled");
        assertTrue(two.has(GREETED, 1), "onHello: the side that was dialled judges the one that dials");
        assertTrue(two.has(HELLO, 0), "hello: made in answer to someone who dialled us");
        assertTrue(one.has(ANSWERED, 2), "onHello: the side that dials judges the answer");
        String sentence = "hello: the greeting arrives as it was made";
        assertEquals(ContractNode.greeting(1), two.frames(GREETED, 1).get(0), sentence);
        assertEquals(ContractNode.greeting(2), one.frames(ANSWERED, 2).get(0), sentence);
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("late"));
        assertEquals(Set.of(Bytes.utf8("late")), heard(one, two), "send: what was dropped does not arrive later");
    }

    @Test
    void who_is_refused_by_the_one_it_dials_is_not_heard_until_it_is_admitted() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        two.admit(node -> false);
        connect(one, two);
        two.await("onHello: judges the other side", () -> two.has(GREETED, 1));
        assertFalse(send(one, two, Bytes.utf8("let me in")), "send: false to a node that refuses us");
        two.await("connect: dials again when it is refused", () -> two.count(GREETED, 1) > 1);
        assertFalse(one.has(CONNECTED, 2), "onPeerConnected: a node that refuses us cannot be reached");

        two.admit(node -> true);
        one.await("connect: dials again with back-off", () -> one.has(CONNECTED, 2));
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("thank you"));
        assertEquals(
                Set.of(Bytes.utf8("thank you")),
                heard(one, two),
                "onHello: lets nothing else through before both sides were admitted");
    }

    @Test
    void what_comes_with_a_refusal_is_judged_in_place_of_a_greeting_by_the_one_that_dialled() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        Bytes answer = Bytes.utf8("no: and these are the reasons");
        two.admit(node -> false);
        two.declineWith(answer);
        connect(one, two);
        String sentence = "Verdict.answer: the other side's onHello judges it in place of a greeting, if it dialled";
        one.await(sentence, () -> one.has(DECLINED, 2) || one.has(ANSWERED, 2));
        assertFalse(one.has(ANSWERED, 2), sentence);
        assertEquals(answer, one.frames(DECLINED, 2).get(0), sentence);
        assertFalse(one.has(CONNECTED, 2), "onPeerConnected: a node that refuses us cannot be reached");

        two.admit(node -> true);
        one.await("connect: dials again with back-off", () -> one.has(CONNECTED, 2));
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("after all"));
    }

    @Test
    void who_does_not_like_the_answer_does_not_send() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        one.admit(node -> false);
        connect(one, two);
        one.await("connect: dials again when the answer was refused", () -> one.count(ANSWERED, 2) > 1);
        assertFalse(send(one, two, Bytes.utf8("you are not two")), "send: false to a node that we refused");
        assertFalse(one.has(CONNECTED, 2), "onPeerConnected: a node that we refused cannot be reached");

        one.admit(node -> true);
        one.await("connect: dials again with back-off", () -> one.has(CONNECTED, 2));
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("now you are"));
        assertEquals(
                Set.of(Bytes.utf8("now you are")),
                heard(one, two),
                "onHello: lets nothing else through before both sides were admitted");
    }

    // ---- frames

    @Test
    void frames_of_every_size_arrive_whole_and_unchanged() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        Set<Bytes> sent = new HashSet<>();
        int slot = 0;
        for (int bytes : new int[] {0, 1, 2, 3, 127, 128, 255, 256, 4_096, 65_535, 65_536, frameBytesMax()}) {
            StoredRecord payload = StoredRecord.of(1, ++slot, bytes);
            sent.add(payload.body());
            deliver(
                    "onPeer: the head and the body that were sent, one after the other; " + bytes + " bytes",
                    one,
                    two,
                    payload.inLargerArray(0, bytes));
        }
        assertTrue(
                sent.containsAll(two.frames(PEER, 1)),
                "a frame arrives whole and unchanged or not at all; and what was received may be kept");
        assertEquals(List.of(), one.frames(PEER, 2), "send: to the node, and to nobody else");
    }

    @Test
    void frames_keep_their_order_and_go_to_the_node_that_they_are_for() throws Exception {
        ContractNode[] nodes = {started(1), started(2), started(3)};
        connectAll(nodes);
        int[] next = {0};
        Runnable burst = () -> {
            for (int i = 0; i < 500; i++) {
                int number = ++next[0];
                for (ContractNode from : nodes) {
                    for (ContractNode to : nodes) {
                        if (from != to) {
                            from.transport.send(to.id, Bytes.EMPTY, numbered(from.id, to.id, number));
                        }
                    }
                }
            }
            for (ContractNode node : nodes) {
                node.transport.flush();
            }
        };
        burst.run();
        for (ContractNode to : nodes) {
            for (ContractNode from : nodes) {
                if (from != to) {
                    String sentence = "flush: pushes everything that was queued, to every node";
                    to.awaitResending(sentence, burst, () -> to.count(PEER, from.id) >= 500);
                    assertAscending(from, to);
                }
            }
        }
    }

    private static void assertAscending(ContractNode from, ContractNode to) {
        int last = 0;
        boolean lasted = from.count(CONNECTED, to.id) == 1 && to.count(CONNECTED, from.id) == 1;
        Set<Integer> seen = new HashSet<>();
        for (Bytes frame : to.frames(PEER, from.id)) {
            String text = frame.toUtf8();
            String mark = from.id + " to " + to.id + ": ";
            assertTrue(
                    text.startsWith(mark),
                    "send: a frame for a node is handed to that node, as from its sender: to node " + to.id
                            + " as from " + from.id + " came '" + text + "'");
            int number = Integer.parseInt(text.substring(mark.length()));
            assertTrue(seen.add(number), "send: a frame arrives once, or not at all: '" + text + "' came twice");
            assertTrue(
                    !lasted || number > last,
                    "while a connection lasts frames keep their order: '" + text + "' came after " + last);
            last = number;
        }
    }

    @Test
    void the_end_of_a_burst_is_told_after_its_frames() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("frame"));
        two.await("onBurstEnd: the frames that were there to be read have been handed over", () -> {
            List<ContractNode.Event> heard = two.events(
                    event -> event.what().equals(PEER) || event.what().equals(BURST));
            return heard.get(heard.size() - 1).what().equals(BURST);
        });
    }

    @Test
    void a_frame_over_the_limit_is_not_sent() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        boolean queued;
        try {
            queued = one.transport.send(2, Bytes.wrap(new byte[frameBytesMax()]), Bytes.wrap(new byte[1]));
            one.transport.flush();
        } catch (IllegalArgumentException e) {
            queued = false; // to be told is better still
        }
        assertFalse(queued, "start: frameBytesMax is the largest frame that is sent");
        deliver("send: after a frame that was refused", one, two, Bytes.utf8("next"));
        assertEquals(Set.of(Bytes.utf8("next")), heard(one, two), "start: frameBytesMax is the largest frame");
    }

    @Test
    void a_frame_over_the_receivers_limit_is_not_accepted() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2, 0, 1_024);
        connectAll(one, two);
        Bytes large = Bytes.wrap(new byte[2_000]);
        for (int i = 0; i < 3; i++) {
            send(one, two, large);
        }
        deliver("connect: dials again when a connection is lost", one, two, Bytes.utf8("next"));
        assertFalse(two.frames(PEER, 1).contains(large), "start: frameBytesMax is the largest frame that is accepted");
    }

    @Test
    void a_node_that_takes_nothing_blocks_nobody_and_only_so_much_waits_for_it() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        ContractNode three = started(3);
        connectAll(one, two, three);
        two.stall();
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("wait"));
        try {
            offerUntilRefused(
                    "send: false if the queue is full", one, body -> one.transport.send(2, Bytes.EMPTY, body));
            deliver("send: to one node while another takes nothing", one, three, Bytes.utf8("still here"));
        } finally {
            two.goOn();
        }
        deliver("send: after a queue was full", one, two, Bytes.utf8("and on"));
    }

    // ---- bulk

    private static boolean sendBulk(ContractNode from, ContractNode to, Bytes frame) {
        int cut = frame.length() / 3;
        return from.transport.sendBulk(to.id, frame.slice(0, cut), frame.slice(cut, frame.length() - cut));
    }

    /** Sends a bulk frame until it has arrived. */
    private static void deliverBulk(String sentence, ContractNode from, ContractNode to, Bytes frame) {
        to.awaitResending(
                sentence,
                () -> sendBulk(from, to, frame),
                () -> to.frames(BULK, from.id).contains(frame));
    }

    @Test
    void bulk_frames_of_every_size_arrive_whole_and_unchanged() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        Set<Bytes> sent = new HashSet<>();
        int slot = 0;
        for (int bytes : new int[] {0, 1, 2, 255, 4_096, 65_536, frameBytesMax()}) {
            StoredRecord payload = StoredRecord.of(1, ++slot, bytes);
            sent.add(payload.body());
            deliverBulk(
                    "onBulk: the head and the body that were sent, one after the other; " + bytes + " bytes",
                    one,
                    two,
                    payload.inLargerArray(0, bytes));
        }
        assertTrue(
                sent.containsAll(two.frames(BULK, 1)),
                "a frame arrives whole and unchanged or not at all; and what was received may be kept");
        assertEquals(List.of(), two.frames(PEER, 1), "onBulk: a frame that was sent as bulk, and onPeer no such");
        assertEquals(List.of(), one.frames(BULK, 2), "sendBulk: to the node, and to nobody else");
    }

    @Test
    void bulk_frames_keep_their_order_and_none_comes_twice() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        deliverBulk("sendBulk: needs no flush", one, two, Bytes.utf8("0"));
        int[] next = {0};
        two.awaitResending(
                "sendBulk: takes frames again when there is room",
                () -> {
                    while (next[0] < 500 && one.transport.sendBulk(2, Bytes.EMPTY, Bytes.utf8("" + (next[0] + 1)))) {
                        next[0]++;
                    }
                },
                () -> two.frames(BULK, 1).contains(Bytes.utf8("500")));
        int last = 0;
        for (Bytes frame : two.frames(BULK, 1)) {
            int number = Integer.parseInt(frame.toUtf8());
            assertTrue(
                    number == 0 || number > last,
                    "bulk frames keep their order, but " + number + " came after " + last);
            last = number;
        }
        assertEquals(1, one.count(CONNECTED, 2), "sendBulk: of its coming and going the receiver is told nothing");
        assertEquals(0, one.count(DISCONNECTED, 2), "sendBulk: of its coming and going the receiver is told nothing");
        assertEquals(0, two.count(DISCONNECTED, 1), "sendBulk: of its coming and going the receiver is told nothing");
    }

    @Test
    void a_full_queue_of_bulk_leaves_room_for_other_frames() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        Bytes passes = Bytes.wrap(new byte[80 * 1024]); // more than is left where a frame of bulk did not fit
        two.stall();
        deliverBulk("onBulk: a frame from a node that was admitted", one, two, Bytes.utf8("first"));
        try {
            offerUntilRefused(
                    "sendBulk: false if as many wait as may",
                    one,
                    body -> one.transport.sendBulk(2, Bytes.EMPTY, body));
            assertTrue(send(one, two, passes), "send: does not wait for bulk, nor for its room");
        } finally {
            two.goOn();
        }
        two.await("send: a frame arrives beside bulk", () -> two.frames(PEER, 1).contains(passes));
        deliverBulk("sendBulk: after its queue was full", one, two, Bytes.utf8("and on"));
    }

    @Test
    void bulk_goes_to_nodes_that_are_there() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        assertFalse(sendBulk(one, two, Bytes.utf8("early")), "sendBulk: false if the node is not connected");
        connectAll(one, two);
        deliverBulk("onBulk: a frame from a node that was admitted", one, two, Bytes.utf8("first life"));
        two.close();
        one.await("onPeerDisconnected: a node cannot be reached any more", () -> one.has(DISCONNECTED, 2));
        one.await("sendBulk: false if the node is not connected", () -> !sendBulk(one, two, Bytes.utf8("to nobody")));

        ContractNode again = started(2, two.port(), frameBytesMax());
        deliverBulk("sendBulk: to a node that is back", one, again, Bytes.utf8("second life"));
        one.close();
        boolean taken;
        try {
            taken = sendBulk(one, again, Bytes.utf8("after"));
        } catch (IllegalStateException e) {
            taken = false;
        }
        assertFalse(taken, "close: closes every connection, so that a frame is not taken");
    }

    // ---- nodes that come and go

    @Test
    void a_node_that_was_away_is_found_again() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        ContractNode three = started(3);
        connectAll(one, two, three);
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("first life"));
        two.close();
        one.await("onPeerDisconnected: a node cannot be reached any more", () -> one.has(DISCONNECTED, 2));
        assertFalse(send(one, two, Bytes.utf8("to nobody")), "send: false if the node is not connected");
        deliver("send: to one node while another is away", one, three, Bytes.utf8("two is away"));

        ContractNode again = started(2, two.port(), frameBytesMax());
        one.await("connect: dials again when it is lost", () -> one.count(CONNECTED, 2) >= 2);
        deliver("send: to a node that is back", one, again, Bytes.utf8("second life"));
        assertEquals(
                Set.of(Bytes.utf8("second life")),
                heard(one, again),
                "send: what was dropped, or received in an earlier life, does not arrive later");
    }

    // ---- the end

    @Test
    void a_closed_transport_sends_nothing() throws Exception {
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("before"));
        one.close();
        boolean queued;
        try {
            queued = send(one, two, Bytes.utf8("after"));
        } catch (IllegalStateException e) {
            queued = false;
        }
        assertFalse(queued, "close: closes every connection, so that a frame is dropped");
        two.await("close: closes every connection", () -> two.has(DISCONNECTED, 1));
        one.close();
        assertFalse(two.frames(PEER, 1).contains(Bytes.utf8("after")), "close: nothing is sent afterwards");
    }

    @Test
    void a_closed_transport_leaves_no_thread_and_no_port() throws Exception {
        made(9).close();
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        ContractNode one = started(1);
        ContractNode two = started(2);
        connectAll(one, two);
        deliver("onPeer: a frame from a node that was admitted", one, two, Bytes.utf8("one"));
        deliver("onPeer: a frame from a node that was admitted", two, one, Bytes.utf8("two"));
        one.close();
        two.close();

        List<String> left = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread) && thread.isAlive() && !mayOutliveClose(thread))
                .map(Thread::getName)
                .toList();
        assertEquals(List.of(), left, "close: joins every thread of the transport");
        ContractNode again = started(1, one.port(), frameBytesMax());
        assertEquals(one.port(), again.port(), "close: the address can be bound again");
    }
}
