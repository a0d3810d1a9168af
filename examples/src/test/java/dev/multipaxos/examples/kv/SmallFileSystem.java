package dev.multipaxos.examples.kv;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** A file system in memory that is mounted on a directory for a test, which is skipped where that is not allowed. */
final class SmallFileSystem implements AutoCloseable {
    private static final int STEP_BYTES = 1 << 20;

    private final Path directory;

    private SmallFileSystem(Path directory) {
        this.directory = directory;
    }

    static SmallFileSystem mount(Path directory, int mib) throws IOException {
        Files.createDirectories(directory);
        String problem = run("mount", "-t", "tmpfs", "-o", "size=" + mib + "m", "tmpfs", directory.toString());
        Assumptions.assumeTrue(problem.isEmpty(), "nothing can be mounted here: " + problem);
        return new SmallFileSystem(directory);
    }

    /** Takes room until so much is left. */
    void fill(long bytesLeft) throws IOException {
        try (FileChannel ballast = FileChannel.open(ballast(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (Files.getFileStore(directory).getUsableSpace() > bytesLeft) {
                ballast.write(ByteBuffer.allocate(STEP_BYTES));
            }
        }
    }

    /** Gives it back. */
    void free() throws IOException {
        Files.delete(ballast());
    }

    private Path ballast() {
        return directory.resolve("ballast");
    }

    private static String run(String... command) {
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? "" : "exit code " + process.exitValue() + ", " + said.strip();
        } catch (IOException e) {
            return e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** It goes when nobody uses it any more. */
    @Override
    public void close() {
        String problem = run("umount", "-l", directory.toString());
        if (!problem.isEmpty()) {
            throw new UncheckedIOException(new IOException(problem));
        }
    }
}
