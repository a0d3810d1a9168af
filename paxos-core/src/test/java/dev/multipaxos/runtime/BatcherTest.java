package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
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
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BatcherTest {

    private static final int BATCH_BYTES = 2_000;

    private final Room room = new Room(100, 1 << 20);
    private final Batcher batcher = new Batcher(BATCH_BYTES, room, new StampClock(() -> 77, () -> 0));
    private final Disk disk = new Disk();
    private final List<Value> executed = new ArrayList<>();
    private final Driver driver = new Driver(
            new Replica(1, Configuration.majority(1), Parameters.DEFAULT, Durable.EMPTY),
            disk,
            new NoPeers(),
            new Slots());
    private long sequence;

    @BeforeEach
    void lead() {
        for (int tick = 0; tick < 200 && driver.replica().openSlots() == 0; tick++) {
            driver.handle(new Input.Tick());
            driver.endTurn();
            disk.settle();
        }
        assertThat(driver.replica().openSlots()).isPositive();
    }

    private Command command(int payloadBytes) {
        return new Command(Command.Kind.APPLY, 5, ++sequence, 1, Bytes.wrap(new byte[payloadBytes]));
    }

    private ProposeCall<Bytes> call() {
        assertThat(room.enter(1, 10)).isTrue();
        return new ProposeCall<>(room, Bytes.wrap(new byte[10]), Codec.bytes(), Long.MAX_VALUE);
    }

    /** One turn of the loop; what it asks the disk for stays open. */
    private void turn() {
        batcher.propose(driver, 0);
        driver.endTurn();
    }

    private List<Integer> executedCounts() throws Exception {
        List<Integer> counts = new ArrayList<>();
        for (Value value : executed) {
            counts.add(Commands.count(((Value.Batch) value).commands()));
        }
        return counts;
    }

    @Test
    void a_command_alone_is_proposed_at_once_and_those_that_come_meanwhile_gather() throws Exception {
        for (int slot = 0; slot < Batcher.SLOTS_IN_FLIGHT; slot++) {
            batcher.add(command(10), null);
            turn();
        }
        for (int i = 0; i < 20; i++) {
            batcher.add(command(10), null);
            turn();
        }
        assertThat(driver.replica().slotsInFlight()).isEqualTo(Batcher.SLOTS_IN_FLIGHT);
        disk.settle();
        assertThat(batcher.propose(driver, 0)).isTrue();
        driver.endTurn();
        disk.settle();
        assertThat(executedCounts()).containsExactly(1, 1, 1, 1, 20);
        assertThat(((Value.Batch) executed.get(0)).stampMillis()).isEqualTo(77);
    }

    @Test
    void a_full_batch_does_not_wait_and_none_is_larger_than_it_may_be() {
        for (int i = 0; i < 99; i++) {
            batcher.add(command(500), null);
        }
        turn();
        assertThat(driver.replica().slotsInFlight()).isGreaterThan(Batcher.SLOTS_IN_FLIGHT);
        while (batcher.propose(driver, 0) || disk.behind()) {
            driver.endTurn();
            disk.settle();
        }
        assertThat(executed).allSatisfy(value -> assertThat(value.bytes()).isBetween(1_500, BATCH_BYTES));
    }

    @Test
    void a_command_larger_than_a_batch_goes_alone() throws Exception {
        batcher.add(command(10), null);
        batcher.add(command(5_000), null);
        batcher.add(command(10), null);
        turn();
        disk.settle();
        assertThat(executedCounts()).containsExactly(1, 1, 1);
    }

    @Test
    void a_call_that_is_over_is_not_proposed() {
        ProposeCall<Bytes> call = call();
        batcher.add(command(10), call);
        call.expire();
        turn();
        disk.settle();
        assertThat(executed).isEmpty();
        assertThat(call.submissions).isZero();
        assertThat(room.count()).isZero();
    }

    @Test
    void others_give_their_room_back_when_they_are_in_a_slot_or_thrown_away() {
        List<String> told = new ArrayList<>();
        Batcher.Origin origin = new Batcher.Origin() {
            @Override
            public void proposed(int bytes) {
                told.add("proposed " + bytes);
            }

            @Override
            public void dropped(int bytes) {
                told.add("dropped " + bytes);
            }
        };
        Bytes commands = Commands.encode(List.of(command(10), command(10)));
        assertThat(room.enter(2, commands.length())).isTrue();
        batcher.add(commands, 2, origin);
        turn();
        assertThat(room.count()).isZero();
        assertThat(room.enter(2, commands.length())).isTrue();
        batcher.add(commands, 2, origin);
        batcher.clear();
        assertThat(room.count()).isZero();
        assertThat(told).containsExactly("proposed " + commands.length(), "dropped " + commands.length());
    }

    @Test
    void what_others_sent_is_shed_and_the_nodes_own_stays() throws Exception {
        List<Integer> dropped = new ArrayList<>();
        Batcher.Origin origin = new Batcher.Origin() {
            @Override
            public void proposed(int bytes) {}

            @Override
            public void dropped(int bytes) {
                dropped.add(bytes);
            }
        };
        Bytes commands = Commands.encode(List.of(command(10), command(10)));
        assertThat(room.enter(2, commands.length())).isTrue();
        batcher.add(commands, 2, origin);
        batcher.add(command(10), null);
        batcher.shed();
        assertThat(dropped).containsExactly(commands.length());
        assertThat(room.count()).isZero();
        turn();
        disk.settle();
        assertThat(executedCounts()).containsExactly(1);
    }

    @Test
    void a_node_that_leads_no_more_has_its_own_calls_back() {
        ProposeCall<Bytes> call = call();
        batcher.add(command(10), call);
        assertThat(call.stage).isEqualTo(ProposeCall.Stage.IN_BATCHER);
        batcher.clear();
        assertThat(call.stage).isEqualTo(ProposeCall.Stage.HERE);
        assertThat(call.submissions).isZero();
    }

    /** Says that records are durable when the test wants it. */
    private final class Disk implements Driver.Journal {
        private long wanted;
        private long done;

        @Override
        public void append(Record record, Ballot promised) {}

        @Override
        public void sync(long ticket) {
            wanted = ticket;
        }

        boolean behind() {
            return done < wanted;
        }

        void settle() {
            while (behind()) {
                done = wanted;
                driver.durable(done);
                driver.endTurn();
            }
        }
    }

    private static final class NoPeers implements Driver.Network {
        @Override
        public void send(int to, Message message) {}

        @Override
        public void flush() {}
    }

    private final class Slots implements Driver.Application {
        @Override
        public void execute(long slot, Value value) {
            if (value.bytes() > 0) {
                executed.add(value);
            }
        }

        @Override
        public void readReady(long token, long slot) {}

        @Override
        public void readRefused(long token) {}

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {}
    }

    private WeakReference<byte[]> addExpiring() {
        assertThat(room.enter(1, 10)).isTrue();
        byte[] payload = new byte[10];
        ProposeCall<Bytes> call = new ProposeCall<>(room, Bytes.wrap(payload), Codec.bytes(), 1);
        batcher.add(new Command(Command.Kind.APPLY, 5, ++sequence, 1, call.payload()), call);
        call.expire();
        return new WeakReference<>(payload);
    }

    @Test
    @Timeout(60)
    void calls_that_expire_behind_a_disk_that_hangs_are_not_kept() throws Exception {
        for (int slot = 0; slot < Batcher.SLOTS_IN_FLIGHT; slot++) {
            batcher.add(command(10), null);
            turn();
        }
        WeakReference<byte[]> expired = addExpiring();
        batcher.add(command(10), null);
        turn();
        batcher.forgetEnded();
        Garbage.await(expired);
        disk.settle();
        turn();
        disk.settle();
        driver.endTurn();
        assertThat(executedCounts()).containsExactly(1, 1, 1, 1, 1);
    }

    private WeakReference<byte[]> addAndPropose() {
        byte[] payload = new byte[10];
        batcher.add(new Command(Command.Kind.APPLY, 5, ++sequence, 1, Bytes.wrap(payload)), null);
        turn();
        return new WeakReference<>(payload);
    }

    @Test
    @Timeout(60)
    void a_command_that_is_in_a_slot_is_not_kept_here_too() {
        Garbage.await(addAndPropose());
    }
}
