package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.storage.FileStorage;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes over files: how much they hold, and for how long. */
@Timeout(180)
class MemoryTest {

    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    private Path directory;

    private final LocalNetwork network = new LocalNetwork(1);
    private final Membership members = Membership.of("1=local:1", "2=local:2", "3=local:3");
    private final List<PaxosNode<Bytes, Bytes>> nodes = new ArrayList<>();
    private final Queue<WeakReference<byte[]>> executed = new ConcurrentLinkedQueue<>();

    /** Keeps nothing, answers with a part of the command, and watches what it was given and what it answered. */
    private final class Forgetful implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            executed.add(new WeakReference<>(command.array()));
            return command.slice(0, Math.min(10, command.length()));
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    private PaxosNode<Bytes, Bytes> start(int id, Limits limits) {
        PaxosNode<Bytes, Bytes> node = PaxosNode.builder(new Forgetful(), Codec.bytes(), Codec.bytes())
                .member(id, members)
                .storage(FileStorage.at(directory.resolve("node-" + id)).withSegmentBytes(4 << 20))
                .transport(network.transport(id))
                .limits(limits)
                .start();
        nodes.add(node);
        return node;
    }

    @AfterEach
    void close() {
        nodes.forEach(PaxosNode::close);
    }

    /** Watches the bytes of a few commands, proposed and executed everywhere. */
    private void executeEverywhere(int commands) {
        int before = executed.size();
        for (int i = 0; i < commands; i++) {
            byte[] payload = new byte[1_000 + i];
            executed.add(new WeakReference<>(payload));
            nodes.get(i % nodes.size()).propose(Bytes.wrap(payload), LONG).join();
        }
        Cluster.await(() -> executed.size() >= before + commands * (1 + nodes.size()));
    }

    @Test
    void what_every_member_has_executed_and_answered_is_not_reachable_in_any() {
        for (int id = 1; id <= 3; id++) {
            start(id, Limits.defaults());
        }
        executeEverywhere(30);
        assertThat(executed).hasSize(30 + 3 * 30);
        Cluster.await(() -> {
            System.gc();
            return executed.stream().allMatch(watched -> watched.refersTo(null));
        });
        Cluster.await(() -> nodes.stream().allMatch(node -> node.status().memoryBytes() < 10_000));
    }

    @Test
    void a_node_holds_no_more_than_it_may_though_a_member_is_away() {
        Limits small = Limits.defaults()
                .withBatchBytes(16 << 10)
                .withValueBytes(64 << 10)
                .withFrameBytes(128 << 10)
                .withMemoryBytes(2 * Limits.SESSION_ANSWERS_BYTES_MAX + (7 << 20));
        for (int id = 1; id <= 3; id++) {
            start(id, small);
        }
        executeEverywhere(1); // or the founders would be waited for
        nodes.remove(2).close();
        long most = 0;
        ArrayDeque<CompletableFuture<Bytes>> open = new ArrayDeque<>();
        for (int i = 0; i < 600; i++) {
            open.add(nodes.get(i % 2).propose(Bytes.wrap(new byte[32 << 10]), LONG));
            if (open.size() == 40) {
                open.remove().join();
            }
            for (PaxosNode<Bytes, Bytes> node : nodes) {
                most = Math.max(most, node.status().memoryBytes());
            }
        }
        open.forEach(CompletableFuture::join);
        assertThat(most).isBetween(small.retainedBytes(), 7L << 20);
        start(3, small);
        executeEverywhere(3);
        Cluster.await(() -> nodes.stream().allMatch(node -> node.status().memoryBytes() < 100_000));
    }
}
