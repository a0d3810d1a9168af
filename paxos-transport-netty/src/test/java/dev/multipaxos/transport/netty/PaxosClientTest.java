package dev.multipaxos.transport.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Limits;
import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.transport.netty.FakeCluster.Manner;
import dev.multipaxos.wire.Command;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against members that share one memory, and misbehave. */
@Timeout(90)
class PaxosClientTest extends LeakChecked {

    private FakeCluster cluster;

    @BeforeEach
    void open() throws IOException {
        cluster = new FakeCluster(4);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private PaxosClient.Builder<String, String> builder(int... servers) {
        String[] addresses = new String[servers.length];
        for (int i = 0; i < servers.length; i++) {
            addresses[i] = cluster.address(servers[i]);
        }
        return PaxosClient.builder(Codec.utf8(), Codec.utf8())
                .servers(addresses)
                .retryInterval(Duration.ofMillis(200))
                .deadline(Duration.ofSeconds(30));
    }

    private void await(String what, BooleanSupplier condition) throws InterruptedException {
        cluster.await(what, condition);
    }

    private static Throwable failure(CompletableFuture<String> call) throws Exception {
        try {
            throw new AssertionError("succeeded with " + call.get(30, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return Objects.requireNonNull(e.getCause());
        }
    }

    /** A deadline that passes just when the command is on its way, or before anybody was asked, cannot tell that disks are full. */
    private static Throwable diskFull(PaxosClient<String, String> client) throws Exception {
        Throwable why = failure(client.propose("refused", Duration.ofMillis(500)));
        while (!(why instanceof PaxosException.DiskFull)) {
            why = failure(client.propose("refused", Duration.ofMillis(500)));
        }
        return why;
    }

    private void assertEachExecutedOnce(int count) {
        List<String> executed = cluster.executed();
        assertThat(executed).hasSize(count).doesNotHaveDuplicates();
    }

    @Test
    void a_command_is_answered_and_the_session_is_closed_in_the_end() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            assertThat(cluster.opened).isZero();
            assertThat(client.propose("a").get()).isEqualTo("a#1");
            assertThat(client.propose("b").get()).isEqualTo("b#2");
            assertThat(cluster.sessionCount()).isEqualTo(1);
        }
        assertThat(cluster.sessionCount()).isZero();
        assertThat(cluster.opened).isEqualTo(1);
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("paxos-client"));
    }

    @Test
    void commands_are_numbered_and_say_which_answers_have_arrived() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            for (int i = 1; i <= 5; i++) {
                client.propose("" + i).get();
            }
        }
        List<Command> applied = cluster.commands.stream()
                .filter(c -> c.kind() == Command.Kind.APPLY)
                .toList();
        assertThat(applied).extracting(Command::sequence).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(applied).extracting(Command::acknowledgedBelow).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void what_is_submitted_together_leaves_in_few_frames() throws Exception {
        try (PaxosClient<String, String> client =
                builder(1).inFlight(20_000, 64 << 20).start()) {
            client.propose("first").get();
            long before = cluster.frames;
            List<CompletableFuture<String>> calls = new ArrayList<>();
            for (int i = 0; i < 20_000; i++) {
                calls.add(client.propose("command " + i)); // more than the session's window: the rest waits here
            }
            for (CompletableFuture<String> call : calls) {
                call.get(60, TimeUnit.SECONDS);
            }
            assertThat(cluster.frames - before).isLessThan(10_000);
            assertEachExecutedOnce(20_001);
            assertThat(cluster.commands).allMatch(c -> c.sequence() - c.acknowledgedBelow() < Limits.SESSION_WINDOW);
        }
    }

    @Test
    void the_leader_is_found_from_any_member() throws Exception {
        cluster.lead(3);
        try (PaxosClient<String, String> client = builder(1).start()) {
            assertThat(client.propose("a").get()).isEqualTo("a#1");
            assertThat(client.read(Consistency.LINEARIZABLE, "size").get()).isEqualTo("size=1@3");
        }
    }

    @Test
    void the_client_follows_a_leader_that_changes_under_load() throws Exception {
        int count = 5_000;
        try (PaxosClient<String, String> client = builder(1, 2, 3).start()) {
            List<CompletableFuture<String>> calls = new ArrayList<>();
            Random random = new Random(5);
            for (int i = 0; i < count; i++) {
                CompletableFuture<String> call = client.propose("c" + i);
                calls.add(call);
                if (i % 100 == 99) {
                    call.get();
                    int next = 1 + random.nextInt(3);
                    if (random.nextBoolean()) {
                        cluster.announce(next);
                    } else {
                        cluster.lead(next);
                    }
                }
            }
            for (int i = 0; i < count; i++) {
                assertThat(calls.get(i).get()).startsWith("c" + i + "#");
            }
        }
        assertEachExecutedOnce(count);
        assertThat(cluster.opened).isEqualTo(1);
    }

    @Test
    void while_no_leader_is_known_calls_wait() throws Exception {
        cluster.lead(0);
        try (PaxosClient<String, String> client = builder(1, 2).start()) {
            CompletableFuture<String> call = client.propose("a");
            CompletableFuture<String> read = client.read(Consistency.LINEARIZABLE, "size");
            await("some tries", () -> cluster.frames >= 8);
            assertThat(call).isNotDone();
            cluster.lead(2);
            assertThat(call.get()).isEqualTo("a#1");
            assertThat(read.get()).endsWith("@2");
        }
        assertEachExecutedOnce(1);
    }

    @Test
    void a_lost_answer_is_asked_for_again_and_nothing_is_executed_twice() throws Exception {
        try (PaxosClient<String, String> client = builder(1, 2, 3).start()) {
            client.propose("a").get();
            cluster.member(1).manner = Manner.EXECUTES_IN_SILENCE;
            CompletableFuture<String> call = client.propose("b");
            await("its execution", () -> cluster.executed.size() == 2);
            cluster.member(1).manner = Manner.ANSWERS;
            assertThat(call.get()).isEqualTo("b#2");

            cluster.member(1).manner = Manner.EXECUTES_IN_SILENCE;
            CompletableFuture<String> other = client.propose("c");
            await("its execution", () -> cluster.executed.size() == 3);
            cluster.lead(2);
            assertThat(other.get()).isEqualTo("c#3");
        }
        assertEachExecutedOnce(3);
    }

    @Test
    void a_member_that_restarts_is_found_again_with_everything_open() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("a").get();
            cluster.member(1).manner = Manner.EXECUTES_IN_SILENCE;
            List<CompletableFuture<String>> calls = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                calls.add(client.propose("b" + i));
            }
            await("their execution", () -> cluster.executed.size() == 101);
            cluster.restart(1);
            for (int i = 0; i < 100; i++) {
                assertThat(calls.get(i).get()).startsWith("b" + i + "#");
            }
        }
        assertEachExecutedOnce(101);
    }

    @Test
    void answers_may_come_late_twice_and_in_any_order() throws Exception {
        cluster.member(1).manner = Manner.ANSWERS;
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("first").get();
            cluster.member(1).manner = Manner.ANSWERS_LATE_TWICE_AND_SHUFFLED;
            List<CompletableFuture<String>> calls = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                calls.add(client.propose("c" + i));
            }
            for (int i = 0; i < 2_000; i++) {
                assertThat(calls.get(i).get()).startsWith("c" + i + "#");
            }
            cluster.member(1).manner = Manner.ANSWERS;
        }
        assertEachExecutedOnce(2_001);
    }

    @Test
    void an_unknown_outcome_is_asked_for_again() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("a").get();
            cluster.member(1).manner = Manner.SAYS_UNKNOWN;
            CompletableFuture<String> call = client.propose("b");
            long before = cluster.frames;
            await("another try", () -> cluster.frames >= before + 2);
            cluster.member(1).manner = Manner.ANSWERS;
            assertThat(call.get()).isEqualTo("b#2");
        }
    }

    @Test
    void a_member_that_has_stopped_is_left() throws Exception {
        try (PaxosClient<String, String> client = builder(1, 2).start()) {
            client.propose("a").get();
            cluster.member(1).manner = Manner.HAS_STOPPED;
            CompletableFuture<String> call = client.propose("b");
            await("its execution", () -> cluster.executed.size() == 2);
            cluster.lead(2);
            assertThat(call.get()).isEqualTo("b#2");
        }
        assertEachExecutedOnce(2);
    }

    @Test
    void an_expired_session_is_told_and_replaced_and_nothing_is_repeated() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("a").get();
            cluster.expireSessions();
            Throwable first = failure(client.propose("b"));
            assertThat(first).isInstanceOf(PaxosException.SessionExpired.class);
            assertThat(((PaxosException) first).mayHaveBeenApplied()).isFalse();
            assertThat(client.propose("c").get()).isEqualTo("c#2");

            cluster.member(1).manner = Manner.EXECUTES_IN_SILENCE;
            CompletableFuture<String> lost = client.propose("d");
            await("its execution", () -> cluster.executed.size() == 3);
            cluster.expireSessions();
            cluster.member(1).manner = Manner.ANSWERS;
            Throwable second = failure(lost);
            assertThat(second).isInstanceOf(PaxosException.SessionExpired.class);
            assertThat(((PaxosException) second).mayHaveBeenApplied()).isTrue();
        }
        assertThat(cluster.executed()).containsExactly("a", "c", "d");
        assertThat(cluster.opened).isEqualTo(2);
    }

    @Test
    void an_idle_session_is_kept_alive() throws Exception {
        try (PaxosClient<String, String> client =
                builder(1).keepAliveInterval(Duration.ofMillis(50)).start()) {
            client.propose("a").get();
            await("keep-alives", () -> cluster.keptAlive >= 3);
            cluster.expireSessions();
            await(
                    "the news",
                    () -> cluster.commands.stream()
                                    .filter(c -> c.kind() == Command.Kind.KEEP_ALIVE)
                                    .count()
                            > cluster.keptAlive);
            client.read(Consistency.LINEARIZABLE, "size").get(); // its answer comes behind the news
            assertThat(client.propose("b").get()).isEqualTo("b#2");
        }
    }

    @Test
    void a_full_member_refuses_definitely() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("a").get();
            cluster.member(1).manner = Manner.IS_OVERLOADED;
            Throwable failure = failure(client.propose("b"));
            assertThat(failure).isInstanceOf(PaxosException.Overloaded.class);
            assertThat(failure(client.read(Consistency.LINEARIZABLE, "size")))
                    .isInstanceOf(PaxosException.Overloaded.class);
            cluster.member(1).manner = Manner.ANSWERS;
            assertThat(client.propose("c").get()).isEqualTo("c#2");
        }
        assertThat(cluster.executed()).containsExactly("a", "c");
    }

    @Test
    void where_no_disk_has_room_the_deadline_says_so_and_whoever_has_room_again_is_found() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("before").get();
            cluster.members.values().forEach(member -> member.manner = Manner.IS_FULL);
            int greeted = cluster.member(2).greeted;
            CompletableFuture<String> patient = client.propose("patient");
            await("another member to be asked", () -> cluster.member(2).greeted > greeted);
            assertThat(diskFull(client))
                    .isInstanceOfSatisfying(
                            PaxosException.DiskFull.class,
                            e -> assertThat(e.mayHaveBeenApplied()).isFalse())
                    .hasMessageContaining(" is full: the command was not taken")
                    .hasMessageContaining("Free space");
            cluster.member(3).manner = Manner.ANSWERS;
            cluster.lead(3);
            assertThat(patient.get(60, TimeUnit.SECONDS)).isEqualTo("patient#2");
        }
    }

    @Test
    void a_client_that_has_no_session_is_told_of_full_disks_too() throws Exception {
        cluster.members.values().forEach(member -> member.manner = Manner.IS_FULL);
        try (PaxosClient<String, String> client = builder(1, 2, 3, 4).start()) {
            assertThat(diskFull(client)).hasMessageContaining(" is full");
        }
    }

    @Test
    void a_cluster_of_one_whose_disk_is_full_refuses_at_once_and_takes_commands_when_it_has_room() throws Exception {
        try (FakeCluster alone = new FakeCluster(1);
                PaxosClient<String, String> client = PaxosClient.builder(Codec.utf8(), Codec.utf8())
                        .servers(alone.address(1))
                        .deadline(Duration.ofHours(1))
                        .start()) {
            alone.member(1).manner = Manner.IS_FULL;
            for (int i = 0; i < 20; i++) {
                assertThat(failure(client.propose("refused"))).isInstanceOf(PaxosException.DiskFull.class);
            }
            alone.member(1).manner = Manner.ANSWERS;
            client.propose("a").get(60, TimeUnit.SECONDS);
            alone.member(1).manner = Manner.EXECUTES_IN_SILENCE;
            CompletableFuture<String> unanswered = client.propose("b");
            alone.await("its execution", () -> alone.executed.size() == 2);
            alone.member(1).manner = Manner.IS_FULL;
            for (int i = 0; i < 5; i++) {
                assertThat(failure(client.propose("refused"))).isInstanceOf(PaxosException.DiskFull.class);
            }
            alone.member(1).manner = Manner.ANSWERS;
            assertThat(unanswered.get(60, TimeUnit.SECONDS)).isEqualTo("b#2");
        }
    }

    @Test
    void a_command_that_no_member_takes_fails_definitely_and_alone() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            CompletableFuture<String> before = client.propose("a");
            CompletableFuture<String> refused = client.propose("nonsense");
            CompletableFuture<String> behind = client.propose("b");
            assertThat(failure(refused))
                    .isInstanceOf(PaxosException.NotExecuted.class)
                    .hasMessageContaining("no command");
            assertThat(before.get()).isEqualTo("a#1");
            assertThat(behind.get()).isEqualTo("b#2");
        }
    }

    @Test
    void a_deadline_of_for_ever_is_none_that_overflows() throws Exception {
        try (PaxosClient<String, String> client = builder(1).inFlight(1, 1_000).start()) {
            for (int i = 1; i <= 3; i++) {
                assertThat(client.propose("a", Duration.ofSeconds(Long.MAX_VALUE))
                                .get(30, TimeUnit.SECONDS))
                        .isEqualTo("a#" + i);
            }
        }
    }

    @Test
    void what_is_open_is_bounded_by_count_and_bytes() throws Exception {
        cluster.member(1).manner = Manner.IGNORES;
        try (PaxosClient<String, String> client = builder(1).inFlight(3, 1_000).start()) {
            List<CompletableFuture<String>> open =
                    List.of(client.propose("a"), client.propose("b"), client.propose("c"));
            Throwable fourth = failure(client.propose("d"));
            assertThat(fourth)
                    .isInstanceOf(PaxosException.Overloaded.class)
                    .hasMessageContaining("3 of 3 calls and 3 of 1000 bytes are open");
            cluster.member(1).manner = Manner.ANSWERS;
            for (CompletableFuture<String> call : open) {
                call.get();
            }
            assertThat(failure(client.propose("x".repeat(1_001)))).isInstanceOf(PaxosException.Overloaded.class);
            assertThat(client.propose("e").get()).isEqualTo("e#4");
        }
    }

    @Test
    void a_deadline_tells_whether_the_command_ever_left() throws Exception {
        try (PaxosClient<String, String> client = builder(1).start()) {
            client.propose("a").get();
            cluster.member(1).manner = Manner.IGNORES;
            Throwable sent = failure(client.propose("b", Duration.ofMillis(100)));
            assertThat(sent).isInstanceOf(PaxosException.OutcomeUnknown.class);
            assertThat(((PaxosException) sent).mayHaveBeenApplied()).isTrue();
            assertThat(failure(client.read(Consistency.LINEARIZABLE, "size", Duration.ofMillis(100))))
                    .isInstanceOf(PaxosException.Unavailable.class);

            cluster.member(1).manner = Manner.ANSWERS;
            cluster.lead(2);
            cluster.leaderIsKnown = false;
            cluster.member(2).transport.close();
            // each is refused again and again; a deadline may find some of them on the way, but not all
            List<CompletableFuture<String>> refused = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                refused.add(client.propose("c" + i, Duration.ofMillis(300 + 20 * i)));
            }
            List<Throwable> ends = new ArrayList<>();
            for (CompletableFuture<String> call : refused) {
                ends.add(failure(call));
            }
            assertThat(ends)
                    .hasOnlyElementsOfTypes(PaxosException.Unavailable.class, PaxosException.OutcomeUnknown.class)
                    .hasAtLeastOneElementOfType(PaxosException.Unavailable.class);

            cluster.lead(1);
            assertThat(client.propose("d").get()).isEqualTo("d#2");
        }
        assertThat(cluster.executed()).containsExactly("a", "d");
    }

    @Test
    void without_any_server_calls_end_with_what_is_wrong() throws Exception {
        cluster.close();
        try (PaxosClient<String, String> client = builder(1).start()) {
            assertThat(failure(client.propose("a", Duration.ofMillis(200))))
                    .isInstanceOf(PaxosException.Unavailable.class)
                    .hasMessageContaining("the command was not executed and will not be")
                    .hasMessageContaining("Last trouble: " + cluster.address(1))
                    .hasMessageContaining("Connection refused");
        }
    }

    @Test
    void local_reads_need_no_leader_and_bad_queries_are_told() throws Exception {
        cluster.lead(0);
        try (PaxosClient<String, String> client = builder(1).start()) {
            assertThat(client.read(Consistency.LOCAL, "size").get()).isEqualTo("size=0@1");
            assertThat(failure(client.read(Consistency.LOCAL, "bad")))
                    .isInstanceOf(PaxosException.QueryFailed.class)
                    .hasMessageContaining("no such question");
        }
    }

    @Test
    void a_refusal_a_wrong_group_and_another_cluster_are_said_once_and_left() throws Exception {
        cluster.member(1).refusal = "no clients today";
        cluster.member(2).group = 9;
        try (PaxosClient<String, String> client = builder(1, 2, 3).start()) {
            cluster.lead(3);
            assertThat(client.propose("a").get()).isEqualTo("a#1");
            assertThat(loggedTimes(Level.WARN, "it refuses: no clients today")).isEqualTo(1);
            assertThat(loggedTimes(Level.WARN, "no service from " + cluster.address(2) + ": it serves group 9"))
                    .isEqualTo(1);
            cluster.member(4).cluster = 78;
            cluster.announce(4);
            await("the attempt", () -> cluster.member(4).greeted > 0);
            cluster.lead(3);
            assertThat(client.propose("b").get()).isEqualTo("b#2");
            assertThat(loggedTimes(Level.WARN, "it belongs to another cluster")).isPositive();
        }
    }

    @Test
    void close_ends_every_call_and_later_ones_at_once() throws Exception {
        PaxosClient<String, String> client = builder(1).start();
        client.propose("a").get();
        cluster.member(1).manner = Manner.IGNORES;
        CompletableFuture<String> sent = client.propose("b");
        long before = cluster.frames;
        await("its arrival", () -> cluster.frames >= before);
        CompletableFuture<String> fromCallback = client.read(Consistency.LOCAL, "x")
                .handle((answer, failure) -> {
                    assertThatThrownBy(client::close).isInstanceOf(IllegalStateException.class);
                    return "told";
                });
        client.close();
        assertThat(failure(sent)).isInstanceOf(PaxosException.NodeStopped.class);
        assertThat(fromCallback.get()).isEqualTo("told");
        assertThat(failure(client.propose("c"))).isInstanceOf(PaxosException.NodeStopped.class);
        client.close();
    }

    @Test
    void everything_wrong_is_said_at_once() {
        assertThatThrownBy(() -> PaxosClient.builder(Codec.utf8(), Codec.utf8())
                        .servers("here", "localhost:0")
                        .deadline(Duration.ZERO)
                        .retryInterval(Duration.ofDays(2))
                        .inFlight(0, 0)
                        .frameBytes(1)
                        .group(0)
                        .start())
                .isInstanceOf(PaxosException.InvalidConfiguration.class)
                .hasMessageContaining("'here' has no port")
                .hasMessageContaining("port 0")
                .hasMessageContaining("deadline PT0S")
                .hasMessageContaining("retryInterval PT48H")
                .hasMessageContaining("0 calls")
                .hasMessageContaining("0 bytes")
                .hasMessageContaining("frameBytes 1")
                .hasMessageContaining("valueBytes 1048576")
                .hasMessageContaining("group 0");
    }

    @Test
    void misuse_is_told_at_once() throws Exception {
        PaxosClient.Builder<Bytes, Bytes> builder = PaxosClient.builder(Codec.bytes(), Codec.bytes())
                .servers(cluster.address(1))
                .valueBytes(1_000);
        try (PaxosClient<Bytes, Bytes> client = builder.start()) {
            assertThatThrownBy(() -> client.propose(Bytes.wrap(new byte[1_001])))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a command of 1001 bytes is larger than valueBytes, 1000");
            assertThatThrownBy(() -> client.propose(Bytes.EMPTY, Duration.ZERO))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
