package dev.multipaxos.benchmarks;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a slot costs in the protocol alone, all members of the group together: time, and bytes of garbage ({@code
 * gc.alloc.rate.norm}), with neither disk, network, codec nor threads.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(2)
public class CoreBenchmark {

    private static final int PIPELINED = 64;

    /** How many members the group has. */
    @Param({"1", "3"})
    public int members;

    private final Value value = new Value.Batch(0, Bytes.wrap(new byte[128]));
    private CoreGroup group = new CoreGroup(1);

    /** Founds a new group. */
    @Setup(Level.Iteration)
    public void found() {
        group = new CoreGroup(members);
    }

    /**
     * One slot, from the proposal to its execution everywhere, before the next begins.
     *
     * @return the last slot executed
     */
    @Benchmark
    public long oneAtATime() {
        return group.propose(value, 1);
    }

    /**
     * 64 slots in one turn.
     *
     * @return the last slot executed
     */
    @Benchmark
    @OperationsPerInvocation(PIPELINED)
    public long pipelined() {
        return group.propose(value, PIPELINED);
    }
}
