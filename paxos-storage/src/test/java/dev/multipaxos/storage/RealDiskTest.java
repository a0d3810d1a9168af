package dev.multipaxos.storage;

import static dev.multipaxos.storage.Fixture.FOUNDING;
import static dev.multipaxos.storage.Fixture.NODE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.multipaxos.spi.StorageException;
import dev.multipaxos.spi.StorageException.Code;
import dev.multipaxos.storage.Fixture.Stored;
import dev.multipaxos.storage.disk.DiskFile;
import dev.multipaxos.storage.disk.FileSystemDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same on files of the operating system, with its threads. */
class RealDiskTest {
    @TempDir
    Path temp;

    private FileStorage storage(Path directory) {
        return FileStorage.at(directory).withSegmentBytes(256 * 1024);
    }

    @Test
    void nothing_is_touched_before_open() {
        Path directory = temp.resolve("a").resolve("b");
        storage(directory).close();
        assertThat(directory).doesNotExist();
    }

    @Test
    void a_journal_over_many_segments_comes_back() throws Exception {
        Path directory = temp.resolve("a").resolve("b");
        List<Stored> written = new ArrayList<>();
        for (int boot = 1; boot <= 3; boot++) {
            try (FileStorage storage = storage(directory)) {
                assertThat(storage.open(NODE, FOUNDING).bootCount()).isEqualTo(boot);
                assertThat(Fixture.replay(storage)).isEqualTo(written);
                for (int i = 0; i < 300; i++) {
                    Stored record = Stored.of(1, written.size() + 1, i % 50 == 0 ? 50_000 : 2000);
                    record.appendTo(storage);
                    written.add(record);
                    if (i % 5 == 0) {
                        storage.sync();
                    }
                }
                storage.sync();
                storage.idle();
            }
        }
        try (FileStorage storage = storage(directory)) {
            assertThat(Fixture.start(storage)).isEqualTo(written);
        }
    }

    @Test
    void a_file_is_read_past_the_page_cache_from_any_place_on() throws Exception {
        byte[] bytes = new byte[3 * 1024 * 1024 + 1234];
        new SplittableRandom(1).nextBytes(bytes);
        Files.write(temp.resolve("file"), bytes);
        DiskFile opened = new FileSystemDisk(temp).openPastCache("file");
        Assumptions.assumeTrue(opened != null, "the file system does not read past its cache");
        try (DiskFile file = Objects.requireNonNull(opened)) {
            assertThat(file.size()).isEqualTo(bytes.length);
            for (int at : new int[] {0, 1, 4095, 4096, 1024 * 1024 + 7, bytes.length - 1}) {
                ByteBuffer target = ByteBuffer.allocate(2 * 1024 * 1024);
                int count = 0;
                while (target.hasRemaining() && count >= 0) {
                    count = file.read(target, at + target.position());
                }
                int end = Math.min(bytes.length, at + target.capacity());
                assertThat(Arrays.copyOf(target.array(), target.position()))
                        .as("from %d", at)
                        .isEqualTo(Arrays.copyOfRange(bytes, at, end));
            }
        }
    }

    @Test
    void a_second_open_is_refused_until_the_first_is_closed() throws Exception {
        FileStorage first = storage(temp);
        first.open(NODE, FOUNDING);
        for (int i = 0; i < 2; i++) {
            FileStorage second = storage(temp);
            StorageException refused = catchThrowableOfType(StorageException.class, () -> second.open(NODE, FOUNDING));
            assertThat(refused.code()).isEqualTo(Code.IN_USE);
            assertThat(refused).hasMessageContaining("LOCK");
            second.close();
        }
        first.close();
        try (FileStorage third = storage(temp)) {
            assertThat(third.open(NODE, FOUNDING).bootCount()).isEqualTo(2);
        }
    }

    @Test
    void another_process_that_holds_the_lock_is_noticed() throws Exception {
        Process other = holder();
        try {
            assertThat(other.getInputStream().read()).isEqualTo('!');
            StorageException refused = catchThrowableOfType(
                    StorageException.class, () -> storage(temp).open(NODE, FOUNDING));
            assertThat(refused.code()).isEqualTo(Code.IN_USE);
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    @Test
    void a_refusal_does_not_drop_a_lock_that_this_process_holds_elsewhere() throws Exception {
        try (var channel = FileChannel.open(temp.resolve("LOCK"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) { // as another class loader would
            assertThat(lock.isValid()).isTrue();
            for (int i = 0; i < 2; i++) {
                StorageException refused = catchThrowableOfType(
                        StorageException.class, () -> storage(temp).open(NODE, FOUNDING));
                assertThat(refused.code()).isEqualTo(Code.IN_USE);
            }
            Process other = holder();
            try {
                assertThat(other.getInputStream().read()).isEqualTo('?');
            } finally {
                other.destroyForcibly().waitFor();
            }
        }
    }

    private Process holder() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("jdk.module.path", "") + ":" + System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        temp.resolve("LOCK").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Locks a file if it can, says so, and waits to be killed. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] args) throws IOException {
            try (var channel = FileChannel.open(Path.of(args[0]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var lock = channel.tryLock()) {
                System.out.print(lock != null ? '!' : '?');
                System.out.flush();
                int end = System.in.read();
                System.exit(end);
            }
        }
    }

    @Test
    void slots_are_read_while_others_are_written() throws Exception {
        try (FileStorage storage = storage(temp)) {
            Fixture.start(storage);
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread writer = new Thread(
                    () -> {
                        try {
                            for (int slot = 1; slot <= 3000; slot++) {
                                Stored.of(1, slot, 500).appendTo(storage);
                                if (slot % 10 == 0) {
                                    storage.sync();
                                }
                            }
                        } catch (IOException e) {
                            failure.set(e);
                        }
                    },
                    "writer");
            writer.start();
            long next = 1;
            while (next <= 3000 && failure.get() == null) {
                List<Stored> found = new ArrayList<>();
                long last = storage.read(
                        1,
                        next,
                        3000,
                        20_000,
                        (group, kind, from, to, body) -> found.add(new Stored(group, kind, from, to, body)));
                for (Stored record : found) {
                    assertThat(record).isEqualTo(Stored.of(1, next, 500));
                    next++;
                }
                assertThat(last).isEqualTo(next - 1);
            }
            writer.join();
            assertThat(failure).hasNullValue();
        }
    }

    @Test
    void an_interrupted_reader_does_not_harm_the_writer() throws Exception {
        try (FileStorage storage = storage(temp)) {
            Fixture.start(storage);
            Stored.of(1, 1, 500).appendTo(storage);
            storage.sync();
            Thread.currentThread().interrupt();
            StorageException failed = catchThrowableOfType(
                    StorageException.class, () -> storage.read(1, 1, 1, 1, (group, kind, from, to, body) -> {}));
            assertThat(failed.code()).isEqualTo(Code.IO_FAILED);
            assertThat(Thread.interrupted()).isTrue();
            Stored.of(1, 2, 500).appendTo(storage);
            storage.sync();
            assertThat(storage.read(1, 1, 2, 10_000, (group, kind, from, to, body) -> {}))
                    .isEqualTo(2);
        }
    }

    @Test
    void close_leaves_no_thread_and_no_spare_segment() throws Exception {
        try (FileStorage storage = storage(temp)) {
            Fixture.start(storage);
            for (int slot = 1; slot <= 150; slot++) {
                Stored.of(1, slot, 1000).appendTo(storage);
            }
            storage.sync(); // more than half of the segment: a spare is being made
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("paxos-storage-"));
        try (Stream<Path> files = Files.list(temp)) {
            assertThat(files.filter(file -> Segment.isName(file.getFileName().toString())))
                    .hasSize(1);
        }
    }
}
