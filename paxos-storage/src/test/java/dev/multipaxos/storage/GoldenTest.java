package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.spi.DurableStorage.Identity;
import dev.multipaxos.spi.StorageException;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.disk.FileSystemDisk;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A directory of every format that was released must open for ever. {@code -Dgolden.write=DIRECTORY} writes one with the
 * format of today; a directory that is here is never replaced.
 */
class GoldenTest {
    private static final String WRITE = "golden.write";

    private static List<List<Stored>> batches() {
        List<List<Stored>> batches = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            batches.add(List.of(Stored.of(1, 2L * i + 1, 100 * i), Stored.of(2 + i % 3, 2L * i + 2, 900)));
        }
        return batches;
    }

    @Test
    void a_directory_of_format_1_opens(@TempDir Path temp) throws Exception {
        String target = System.getProperty(WRITE);
        if (target != null) {
            write(Path.of(target));
        }
        copy(temp);
        try (FileStorage storage = FileStorage.at(temp).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            Identity identity = storage.open(NODE, FOUNDING);
            assertThat(identity.bootCount()).isEqualTo(2);
            assertThat(identity.formatted()).isFalse();
            assertThat(identity.storageId()).isEqualTo(0x910A2DEC89025CC1L);
            assertThat(Fixture.replay(storage)).isEqualTo(Fixture.flat(batches()));
            List<Stored> found = new ArrayList<>();
            storage.read(
                    1,
                    3,
                    5,
                    1 << 20,
                    (group, kind, from, to, body) -> found.add(new Stored(group, kind, from, to, body)));
            assertThat(found).hasSize(2);
            Stored.of(1, 99, 10).appendTo(storage);
            storage.sync();
        }
    }

    private static void write(Path directory) throws StorageException {
        FileStorage storage = FileStorage.on(new FileSystemDisk(directory), work -> {}, Fixture.ids(1))
                .withSegmentBytes(Fixture.SEGMENT_BYTES);
        try (storage) {
            Fixture.start(storage);
            for (List<Stored> batch : batches()) {
                for (Stored record : batch) {
                    record.appendTo(storage);
                }
                storage.sync();
            }
            storage.idle();
        }
    }

    private static void copy(Path target) throws IOException, URISyntaxException {
        Path source = Path.of(Objects.requireNonNull(GoldenTest.class.getResource("/golden/format-1"))
                .toURI());
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName().toString()));
            }
        }
    }
}
