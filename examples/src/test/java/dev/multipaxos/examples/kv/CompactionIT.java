package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.examples.kv.demo.Ledger;
import dev.multipaxos.examples.kv.demo.Load;
import dev.multipaxos.examples.kv.demo.ServerProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The past goes: from the disks, while a member is away, and from memory, when it is back. */
class CompactionIT {
    private static final int MIB = 1 << 20;
    private static final int SEGMENT_MIB = 4;
    private static final int SNAPSHOT_EVERY_MIB = 16;
    private static final int KEEP_MIB = 8;

    private static final int VALUE_BYTES = 64 << 10;
    private static final int WRITES = 200 * MIB / VALUE_BYTES;
    private static final int OUTSTANDING = 4;

    /**
     * Growth until a snapshot is taken, as much again while it is written, the tail, and segments: the one that is kept whole for
     * its last record, the one in use, the next one, and one that is being deleted. Beside that two snapshots of the live state.
     */
    private static final long DIRECTORY_BYTES_MAX =
            (2L * SNAPSHOT_EVERY_MIB + KEEP_MIB + 4L * SEGMENT_MIB) * MIB + 2L * (Rewrites.KEYS + 1) * VALUE_BYTES;

    /** What may be left in memory that was not there before: the live state, twice while it is replaced, and buffers. */
    private static final long HEAP_GROWTH_BYTES_MAX = 8L * MIB;

    @RegisterExtension
    private final KvCluster cluster = KvCluster.onThisMachine(
            "--segment-mib",
            Integer.toString(SEGMENT_MIB),
            "--snapshot-every-mib",
            Integer.toString(SNAPSHOT_EVERY_MIB),
            "--keep-mib",
            Integer.toString(KEEP_MIB));

    @Test
    void two_hundred_megabytes_over_ten_keys_leave_the_ten_values_and_the_one_that_was_away_gets_a_snapshot()
            throws IOException {
        int leader = cluster.start();
        int away = cluster.others(leader).get(0);
        SortedMap<Integer, Long> heapBefore = heaps();
        cluster.server(away).kill();

        Rewrites rewrites = new Rewrites(WRITES, VALUE_BYTES);
        Ledger ledger = new Ledger(rewrites.size());
        try (Load load = cluster.load(rewrites, ledger, OUTSTANDING)) {
            await("the end of the writes")
                    .atMost(KvCluster.PATIENCE.multipliedBy(2))
                    .until(() -> {
                        for (int id : cluster.others(away)) {
                            assertThat(bytes(cluster.data(id)))
                                    .as("directory of server %d after %d writes", id, ledger.acknowledged())
                                    .isLessThan(DIRECTORY_BYTES_MAX);
                        }
                        return load.isDone();
                    });
        }
        assertThat(ledger.acknowledged()).isEqualTo(WRITES);

        cluster.server(away).start();
        cluster.awaitCaughtUp(away);
        assertThat(cluster.server(away).output()).contains("restored a snapshot of slot");
        assertThat(cluster.survey().statuses())
                .extracting(KvAnswer.ServerStatus::contentHash)
                .as("content hashes")
                .containsOnly(cluster.survey().status(leader).orElseThrow().contentHash());
        for (int id : cluster.addresses().keySet()) {
            await("a small directory of server " + id)
                    .atMost(KvCluster.PATIENCE)
                    .until(() -> bytes(cluster.data(id)) < DIRECTORY_BYTES_MAX);
            long before = heapBefore.getOrDefault(id, 0L);
            await("a small heap of server " + id)
                    .atMost(KvCluster.PATIENCE)
                    .untilAsserted(() -> assertThat(heapBytes(cluster.server(id)) - before)
                            .as("growth of the live heap in bytes")
                            .isLessThan(HEAP_GROWTH_BYTES_MAX));
        }
    }

    private SortedMap<Integer, Long> heaps() throws IOException {
        SortedMap<Integer, Long> heaps = new TreeMap<>();
        for (int id : cluster.addresses().keySet()) {
            heaps.put(id, heapBytes(cluster.server(id)));
        }
        return heaps;
    }

    /** What is reachable, after a full collection. */
    private static long heapBytes(ServerProcess server) throws IOException {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        Process histogram = new ProcessBuilder(List.of(jcmd, Long.toString(server.pid()), "GC.class_histogram"))
                .redirectErrorStream(true)
                .start();
        String said = new String(histogram.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String total = said.lines()
                .filter(line -> line.startsWith("Total"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("jcmd says no total: " + said));
        return Long.parseLong(total.trim().replaceFirst("Total +[0-9]+ +", ""));
    }

    private static long bytes(Path directory) throws IOException {
        long bytes = 0;
        List<Path> files;
        try (var listed = Files.list(directory)) {
            files = listed.toList();
        }
        for (Path file : files) {
            try {
                bytes += Files.size(file);
            } catch (NoSuchFileException e) {
                // deleted meanwhile, as it should be
            }
        }
        return bytes;
    }
}
