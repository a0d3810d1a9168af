package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
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
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.Transport;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a leader of three does with reads that a lease may answer, on a clock that the test sets. */
class LeasedReadsTest {

    private static final class Nothing implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            return command;
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    /** Its disk is durable at once; what it says is kept. */
    private final class Ports implements Driver.Journal, Driver.Network, Driver.Application {
        private final List<Message> sent = new ArrayList<>();

        @Override
        public void append(Record record, Ballot promised) {}

        @Override
        public void sync(long ticket) {
            driver.durable(ticket);
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
        public void readReady(long token, long slot) {
            reads.readReady(token, slot, 1);
        }

        @Override
        public void readRefused(long token) {
            reads.readRefused(token, nanos);
        }

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {}
    }

    private static final NodeIdentity IDENTITY =
            NodeIdentity.of(1, HeapSnapshots.FOUNDING, Bytes.utf8("founding"), 1, 1, 1);

    private long nanos = -1_000;
    private final LeaseClock clock = new LeaseClock(
            new TimeSource() {
                @Override
                public long nanoTime() {
                    return nanos;
                }

                @Override
                public long currentTimeMillis() {
                    return 0;
                }
            },
            100,
            0);
    private final Mailbox mailbox = new Mailbox(1 << 20);
    private final Room room = new Room(1 << 20, 0);
    private final Execution<Bytes, Bytes> execution =
            new Execution<>(new Nothing(), Codec.bytes(), Codec.bytes(), new Sessions(SessionRules.STANDARD));
    private final Applier apply = new Applier(
            execution,
            new SnapshotReader(new HeapSnapshots(), HeapSnapshots.FOUNDING, execution),
            0,
            new PendingProposals(mailbox, () -> 1, 1, SessionRules.STANDARD, 0),
            new ClientOutcomes(1_000, mailbox),
            mailbox);
    private final PendingReads reads =
            new PendingReads(new Outbox(unused(Transport.class), IDENTITY, journal()), apply, clock, 1_000, 1_000, 1);
    private final Ports ports = new Ports();
    private final Driver driver = new Driver(
            new Replica(1, Configuration.majority(1, 2, 3), Parameters.DEFAULT.withLease(100, 90), Durable.EMPTY),
            ports,
            ports,
            ports);

    private JournalWriter journal() {
        return new JournalWriter(unused(DurableStorage.class), 1, new Standing(), mailbox, false);
    }

    /** Nothing is said to other members but through the driver. */
    private static <T> T unused(Class<T> port) {
        return port.cast(Proxy.newProxyInstance(
                port.getClassLoader(), new Class<?>[] {port}, (proxy, method, arguments) -> switch (method.getName()) {
                    case "durablePosition" -> 0L;
                    case "space" -> DiskSpace.PLENTY;
                    default -> throw new AssertionError(method);
                }));
    }

    @BeforeEach
    void lead() {
        while (ports.sent.isEmpty()) {
            turn(new Input.Tick());
        }
        Ballot asked = ((Message.PreVote) ports.sent.get(0)).ballot();
        turn(new Input.Received(2, new Message.PreVoteReply(asked, true, Ballot.ZERO, 0)));
        Ballot ballot = driver.replica().ballot();
        turn(new Input.Received(
                2, new Message.Promise(ballot, 1, 1, Long.MAX_VALUE, List.of(), 0, 0, List.of(), false)));
        assertThat(driver.replica().isLeader()).isTrue();
        turn(new Input.Received(2, new Message.HeartbeatAck(ballot, 0, 0, 100, 0)));
        assertThat(driver.replica().leaseUntil()).isEqualTo(90);
        ports.sent.clear();
    }

    private void turn(Input... inputs) {
        driver.handle(new Input.Now(clock.now()));
        for (Input input : inputs) {
            driver.handle(input);
        }
        reads.ask(driver, nanos);
        driver.endTurn();
        clock.heldUntil(driver.replica().leaseUntil());
        apply.handOver();
    }

    private CompletableFuture<Integer> read() {
        assertThat(room.enter(1, 0)).isTrue();
        ReadCall<Integer> call = new ReadCall<>(room, Consistency.LEASE, () -> 7, Long.MAX_VALUE);
        reads.add(call.consistency(), call);
        return call.future();
    }

    @Test
    void a_leader_that_holds_a_lease_says_nothing_and_answers() {
        CompletableFuture<Integer> read = read();
        turn();
        apply.work(10);
        assertThat(read).isCompletedWithValue(7);
        assertThat(ports.sent).isEmpty();
    }

    @Test
    void without_a_lease_a_read_is_confirmed_as_any_other() {
        nanos += 90;
        CompletableFuture<Integer> read = read();
        turn();
        apply.work(10);
        assertThat(read).isNotDone();
        assertThat(ports.sent).hasOnlyElementsOfType(Message.Heartbeat.class).isNotEmpty();
        confirm();
        apply.work(10);
        assertThat(read).isCompletedWithValue(7);
    }

    private void confirm() {
        turn(new Input.Received(2, new Message.HeartbeatAck(driver.replica().ballot(), 0, 1)));
    }

    @Test
    void a_read_that_outlived_the_lease_is_not_answered_but_confirmed() {
        CompletableFuture<Integer> read = read();
        turn();
        nanos += 90;
        apply.work(10);
        assertThat(read).isNotDone();
        List<Mail> letters = List.copyOf(mailbox.drain());
        assertThat(letters)
                .hasSize(1)
                .first()
                .isInstanceOfSatisfying(
                        Applier.NotAnswered.class, back -> reads.add(Consistency.LINEARIZABLE, back.read()));
        turn();
        assertThat(ports.sent).hasOnlyElementsOfType(Message.Heartbeat.class).isNotEmpty();
        confirm();
        apply.work(10);
        assertThat(read).isCompletedWithValue(7);
    }

    @Test
    void a_query_that_throws_behind_the_end_of_the_lease_is_confirmed_too() {
        assertThat(room.enter(1, 0)).isTrue();
        ReadCall<Integer> call = new ReadCall<>(
                room,
                Consistency.LEASE,
                () -> {
                    throw new IllegalStateException("no such key");
                },
                Long.MAX_VALUE);
        reads.add(call.consistency(), call);
        turn();
        nanos += 90;
        apply.work(10);
        assertThat(call.future()).isNotDone();
        assertThat(mailbox.drain()).hasSize(1).hasOnlyElementsOfType(Applier.NotAnswered.class);
    }

    @Test
    void who_has_just_promised_a_higher_ballot_holds_none_in_that_very_turn() {
        CompletableFuture<Integer> read = read();
        turn(new Input.Received(3, new Message.Prepare(new Ballot(99, 3), 1)));
        apply.work(10);
        assertThat(read).isNotDone();
        assertThat(clock.isHeld()).isFalse();
    }
}
