package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.examples.kv.demo.ServerProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Makes system calls of a server fail, or be its last, with strace (1). */
final class Strace {
    private static final int HEADER_BYTES = 8_192;

    private Strace() {}

    /** Skips the test where strace is missing or not allowed to trace. */
    static void assumeWorks() {
        String problem = problem();
        Assumptions.assumeTrue(problem.isEmpty(), "strace cannot be used here: " + problem);
    }

    private static String problem() {
        try {
            Process probe = new ProcessBuilder("strace", "-f", "-qq", "-e", "trace=fsync", "true")
                    .redirectErrorStream(true)
                    .start();
            String said = new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return probe.waitFor() == 0 ? "" : said.strip();
        } catch (IOException e) {
            return e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Before a command: its n-th sync, counted for each thread, is the end of it, by a signal that nobody can catch. */
    static List<String> killingAtSync(int n) {
        return List.of(
                "strace",
                "-D", // the tracer is the child: the process that was started is the server
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=fsync,fdatasync",
                "-e",
                "signal=none",
                "-e",
                "inject=fsync,fdatasync:signal=SIGKILL:when=" + n);
    }

    /**
     * Makes the next of some system calls on a file of a running server fail once; returns when it will.
     *
     * @param calls the names, with commas between
     * @param error what it fails with, such as {@code EIO}
     */
    static void failOnce(ServerProcess server, Path file, String calls, String error, Path output) {
        List<String> command = new ArrayList<>(List.of("strace", "-f", "-o", output.toString()));
        command.addAll(List.of("-P", file.toString()));
        command.addAll(List.of("-e", "trace=" + calls, "-e", "signal=none"));
        command.addAll(List.of("-e", "inject=" + calls + ":error=" + error + ":when=1"));
        command.addAll(List.of("-p", Long.toString(server.pid())));
        try {
            Process tracer = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.resolveSibling(output.getFileName() + ".said")
                            .toFile())
                    .start();
            tracer.onExit().orTimeout(KvCluster.PATIENCE.toSeconds(), TimeUnit.SECONDS); // with the server
            await("an injected " + error).atMost(KvCluster.PATIENCE).until(() -> {
                assertThat(server.isAlive() && !tracer.isAlive())
                        .as("strace gave up; see %s", output)
                        .isFalse();
                return Files.exists(output) && Files.readString(output).contains("(INJECTED)");
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The segment that a running server writes: the one of those with records that was written last. */
    static Path journal(Path data) throws IOException {
        try (var files = Files.list(data)) {
            return files.filter(file -> file.getFileName().toString().startsWith("journal-"))
                    .filter(Strace::hasRecords)
                    .max((a, b) ->
                            Long.compare(a.toFile().lastModified(), b.toFile().lastModified()))
                    .orElseThrow();
        }
    }

    private static boolean hasRecords(Path segment) {
        try (var in = Files.newInputStream(segment)) {
            in.skipNBytes(HEADER_BYTES);
            for (byte next : in.readNBytes(8)) {
                if (next != 0) {
                    return true;
                }
            }
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
