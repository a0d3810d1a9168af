package dev.multipaxos.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transports in one process, connected over the loopback. */
@Timeout(60)
class NettyTransportTest extends LeakChecked {

    private static final int FRAME_MAX = 4 << 20;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void three_nodes_exchange_frames_in_order(boolean epoll) throws IOException {
        NettyOptions options = NettyOptions.builder().nativeEpoll(epoll).build();
        try (FakeNode one = FakeNode.started(1, options, FRAME_MAX);
                FakeNode two = FakeNode.started(2, options, FRAME_MAX);
                FakeNode three = FakeNode.started(3, options, FRAME_MAX)) {
            List<FakeNode> nodes = List.of(one, two, three);
            for (FakeNode from : nodes) {
                for (FakeNode to : nodes) {
                    if (from != to) {
                        from.connectTo(to);
                    }
                }
            }
            for (int i = 0; i < 100; i++) {
                for (FakeNode from : nodes) {
                    for (FakeNode to : nodes) {
                        if (from != to) {
                            assertThat(from.transport.send(to.id, Bytes.utf8("frame "), Bytes.utf8("" + i)))
                                    .isTrue();
                        }
                    }
                    from.transport.flush();
                }
            }
            List<String> expected =
                    IntStream.range(0, 100).mapToObj(i -> "frame " + i).toList();
            for (FakeNode to : nodes) {
                to.await("200 frames", () -> to.frames == 200);
                for (FakeNode from : nodes) {
                    if (from != to) {
                        assertThat(to.texts("peer", from.id)).isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void the_largest_frame_arrives_unchanged_and_a_larger_one_is_the_callers_mistake() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                FakeNode two = FakeNode.started(2)) {
            one.connectTo(two);
            byte[] large = new byte[FRAME_MAX - 10];
            new Random(1).nextBytes(large);
            Bytes head = Bytes.utf8("0123456789");

            assertThat(one.transport.send(2, head, Bytes.wrap(large))).isTrue();
            one.transport.flush();

            two.await("the frame", () -> two.frames == 1);
            Bytes arrived = two.events.get(two.events.size() - 1).frame();
            assertThat(arrived.slice(0, 10)).isEqualTo(head);
            assertThat(arrived.slice(10, large.length)).isEqualTo(Bytes.wrap(large));
            assertThatThrownBy(() -> one.transport.send(2, Bytes.utf8("01234567890"), Bytes.wrap(large)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a frame of 4194305 bytes is larger than the limit of 4194304");
        }
    }

    @Test
    void a_hundred_thousand_small_frames_arrive_in_fewer_bursts() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                FakeNode two = FakeNode.started(2)) {
            one.connectTo(two);
            two.keepFrames = false;
            Bytes body = Bytes.utf8("sixteen bytes ..");
            for (int i = 0; i < 1_000; i++) {
                for (int j = 0; j < 100; j++) {
                    assertThat(one.transport.send(2, Bytes.EMPTY, body)).isTrue();
                }
                one.transport.flush();
            }
            two.await("all frames", () -> two.frames == 100_000);
            assertThat(two.bursts).isPositive().isLessThan(50_000);
        }
    }

    @Test
    void the_connection_for_bulk_is_dialled_when_it_is_needed_and_closed_when_it_is_not() throws IOException {
        NettyOptions options =
                NettyOptions.builder().bulkIdle(Duration.ofMillis(50)).build();
        try (FakeNode one = FakeNode.started(1, options, FRAME_MAX);
                FakeNode two = FakeNode.started(2, options, FRAME_MAX)) {
            one.connectTo(two);
            assertThat(two.count("greeted", 1)).isEqualTo(1);
            for (int time = 1; time <= 3; time++) {
                Bytes text = Bytes.utf8("bulk " + time);
                two.await("bulk", () -> {
                    one.transport.sendBulk(2, text, Bytes.EMPTY);
                    return two.texts("bulk", 1).contains(text.toUtf8());
                });
                assertThat(two.count("greeted", 1)).isGreaterThan(time);
                long greeted = two.count("greeted", 1);
                do {
                    idle(100);
                } while (one.transport.sendBulk(2, Bytes.utf8("is it closed?"), Bytes.EMPTY)); // if it is, this dials
                two.await("another greeting", () -> two.count("greeted", 1) > greeted);
            }
            assertThat(one.count("connected", 2)).isEqualTo(1);
            assertThat(one.count("disconnected", 2)).isZero();
            assertThat(one.send(2, "as ever")).isTrue();
            two.await("a frame", () -> two.texts("peer", 1).contains("as ever"));
        }
    }

    private static void idle(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void nothing_leaves_before_the_flush_and_everything_with_it() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                FakeNode two = FakeNode.started(2)) {
            one.connectTo(two);
            one.transport.send(2, Bytes.utf8("a"), Bytes.EMPTY);
            two.connectTo(one); // something else goes to and fro meanwhile
            two.send(1, "x");
            one.await("a frame from two", () -> one.happened("peer", 2));
            assertThat(two.frames).isZero();

            one.transport.send(2, Bytes.utf8("b"), Bytes.EMPTY);
            one.transport.flush();

            two.await("both frames", () -> two.frames == 2);
            assertThat(two.texts("peer", 1)).containsExactly("a", "b");
        }
    }

    @Test
    void a_turn_that_says_more_than_one_buffer_holds_keeps_its_order() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                FakeNode two = FakeNode.started(2)) {
            one.connectTo(two);
            for (int i = 0; i < 100; i++) {
                byte[] body = new byte[30_000 + i];
                body[0] = (byte) i;
                assertThat(one.transport.send(2, Bytes.EMPTY, Bytes.wrap(body))).isTrue();
            }
            one.transport.flush();
            two.await("all frames", () -> two.frames == 100);
            int i = 0;
            for (FakeNode.Event event : two.events) {
                if (event.what().equals("peer")) {
                    assertThat(event.frame().length()).isEqualTo(30_000 + i);
                    assertThat(event.frame().get(0)).isEqualTo((byte) i);
                    i++;
                }
            }
            assertThat(i).isEqualTo(100);
        }
    }

    @Test
    void a_restarted_node_is_found_again() throws IOException {
        try (FakeNode one = FakeNode.started(1)) {
            FakeNode two = FakeNode.started(2);
            one.connectTo(two);
            int port = two.port;
            two.stop();
            one.await("the loss", () -> one.happened("disconnected", 2));
            assertThat(one.send(2, "lost")).isFalse();

            try (FakeNode again = new FakeNode(2, NettyOptions.defaults())) {
                again.port = again.transport.start("127.0.0.1:" + port, FRAME_MAX, again);
                one.await("the connection", () -> one.count("connected", 2) == 2);
                assertThat(one.send(2, "found")).isTrue();
                again.await("the frame", () -> again.frames == 1);
                assertThat(again.texts("peer", 1)).containsExactly("found");
            }
        }
    }

    @Test
    void a_node_that_dials_us_is_dialled_without_waiting_for_the_pause() throws IOException {
        NettyOptions patient = NettyOptions.builder()
                .reconnect(Duration.ofMinutes(10), Duration.ofMinutes(10))
                .build();
        try (FakeNode one = FakeNode.started(1, patient, FRAME_MAX);
                FakeNode two = FakeNode.started(2)) {
            int port = two.port;
            two.stop();
            one.transport.connect(2, "127.0.0.1:" + port);
            one.await("the failed dial", () -> one.log("cannot be reached"));
            try (FakeNode again = new FakeNode(2, NettyOptions.defaults())) {
                again.port = again.transport.start("127.0.0.1:" + port, FRAME_MAX, again);
                again.connectTo(one);
                one.await("the connection back", () -> one.happened("connected", 2));
            }
        }
    }

    @Test
    void a_node_that_has_moved_is_dialled_at_its_new_address() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                FakeNode old = FakeNode.started(2);
                FakeNode moved = FakeNode.started(2)) {
            one.connectTo(old);
            one.transport.connect(2, "localhost:" + moved.port);
            one.await("the new connection", () -> one.count("connected", 2) == 2);
            assertThat(one.send(2, "hello")).isTrue();
            moved.await("the frame", () -> moved.frames == 1);
        }
    }

    @Test
    void an_address_that_cannot_be_bound_is_named() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                NettyTransport other = NettyTransport.tcp()) {
            assertThatThrownBy(() -> other.start(one.address(), FRAME_MAX, one))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot listen on " + one.address());
        }
    }

    @Test
    void misuse_is_told_at_once() throws IOException {
        NettyTransport transport = NettyTransport.tcp();
        assertThat(transport.send(1, Bytes.EMPTY, Bytes.EMPTY)).isFalse();
        assertThatThrownBy(() -> transport.connect(2, "127.0.0.1:1")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> transport.start("127.0.0.1:0", 64 << 20, new FakeNode(1, NettyOptions.defaults())))
                .hasMessageContaining("peerOutboundBytesMax 16777216 must hold one frame of frameBytesMax, 67108873")
                .hasMessageContaining("clientOutboundBytesMax");
        transport.close();
        transport.close();
        assertThatThrownBy(() -> transport.start("127.0.0.1:0", 1024, new FakeNode(1, NettyOptions.defaults())))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        try (FakeNode one = FakeNode.started(1)) {
            assertThatThrownBy(() -> one.transport.connect(2, "localhost"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'localhost' has no port");
            assertThatThrownBy(() -> one.transport.start("127.0.0.1:0", 1024, one))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void close_joins_every_thread_even_under_load() throws Exception {
        FakeNode one = FakeNode.started(1);
        FakeNode two = FakeNode.started(2);
        one.transport.connect(2, "localhost:" + two.port);
        one.await("a connection", () -> one.happened("connected", 2));
        Thread load = new Thread(() -> {
            while (one.transport.send(2, Bytes.utf8("load"), Bytes.EMPTY) || !two.happened("stop", 0)) {
                one.transport.flush();
            }
        });
        load.start();
        two.await("some frames", () -> two.frames > 1_000);
        one.stop();
        two.stop();
        synchronized (two) {
            two.events.add(new FakeNode.Event("stop", 0, Bytes.EMPTY));
        }
        load.join();
        one.stop();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("paxos-netty"));
    }

    @Test
    void a_transport_is_not_closed_by_its_own_thread() throws IOException {
        try (FakeNode one = FakeNode.started(1);
                FakeNode two = FakeNode.started(2)) {
            two.failsOn = frame -> {
                two.stop();
                return false;
            };
            one.connectTo(two);
            one.send(2, "close yourself");
            one.await("the complaint", () -> one.log("could not be handled"));
            one.await("the loss", () -> one.happened("disconnected", 2));
        }
    }

    @Test
    void nor_while_another_thread_closes_it() throws Exception {
        try (FakeNode one = FakeNode.started(1);
                FakeNode two = FakeNode.started(2)) {
            Thread closing = new Thread(two::stop, "closing");
            closing.setDaemon(true);
            two.failsOn = frame -> {
                closing.start();
                while (closing.getState() != Thread.State.WAITING) { // for the thread that runs this
                    Thread.onSpinWait();
                }
                two.stop();
                return false;
            };
            one.connectTo(two);
            one.send(2, "close yourself");
            one.await("the complaint", () -> one.log("could not be handled"));
            closing.join();
        }
    }
}
