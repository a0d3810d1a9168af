package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.examples.kv.Kv;
import java.nio.file.Path;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Three servers in three processes on this machine, each with a directory of its own. */
final class DemoCluster implements AutoCloseable {
    static final int SERVERS = 3;
    private static final List<String> JAVA_OPTIONS = List.of("-Xms64m", "-Xmx512m");

    private final NavigableMap<Integer, String> addresses = new TreeMap<>();
    private final NavigableMap<Integer, ServerProcess> processes = new TreeMap<>();

    DemoCluster(Path directory) {
        List<Integer> ports = FreePorts.find(SERVERS);
        for (int id = 1; id <= SERVERS; id++) {
            addresses.put(id, "127.0.0.1:" + ports.get(id - 1));
        }
        String members = addresses.entrySet().stream()
                .map(member -> member.getKey() + "=" + member.getValue())
                .collect(Collectors.joining(","));
        addresses.keySet().forEach(id -> {
            List<String> program = List.of(
                    Kv.class.getName(),
                    "server",
                    "--id",
                    Integer.toString(id),
                    "--members",
                    members,
                    "--data",
                    directory.resolve("server-" + id).toString(),
                    "--end-with-input");
            processes.put(
                    id,
                    new ServerProcess(JAVA_OPTIONS, program, directory, directory.resolve("server-" + id + ".log")));
        });
    }

    NavigableMap<Integer, String> addresses() {
        return addresses;
    }

    ServerProcess process(int id) {
        return Objects.requireNonNull(processes.get(id), () -> "there is no server " + id);
    }

    void start() {
        processes.values().forEach(ServerProcess::start);
    }

    /** The first server that has ended, though nobody killed it; 0 if none has. */
    int ended() {
        return processes.entrySet().stream()
                .filter(server -> !server.getValue().isAlive())
                .mapToInt(server -> server.getKey())
                .findFirst()
                .orElse(0);
    }

    /** Kills what still runs. */
    @Override
    public void close() {
        processes.values().forEach(ServerProcess::kill);
    }
}
