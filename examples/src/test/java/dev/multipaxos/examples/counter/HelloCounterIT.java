package dev.multipaxos.examples.counter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.examples.kv.demo.ServerProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HelloCounterIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Pattern OUTPUT = Pattern.compile("added one: (\\d+), read back: (\\d+)");

    @Test
    void three_processes_count_to_three_and_go_on_from_there_when_they_are_started_again(@TempDir Path directory) {
        IntStream.rangeClosed(7001, 7003)
                .forEach(port ->
                        assumeThat(isFree(port)).as("port %d is free", port).isTrue());
        assertThat(run(directory, "first")).containsExactlyInAnyOrder(1L, 2L, 3L);
        assertThat(run(directory, "second")).containsExactlyInAnyOrder(4L, 5L, 6L);
    }

    private static List<Long> run(Path directory, String name) {
        List<ServerProcess> nodes = IntStream.rangeClosed(1, 3)
                .mapToObj(id -> new ServerProcess(
                        List.of("-Xmx128m"),
                        List.of(HelloCounter.class.getName(), Integer.toString(id)),
                        directory,
                        directory.resolve(name + "-" + id + ".log")))
                .toList();
        try {
            nodes.forEach(ServerProcess::start);
            await("all three have read back")
                    .atMost(PATIENCE)
                    .failFast(
                            "a node has ended by itself", () -> !nodes.stream().allMatch(ServerProcess::isAlive))
                    .until(() -> nodes.stream()
                            .allMatch(node -> OUTPUT.matcher(node.output()).find()));
            return nodes.stream().map(HelloCounterIT::added).toList();
        } finally {
            nodes.forEach(node -> System.err.print(node.output()));
            nodes.forEach(ServerProcess::close);
        }
    }

    private static long added(ServerProcess node) {
        MatchResult result = OUTPUT.matcher(node.output()).results().findFirst().orElseThrow();
        long added = Long.parseLong(result.group(1));
        assertThat(Long.parseLong(result.group(2))).as("read back").isGreaterThanOrEqualTo(added);
        return added;
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}
