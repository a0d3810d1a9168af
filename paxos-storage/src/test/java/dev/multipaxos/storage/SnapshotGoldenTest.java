package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.storage.disk.FileSystemDisk;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A snapshot of every format that was released must be read for ever, by any node of the cluster. {@code -Dgolden.write=DIRECTORY}
 * writes one with the format of today; a file that is here is never replaced.
 */
class SnapshotGoldenTest {
    private static final String FILE = "snapshot-1-20-910a2dec89025cc1.snap";

    /** Two chunks that compress well. */
    private static byte[] content() {
        byte[] content = new byte[SnapshotLayout.CHUNK_BYTES + 1000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i / 64);
        }
        return content;
    }

    @Test
    void a_snapshot_of_format_1_is_read_and_written_as_it_was(@TempDir Path temp) throws Exception {
        String target = System.getProperty("golden.write");
        if (target != null) {
            write(Path.of(target), NODE);
        }
        byte[] golden;
        try (InputStream file = Objects.requireNonNull(getClass().getResourceAsStream("/golden/snapshot-1/" + FILE))) {
            golden = file.readAllBytes();
        }
        Path first = Files.createDirectory(temp.resolve("first"));
        try (FileStorage storage = FileStorage.at(first).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            storage.open(NODE + 1, FOUNDING);
        }
        Files.write(first.resolve(FILE), golden);
        try (FileStorage storage = FileStorage.at(first).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            storage.open(NODE + 1, FOUNDING);
            SnapshotStore.Id id = storage.snapshots().latest(1);
            assertThat(id).isEqualTo(new SnapshotStore.Id(1, 20, content().length, 0xC19E0C60));
            assertThat(Snapshots.read(storage, Objects.requireNonNull(id))).isEqualTo(content());
        }
        assertThat(Files.readAllBytes(write(temp.resolve("second"), NODE + 2)))
                .as("what is written today, by whatever node")
                .isEqualTo(golden);
    }

    private static Path write(Path directory, int node) throws Exception {
        long id = Long.parseUnsignedLong(FILE.substring(FILE.length() - 21, FILE.length() - 5), 16);
        FileStorage storage = FileStorage.on(new FileSystemDisk(directory), work -> {}, () -> id)
                .withSegmentBytes(Fixture.SEGMENT_BYTES);
        try (storage) {
            storage.open(node, FOUNDING);
            Snapshots.commit(storage, 1, 20, content());
        }
        return directory.resolve(FILE);
    }
}
