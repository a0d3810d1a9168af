package dev.multipaxos.examples.bigstate;

import dev.multipaxos.Codec;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.examples.kv.demo.FreePorts;
import dev.multipaxos.examples.kv.demo.ServerProcess;
import dev.multipaxos.transport.netty.PaxosClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Three members in three processes, one of which is away until the others' journals do not reach back to it. */
final class BigCluster implements AutoCloseable {
    /** The member that is away. */
    static final int AWAY = 3;

    private static final int MEMBERS = 3;
    private static final int SNAPSHOT_EVERY_MIB = 4;
    private static final int COMMAND_BYTES = 4 << 10;
    private static final int COMMANDS_AT_ONCE = 256;
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final int QUIET_LOOKS = 10;
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Path directory;
    private final List<String> addresses = new ArrayList<>();
    private final List<ServerProcess> servers = new ArrayList<>();

    /**
     * Describes the three.
     *
     * @param directory where their files go
     * @param heapMib the memory of each
     * @param stateMib the size of the state
     * @param transferMibPerSecond how fast a snapshot is sent
     */
    BigCluster(Path directory, int heapMib, long stateMib, long transferMibPerSecond) {
        this.directory = directory;
        FreePorts.find(MEMBERS).forEach(port -> addresses.add("127.0.0.1:" + port));
        String members = IntStream.rangeClosed(1, MEMBERS)
                .mapToObj(id -> id + "=" + addresses.get(id - 1))
                .collect(Collectors.joining(","));
        for (int id = 1; id <= MEMBERS; id++) {
            List<String> program = new ArrayList<>(List.of(BigStateProgram.class.getName(), "server"));
            program.addAll(List.of("--id", Integer.toString(id), "--members", members));
            program.addAll(List.of("--data", directory.resolve("member-" + id).toString()));
            program.addAll(List.of("--state-mib", Long.toString(stateMib)));
            program.addAll(List.of("--snapshot-every-mib", Integer.toString(SNAPSHOT_EVERY_MIB)));
            program.addAll(List.of("--transfer-mib-per-second", Long.toString(transferMibPerSecond)));
            List<String> options = List.of("-Xmx" + heapMib + "m", "-XX:+ExitOnOutOfMemoryError");
            servers.add(new ServerProcess(options, program, directory, directory.resolve("member-" + id + ".log")));
        }
    }

    /** Starts all that do not run. */
    void start() {
        servers.forEach(ServerProcess::start);
    }

    ServerProcess server(int id) {
        return servers.get(id - 1);
    }

    /** The members that are not away. */
    List<ServerProcess> present() {
        return List.of(server(1), server(2));
    }

    /** A client of some members. */
    PaxosClient<Bytes, Long> client(Integer... ids) {
        return PaxosClient.builder(Codec.bytes(), Codec.int64())
                .servers(IntStream.range(0, ids.length)
                        .mapToObj(i -> addresses.get(ids[i] - 1))
                        .toArray(String[]::new))
                .deadline(DEADLINE)
                .start();
    }

    /** {@return the files in which the members that are not away have their journals now} */
    private List<Path> journals() throws IOException {
        return files(name -> name.startsWith("journal-"));
    }

    /** The files of the members that are not away, by name. */
    private List<Path> files(Predicate<String> names) throws IOException {
        List<Path> found = new ArrayList<>();
        for (int id = 1; id <= MEMBERS; id++) {
            if (id != AWAY) {
                try (var files = Files.list(directory.resolve("member-" + id))) {
                    files.filter(file -> names.test(file.getFileName().toString()))
                            .forEach(found::add);
                }
            }
        }
        return found;
    }

    /**
     * Writes until the journals do not reach back any more to what they hold now: a snapshot stands for it, and who was away needs
     * one.
     *
     * @return how many commands were executed in all
     */
    long outgrowJournals(PaxosClient<Bytes, Long> client) throws IOException {
        List<Path> old = journals();
        long executed = 0;
        do {
            executed = burst(client);
        } while (old.stream().anyMatch(Files::exists));
        return executed;
    }

    /** Writes as much as makes each member take one more snapshot. */
    void growBySnapshot(PaxosClient<Bytes, Long> client) {
        for (long written = 0;
                written <= (long) SNAPSHOT_EVERY_MIB << 20;
                written += COMMANDS_AT_ONCE * COMMAND_BYTES) {
            burst(client);
        }
    }

    private static long burst(PaxosClient<Bytes, Long> client) {
        List<CompletableFuture<Long>> open = new ArrayList<>();
        for (int i = 0; i < COMMANDS_AT_ONCE; i++) {
            open.add(client.propose(Bytes.wrap(new byte[COMMAND_BYTES])));
        }
        return open.stream().mapToLong(CompletableFuture::join).max().orElseThrow();
    }

    /** Waits, while nobody writes, until no member that is not away has a snapshot in the making. */
    void awaitNoSnapshot() throws IOException {
        for (int quiet = 0; quiet < QUIET_LOOKS; quiet++) {
            LockSupport.parkNanos(LOOK_NANOS);
            if (!files(name -> name.endsWith(".snap.new")).isEmpty()) {
                quiet = -1;
            }
        }
    }

    @Override
    public void close() {
        servers.forEach(ServerProcess::kill);
    }
}
