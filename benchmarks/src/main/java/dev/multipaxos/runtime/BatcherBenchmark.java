package dev.multipaxos.runtime;

import dev.multipaxos.benchmarks.CoreGroup;
import dev.multipaxos.bytes.Bytes;
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
    private final CoreGroup group = new CoreGroup(1);
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
        batcher.propose(group.leader(), System.nanoTime());
        return group.settle();
    }
}
