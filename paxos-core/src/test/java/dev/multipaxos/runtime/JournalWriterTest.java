package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.wire.Confirmed;
import dev.multipaxos.wire.LeaseLimit;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JournalWriterTest {

    private static final Ballot PROMISED = new Ballot(7, 2);
    private static final Pinned PEER = new Pinned(2, 22, 3, 4_000);
    private static final Confirmed CONFIRMED = new Confirmed(11);
    private static final LeaseLimit LEASES = new LeaseLimit(250);

    /** The journal: its records, in order; the durable position is how many of them are. */
    private final List<Object> records = new ArrayList<>();

    private final List<String> trims = new ArrayList<>();
    private long durable;
    private int idles;
    private boolean interrupted; // at a sync
    private @Nullable StorageException broken;

    private final Mailbox mailbox = new Mailbox(100);
    private final DurableStorage storage = (DurableStorage) Proxy.newProxyInstance(
            DurableStorage.class.getClassLoader(),
            new Class<?>[] {DurableStorage.class},
            (proxy, method, arguments) -> {
                switch (method.getName()) {
                    case "append" ->
                        records.add(decoded((int) arguments[1], (Bytes) arguments[6], (Bytes) arguments[7]));
                    case "sync" -> {
                        interrupted |= Thread.currentThread().isInterrupted();
                        if (broken != null) {
                            throw broken;
                        }
                        durable = records.size();
                    }
                    case "idle" -> idles++;
                    case "durablePosition" -> {
                        return durable;
                    }
                    case "space" -> {
                        return DiskSpace.PLENTY;
                    }
                    case "trim" ->
                        trims.add("up to " + arguments[1] + ", said again above " + arguments[2] + " of " + durable
                                + ", kept " + arguments[3]);
                    default -> throw new AssertionError(method);
                }
                return null;
            });

    private final JournalWriter writer = new JournalWriter(storage, 1, new Standing(), mailbox, false);
    private final JournalWriter onLoop = new JournalWriter(storage, 1, new Standing(), mailbox, true);

    private static Object decoded(int kind, Bytes head, Bytes body) throws Exception {
        byte[] whole = new byte[head.length() + body.length()];
        System.arraycopy(head.array(), head.offset(), whole, 0, head.length());
        System.arraycopy(body.array(), body.offset(), whole, head.length(), body.length());
        return RecordCodec.isRuntimes(kind)
                ? RecordCodec.decodeRuntimes(kind, Bytes.wrap(whole))
                : RecordCodec.decode(kind, Bytes.wrap(whole));
    }

    private void append(Record record) {
        writer.append(record, PROMISED);
    }

    private void write() throws StorageException {
        writer.handOver();
        writer.write();
        writer.sync();
    }

    @Test
    void what_touches_no_slot_is_said_again_above_the_durable_end_before_the_journal_goes() throws StorageException {
        append(new Record.Promised(new Ballot(3, 1)));
        append(new Record.Accepted(1, PROMISED, Value.NO_OP));
        append(new Record.Installed(4));
        append(new Record.ChosenUpTo(5));
        writer.note(new Pinned(2, 22, 1, 100), PROMISED);
        writer.note(PEER, PROMISED);
        writer.note(new LeaseLimit(400), PROMISED);
        writer.note(LEASES, PROMISED); // the last one counts
        writer.noteNow(CONFIRMED, PROMISED);
        write();
        assertThat(durable).isEqualTo(9);
        append(new Record.Chosen(6, Value.NO_OP));
        writer.trim(5, 100, 0);
        write();

        assertThat(records.subList(10, records.size()))
                .containsExactlyInAnyOrder(
                        new Record.Promised(PROMISED),
                        new Record.Installed(4),
                        new Record.ChosenUpTo(5),
                        PEER,
                        CONFIRMED,
                        LEASES);
        assertThat(records.lastIndexOf(new Record.ChosenUpTo(5)))
                .as("a mark over slots that only a snapshot holds follows the record of that")
                .isGreaterThan(records.lastIndexOf(new Record.Installed(4)));
        assertThat(trims).containsExactly("up to 5, said again above 9 of 16, kept 16");
    }

    @Test
    void nothing_is_trimmed_before_what_is_said_again_is_durable_and_two_trims_at_once_are_one()
            throws StorageException {
        append(new Record.Promised(PROMISED));
        writer.sync(1);
        write();
        writer.trim(5, 100, 0);
        writer.trim(4, 0, 0);
        writer.handOver();
        writer.write();
        assertThat(trims).isEmpty();
        writer.sync();
        assertThat(trims).containsExactly("up to 5, said again above 1 of 2, kept 0");
    }

    @Test
    void on_the_loop_all_that_somebody_waits_for_is_durable_when_the_sync_returns() {
        onLoop.append(new Record.Promised(PROMISED), PROMISED);
        onLoop.sync(1);
        assertThat(onLoop.durable()).isEqualTo(1);
        assertThat(mailbox.hasMail()).as("the loop need not be told").isFalse();

        onLoop.append(new Record.ChosenUpTo(5), PROMISED);
        onLoop.handOver();
        assertThat(records).hasSize(2);
        assertThat(onLoop.durable()).as("nobody waits for it").isEqualTo(1);

        onLoop.noteNow(CONFIRMED, PROMISED);
        assertThat(durable).isEqualTo(3);
        assertThat(mailbox.drain()).containsExactly(new JournalWriter.Noted(CONFIRMED));
    }

    @Test
    void on_the_loop_the_thread_sees_to_what_nobody_waits_for_when_nothing_comes_and_at_the_end()
            throws StorageException {
        onLoop.append(new Record.ChosenUpTo(5), PROMISED);
        onLoop.handOver();
        assertThat(onLoop.step()).isTrue();
        assertThat(idles).as("something has come since it last looked").isZero();
        assertThat(onLoop.step()).isTrue();
        assertThat(idles).isEqualTo(1);
        assertThat(durable).isEqualTo(1);

        onLoop.append(new Record.ChosenUpTo(6), PROMISED);
        onLoop.handOver();
        onLoop.finish();
        assertThat(onLoop.step()).isFalse();
        assertThat(durable).isEqualTo(2);
    }

    @Test
    void on_the_loop_a_failure_is_thrown_to_the_thread_and_nothing_is_durable_any_more() {
        broken = new StorageException(StorageException.Code.IO_FAILED, "the disk is on fire", null);
        onLoop.append(new Record.Promised(PROMISED), PROMISED);
        onLoop.sync(1);
        assertThat(onLoop.hasWork()).isTrue();
        assertThatThrownBy(onLoop::step).isSameAs(broken);

        onLoop.append(new Record.ChosenUpTo(5), PROMISED);
        onLoop.sync(2);
        assertThat(onLoop.durable()).isZero();
        assertThat(records).hasSize(1);
    }

    @Test
    void on_the_loop_an_interrupt_that_a_callback_has_left_does_not_reach_the_storage() {
        onLoop.append(new Record.Promised(PROMISED), PROMISED);
        Thread.currentThread().interrupt();
        try {
            onLoop.sync(1);
        } finally {
            Thread.interrupted();
        }
        assertThat(onLoop.durable()).isEqualTo(1);
        assertThat(interrupted).as("it would close the file under it").isFalse();
    }

    @Test
    void on_the_loop_the_thread_looks_soon_though_it_was_idle_so_that_a_mark_follows_the_last_batch()
            throws StorageException {
        assertThat(onLoop.step()).isTrue();
        assertThat(idles)
                .as("nothing was written yet, nor was it time to look for room")
                .isZero();
        onLoop.append(new Record.Promised(PROMISED), PROMISED);
        onLoop.sync(1);
        assertThat(onLoop.step()).isTrue();
        assertThat(onLoop.step()).isTrue();
        assertThat(idles).isEqualTo(1);
        for (int look = 0; look < 20; look++) {
            assertThat(onLoop.step()).isTrue();
        }
        assertThat(idles).as("once a second it looks for room").isEqualTo(2);
    }
}
