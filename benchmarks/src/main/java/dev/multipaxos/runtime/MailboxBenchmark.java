package dev.multipaxos.runtime;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.GroupThreads;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** What it costs to hand a letter to the event loop, and to take it out again, while both sides are at it. */
@State(Scope.Group)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class MailboxBenchmark {
    private static final int LETTERS_MAX = 4_096;

    private final Mailbox mailbox = new Mailbox(1L << 20);
    private final Mail letter = loop -> {};
    private volatile int waiting;

    /** One letter of a thread that calls the node. It waits while the loop is far behind, as a caller without room would. */
    @Benchmark
    @Group("handOver")
    @GroupThreads(1)
    public void add() {
        while (waiting > LETTERS_MAX) {
            Thread.onSpinWait();
        }
        mailbox.add(letter);
    }

    /**
     * All that waits, as one turn of the loop takes it.
     *
     * @param letters gets them
     */
    @Benchmark
    @Group("handOver")
    @GroupThreads(1)
    public void drain(Blackhole letters) {
        mailbox.heed();
        var taken = mailbox.drain();
        taken.forEach(letters::consume);
        waiting = taken.size();
    }
}
