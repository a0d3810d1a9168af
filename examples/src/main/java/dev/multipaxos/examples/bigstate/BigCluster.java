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
        List<Path> journals = new ArrayList<>();
        for (int id = 1; id <= MEMBERS; id++) {
            if (id != AWAY) {
                try (var files = Files.list(directory.resolve("member-" + id))) {
                    files.filter(file -> file.getFileName().toString().startsWith("journal-"))
                            .forEach(journals::add);
                }
            }
        }
        return journals;
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
            List<CompletableFuture<Long>> open = new ArrayList<>();
            for (int i = 0; i < COMMANDS_AT_ONCE; i++) {
                open.add(client.propose(Bytes.wrap(new byte[COMMAND_BYTES])));
            }
            executed = open.stream().mapToLong(CompletableFuture::join).max().orElseThrow();
        } while (old.stream().anyMatch(Files::exists));
        return executed;
    }

    @Override
    public void close() {
        servers.forEach(ServerProcess::kill);
    }
}
