package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DriverTest {

    private static final Ballot BALLOT = new Ballot(1, 1);

    /** A follower whose disk answers when told to. */
    private static final class Follower implements Driver.Journal, Driver.Network, Driver.Application {
        final Driver driver = new Driver(
                new Replica(2, Configuration.majority(1, 2, 3), Parameters.DEFAULT, Durable.EMPTY), this, this, this);
        final List<Message> sent = new ArrayList<>();
        final List<Long> syncs = new ArrayList<>();
        int appended;

        void accept(long slot) {
            Value value = new Value.Batch(0, Bytes.utf8("v" + slot));
            driver.handle(new Input.Received(1, new Message.Accept(BALLOT, slot, value, 0)));
        }

        @Override
        public void append(Record record, Ballot promised) {
            appended++;
            assertThat(promised).isEqualTo(BALLOT);
        }

        @Override
        public void sync(long ticket) {
            syncs.add(ticket);
        }

        @Override
        public void send(int to, Message message) {
            sent.add(message);
        }

        @Override
        public void flush() {}

        @Override
        public void execute(long slot, Value value) {}

        @Override
        public void readReady(long token, long slot) {}

        @Override
        public void readRefused(long token) {}

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {}
    }

    @Test
    void a_turn_asks_for_one_sync_and_its_votes_leave_in_one_message_when_it_is_done() {
        Follower follower = new Follower();
        follower.accept(1);
        follower.accept(2);
        follower.accept(3);
        follower.driver.endTurn();
        assertThat(follower.syncs).containsExactly((long) follower.appended);
        assertThat(follower.sent).isEmpty();
        follower.driver.durable(follower.appended - 1);
        follower.driver.endTurn();
        assertThat(follower.sent).isEmpty();
        follower.driver.durable(follower.appended);
        follower.driver.endTurn();
        assertThat(follower.sent).hasSize(1).first().isInstanceOf(Message.Accepted.class);
        assertThat(follower.syncs).hasSize(1);
    }

    @Test
    void what_does_not_bind_leaves_at_once() {
        Follower follower = new Follower();
        follower.accept(1);
        follower.driver.handle(new Input.Received(1, new Message.Heartbeat(BALLOT, 0, 0, 0)));
        follower.driver.endTurn();
        assertThat(follower.sent).hasSize(1).first().isInstanceOf(Message.HeartbeatAck.class);
    }

    @Test
    void what_is_said_again_while_the_disk_hangs_waits_once() {
        Follower follower = new Follower();
        for (int i = 0; i < 1_000; i++) {
            follower.accept(1);
            follower.driver.endTurn();
        }
        assertThat(follower.driver.parked()).isEqualTo(1);
        follower.driver.durable(follower.appended);
        follower.driver.endTurn();
        assertThat(follower.sent).hasSize(1);
    }

    /** Seed 3000446: the question of a new ballot left before that of the one given up, when the disk was done with both. */
    @Test
    void what_has_waited_for_the_disk_leaves_before_what_is_said_after_it() {
        Follower follower = new Follower();
        follower.accept(1);
        follower.accept(2);
        follower.driver.endTurn();
        follower.driver.durable(follower.appended);
        follower.accept(1); // again: the vote is on the disk already
        follower.driver.endTurn();

        assertThat(follower.sent)
                .extracting(message -> ((Message.Accepted) message).slots().containsAll(2, 2))
                .containsExactly(true, false);
    }

    @Test
    void what_the_gate_holds_is_restored_and_counted_from_the_last_durable_record() {
        Follower first = new Follower();
        first.accept(1);
        first.driver.endTurn();
        first.driver.durable(first.appended);
        first.driver.endTurn();
        assertThat(first.driver.held()).isEqualTo(Driver.Held.NOTHING);
        first.accept(2);
        first.driver.endTurn();
        Driver.Held held = first.driver.held();
        assertThat(held.appended()).isEqualTo(first.appended - 1);
        assertThat(held.syncing()).isEqualTo(held.appended());

        Follower second = new Follower();
        second.driver.restore(held);
        assertThat(second.driver.held()).isEqualTo(held);
        second.driver.endTurn();
        assertThat(second.syncs).isEmpty(); // it was asked for before
        second.driver.durable(held.syncing());
        second.driver.endTurn();
        assertThat(second.sent).hasSize(1).first().isInstanceOf(Message.Accepted.class);
        assertThat(second.driver.held()).isEqualTo(Driver.Held.NOTHING);
    }
}
