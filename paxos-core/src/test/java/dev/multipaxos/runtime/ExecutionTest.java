package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.Allocation;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExecutionTest {

    private static final Bytes DONE = Bytes.wrap(new byte[] {1});
    private static final int BATCH = 64;

    /** Makes nothing: what is allocated is the library's. */
    private static final class Constant implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            return DONE;
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    private final Execution<Bytes, Bytes> execution =
            new Execution<>(new Constant(), Codec.bytes(), Codec.bytes(), new Sessions(SessionRules.STANDARD));
    private final List<Long> sessions = new ArrayList<>();
    private long slot;

    private void open(int count) {
        for (int i = 0; i < count; i++) {
            execute(List.of(new Command(Command.Kind.OPEN, -5, 0, 0, Bytes.EMPTY)));
            sessions.add(slot << 20);
        }
    }

    private void execute(List<Command> commands) {
        execution.execute(++slot, new Value.Batch(1_000, Commands.encode(commands)), Outcomes.NONE);
    }

    /** Batches of commands that take turns in the sessions, {@code first} of each session on. */
    private List<Value> batches(int count, long first) {
        List<Value> batches = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Command> commands = new ArrayList<>();
            for (int j = 0; j < BATCH; j++) {
                long sequence = first + ((long) i * BATCH + j) / sessions.size();
                commands.add(new Command(
                        Command.Kind.APPLY,
                        sessions.get(j % sessions.size()),
                        sequence,
                        Math.max(1, sequence - 8),
                        Bytes.wrap(new byte[128])));
            }
            batches.add(new Value.Batch(1_000, Commands.encode(commands)));
        }
        return batches;
    }

    /** {@return how many bytes a command costs} */
    private double allocated(int sessionCount) {
        open(sessionCount);
        batches(100, 1).forEach(batch -> execution.execute(++slot, batch, Outcomes.NONE));
        List<Value> batches = batches(100, 1 + 100L * BATCH / sessionCount);
        long before = Allocation.bytes();
        for (Value batch : batches) {
            execution.execute(++slot, batch, Outcomes.NONE);
        }
        return (Allocation.bytes() - before) / (100.0 * BATCH);
    }

    /** 24 bytes are its payload as a value, for the codec; the rest is what each batch needs. */
    @Test
    void a_command_is_executed_without_an_object_but_its_payload() {
        assertThat(allocated(1)).isLessThan(32);
    }

    @Test
    void whose_command_it_is_costs_no_object_either() {
        assertThat(allocated(16)).isLessThan(32);
    }
}
