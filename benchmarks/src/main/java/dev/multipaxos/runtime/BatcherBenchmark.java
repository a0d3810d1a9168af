package dev.multipaxos.runtime;

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
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * From commands to a chosen batch: 64 commands of 128 bytes join the batcher, leave it as one value, and are executed by a group
 * of one, whose journal is durable at once.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class BatcherBenchmark {
    private static final int COMMANDS = 64;
    private static final int COMMAND_BYTES = 128;
    private static final int BATCH_BYTES = 64 << 10;

    private final Room room = new Room(COMMANDS, Long.MAX_VALUE);
    private final StampClock clock = new StampClock(System::currentTimeMillis, () -> System.nanoTime() / 1_000_000);
    private final Batcher batcher = new Batcher(BATCH_BYTES, room, clock);
    private final Single single = new Single();
    private final Bytes payload = Bytes.wrap(new byte[COMMAND_BYTES]);
    private long sequence;

    /**
     * The score is for one command.
     *
     * @return the last slot that was executed
     */
    @Benchmark
    @OperationsPerInvocation(COMMANDS)
    public long batchOf64() {
        for (int i = 0; i < COMMANDS; i++) {
            sequence++;
            batcher.add(new Command(Command.Kind.APPLY, 1, sequence, sequence, payload), null);
        }
        batcher.propose(single.driver, System.nanoTime());
        return single.settle();
    }

    /** A leader without followers. */
    private static final class Single implements Driver.Journal, Driver.Network, Driver.Application {
        private static final int TICKS_TO_ELECT = 1_000;

        private final Driver driver = new Driver(
                new Replica(1, Configuration.majority(1), Parameters.DEFAULT, Durable.EMPTY), this, this, this);
        private long executed;

        Single() {
            for (int tick = 0; driver.replica().openSlots() == 0 && tick < TICKS_TO_ELECT; tick++) {
                driver.handle(new Input.Tick());
                settle();
            }
        }

        long settle() {
            driver.endTurn();
            driver.handle(new Input.Executed(executed));
            driver.endTurn();
            return executed;
        }

        @Override
        public void append(Record record, Ballot promised) {
            // nothing is kept
        }

        @Override
        public void sync(long ticket) {
            driver.durable(ticket);
        }

        @Override
        public void send(int to, Message message) {
            throw new IllegalStateException("there is nobody to send " + message + " to");
        }

        @Override
        public void flush() {
            // nothing was sent
        }

        @Override
        public void execute(long slot, Value value) {
            executed = slot;
        }

        @Override
        public void readReady(long token, long slot) {
            throw new IllegalStateException("nobody reads");
        }

        @Override
        public void readRefused(long token) {
            throw new IllegalStateException("nobody reads");
        }

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {
            throw new IllegalStateException("nobody lags");
        }
    }
}
