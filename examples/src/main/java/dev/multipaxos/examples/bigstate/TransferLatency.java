package dev.multipaxos.examples.bigstate;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.transport.netty.PaxosClient;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Measures how long writes take with and without a snapshot on its way to a member that was away. */
@Command(
        name = "measure",
        description = "Measures the latency of writes with and without a snapshot on its way.",
        sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class TransferLatency implements Callable<Integer> {
    private static final int COMMAND_BYTES = 128;
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    @Option(
            names = "--directory",
            required = true,
            paramLabel = "DIR",
            description = "Where the files go; must be new.")
    private Path directory;

    @Option(names = "--state-mib", defaultValue = "2048", description = "The state's size (default: ${DEFAULT-VALUE}).")
    private long stateMib;

    @Option(names = "--heap-mib", defaultValue = "256", description = "Memory of a member (default: ${DEFAULT-VALUE}).")
    private int heapMib;

    @Option(
            names = "--transfer-mib-per-second",
            defaultValue = "64",
            description = "How fast the snapshot is sent (default: ${DEFAULT-VALUE}).")
    private long transferMibPerSecond;

    @Option(names = "--rate", defaultValue = "500", description = "Writes a second (default: ${DEFAULT-VALUE}).")
    private int rate;

    @Option(names = "--seconds", defaultValue = "20", description = "How long without it (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Files.createDirectory(directory);
        PrintWriter out = spec.commandLine().getOut();
        try (BigCluster cluster = new BigCluster(directory, heapMib, stateMib, transferMibPerSecond)) {
            cluster.start();
            try (PaxosClient<Bytes, Long> client = cluster.client(1, 2)) {
                client.propose(Bytes.wrap(new byte[COMMAND_BYTES])).join();
                cluster.server(BigCluster.AWAY).kill();
                cluster.outgrowJournals(client);
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
                report(out, "without", measure(client, () -> System.nanoTime() > end));
                long begun = System.nanoTime();
                cluster.server(BigCluster.AWAY).start();
                Histogram during = measure(client, () -> isInstalled(cluster));
                report(out, "with", during);
                out.printf(
                        "%d MiB were installed %.1f s after the start of member %d%n",
                        stateMib, (System.nanoTime() - begun) / 1e9, BigCluster.AWAY);
            }
        }
        return 0;
    }

    static boolean isInstalled(BigCluster cluster) {
        return cluster.server(BigCluster.AWAY)
                .output()
                .lines()
                .anyMatch(line -> line.contains("restored a member's snapshot"));
    }

    /** Proposes at a constant rate, each at its time however the others fare, until the condition holds. */
    private Histogram measure(PaxosClient<Bytes, Long> client, BooleanSupplier isOver) {
        Histogram histogram = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(10), 3);
        List<CompletableFuture<Long>> open = new ArrayList<>();
        long interval = TimeUnit.SECONDS.toNanos(1) / rate;
        long due = System.nanoTime();
        long checked = due;
        boolean over = false;
        while (!over) {
            long intended = due;
            LockSupport.parkNanos(intended - System.nanoTime());
            open.add(client.propose(Bytes.wrap(new byte[COMMAND_BYTES]))
                    .whenComplete((answer, thrown) -> histogram.recordValue(System.nanoTime() - intended)));
            due += interval;
            if (System.nanoTime() - checked > CHECK_NANOS) {
                checked = System.nanoTime();
                over = isOver.getAsBoolean();
                open.removeIf(CompletableFuture::isDone);
            }
        }
        open.forEach(CompletableFuture::join);
        return histogram;
    }

    private static void report(PrintWriter out, String what, Histogram histogram) {
        out.printf(
                "%-8s a snapshot on its way: %6d writes, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms%n",
                what,
                histogram.getTotalCount(),
                histogram.getValueAtPercentile(50) / 1e6,
                histogram.getValueAtPercentile(99) / 1e6,
                histogram.getValueAtPercentile(99.9) / 1e6,
                histogram.getMaxValue() / 1e6);
        out.flush();
    }
}
