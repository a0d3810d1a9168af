package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.PaxosException;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.transport.netty.NettyOptions;
import dev.multipaxos.transport.netty.NettyTransport;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node whose protocol runs on the thread that serves the connections, or on one of its own: nothing else tells them apart. */
@Timeout(120)
class SharedThreadTest {

    private static NettyTransport transport(boolean shares) {
        return NettyTransport.tcp(NettyOptions.builder().sharesThread(shares).build());
    }

    /** Starts a lone node; the hook runs on the thread of the protocol when it has become the leader. */
    private static PaxosNode<Long, Long> start(
            NettyTransport transport, Consumer<String> hook, CompletableFuture<Throwable> stopped) {
        return PaxosNode.builder(new Cluster.Counter(), Codec.int64(), Codec.int64())
                .member(1, Membership.of("1=127.0.0.1:1"))
                .bind("127.0.0.1:0")
                .storage(new MemoryStorage())
                .transport(transport)
                .listener(new NodeListener() {
                    @Override
                    public void leaderChanged(int leader) {
                        hook.accept(Thread.currentThread().getName());
                    }

                    @Override
                    public void stopped(Throwable cause) {
                        stopped.complete(cause);
                    }
                })
                .start();
    }

    private static void assertThatNothingRuns() {
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("paxos-1-") || name.startsWith("paxos-netty"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void commands_are_executed_and_a_close_leaves_no_thread(boolean shares) {
        AtomicReference<String> thread = new AtomicReference<>();
        try (PaxosNode<Long, Long> node = start(transport(shares), thread::set, new CompletableFuture<>())) {
            for (long i = 1; i <= 100; i++) {
                assertThat(node.propose(1L).join()).isEqualTo(i);
            }
        }
        assertThat(thread.get()).startsWith(shares ? "paxos-netty-" : "paxos-1-loop");
        assertThatNothingRuns();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void close_on_the_thread_of_the_protocol_is_refused(boolean shares) {
        CompletableFuture<PaxosNode<Long, Long>> started = new CompletableFuture<>();
        CompletableFuture<Throwable> refused = new CompletableFuture<>();
        Consumer<String> close = thread -> {
            try {
                started.join().close();
            } catch (IllegalStateException e) {
                refused.complete(e);
            }
        };
        try (PaxosNode<Long, Long> node = start(transport(shares), close, new CompletableFuture<>())) {
            started.complete(node);
            assertThat(refused.join()).hasMessageContaining("a thread of the node itself");
            assertThat(node.propose(1L).join()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void what_is_thrown_in_a_turn_stops_the_node(boolean shares) {
        CompletableFuture<Throwable> stopped = new CompletableFuture<>();
        Error broken = new AssertionError("broken");
        PaxosNode<Long, Long> node = start(
                transport(shares),
                thread -> {
                    throw broken;
                },
                stopped);

        assertThat(stopped.join()).isSameAs(broken);
        assertThatThrownBy(() -> node.propose(1L).join()).hasCauseInstanceOf(PaxosException.NodeStopped.class);
        node.close();
        assertThatNothingRuns();
    }

    /** By the order of a try with resources, for instance. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_transport_that_the_application_closes_first_does_not_keep_the_node_from_ending(boolean shares) {
        CompletableFuture<Throwable> stopped = new CompletableFuture<>();
        NettyTransport transport = transport(shares);
        PaxosNode<Long, Long> node = start(transport, thread -> {}, stopped);
        assertThat(node.propose(1L).join()).isEqualTo(1);

        transport.close();
        if (shares) { // nobody takes turns any more
            assertThat(stopped.join()).hasMessageContaining("closed before its node");
        }
        node.close();
        assertThatNothingRuns();
    }
}
