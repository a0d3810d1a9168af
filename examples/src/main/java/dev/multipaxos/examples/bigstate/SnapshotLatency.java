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

/**
 * Measures how long writes take while nothing else goes on, while both members write a snapshot, and while one of them sends its
 * own to a member that was away.
 */
@Command(
        name = "measure",
        description = "Measures the latency of writes while snapshots are written, and while one is sent.",
        sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class SnapshotLatency implements Callable<Integer> {
    private static final int COMMAND_BYTES = 128;
    private static final long CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final String TAKEN = "took a snapshot of slot";
    private static final String FETCHING = "fetches a snapshot of slot";
    private static final String INSTALLED = "restored a snapshot of slot";

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

    @Option(
            names = "--seconds",
            defaultValue = "20",
            description = "How long with nothing else (default: ${DEFAULT-VALUE}).")
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
                cluster.awaitNoSnapshot();
                measure(client, () -> false, seconds); // until the virtual machines have compiled what they need
                report(out, "nothing else", measure(client, () -> false, seconds));

                int before = taken(cluster);
                cluster.growBySnapshot(client);
                report(
                        out,
                        "two members write theirs",
                        measure(client, () -> taken(cluster) == before + 2, Integer.MAX_VALUE));
                cluster.awaitNoSnapshot();

                cluster.server(BigCluster.AWAY).start();
                report(
                        out,
                        "the third process starts",
                        measure(client, () -> says(cluster, FETCHING), Integer.MAX_VALUE));
                long begun = System.nanoTime();
                report(out, "it fetches a snapshot", measure(client, () -> isInstalled(cluster), Integer.MAX_VALUE));
                out.printf("%d MiB were sent and installed in %.1f s%n", stateMib, (System.nanoTime() - begun) / 1e9);
            }
        }
        return 0;
    }

    static boolean isInstalled(BigCluster cluster) {
        return says(cluster, INSTALLED);
    }

    private static boolean says(BigCluster cluster, String words) {
        return cluster.server(BigCluster.AWAY).output().contains(words);
    }

    /** How many snapshots the members that are not away have taken. */
    private static int taken(BigCluster cluster) {
        return cluster.present().stream()
                .mapToInt(server -> server.output().split(TAKEN, -1).length - 1)
                .sum();
    }

    /** Proposes at a constant rate, each at its time however the others fare, until the condition holds or the time is over. */
    private Histogram measure(PaxosClient<Bytes, Long> client, BooleanSupplier isOver, int secondsMax) {
        Histogram histogram = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(10), 3);
        List<CompletableFuture<Long>> open = new ArrayList<>();
        long interval = TimeUnit.SECONDS.toNanos(1) / rate;
        long due = System.nanoTime();
        long end = due + TimeUnit.SECONDS.toNanos(secondsMax);
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
                over = checked > end || isOver.getAsBoolean();
                open.removeIf(CompletableFuture::isDone);
            }
        }
        open.forEach(CompletableFuture::join);
        return histogram;
    }

    private static void report(PrintWriter out, String what, Histogram histogram) {
        out.printf(
                "%-24s: %6d writes, p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms%n",
                what,
                histogram.getTotalCount(),
                histogram.getValueAtPercentile(50) / 1e6,
                histogram.getValueAtPercentile(99) / 1e6,
                histogram.getValueAtPercentile(99.9) / 1e6,
                histogram.getMaxValue() / 1e6);
        out.flush();
    }
}
