package dev.multipaxos.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.testkit.LocalNetwork;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Transports with one thing wrong, each caught by the contract. */
class BrokenTransportsTest {

    /** What the leaking transport's threads wait for. */
    private static volatile CountDownLatch leaked = new CountDownLatch(1);

    /** Passes everything on to a transport in memory. */
    private static class Passing implements Transport {
        final Transport under;

        Passing(Transport under) {
            this.under = under;
        }

        @Override
        public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
            return under.start(bind, frameBytesMax, receiver);
        }

        @Override
        public void connect(int node, String address) {
            under.connect(node, address);
        }

        @Override
        public boolean send(int node, Bytes head, Bytes body) {
            return under.send(node, head, body);
        }

        @Override
        public boolean sendBulk(int node, Bytes head, Bytes body) {
            return under.sendBulk(node, head, body);
        }

        @Override
        public boolean sendToClient(long connection, Bytes head, Bytes body) {
            return under.sendToClient(connection, head, body);
        }

        @Override
        public void closeClient(long connection) {
            under.closeClient(connection);
        }

        @Override
        public void flush() {
            under.flush();
        }

        @Override
        public void close() {
            under.close();
        }
    }

    /** Passes everything on to the node. */
    private static class PassingReceiver implements Transport.Receiver {
        final Transport.Receiver node;

        PassingReceiver(Transport.Receiver node) {
            this.node = node;
        }

        @Override
        public Bytes hello(int dialled) {
            return node.hello(dialled);
        }

        @Override
        public Transport.Verdict onHello(int dialled, String remote, Bytes hello) {
            return node.onHello(dialled, remote, hello);
        }

        @Override
        public void onPeer(int from, Bytes frame) {
            node.onPeer(from, frame);
        }

        @Override
        public void onBulk(int from, Bytes frame) {
            node.onBulk(from, frame);
        }

        @Override
        public void onClient(long connection, Bytes frame) {
            node.onClient(connection, frame);
        }

        @Override
        public void onBurstEnd() {
            node.onBurstEnd();
        }

        @Override
        public void onClientClosed(long connection) {
            node.onClientClosed(connection);
        }

        @Override
        public void onPeerConnected(int peer) {
            node.onPeerConnected(peer);
        }

        @Override
        public void onPeerDisconnected(int peer) {
            node.onPeerDisconnected(peer);
        }
    }

    /** The contract for a transport in memory that is broken in some way. */
    abstract static class Broken extends TransportContract {
        private final LocalNetwork network = new LocalNetwork(1);
        private final BiFunction<Integer, Transport, Transport> broken;

        Broken(BiFunction<Integer, Transport, Transport> broken) {
            this.broken = broken;
        }

        @Override
        protected Transport newTransport(int node) {
            return broken.apply(node, network.transport(node));
        }
    }

    static class NotBroken extends Broken {
        NotBroken() {
            super((id, under) -> new Passing(under));
        }
    }

    static class SwapsTheReceivers extends Broken {
        SwapsTheReceivers() {
            super((id, under) -> new Passing(under) {
                @Override
                public boolean send(int to, Bytes head, Bytes body) {
                    return super.send(id == 1 && to != 1 ? 5 - to : to, head, body);
                }
            });
        }
    }

    static class DeliversTwice extends Broken {
        DeliversTwice() {
            super((id, under) -> new Passing(under) {
                @Override
                public boolean send(int to, Bytes head, Bytes body) {
                    super.send(to, head, body);
                    return super.send(to, head, body);
                }
            });
        }
    }

    static class ReversesEveryPair extends Broken {
        ReversesEveryPair() {
            super((id, under) -> new Passing(under) {
                private final Map<Integer, Bytes> held = new ConcurrentHashMap<>();

                @Override
                public boolean send(int to, Bytes head, Bytes body) {
                    byte[] joined = Arrays.copyOf(head.toArray(), head.length() + body.length());
                    System.arraycopy(body.toArray(), 0, joined, head.length(), body.length());
                    Bytes before = held.remove(to);
                    if (before == null) {
                        held.put(to, Bytes.wrap(joined));
                        return true;
                    }
                    return super.send(to, Bytes.EMPTY, Bytes.wrap(joined)) && super.send(to, Bytes.EMPTY, before);
                }
            });
        }
    }

    static class LeaksAThread extends Broken {
        LeaksAThread() {
            super((id, under) -> new Passing(under) {
                @Override
                public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
                    CountDownLatch end = leaked;
                    Thread thread = new Thread(
                            () -> {
                                try {
                                    end.await();
                                } catch (InterruptedException e) {
                                    throw new AssertionError(e);
                                }
                            },
                            "leaked");
                    thread.setDaemon(true);
                    thread.start();
                    return super.start(bind, frameBytesMax, receiver);
                }
            });
        }
    }

    static class IgnoresRefusals extends Broken {
        IgnoresRefusals() {
            super((id, under) -> new Passing(under) {
                @Override
                public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
                    return super.start(bind, frameBytesMax, new PassingReceiver(receiver) {
                        @Override
                        public Verdict onHello(int dialled, String remote, Bytes hello) {
                            Verdict verdict = super.onHello(dialled, remote, hello);
                            return verdict.refusal() == null ? verdict : Verdict.peer(3 - id);
                        }
                    });
                }
            });
        }
    }

    static class GreetsThoughItRefuses extends Broken {
        GreetsThoughItRefuses() {
            super((id, under) -> new Passing(under) {
                @Override
                public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
                    return super.start(bind, frameBytesMax, new PassingReceiver(receiver) {
                        @Override
                        public Verdict onHello(int dialled, String remote, Bytes hello) {
                            Verdict verdict = super.onHello(dialled, remote, hello);
                            return verdict.answer().length() == 0 ? verdict : verdict.withAnswer(hello(0));
                        }
                    });
                }
            });
        }
    }

    static class ReusesItsBuffer extends Broken {
        ReusesItsBuffer() {
            super((id, under) -> new Passing(under) {
                private final byte[] buffer = new byte[1 << 20];

                @Override
                public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
                    return super.start(bind, frameBytesMax, new PassingReceiver(receiver) {
                        @Override
                        public void onPeer(int from, Bytes frame) {
                            System.arraycopy(frame.toArray(), 0, buffer, 0, frame.length());
                            super.onPeer(from, Bytes.wrap(buffer, 0, frame.length()));
                        }
                    });
                }
            });
        }
    }

    static class BlocksWhenTheQueueIsFull extends Broken {
        BlocksWhenTheQueueIsFull() {
            super((id, under) -> new Passing(under) {
                @Override
                public boolean send(int to, Bytes head, Bytes body) {
                    CountDownLatch end = leaked;
                    while (!super.send(to, head, body)) {
                        if (body.length() < 64 * 1024 || end.getCount() == 0) {
                            return false; // to a node that is not connected it is right
                        }
                        Thread.onSpinWait();
                    }
                    return true;
                }
            });
        }

        @Override
        protected Duration patience() {
            return Duration.ofSeconds(5); // the sender is waited for as long as this, and never comes back
        }
    }

    static class SendsBulkWithTheRest extends Broken {
        SendsBulkWithTheRest() {
            super((id, under) -> new Passing(under) {
                @Override
                public boolean sendBulk(int to, Bytes head, Bytes body) {
                    boolean queued = super.send(to, head, body);
                    super.flush();
                    return queued;
                }

                @Override
                public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
                    return super.start(bind, frameBytesMax, new PassingReceiver(receiver) {
                        @Override
                        public void onPeer(int from, Bytes frame) {
                            boolean bulk = frame.length() == 64 * 1024 || frame.equals(Bytes.utf8("first"));
                            if (bulk) {
                                super.onBulk(from, frame);
                            } else {
                                super.onPeer(from, frame);
                            }
                        }
                    });
                }
            });
        }
    }

    @AfterEach
    void let_the_leaked_threads_end() {
        leaked.countDown();
        leaked = new CountDownLatch(1);
    }

    private static final String ORDER = "frames_keep_their_order_and_go_to_the_node_that_they_are_for";

    @Test
    void the_transport_under_all_of_them_is_not_broken() {
        assertThat(Contract.failuresOf(NotBroken.class)).isEmpty();
    }

    @Test
    void a_transport_that_swaps_the_receivers_is_caught() {
        assertThat(Contract.failureOf(SwapsTheReceivers.class, ORDER))
                .startsWith("send: a frame for a node is handed to that node");
    }

    @Test
    void a_transport_that_delivers_twice_is_caught() {
        assertThat(Contract.failureOf(DeliversTwice.class, ORDER))
                .startsWith("send: a frame arrives once, or not at all");
    }

    @Test
    void a_transport_that_reorders_frames_is_caught() {
        assertThat(Contract.failureOf(ReversesEveryPair.class, ORDER))
                .startsWith("while a connection lasts frames keep their order");
    }

    @Test
    void a_transport_that_leaks_a_thread_is_caught() {
        assertThat(Contract.failureOf(LeaksAThread.class, "a_closed_transport_leaves_no_thread_and_no_port"))
                .isEqualTo("close: joins every thread of the transport");
    }

    @Test
    void a_transport_that_lets_in_whom_it_should_not_is_caught() {
        assertThat(Contract.failureOf(
                        IgnoresRefusals.class, "who_is_refused_by_the_one_it_dials_is_not_heard_until_it_is_admitted"))
                .containsAnyOf("send: false to a node that refuses us", "connect: dials again when it is refused");
    }

    @Test
    void a_transport_that_says_another_thing_than_the_refusal_is_caught() {
        assertThat(Contract.failureOf(
                        GreetsThoughItRefuses.class,
                        "what_comes_with_a_refusal_is_judged_in_place_of_a_greeting_by_the_one_that_dialled"))
                .startsWith("Verdict.answer: the other side's onHello judges it");
    }

    @Test
    void a_transport_that_reuses_the_buffer_of_a_frame_is_caught() {
        assertThat(Contract.failureOf(ReusesItsBuffer.class, "frames_of_every_size_arrive_whole_and_unchanged"))
                .startsWith("a frame arrives whole and unchanged or not at all; and what was received may be kept");
    }

    @Test
    void a_transport_that_blocks_when_a_queue_is_full_is_caught() {
        assertThat(Contract.failureOf(
                        BlocksWhenTheQueueIsFull.class,
                        "a_node_that_takes_nothing_blocks_nobody_and_only_so_much_waits_for_it"))
                .isEqualTo("send, sendToClient and flush never block");
    }

    @Test
    void a_transport_whose_bulk_takes_the_room_of_other_frames_is_caught() {
        assertThat(Contract.failureOf(SendsBulkWithTheRest.class, "a_full_queue_of_bulk_leaves_room_for_other_frames"))
                .startsWith("send: does not wait for bulk");
    }
}
