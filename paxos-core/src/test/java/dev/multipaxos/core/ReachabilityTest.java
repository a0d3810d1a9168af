package dev.multipaxos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.PreVoteReply;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.runtime.Driver;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a replica and its driver need no more they do not keep: the garbage collector finds it. */
@Timeout(60)
class ReachabilityTest {

    private static final Ballot FIRST = new Ballot(1, 1);
    private static final Ballot SECOND = new Ballot(2, 3);

    /** The world, which remembers nothing. */
    private static final class Node implements Driver.Journal, Driver.Network, Driver.Application {
        final Driver driver;
        long appended;
        long executed;
        boolean hangs;

        Node(int... members) {
            driver = new Driver(
                    new Replica(2, Configuration.majority(members), Parameters.DEFAULT, Durable.EMPTY),
                    this,
                    this,
                    this);
        }

        void receive(int from, Message message) {
            driver.handle(new Input.Received(from, message));
            turn();
        }

        void tick(int times) {
            for (int i = 0; i < times; i++) {
                driver.handle(new Input.Tick());
                turn();
            }
        }

        void turn() {
            for (int i = 0; i < 3; i++) { // what becomes durable, or is executed, has consequences
                driver.durable(hangs ? 0 : appended);
                driver.handle(new Input.Executed(executed));
                driver.endTurn();
            }
        }

        @Override
        public void append(Record record, Ballot promised) {
            appended++;
        }

        @Override
        public void sync(long ticket) {}

        @Override
        public void send(int to, Message message) {}

        @Override
        public void flush() {}

        @Override
        public void execute(long slot, Value value) {
            executed = slot;
        }

        @Override
        public void readReady(long token, long slot) {}

        @Override
        public void readRefused(long token) {}

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {}
    }

    /** A value, for as long as somebody keeps it. */
    private static Value.Batch value(int bytes) {
        return new Value.Batch(0, Bytes.wrap(new byte[bytes]));
    }

    private static WeakReference<byte[]> watch(Value.Batch value) {
        return new WeakReference<>(value.commands().array());
    }

    private static void awaitGone(WeakReference<?> watched) {
        while (!watched.refersTo(null)) {
            System.gc();
            LockSupport.parkNanos(1_000_000);
            if (Thread.interrupted()) {
                throw new AssertionError("it can still be reached");
            }
        }
    }

    private static WeakReference<byte[]> accept(Node node, Ballot ballot, long slot, int bytes) {
        Value.Batch value = value(bytes);
        node.receive(ballot.node(), new Accept(ballot, slot, value, 0));
        return watch(value);
    }

    @Test
    void a_value_that_a_higher_ballot_replaces_is_gone() {
        Node follower = new Node(1, 2, 3);
        WeakReference<byte[]> replaced = accept(follower, FIRST, 1, 100);
        assertThat(follower.driver.replica().logBytes()).isEqualTo(100);
        accept(follower, SECOND, 1, 30);
        assertThat(follower.driver.replica().logBytes()).isEqualTo(30);
        awaitGone(replaced);
        assertThat(follower.driver.replica().value(1)).isNotNull();
    }

    @Test
    void a_value_that_comes_too_late_or_too_far_ahead_is_gone() {
        Node follower = new Node(1, 2, 3);
        accept(follower, SECOND, 1, 10);
        awaitGone(accept(follower, FIRST, 2, 100));
        awaitGone(accept(follower, SECOND, 1_000_000, 100));
        assertThat(follower.driver.replica().logBytes()).isEqualTo(10);
    }

    @Test
    void a_value_that_a_choice_learned_from_others_replaces_is_gone() {
        Node follower = new Node(1, 2, 3);
        WeakReference<byte[]> replaced = accept(follower, FIRST, 1, 100);
        follower.receive(1, new CatchUpReply(1, List.of(value(30)), 1));
        assertThat(follower.driver.replica().logBytes()).isEqualTo(30);
        awaitGone(replaced);
    }

    @Test
    void a_value_that_every_member_holds_is_gone() {
        Node follower = new Node(1, 2, 3);
        WeakReference<byte[]> cleared = accept(follower, FIRST, 1, 100);
        follower.receive(1, new Heartbeat(FIRST, 1, 0, 0));
        follower.tick(20);
        follower.receive(1, new Heartbeat(FIRST, 1, 1, 0));
        assertThat(follower.driver.replica().clearedUpTo()).isEqualTo(1);
        assertThat(follower.driver.replica().logBytes()).isZero();
        awaitGone(cleared);
    }

    @Test
    void a_value_that_a_snapshot_stands_for_is_gone() {
        Node follower = new Node(1, 2, 3);
        WeakReference<byte[]> below = accept(follower, FIRST, 5, 100);
        follower.driver.handle(new Input.Installed(5));
        follower.turn();
        assertThat(follower.driver.replica().logBytes()).isZero();
        awaitGone(below);
    }

    /** Brings a candidate to lead, whose promises hold two values for slot 1; watches the lower ballot's, and the other. */
    private static List<WeakReference<byte[]>> lead(Node candidate) {
        for (int i = 0; i < 1_000 && candidate.driver.replica().ballot().equals(Ballot.ZERO); i++) {
            candidate.tick(1);
            for (int peer : new int[] {1, 3}) {
                candidate.receive(peer, new PreVoteReply(new Ballot(1, 2), true, Ballot.ZERO, 0));
            }
        }
        Value.Batch lower = value(100);
        Value.Batch higher = value(100);
        Ballot ballot = candidate.driver.replica().ballot();
        promise(candidate, ballot, 1, new Entry(1, FIRST, lower, false));
        promise(candidate, ballot, 3, new Entry(1, new Ballot(1, 3), higher, false));
        assertThat(candidate.driver.replica().isLeader()).isTrue();
        return List.of(watch(lower), watch(higher));
    }

    private static void promise(Node candidate, Ballot ballot, int from, Entry entry) {
        candidate.receive(from, new Promise(ballot, 1, 1, Long.MAX_VALUE, List.of(entry), 0, 0, List.of()));
    }

    @Test
    void what_a_new_leader_has_merged_is_gone_when_it_is_chosen_and_held() {
        Node leader = new Node(1, 2, 3);
        List<WeakReference<byte[]>> merged = lead(leader);
        Ballot ballot = leader.driver.replica().ballot();
        for (int peer : new int[] {1, 3}) {
            leader.receive(peer, new Accepted(ballot, SlotRanges.of(1, 1), 0));
        }
        assertThat(leader.driver.replica().chosenUpTo()).isEqualTo(1);
        for (int i = 0; i < 10; i++) {
            leader.tick(2);
            leader.receive(1, new Message.Holds(1));
            leader.receive(3, new Message.Holds(1));
            leader.receive(1, new Message.HeartbeatAck(ballot, 1, 0));
        }
        assertThat(leader.driver.replica().isLeader()).isTrue();
        merged.forEach(ReachabilityTest::awaitGone);
    }

    @Test
    void what_a_candidate_has_merged_is_gone_when_it_gives_up() {
        Node leader = new Node(1, 2, 3);
        List<WeakReference<byte[]>> merged = lead(leader);
        accept(leader, new Ballot(9, 3), 1, 30);
        assertThat(leader.driver.replica().isLeader()).isFalse();
        merged.forEach(ReachabilityTest::awaitGone);
    }

    @Test
    void what_waits_for_the_disk_is_gone_when_it_has_left() {
        Node follower = new Node(1, 2, 3);
        WeakReference<byte[]> told = accept(follower, FIRST, 1, 100);
        follower.hangs = true;
        follower.receive(3, new Message.Prepare(SECOND, 1)); // answered with the value, behind the disk
        accept(follower, SECOND, 1, 30);
        follower.hangs = false;
        follower.turn();
        assertThat(follower.driver.held()).isEqualTo(Driver.Held.NOTHING);
        awaitGone(told);
    }
}
