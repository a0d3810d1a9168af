package dev.multipaxos.benchmarks;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DurableStorage;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The file-backed log: some records appended, then one force for all of them, as the runtime's storage thread does it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class LogBenchmark {
    private static final int GROUP = 1;
    private static final int KIND = 1;
    private static final int HEAD_BYTES = 24;
    private static final long KEEP_BYTES = 64L << 20;

    /** Where the files go; on the disk that is to be measured. */
    @Param("target/log-benchmark")
    private String directory = "";

    /** Records for each force. */
    @Param({"1", "16", "64"})
    private int records;

    /** Bytes of a record's value. */
    @Param({"128", "4096"})
    private int bytes;

    private final Bytes head = Bytes.wrap(new byte[HEAD_BYTES]);
    private Bytes body = Bytes.EMPTY;
    private Path files = Path.of("");
    private DurableStorage storage = FileStorage.at(files);
    private long slot;
    private long trimmedAt;

    /**
     * Opens an empty log.
     *
     * @throws IOException if the directory cannot be made
     * @throws StorageException if the log cannot be opened
     */
    @Setup(Level.Trial)
    public void open() throws IOException, StorageException {
        files = Files.createTempDirectory(Files.createDirectories(Path.of(directory)), "log");
        body = Bytes.wrap(new byte[bytes]);
        storage = FileStorage.at(files);
        storage.open(1, Bytes.EMPTY);
        storage.replay((group, kind, slotFrom, slotTo, record) -> {});
    }

    /**
     * Closes and deletes it.
     *
     * @throws IOException if a file cannot be deleted
     */
    @TearDown(Level.Trial)
    public void close() throws IOException {
        storage.close();
        try (var all = Files.walk(files)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /**
     * Appends and forces; the score is for all records of one force.
     *
     * @return the durable end of the log
     * @throws StorageException if the disk fails
     */
    @Benchmark
    public long appendAndForce() throws StorageException {
        for (int i = 0; i < records; i++) {
            slot++;
            storage.append(GROUP, KIND, slot, slot, 1, 1, head, body);
        }
        storage.sync();
        long position = storage.durablePosition();
        if (position - trimmedAt > KEEP_BYTES) {
            trimmedAt = position;
            storage.trim(GROUP, slot, position, KEEP_BYTES);
        }
        return position;
    }
}
