package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.examples.kv.demo.FreePorts;
import dev.multipaxos.examples.kv.demo.Ledger;
import dev.multipaxos.examples.kv.demo.Load;
import dev.multipaxos.examples.kv.demo.Meter;
import dev.multipaxos.examples.kv.demo.ServerProcess;
import dev.multipaxos.examples.kv.demo.Survey;
import dev.multipaxos.examples.kv.demo.Verification;
import dev.multipaxos.examples.kv.demo.Workload;
import dev.multipaxos.transport.netty.PaxosClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Three servers in processes of their own, for one test: started, killed, frozen and cut off as it likes. When a test fails, what
 * the servers printed is shown, and their data is kept.
 *
 * <p>With a network that can be cut, each server has a hosts file of its own, in which a name stands for the proxy between it
 * and the other server: all are founded with the same addresses, and yet each of the six ways is apart.
 */
final class KvCluster implements BeforeEachCallback, AfterEachCallback {
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final int SERVERS = 3;
    private static final int CLIENTS = 3;
    private static final Duration WRITE_DEADLINE = Duration.ofSeconds(60);
    private static final int OUTPUT_LINES_SHOWN = 150;
    private static final List<String> JAVA_OPTIONS =
            List.of("-Xms64m", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

    private final boolean cuttable;
    private final SortedMap<Integer, String> addresses = new TreeMap<>();
    private final SortedMap<Integer, ServerProcess> processes = new TreeMap<>();
    private final SortedMap<String, TcpProxy> proxies = new TreeMap<>();
    private final List<String> options;
    private final List<String> expected = new ArrayList<>();
    private @Nullable Path directory;
    private @Nullable Survey survey;

    private KvCluster(boolean cuttable, List<String> options) {
        this.cuttable = cuttable;
        this.options = options;
    }

    /**
     * Servers that reach each other directly.
     *
     * @param options for all of them
     */
    static KvCluster onThisMachine(String... options) {
        return new KvCluster(false, List.of(options));
    }

    /** Servers that reach each other by ways that can be cut; clients reach each of them directly. */
    static KvCluster withNetworkToCut() {
        return new KvCluster(true, List.of());
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        Path parent = Files.createDirectories(Path.of("target", "kv-it").toAbsolutePath());
        Path mine =
                Files.createTempDirectory(parent, context.getRequiredTestClass().getSimpleName() + "-");
        directory = mine;
        List<Integer> ports = FreePorts.find(2 * SERVERS);
        for (int id = 1; id <= SERVERS; id++) {
            addresses.put(id, "127.0.0.1:" + ports.get(id - 1));
        }
        SortedMap<Integer, String> members = addresses;
        if (cuttable) {
            members = new TreeMap<>();
            for (int id = 1; id <= SERVERS; id++) {
                members.put(id, "kv-server-" + id + ":" + ports.get(SERVERS + id - 1));
            }
            makeNetwork(mine, ports.subList(SERVERS, 2 * SERVERS));
        }
        for (int id = 1; id <= SERVERS; id++) {
            processes.put(id, describe(mine, id, members));
        }
        survey = new Survey(addresses, id -> server(id).isAlive());
    }

    private ServerProcess describe(Path mine, int id, SortedMap<Integer, String> members) {
        List<String> javaOptions = new ArrayList<>(JAVA_OPTIONS);
        List<String> program = new ArrayList<>(List.of(
                Kv.class.getName(),
                "server",
                "--id",
                Integer.toString(id),
                "--members",
                members(members),
                "--data",
                data(id).toString(),
                "--end-with-input"));
        if (cuttable) {
            javaOptions.add("-Djdk.net.hosts.file=" + mine.resolve("hosts-" + id));
            program.addAll(List.of("--bind", address(id)));
        }
        program.addAll(options);
        return new ServerProcess(javaOptions, program, mine, mine.resolve("server-" + id + ".log"));
    }

    static String members(SortedMap<Integer, String> members) {
        return members.entrySet().stream()
                .map(member -> member.getKey() + "=" + member.getValue())
                .collect(Collectors.joining(","));
    }

    /** From server f to server t the way leads over 127.0.f.t, which is this machine too. */
    private void makeNetwork(Path mine, List<Integer> ports) throws IOException {
        for (int from = 1; from <= SERVERS; from++) {
            List<String> hosts = new ArrayList<>();
            for (int to = 1; to <= SERVERS; to++) {
                String host = "127.0." + from + "." + to;
                hosts.add(host + " kv-server-" + to);
                if (from != to) {
                    int port =
                            Integer.parseInt(address(to).substring(address(to).indexOf(':') + 1));
                    InetSocketAddress target = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
                    proxies.put(
                            from + " to " + to, new TcpProxy(new InetSocketAddress(host, ports.get(to - 1)), target));
                }
            }
            Files.write(mine.resolve("hosts-" + from), hosts);
        }
    }

    /** Starts all that do not run, and waits until each knows a leader: one that does not may wait for a founder, and that be killed. */
    int start() {
        processes.values().forEach(ServerProcess::start);
        await("a leader whom all know")
                .atMost(PATIENCE)
                .until(
                        () -> survey().statuses(),
                        all -> all.size() == SERVERS
                                && all.stream()
                                        .allMatch(status -> status.member().leader() != 0));
        return awaitLeader();
    }

    /** What a server complains about with these words is what the test is about. */
    void expectErrors(String words) {
        expected.add(words);
    }

    /** Where a server keeps its journal. */
    Path data(int id) {
        return directory().resolve("server-" + id);
    }

    ServerProcess server(int id) {
        return Objects.requireNonNull(processes.get(id), () -> "there is no server " + id);
    }

    String address(int id) {
        return Objects.requireNonNull(addresses.get(id), () -> "there is no server " + id);
    }

    SortedMap<Integer, String> addresses() {
        return addresses;
    }

    Path directory() {
        return Objects.requireNonNull(directory, "the test has not begun");
    }

    /** All servers but one, ascending. */
    List<Integer> others(int id) {
        return addresses.keySet().stream().filter(other -> other != id).toList();
    }

    Survey survey() {
        return Objects.requireNonNull(survey, "the test has not begun");
    }

    int awaitLeader() {
        return await("a leader")
                .atMost(PATIENCE)
                .until(() -> survey().leader(), OptionalInt::isPresent)
                .getAsInt();
    }

    int awaitLeaderOtherThan(int old) {
        return await("another leader than " + old)
                .atMost(PATIENCE)
                .until(() -> survey().leader(), leader -> leader.isPresent() && leader.getAsInt() != old)
                .getAsInt();
    }

    /** Waits until a server has executed everything that any other had executed when this was called. */
    void awaitCaughtUp(int id) {
        long revision = await("a server that says how far it is")
                .atMost(PATIENCE)
                .until(
                        () -> survey().statuses().stream()
                                .mapToLong(KvAnswer.ServerStatus::revision)
                                .max(),
                        OptionalLong::isPresent)
                .getAsLong();
        await("server " + id + " at revision " + revision)
                .atMost(PATIENCE)
                .until(
                        () -> survey().status(id),
                        status ->
                                status.filter(now -> now.revision() >= revision).isPresent());
    }

    /** No frame passes between a server and the others, in either direction, until {@link #heal}. */
    void isolate(int id) {
        proxies.forEach((way, proxy) -> {
            if (way.startsWith(id + " to ") || way.endsWith(" to " + id)) {
                proxy.cut();
            }
        });
    }

    void heal() {
        proxies.values().forEach(TcpProxy::heal);
    }

    /** A client of some of the servers. */
    PaxosClient<KvCommand, KvAnswer> client(Duration deadline, Integer... servers) {
        return PaxosClient.builder(KvCodec.commands(), KvCodec.answers())
                .servers(Stream.of(servers).map(this::address).toArray(String[]::new))
                .deadline(deadline)
                .start();
    }

    /** Clients that write, until they are closed. */
    Load load(Workload workload, Ledger ledger, int outstanding) {
        return new Load(
                List.copyOf(addresses.values()), workload, ledger, new Meter(), CLIENTS, outstanding, WRITE_DEADLINE);
    }

    /** Waits until so many more writes are acknowledged. */
    static void awaitMore(Ledger ledger, Load load, int more) {
        int goal = ledger.acknowledged() + more;
        await(more + " more acknowledged writes").atMost(PATIENCE).until(() -> {
            assertThat(load.isDone()).as("the load has come to its end").isFalse();
            return ledger.acknowledged() >= goal;
        });
    }

    /** Ends a load, and waits for all answers. */
    static void finish(Load load) {
        load.stop();
        await("the end of the load").atMost(PATIENCE).until(load::isDone);
    }

    /** Checks that all three servers hold the same: all that was acknowledged, and nothing twice. */
    void verify(Workload workload, Ledger ledger) {
        List<KvAnswer.ServerStatus> statuses = await("the same revision on all three")
                .atMost(PATIENCE)
                .until(
                        () -> survey().statuses(),
                        answers -> answers.size() == SERVERS
                                && answers.stream()
                                                .mapToLong(KvAnswer.ServerStatus::revision)
                                                .distinct()
                                                .count()
                                        == 1);
        assertThat(statuses)
                .extracting(KvAnswer.ServerStatus::contentHash)
                .as("content hashes")
                .containsOnly(statuses.get(0).contentHash());
        for (int id : addresses.keySet()) {
            Survey.Content content = await("the content of server " + id)
                    .atMost(PATIENCE)
                    .until(() -> survey().content(id), Optional::isPresent)
                    .orElseThrow();
            Verification outcome = Verification.of(workload, ledger, content.items());
            assertThat(outcome.problems()).as("server %d", id).isEmpty();
            assertThat(outcome.applied())
                    .as("revision of server %d", id)
                    .isEqualTo(content.status().revision());
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws IOException {
        processes.values().forEach(ServerProcess::kill);
        List<String> complaints = processes.values().stream()
                .flatMap(process -> process.output().lines())
                .filter(line -> line.contains(" ERROR ") || line.contains("LEAK:"))
                .filter(line -> expected.stream().noneMatch(line::contains))
                .toList();
        boolean failed = context.getExecutionException().isPresent() || !complaints.isEmpty();
        if (survey != null) {
            survey.close();
        }
        proxies.values().forEach(TcpProxy::close);
        if (failed) {
            processes.forEach((id, process) -> {
                List<String> lines = process.output().lines().toList();
                System.err.println("---- server " + id + ", the last lines of " + lines.size());
                lines.stream()
                        .skip(Math.max(0, lines.size() - OUTPUT_LINES_SHOWN))
                        .forEach(System.err::println);
            });
            System.err.println("---- everything is kept in " + directory);
        } else if (directory != null) {
            delete(directory);
        }
        assertThat(complaints).as("errors and leaks that the servers report").isEmpty();
    }

    private static void delete(Path root) throws IOException {
        List<Path> all;
        try (Stream<Path> walked = Files.walk(root)) {
            all = walked.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : all) {
            Files.delete(path);
        }
    }
}
