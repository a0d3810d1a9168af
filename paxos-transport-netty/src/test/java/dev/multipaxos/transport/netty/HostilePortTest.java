package dev.multipaxos.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import dev.multipaxos.bytes.Bytes;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What arrives from programs that are no nodes, and from nodes that misbehave. */
@Timeout(60)
class HostilePortTest extends LeakChecked {

    private static final int FRAME_MAX = 1 << 20;
    private static final NettyOptions SHORT = NettyOptions.builder()
            .handshakeDeadline(Duration.ofMillis(300))
            .reconnect(Duration.ofMillis(5), Duration.ofMillis(50))
            .build();

    private FakeNode node;

    @BeforeEach
    void start() throws IOException {
        node = FakeNode.started(1);
    }

    @AfterEach
    void the_node_still_serves_others() throws IOException {
        node.refusal = "";
        node.admits = any -> true;
        node.failsOn = any -> false;
        try (FakeNode other = FakeNode.started(99)) {
            other.connectTo(node);
            other.send(1, "still there?");
            node.await("the frame", () -> node.happened("peer", 99));
        }
        node.close();
    }

    private void closesOn(byte[] bytes, String complaint) throws IOException {
        try (RawSocket raw = RawSocket.dial(node)) {
            raw.send(bytes);
            assertThat(raw.isClosed()).isTrue();
        }
        assertThat(logged(Level.WARN, complaint))
                .as("no complaint '%s' in %s", complaint, LOG)
                .isTrue();
        assertThat(node.frames).isZero();
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    @Test
    void an_http_request_is_told_from_a_node() throws IOException {
        closesOn(
                "GET / HTTP/1.1\r\nHost: here\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
                "announced a frame of 1195725851 bytes, 65536 are allowed here: its limits differ, or it speaks another protocol");
    }

    @Test
    void a_huge_length_is_refused() throws IOException {
        closesOn(bytes(0xff, 0xff, 0xff, 0xff), "announced a frame of 4294967290 bytes");
    }

    @Test
    void a_zero_length_is_refused() throws IOException {
        closesOn(new byte[4], "announced a frame of 0 bytes, fewer than the 5 that every frame has");
    }

    @Test
    void an_unknown_kind_is_refused() throws IOException {
        closesOn(RawSocket.frame(77, ""), "sent a frame of unknown kind 77");
    }

    @Test
    void data_and_pings_before_the_greeting_are_refused() throws IOException {
        closesOn(RawSocket.frame(Frame.DATA, "me first"), "sent data before its greeting was answered");
        closesOn(RawSocket.frame(Frame.PING, ""), "sent a ping before its greeting");
    }

    @Test
    void a_reason_cannot_forge_lines_of_the_log() throws IOException {
        closesOn(
                RawSocket.frame(Frame.REFUSED, "bye\r\n12:00:00 ERROR \u001b[31mthe disk is lost\u2028"),
                "closes its connection: bye??12:00:00 ERROR ?[31mthe disk is lost?");
    }

    @Test
    void a_damaged_frame_is_refused() throws IOException {
        byte[] frame = RawSocket.frame(Frame.HELLO, "0");
        for (int i = 4; i < frame.length; i++) {
            byte[] damaged = frame.clone();
            damaged[i] ^= 0x10;
            closesOn(damaged, "damaged on the way");
            LOG.clear();
        }
    }

    @Test
    void random_bytes_are_refused() throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < 50; i++) {
            byte[] junk = new byte[1 + random.nextInt(2_000)];
            random.nextBytes(junk);
            junk[0] |= 1; // a length over the limit, so that it need not wait for the deadline
            if (junk.length < 4) {
                continue;
            }
            try (RawSocket raw = RawSocket.dial(node)) {
                raw.send(junk);
                assertThat(raw.isClosed()).isTrue();
            }
        }
        assertThat(node.frames).isZero();
    }

    @Test
    void strangers_cannot_fill_the_log() throws IOException {
        for (int i = 0; i < 100; i++) {
            try (RawSocket raw = RawSocket.dial(node)) {
                raw.send(new byte[4]);
                assertThat(raw.isClosed()).isTrue();
            }
        }
        assertThat(loggedTimes(Level.WARN, "announced a frame")).isBetween(1L, 40L);
    }

    @Test
    void silence_and_a_trickle_meet_the_deadline() throws IOException {
        try (FakeNode quick = FakeNode.started(2, SHORT, FRAME_MAX);
                RawSocket silent = RawSocket.dial(quick);
                RawSocket trickle = RawSocket.dial(quick);
                RawSocket truncated = RawSocket.dial(quick)) {
            trickle.send((byte) 0);
            truncated.send(Arrays.copyOf(RawSocket.frame(Frame.HELLO, "0"), 8));
            assertThat(silent.isClosed()).isTrue();
            assertThat(trickle.isClosed()).isTrue();
            assertThat(truncated.isClosed()).isTrue();
            assertThat(loggedTimes(Level.WARN, "was not admitted within 300 ms"))
                    .isEqualTo(3);
        }
    }

    @Test
    void a_connection_that_falls_silent_is_closed() throws IOException {
        NettyOptions pinging =
                NettyOptions.builder().pingInterval(Duration.ofMillis(400)).build();
        try (FakeNode quick = FakeNode.started(2, pinging, FRAME_MAX);
                FakeNode other = FakeNode.started(3, pinging, FRAME_MAX);
                RawSocket raw = RawSocket.admitted(quick, 0)) {
            raw.send(RawSocket.frame(Frame.PING, ""));
            assertThat(raw.readFrame().kind()).isEqualTo(Frame.PONG);
            quick.connectTo(other);
            assertThat(raw.isClosed()).isTrue();
            assertThat(logged(Level.WARN, "has been silent for 1200 ms")).isTrue();
            assertThat(quick.happened("disconnected", 3)).isFalse(); // pings keep it alive
        }
    }

    @Test
    void claims_of_huge_frames_cost_no_memory() throws IOException {
        long before = usedBytes();
        List<RawSocket> admitted = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            try (RawSocket raw = RawSocket.dial(node)) {
                raw.send(bytes(0x7f, 0xff, 0xff, 0xff, 1, 2, 3));
                assertThat(raw.isClosed()).isTrue();
            }
        }
        for (int i = 0; i < 100; i++) { // a length that is allowed, and then nothing
            RawSocket raw = RawSocket.admitted(node, 0);
            raw.send(bytes(0x00, 0x3f, 0xff, 0xff, 1, 2, 3));
            admitted.add(raw);
        }
        assertThat(usedBytes() - before).isLessThan(64L << 20);
        for (RawSocket raw : admitted) {
            raw.close();
        }
    }

    private static long usedBytes() {
        Runtime runtime = Runtime.getRuntime();
        System.gc();
        var pools = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
        return pools.usedDirectMemory() + pools.usedHeapMemory() + runtime.totalMemory() - runtime.freeMemory();
    }

    @Test
    void an_oversized_frame_of_an_admitted_client_is_named_to_it() throws IOException {
        try (RawSocket raw = RawSocket.admitted(node, 0)) {
            raw.send(bytes(0x7f, 0xff, 0xff, 0xff));
            Frame last = raw.readFrame();
            assertThat(last.kind()).isEqualTo(Frame.REFUSED);
            assertThat(last.body().toUtf8())
                    .contains("you announced a frame of 2147483642 bytes, 4194304 are allowed here");
            assertThat(raw.isClosed()).isTrue();
        }
    }

    @Test
    void greeting_twice_is_refused() throws IOException {
        try (RawSocket raw = RawSocket.admitted(node, 0)) {
            raw.send(RawSocket.frame(Frame.HELLO, "0"));
            assertThat(raw.isClosed()).isTrue();
            assertThat(logged(Level.WARN, "greeted twice")).isTrue();
        }
    }

    @Test
    void a_greeting_larger_than_64_KiB_is_refused() throws IOException {
        closesOn(RawSocket.frame(Frame.HELLO, " ".repeat(64 * 1024 + 1)), "announced a frame of 65537 bytes");
    }

    @Test
    void a_refused_greeting_is_answered_with_the_reason() throws IOException {
        node.admits = any -> false;
        node.refusal = "wrong cluster: use another one";
        try (RawSocket raw = RawSocket.dial(node)) {
            raw.send(RawSocket.frame(Frame.HELLO, "5"));
            assertThat(raw.readFrame()).isEqualTo(new Frame(Frame.REFUSED, Bytes.utf8(node.refusal)));
            assertThat(raw.isClosed()).isTrue();
        }
        try (FakeNode other = FakeNode.started(2, SHORT, FRAME_MAX)) {
            other.transport.connect(1, node.address());
            other.await("the reason", () -> other.log("it refuses: wrong cluster: use another one"));
            node.await("more tries", () -> node.count("greeted", 2) >= 4);
            assertThat(loggedTimes(Level.WARN, "it refuses")).isEqualTo(1);
            node.refusal = "another reason";
            other.await("the other reason", () -> other.log("it refuses: another reason"));
            node.admits = any -> true;
            other.await("the connection", () -> other.happened("connected", 1));
        }
    }

    @Test
    void the_dialling_side_refuses_too() throws IOException {
        try (FakeNode other = FakeNode.started(2, SHORT, FRAME_MAX)) {
            other.admits = any -> false;
            other.refusal = "storage id is new";
            other.transport.connect(1, node.address());
            node.await("the reason", () -> node.log("closes its connection: storage id is new"));
            other.admits = any -> true;
            other.await("the connection", () -> other.happened("connected", 1));
        }
    }

    @Test
    void another_node_than_the_dialled_one_is_refused() throws IOException {
        try (FakeNode other = FakeNode.started(2, SHORT, FRAME_MAX)) {
            other.transport.connect(7, node.address());
            other.await("the reason", () -> other.log("dialled node 7, but found node 1"));
            assertThat(other.happened("connected", 7)).isFalse();
            assertThat(other.send(7, "x")).isFalse();
        }
    }

    @Test
    void a_dialled_port_that_never_answers_is_given_up_and_dialled_again() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                FakeNode other = FakeNode.started(2, SHORT, FRAME_MAX)) {
            other.transport.connect(5, "127.0.0.1:" + silent.getLocalPort());
            for (int i = 0; i < 3; i++) {
                try (RawSocket raw = new RawSocket(silent.accept())) {
                    assertThat(raw.readFrame()).isEqualTo(new Frame(Frame.HELLO, Bytes.utf8("2")));
                    assertThat(raw.isClosed()).isTrue();
                }
            }
            assertThat(loggedTimes(Level.WARN, "was not admitted within")).isEqualTo(1);
        }
    }

    @Test
    void the_newest_connection_of_a_node_replaces_the_older() throws IOException {
        try (RawSocket old = RawSocket.admitted(node, 5);
                RawSocket young = RawSocket.admitted(node, 5)) {
            assertThat(old.isClosed()).isTrue();
            young.send(RawSocket.frame(Frame.DATA, "from the younger"));
            node.await("the frame", () -> node.happened("peer", 5));
            assertThat(node.texts("peer", 5)).containsExactly("from the younger");
        }
        node.frames = 0;
    }

    @Test
    void an_exception_of_the_receiver_costs_one_connection() throws IOException {
        node.failsOn = frame -> frame.toUtf8().equals("bomb");
        try (RawSocket bomber = RawSocket.admitted(node, 5);
                RawSocket other = RawSocket.admitted(node, 6)) {
            bomber.send(RawSocket.frame(Frame.DATA, "bomb"));
            assertThat(bomber.isClosed()).isTrue();
            other.send(RawSocket.frame(Frame.DATA, "fine"));
            node.await("the frame", () -> node.happened("peer", 6));
        }
        assertThat(logged(Level.ERROR, "could not be handled")).isTrue();
    }

    @Test
    void a_peer_that_stalls_costs_frames_and_never_blocks() throws IOException {
        NettyOptions small =
                NettyOptions.builder().peerOutboundBytesMax(2 << 20).build();
        try (ServerSocket stalled = new ServerSocket()) {
            stalled.setReceiveBufferSize(8 * 1024);
            stalled.bind(null);
            try (FakeNode other = FakeNode.started(2, small, FRAME_MAX)) {
                other.transport.connect(5, "127.0.0.1:" + stalled.getLocalPort());
                try (RawSocket raw = new RawSocket(stalled.accept())) {
                    raw.readFrame();
                    raw.send(RawSocket.frame(Frame.HELLO, "5"));
                    other.await("the connection", () -> other.happened("connected", 5));
                    Bytes body = Bytes.wrap(new byte[64 * 1024]);
                    int queued = 0;
                    while (other.transport.send(5, Bytes.EMPTY, body)) { // ends: the queue is bounded
                        other.transport.flush();
                        queued++;
                    }
                    assertThat(queued).isGreaterThan(30);
                    for (int i = 0; i < queued; i++) {
                        assertThat(raw.readFrame().body().length()).isEqualTo(64 * 1024);
                    }
                    other.await("room again", () -> other.transport.send(5, Bytes.EMPTY, body));
                }
            }
        }
    }

    @Test
    void clients_are_counted_named_and_answered() throws IOException {
        NettyOptions two = NettyOptions.builder().clientConnectionsMax(2).build();
        try (FakeNode server = FakeNode.started(2, two, FRAME_MAX);
                RawSocket first = RawSocket.admitted(server, 0);
                RawSocket second = RawSocket.admitted(server, 0);
                RawSocket third = RawSocket.dial(server)) {
            third.send(RawSocket.frame(Frame.HELLO, "0"));
            Frame refusal = third.readFrame();
            assertThat(refusal.kind()).isEqualTo(Frame.REFUSED);
            assertThat(refusal.body().toUtf8()).startsWith("this node serves 2 clients already");

            first.send(RawSocket.frame(Frame.DATA, "a"));
            server.await("a", () -> server.frames == 1);
            second.send(RawSocket.frame(Frame.DATA, "b"));
            server.await("b", () -> server.frames == 2);
            List<Long> ids = server.clients();
            assertThat(ids).hasSize(2).doesNotContain(0L);

            assertThat(server.transport.sendToClient(ids.get(0), Bytes.utf8("A"), Bytes.utf8("!")))
                    .isTrue();
            assertThat(server.transport.sendToClient(ids.get(1), Bytes.utf8("B"), Bytes.EMPTY))
                    .isTrue();
            assertThat(server.transport.sendToClient(77, Bytes.utf8("C"), Bytes.EMPTY))
                    .isFalse();
            server.transport.flush();
            assertThat(first.readFrame().body()).isEqualTo(Bytes.utf8("A!"));
            assertThat(second.readFrame().body()).isEqualTo(Bytes.utf8("B"));

            server.transport.sendToClient(ids.get(0), Bytes.utf8("last words"), Bytes.EMPTY);
            server.transport.closeClient(ids.get(0));
            assertThat(server.transport.sendToClient(ids.get(0), Bytes.EMPTY, Bytes.EMPTY))
                    .isFalse();
            assertThat(first.readFrame().body()).isEqualTo(Bytes.utf8("last words"));
            assertThatThrownBy(first::readFrame).isInstanceOf(EOFException.class);
            server.await("the end", () -> server.count("clientClosed", ids.get(0)) == 1);

            second.hangUp();
            server.await("the end", () -> server.count("clientClosed", ids.get(1)) == 1);
            try (RawSocket fourth = RawSocket.admitted(server, 0)) { // there is room again
                fourth.send(RawSocket.frame(Frame.DATA, "d"));
                server.await("d", () -> server.frames == 3);
                assertThat(server.clients()).hasSize(3).doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void a_client_that_does_not_read_is_closed() throws IOException {
        NettyOptions small =
                NettyOptions.builder().clientOutboundBytesMax(2 << 20).build();
        try (FakeNode server = FakeNode.started(2, small, FRAME_MAX);
                RawSocket slow = RawSocket.dialNarrow(server)) {
            slow.send(RawSocket.frame(Frame.HELLO, "0"));
            slow.readFrame();
            slow.send(RawSocket.frame(Frame.DATA, "tell me everything"));
            server.await("the wish", () -> server.frames == 1);
            long id = server.clients().get(0);
            Bytes body = Bytes.wrap(new byte[64 * 1024]);
            while (server.transport.sendToClient(id, Bytes.EMPTY, body)) {
                server.transport.flush();
            }
            server.await("the end", () -> server.count("clientClosed", id) == 1);
            assertThat(logged(Level.WARN, "reads too slowly")).isTrue();
        }
    }

    @Test
    void frames_in_tiny_pieces_arrive_whole() throws IOException {
        try (RawSocket raw = RawSocket.admitted(node, 5)) {
            for (byte b : RawSocket.frame(Frame.DATA, "a frame in pieces")) {
                raw.send(b);
            }
            byte[] two = RawSocket.frame(Frame.DATA, "x");
            raw.send(ByteBuffer.allocate(2 * two.length).put(two).put(two).array());
            node.await("all", () -> node.frames == 3);
            assertThat(node.texts("peer", 5)).containsExactly("a frame in pieces", "x", "x");
        }
    }
}
