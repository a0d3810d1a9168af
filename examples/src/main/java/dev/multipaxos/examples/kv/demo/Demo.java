package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.examples.kv.CommandFailed;
import dev.multipaxos.examples.kv.Kv;
import dev.multipaxos.examples.kv.KvAnswer;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Three servers, a load, a killed leader, and a check that nothing was lost and nothing came twice. */
@Command(
        name = "demo",
        description = "Runs three servers on this machine, loads text, kills the leader in the middle, starts it again,"
                + " and checks that every acknowledged write is on all three, once.",
        sortOptions = false)
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class Demo implements Callable<Integer> {
    private static final long PATIENCE_NANOS = Duration.ofSeconds(60).toNanos();
    private static final Duration WRITE_DEADLINE = Duration.ofSeconds(30);
    private static final long POLL_MILLIS = 20;

    @Option(names = "--writes", defaultValue = "60000", description = "How many writes (default: ${DEFAULT-VALUE}).")
    private int writes;

    @Option(names = "--clients", defaultValue = "4", description = "How many clients (default: ${DEFAULT-VALUE}).")
    private int clients;

    @Option(
            names = "--outstanding",
            defaultValue = "128",
            description = "How many writes each client has open at once (default: ${DEFAULT-VALUE}).")
    private int outstanding;

    @Option(
            names = "--file",
            paramLabel = "PATH",
            description = "The text to load, a file or a directory (default: this repository's documents and sources).")
    private @Nullable Path text;

    @Option(names = "--dir", paramLabel = "DIR", description = "Where the servers keep their data (default: target).")
    private @Nullable Path dir;

    @Option(names = "--keep", description = "Keep the data and the logs of the servers.")
    private boolean keep;

    @Spec
    private CommandSpec spec;

    /** What happened around the kill. */
    private record Failover(int before, int after) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        checkOptions();
        PrintWriter out = spec.commandLine().getOut();
        Path home = Path.of(System.getProperty("kv.home", "")).toAbsolutePath();
        Path source = text != null ? text.toAbsolutePath() : home;
        if (!Files.exists(source)) {
            throw new CommandFailed(Kv.USAGE, "--file " + source + " does not exist");
        }
        TextWorkload workload = read(source);
        Path directory = makeDirectory(dir != null ? dir.toAbsolutePath() : home.resolve("target"));

        DemoCluster cluster = new DemoCluster(directory);
        Thread cleaner = new Thread(cluster::close, "kv-demo-cleaner"); // also at Ctrl-C
        Runtime.getRuntime().addShutdownHook(cleaner);
        boolean verified = false;
        try (cluster;
                Survey survey = new Survey(
                        cluster.addresses(), id -> cluster.process(id).isAlive())) {
            out.printf(
                    Locale.ROOT,
                    "Three servers on %s; their data is in %s%n",
                    String.join(", ", cluster.addresses().values()),
                    directory);
            cluster.start();
            verified = run(out, workload, cluster, survey);
        } finally {
            if (verified && !keep) {
                delete(directory);
            } else {
                out.println("The data and the logs of the servers are kept in " + directory);
            }
        }
        return verified ? Kv.OK : Kv.FAILED;
    }

    private void checkOptions() {
        List<String> problems = new ArrayList<>();
        if (writes < 1 || writes > 50_000_000) {
            problems.add("--writes " + writes + " must be 1 to 50000000");
        }
        if (clients < 1 || clients > 64) {
            problems.add("--clients " + clients + " must be 1 to 64");
        }
        if (outstanding < 1 || outstanding > 1_024) {
            problems.add("--outstanding " + outstanding + " must be 1 to 1024");
        }
        if (!problems.isEmpty()) {
            throw new CommandFailed(Kv.USAGE, String.join("; ", problems));
        }
    }

    private TextWorkload read(Path source) {
        try {
            return TextWorkload.of(source, writes);
        } catch (IOException e) {
            throw new CommandFailed(Kv.USAGE, "the text cannot be read: " + e.getMessage());
        }
    }

    private static Path makeDirectory(Path parent) {
        try {
            return Files.createTempDirectory(Files.createDirectories(parent), "kv-demo-");
        } catch (IOException e) {
            throw new CommandFailed(
                    Kv.USAGE, "no directory can be made in " + parent + " (" + e + "): name another with --dir");
        }
    }

    private boolean run(PrintWriter out, TextWorkload workload, DemoCluster cluster, Survey survey)
            throws InterruptedException {
        int first = await("the servers have a leader", cluster, () -> leader(survey));
        out.printf(
                Locale.ROOT,
                "Server %d leads. %d clients write %,d times: lines of %,d files, %,d of them in a round%n",
                first,
                clients,
                writes,
                workload.files(),
                workload.lines());
        Progress progress = new Progress(out, Boolean.getBoolean("kv.terminal"), writes);
        Ledger ledger = new Ledger(writes);
        Meter meter = new Meter();
        long begun = System.nanoTime();
        Failover failover;
        try (Load load = new Load(
                List.copyOf(cluster.addresses().values()),
                workload,
                ledger,
                meter,
                clients,
                outstanding,
                WRITE_DEADLINE)) {
            showUntil(progress, ledger, load, writes / 2);
            failover = failOver(progress, ledger, load, meter, cluster, survey);
            showUntil(progress, ledger, load, Integer.MAX_VALUE);
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        progress.say("All writes have ended; waiting until all three servers have executed them");
        List<String> problems = new ArrayList<>();
        List<KvAnswer.ServerStatus> statuses = verify(workload, ledger, cluster, survey, problems);

        out.printf(Locale.ROOT, "%nReport%n");
        line(out, "writes", "%,d acknowledged, %,d of unknown outcome", ledger.acknowledged(), ledger.unknown());
        line(out, "duration", "%.1f s, %,.0f writes/s", seconds, ledger.acknowledged() / seconds);
        line(
                out,
                "latency",
                "p50 %.1f ms, p99 %.1f ms, longest %.0f ms",
                meter.latencyMillis(50),
                meter.latencyMillis(99),
                meter.latencyMillis(100));
        line(out, "gap", "%d ms without an answer when the leader was killed", meter.gapNanos() / 1_000_000);
        line(out, "leader", "server %d before, server %d after", failover.before(), failover.after());
        for (KvAnswer.ServerStatus status : statuses) {
            line(
                    out,
                    "server " + status.member().node(),
                    "revision %,d, %,d keys, content %016x",
                    status.revision(),
                    status.keys(),
                    status.contentHash());
        }
        line(
                out,
                "verified",
                "%s",
                problems.isEmpty() ? "every acknowledged write is on all three, none twice" : "NO, see below");
        problems.forEach(problem -> out.println("  - " + problem));
        return problems.isEmpty();
    }

    private static void line(PrintWriter out, String name, String format, Object... values) {
        out.printf(
                Locale.ROOT,
                "  %-10s " + format + "%n",
                Stream.concat(Stream.of(name), Stream.of(values)).toArray());
    }

    private static Failover failOver(
            Progress progress, Ledger ledger, Load load, Meter meter, DemoCluster cluster, Survey survey)
            throws InterruptedException {
        int before = await("a leader can be killed", cluster, () -> leader(survey));
        ServerProcess victim = cluster.process(before);
        int acknowledged = ledger.acknowledged();
        meter.watchForGap();
        victim.kill();
        progress.say(String.format(
                Locale.ROOT, "Killed server %d, the leader, with SIGKILL after %,d writes", before, acknowledged));
        int after = await("the others have a leader", null, () -> leader(survey).filter(now -> now != before));
        progress.say("Server " + after + " leads");
        showUntil(progress, ledger, load, ledger.acknowledged() / 2 + progress.size() / 2);
        victim.start();
        progress.say("Started server " + before + " again");
        return new Failover(before, after);
    }

    private static void showUntil(Progress progress, Ledger ledger, Load load, int acknowledged)
            throws InterruptedException {
        while (!load.isDone() && ledger.acknowledged() < acknowledged) {
            progress.show(ledger.acknowledged());
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static List<KvAnswer.ServerStatus> verify(
            Workload workload, Ledger ledger, DemoCluster cluster, Survey survey, List<String> problems)
            throws InterruptedException {
        List<KvAnswer.ServerStatus> statuses =
                await("all three servers have executed the same", cluster, () -> agreed(survey));
        for (KvAnswer.ServerStatus status : statuses) {
            int node = status.member().node();
            Survey.Content content =
                    await("server " + node + " tells its content", cluster, () -> survey.content(node));
            Verification outcome = Verification.of(workload, ledger, content.items());
            outcome.problems().forEach(problem -> problems.add("server " + node + ": " + problem));
            if (outcome.applied() != content.status().revision()) {
                problems.add("server " + node + ": " + outcome.applied() + " writes can be seen, and "
                        + content.status().revision() + " were executed");
            }
            if (content.status().contentHash() != statuses.get(0).contentHash()) {
                problems.add("server " + node + " holds another content than server "
                        + statuses.get(0).member().node());
            }
        }
        return statuses;
    }

    private static Optional<List<KvAnswer.ServerStatus>> agreed(Survey survey) {
        List<KvAnswer.ServerStatus> statuses = survey.statuses();
        boolean same = statuses.stream()
                        .mapToLong(KvAnswer.ServerStatus::revision)
                        .distinct()
                        .count()
                == 1;
        return same && statuses.size() == DemoCluster.SERVERS ? Optional.of(statuses) : Optional.empty();
    }

    private static Optional<Integer> leader(Survey survey) {
        OptionalInt leader = survey.leader();
        return leader.isPresent() ? Optional.of(leader.getAsInt()) : Optional.empty();
    }

    /** Asks until there is an answer; gives up after a minute, or when a server of the cluster ends by itself. */
    private static <T> T await(String what, @Nullable DemoCluster cluster, Supplier<Optional<T>> question)
            throws InterruptedException {
        long begun = System.nanoTime();
        while (true) {
            Optional<T> answer = question.get();
            if (answer.isPresent()) {
                return answer.get();
            }
            int ended = cluster == null ? 0 : cluster.ended();
            if (ended != 0) {
                throw new CommandFailed(
                        Kv.FAILED, "server " + ended + " has ended by itself before " + what + "; see its log");
            }
            if (System.nanoTime() - begun > PATIENCE_NANOS) {
                throw new CommandFailed(Kv.FAILED, "a minute has passed before " + what + "; see the servers' logs");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static void delete(Path directory) throws IOException {
        List<Path> all;
        try (Stream<Path> walked = Files.walk(directory)) {
            all = walked.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.delete(path);
        }
    }
}
