package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
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
    private static final Stored PROMISE = new Stored(1, 3, 0, 0, Bytes.utf8("a promise, said again"));

    private static List<List<Stored>> batches() {
        List<List<Stored>> batches = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            batches.add(List.of(Stored.of(1, 2L * i + 1, 100 * i), Stored.of(2 + i % 3, 2L * i + 2, 900)));
        }
        return batches;
    }

    @Test
    void a_directory_of_format_1_opens(@TempDir Path temp) throws Exception {
        copy("format-1", temp);
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

    /** It has a manifest of format 2, which was trimmed, and batch headers that tell the boot count. */
    @Test
    void a_directory_of_format_2_opens(@TempDir Path temp) throws Exception {
        String target = System.getProperty(WRITE);
        if (target != null) {
            write(Path.of(target));
        }
        copy("format-2", temp);
        try (FileStorage storage = FileStorage.at(temp).withSegmentBytes(Fixture.SEGMENT_BYTES)) {
            Identity identity = storage.open(NODE, FOUNDING);
            assertThat(identity.bootCount()).isEqualTo(2);
            assertThat(identity.storageId()).isEqualTo(0x910A2DEC89025CC1L);
            assertThat(storage.trimmedUpTo(1)).isEqualTo(17);
            assertThat(storage.trimmedUpTo(2)).isEqualTo(14);
            List<Stored> written = Fixture.flat(batches());
            List<Stored> left = new ArrayList<>(written.subList(11, written.size()));
            left.add(PROMISE);
            assertThat(Fixture.replay(storage)).isEqualTo(left);
            assertThat(storage.read(1, 1, 12, 1 << 20, (group, kind, from, to, body) -> {}))
                    .isZero();
            Stored.of(1, 99, 10).appendTo(storage);
            storage.sync();
        }
        try (FileStorage storage = FileStorage.at(temp)) {
            assertThat(new Lives(new FileSystemDisk(temp), new Owner(NODE, 0x910A2DEC89025CC1L, FOUNDING))
                            .last(segments(temp)))
                    .isEqualTo(2);
            assertThat(storage.open(NODE, FOUNDING).bootCount()).isEqualTo(3);
        }
    }

    private static List<Long> segments(Path directory) throws IOException {
        CopiedFile.Content content =
                new CopiedFile(new FileSystemDisk(directory), Manifest.FILE, Manifest.MAGIC, Manifest.FORMAT).read();
        return Manifest.decode(content.payload(), content.format()).segments();
    }

    private static void write(Path directory) throws StorageException {
        FileStorage storage = FileStorage.on(new FileSystemDisk(directory), Runnable::run, Fixture.ids(1))
                .withSegmentBytes(Fixture.SEGMENT_BYTES);
        try (storage) {
            Fixture.start(storage);
            for (List<Stored> batch : batches()) {
                for (Stored record : batch) {
                    record.appendTo(storage);
                }
                storage.sync();
            }
            long end = storage.durablePosition();
            PROMISE.appendTo(storage);
            storage.trim(1, 17, end, 0);
            for (int group = 2; group <= 4; group++) {
                storage.trim(group, 14, end, 0);
            }
            storage.idle();
        }
    }

    private static void copy(String format, Path target) throws IOException, URISyntaxException {
        Path source = Path.of(Objects.requireNonNull(GoldenTest.class.getResource("/golden/" + format))
                .toURI());
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Files.copy(file, target.resolve(file.getFileName().toString()));
            }
        }
    }
}
