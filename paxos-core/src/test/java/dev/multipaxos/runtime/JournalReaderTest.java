package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.NodeListener;
import dev.multipaxos.Retention;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.Timing;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.RecordCodec;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is read from a journal for members that lag: never what was not chosen. */
class JournalReaderTest {
    private static final Ballot BALLOT = new Ballot(1, 1);

    /** Tells a visitor of records, and of damage. */
    private interface Entry {
        void visit(DurableStorage.RecordVisitor visitor) throws IOException;
    }

    private final List<Entry> journal = new ArrayList<>();
    private long journalEnd;
    private final Mailbox mailbox = new Mailbox(1 << 20);

    private final DurableStorage storage = (DurableStorage) Proxy.newProxyInstance(
            JournalReaderTest.class.getClassLoader(), new Class<?>[] {DurableStorage.class}, (proxy, method, given) -> {
                switch (method.getName()) {
                    case "read" -> {
                        for (Entry entry : journal) {
                            entry.visit((DurableStorage.RecordVisitor) given[4]);
                        }
                        return journalEnd;
                    }
                    case "snapshots" -> {
                        return new HeapSnapshots();
                    }
                    case "space" -> {
                        return DiskSpace.PLENTY;
                    }
                    case "durablePosition" -> {
                        return 0L;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                }
            });
    private final Transport transport = (Transport) Proxy.newProxyInstance(
            JournalReaderTest.class.getClassLoader(), new Class<?>[] {Transport.class}, (proxy, method, given) -> null);
    private final NodeSettings<Long, Long> settings = new NodeSettings<>(
            1,
            1,
            Membership.of("1=local:1"),
            "local:1",
            storage,
            transport,
            Timing.defaults(),
            Limits.defaults(),
            Retention.defaults(),
            false,
            new NodeListener() {},
            machine(),
            Codec.int64(),
            Codec.int64());
    private final TransferJob transfers = new TransferJob(
            NodeIdentity.of(1, HeapSnapshots.FOUNDING, Bytes.utf8("founding"), 7, 1, 3),
            settings,
            new JournalWriter(storage, 1, new Standing(), mailbox, false),
            1_000,
            () -> 0,
            mailbox,
            new TimeSource() { // it stands still: nothing but the reader gives the transfers work
                @Override
                public long nanoTime() {
                    return 0;
                }

                @Override
                public long currentTimeMillis() {
                    return 0;
                }
            });

    private static StateMachine<Long, Long> machine() {
        return new StateMachine<>() {
            @Override
            public Long apply(Context at, Long command) {
                return command;
            }

            @Override
            public Snapshot snapshot() {
                return out -> {};
            }

            @Override
            public void restore(InputStream in) {}
        };
    }

    private JournalReader reader(SlotRanges lost, long silentUpTo) {
        return new JournalReader(storage, 1, lost, silentUpTo, mailbox, transfers);
    }

    private void vote(long slot) {
        Record record = new Record.Accepted(slot, BALLOT, Value.NO_OP);
        byte[] head = RecordCodec.head(record).toArray();
        journal.add(visitor -> visitor.record(1, RecordCodec.kind(record), slot, slot, Bytes.wrap(head)));
        journalEnd = Math.max(journalEnd, slot);
    }

    /** How many values a member gets that wants slots from here on; if there are none it is offered a snapshot. */
    private int served(JournalReader reader, long fromSlot) throws IOException {
        reader.read(2, fromSlot, 9, 1_000);
        assertThat(reader.serveNext()).isTrue();
        boolean missing = transfers.hasWork();
        transfers.work();
        mailbox.drain();
        return missing ? 0 : 1;
    }

    @Test
    void what_is_behind_an_installed_snapshot_is_not_read_whatever_this_node_voted_for() throws IOException {
        vote(4); // lost against another value, which this node never saw
        vote(6);
        JournalReader reader = reader(SlotRanges.EMPTY, 0);
        assertThat(served(reader, 4)).as("before").isOne();
        reader.installed(5);
        assertThat(served(reader, 4)).isZero();
        assertThat(served(reader, 6)).as("behind it").isOne();
        assertThat(served(reader(SlotRanges.EMPTY, 5), 4))
                .as("in the next life")
                .isZero();
    }

    @Test
    void damage_that_is_met_is_passed_over() throws IOException {
        vote(4);
        journal.add(visitor -> visitor.damaged(1, 5, 6, 0, 0));
        vote(6);
        JournalReader reader = reader(SlotRanges.EMPTY, 0);
        assertThat(served(reader, 4)).isOne();
        assertThat(served(reader, 5)).isZero();
        assertThat(served(reader, 6)).as("there may have been another record").isZero();
    }
}
