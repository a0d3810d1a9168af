package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.FoundingRecord;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ApplierTest {

    /** Its state is all that was applied. */
    private static class Echo implements StateMachine<Bytes, Bytes> {
        private Bytes applied = Bytes.EMPTY;
        private boolean broken;

        @Override
        public Bytes apply(Context at, Bytes command) {
            applied = Bytes.utf8(applied.toUtf8() + command.toUtf8());
            return command;
        }

        @Override
        public Snapshot snapshot() {
            if (broken) {
                throw new IllegalArgumentException("no picture today");
            }
            Bytes captured = applied;
            return out -> out.write(captured.toArray());
        }

        @Override
        public void restore(InputStream in) throws IOException {
            applied = Bytes.wrap(in.readAllBytes());
        }
    }

    private final HeapSnapshots store = new HeapSnapshots();
    private final Echo echo = new Echo();
    private final Mailbox mailbox = new Mailbox(100);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Execution<Bytes, Bytes> execution =
            new Execution<>(echo, Codec.bytes(), Codec.bytes(), new Sessions(SessionRules.STANDARD));
    private final PendingProposals proposals = new PendingProposals(mailbox, () -> 1, 1, SessionRules.STANDARD, 0);
    private final Applier apply = new Applier(
            execution,
            new SnapshotReader(store, HeapSnapshots.FOUNDING, execution),
            0,
            proposals,
            new ClientOutcomes(1_000, mailbox),
            mailbox);
    private final Thread thread = new NodeThread("apply", apply, failure::set);
    private final Room room = new Room(1 << 20, 0);

    private ReadCall<Integer> read() {
        assertThat(room.enter(1, 0)).isTrue();
        return new ReadCall<>(room, Consistency.LINEARIZABLE, () -> 7, Long.MAX_VALUE);
    }

    @Test
    void reads_that_are_given_up_while_their_slot_does_not_come_are_forgotten() throws Exception {
        thread.start();
        for (int i = 0; i < 100_000; i++) {
            ReadCall<Integer> given = read();
            given.expire();
            apply.read(99, given, () -> true);
        }
        ReadCall<Integer> last = read();
        apply.read(0, last, () -> true);
        apply.handOver();
        CompletableFuture<Integer> found = last.future();
        assertThat(found.get()).isEqualTo(7);
        apply.finish();
        thread.join();
        assertThat(apply.waitingReads()).isLessThan(3_000);
        assertThat(failure.get()).isNull();
    }

    private static Value value(String command) {
        return new Value.Batch(
                1_000, Commands.encode(List.of(new Command(Command.Kind.OPEN, command.length(), 0, 0, Bytes.EMPTY))));
    }

    private void execute(long from, long to) {
        for (long slot = from; slot <= to; slot++) {
            apply.execute(slot, value("x"));
        }
    }

    private List<Mail> work() {
        apply.handOver();
        apply.work(Integer.MAX_VALUE);
        mailbox.heed();
        return List.copyOf(mailbox.drain());
    }

    /** A snapshot of another node that executed more, with a state of its own. */
    private SnapshotStore.Id elsewhere(long slot, String state) throws IOException {
        SessionTable sessions = new Sessions(SessionRules.STANDARD).capture();
        CapturedState captured = new CapturedState(
                slot, sessions, out -> out.write(Bytes.utf8(state).toArray()));
        try (SnapshotStore.Writer writer = store.create(1, slot)) {
            SnapshotOutput out = new SnapshotOutput(writer, () -> false);
            captured.writeTo(out, HeapSnapshots.FOUNDING, 77);
            out.finish();
            return writer.commit();
        }
    }

    @Test
    void a_snapshot_stands_for_slots_that_were_handed_over_before_and_what_follows_goes_on() throws IOException {
        SnapshotStore.Id id = elsewhere(10, "elsewhere");
        ReadCall<Integer> waits = read();
        execute(1, 3);
        apply.read(9, waits, () -> true);
        apply.install(id);
        execute(4, 12);

        List<Mail> told = work();

        assertThat(told).contains(new Applier.Installed(new Snapshots.View(10, 77)));
        assertThat(echo.applied).isEqualTo(Bytes.utf8("elsewhere"));
        assertThat(apply.executedUpTo()).isEqualTo(12);
        assertThat(apply.backlogBytes()).isZero();
        assertThat(waits.future()).isCompletedWithValue(7);
    }

    @Test
    void a_call_that_is_open_while_slots_are_skipped_may_have_been_executed_in_them() throws IOException {
        assertThat(room.enter(1, 0)).isTrue();
        ProposeCall<Bytes> call = new ProposeCall<>(room, Bytes.EMPTY, Codec.bytes(), Long.MAX_VALUE);
        proposals.onOpened(0, 77);
        proposals.add(call);
        proposals.submit(nobody(), 0);
        apply.install(elsewhere(10, "elsewhere"));
        work();

        assertThat(call.skipped).isTrue();
    }

    private static PendingProposals.Target nobody() {
        return new PendingProposals.Target() {
            @Override
            public boolean exists() {
                return false;
            }

            @Override
            public void send(Command command, @Nullable ProposeCall<?> call) {
                throw new AssertionError(command);
            }
        };
    }

    @Test
    void a_snapshot_below_what_is_executed_is_not_restored() throws IOException {
        SnapshotStore.Id id = elsewhere(3, "elsewhere");
        execute(1, 3);
        apply.install(id);

        assertThat(work()).contains(new Applier.NotInstalled(id));
        assertThat(echo.applied).isEqualTo(Bytes.EMPTY);
    }

    @Test
    void a_damaged_snapshot_is_not_restored_and_changes_nothing() throws IOException {
        SnapshotStore.Id id = elsewhere(10, "elsewhere");
        for (int at = 0; at < id.bytes(); at += 9) {
            store.damage(at);
            apply.install(id);
            assertThat(work()).containsExactly(new Applier.NotInstalled(id));
            store.damage(at);
        }
        assertThat(apply.executedUpTo()).isZero();
        apply.install(id);
        assertThat(work()).contains(new Applier.Installed(new Snapshots.View(10, 77)));
    }

    @Test
    void the_loop_hears_of_a_snapshot_before_it_sees_its_slot() throws Exception {
        for (int round = 1; round <= 300; round++) {
            SnapshotStore.Id id = elsewhere(10L * round, "elsewhere");
            apply.install(id);
            apply.handOver();
            Thread other = new Thread(() -> apply.work(1));
            other.start();
            boolean told = false;
            while (apply.executedUpTo() < id.slot() || !told) { // as a turn of the loop does
                mailbox.heed();
                long executed = apply.executedUpTo();
                told |= mailbox.drain().stream().anyMatch(Applier.Installed.class::isInstance);
                assertThat(executed < id.slot() || told).isTrue();
            }
            other.join();
        }
    }

    @Test
    void a_state_machine_that_cannot_be_captured_costs_the_attempt() {
        SnapshotJob job = new SnapshotJob(1, HeapSnapshots.FOUNDING, store, mailbox, TimeSource.SYSTEM);
        execute(1, 3);
        echo.broken = true;
        apply.capture(job, 0);
        execute(4, 4);

        assertThat(work())
                .anyMatch(mail -> mail instanceof SnapshotJob.Failed failed
                        && failed.slot() == 3
                        && "no picture today".equals(failed.why().getMessage()));
        assertThat(apply.executedUpTo()).isEqualTo(4);
        assertThat(job.hasWork()).isFalse();
    }

    @Test
    void what_was_captured_is_written_while_others_are_executed_and_a_full_disk_costs_the_attempt() {
        SnapshotJob job = new SnapshotJob(1, HeapSnapshots.FOUNDING, store, mailbox, TimeSource.SYSTEM);
        execute(1, 3);
        apply.capture(job, 0);
        execute(4, 5);
        work();
        assertThat(apply.executedUpTo()).isEqualTo(5);

        store.failure = "no space left";
        job.writeNext();
        assertThat(mailbox.drain()).anyMatch(SnapshotJob.Failed.class::isInstance);
        store.failure = null;
        apply.capture(job, 0);
        work();
        job.writeNext();
        assertThat(mailbox.drain())
                .anyMatch(mail ->
                        mail instanceof SnapshotJob.Taken taken && taken.id().slot() == 5);
        apply.capture(job, 5);
        assertThat(work()).containsExactly(new Applier.Unchanged(5));
    }

    /** Applies commands of one session in slots of their own, and says how each ended. */
    private static List<Object> apply(Execution<Bytes, Bytes> execution, long firstSlot, Command... commands) {
        List<Object> ended = new ArrayList<>();
        long slot = firstSlot;
        for (Command command : commands) {
            execution.execute(
                    slot++, new Value.Batch(1_000, Commands.encode(List.of(command))), (of, status, answer) -> {
                        ended.add(status);
                        ended.add(answer);
                    });
        }
        return ended;
    }

    @Test
    void a_command_that_is_in_a_snapshot_is_answered_from_it_and_not_executed_again() throws IOException {
        Command open = new Command(Command.Kind.OPEN, -5, 0, 0, Bytes.EMPTY);
        long session = 1L << 20; // the first that is opened in slot 1
        Command a = new Command(Command.Kind.APPLY, session, 1, 1, Bytes.utf8("a"));
        Command b = new Command(Command.Kind.APPLY, session, 2, 1, Bytes.utf8("b"));
        Command unknown = new Command(Command.Kind.APPLY, 77, 1, 1, Bytes.utf8("c"));
        apply(execution, 1, open, a);
        SnapshotStore.Id id;
        try (SnapshotStore.Writer writer = store.create(1, 2)) {
            SnapshotOutput out = new SnapshotOutput(writer, () -> false);
            execution.capture(2).writeTo(out, HeapSnapshots.FOUNDING, 77);
            out.finish();
            id = writer.commit();
        }
        Echo other = new Echo();
        Execution<Bytes, Bytes> restored =
                new Execution<>(other, Codec.bytes(), Codec.bytes(), new Sessions(SessionRules.STANDARD));
        new SnapshotReader(store, HeapSnapshots.FOUNDING, restored).restore(id);

        assertThat(restored.sessionCount()).isEqualTo(1);
        assertThat(apply(restored, 3, a, b, unknown, b))
                .isEqualTo(apply(execution, 3, a, b, unknown, b))
                .contains(ClientMessage.Status.SESSION_EXPIRED);
        assertThat(other.applied).isEqualTo(Bytes.utf8("ab")).isEqualTo(echo.applied);
    }

    @Test
    void a_snapshot_of_another_cluster_is_refused() throws IOException {
        SnapshotStore.Id id = elsewhere(10, "elsewhere");
        FoundingRecord another =
                new FoundingRecord(1, 2_048, 1 << 20, 4 << 20, "majority", 1, 1, HeapSnapshots.FOUNDING.members());

        assertThatThrownBy(() -> new SnapshotReader(store, another, execution).restore(id))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("founded");
        assertThat(echo.applied).isEqualTo(Bytes.EMPTY);
    }

    @Test
    void a_state_machine_that_fails_over_a_snapshot_is_not_gone_on_with() throws IOException {
        SnapshotStore.Id id = elsewhere(10, "elsewhere");
        Execution<Bytes, Bytes> fails = new Execution<>(
                new Echo() {
                    @Override
                    public void restore(InputStream in) throws IOException {
                        throw new IOException("half of it is in");
                    }
                },
                Codec.bytes(),
                Codec.bytes(),
                new Sessions(SessionRules.STANDARD));

        assertThatThrownBy(() -> new SnapshotReader(store, HeapSnapshots.FOUNDING, fails).restore(id))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("slot 10")
                .hasMessageContaining("half of it is in");
    }

    @Test
    void a_disk_that_fails_while_the_state_machine_reads_a_snapshot_is_not_told_as_its_fault() throws IOException {
        SnapshotStore.Id id = elsewhere(10, "x".repeat(1 << 20));
        store.readsLeft = 5; // it is verified with three
        assertThatThrownBy(() -> new SnapshotReader(store, HeapSnapshots.FOUNDING, execution).restore(id))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("input/output error")
                .cause()
                .isInstanceOfSatisfying(
                        StorageException.class,
                        failure -> assertThat(failure.code()).isEqualTo(StorageException.Code.IO_FAILED));
    }
}
