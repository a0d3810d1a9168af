package dev.multipaxos.testkit.tools;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.storage.disk.FileSystemDisk;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Pinned;
import dev.multipaxos.wire.RecordCodec;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PaxosLogTest {

    private static final Ballot BALLOT = new Ballot(5, 2);

    private static final FoundingRecord FOUNDING = new FoundingRecord(
            1,
            8,
            1_000,
            10_000,
            "majority",
            2,
            2,
            List.of(
                    new FoundingRecord.Founder(1, "a:1"),
                    new FoundingRecord.Founder(2, "b:2"),
                    new FoundingRecord.Founder(3, "c:3")));

    @TempDir
    Path temporary;

    private final SplittableRandom ids = new SplittableRandom(1);

    private Path directory;

    /** What a command printed, and its exit code. */
    private record Said(int code, String out, String err) {}

    private static Said say(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line =
                PaxosLog.commandLine().setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        return new Said(line.execute(arguments), out.toString(), err.toString());
    }

    private Said on(String command, String... more) {
        Stream<String> all = Stream.concat(Stream.of(command, directory.toString()), Arrays.stream(more));
        return say(all.toArray(String[]::new));
    }

    private FileStorage storage() {
        return FileStorage.on(new FileSystemDisk(directory), Runnable::run, ids::nextLong)
                .withSegmentBytes(FileStorage.SEGMENT_BYTES_MIN);
    }

    private static void append(FileStorage storage, Record record) throws IOException {
        storage.append(
                1,
                RecordCodec.kind(record),
                RecordCodec.slotFrom(record),
                RecordCodec.slotTo(record),
                BALLOT.round(),
                BALLOT.node(),
                RecordCodec.head(record),
                RecordCodec.body(record));
    }

    /** A small directory; the same bytes each time. */
    @BeforeEach
    void write() throws IOException {
        directory = temporary.resolve("storage");
        try (FileStorage storage = storage()) {
            storage.open(2, FoundingRecordCodec.encode(FOUNDING));
            storage.replay((group, kind, from, to, body) -> {});
            Bytes pinned = RecordCodec.encode(new Pinned(1, 0xabc, 0, 0));
            storage.append(1, RecordCodec.PINNED, 0, 0, 0, 0, pinned, Bytes.EMPTY);
            storage.sync();
            append(storage, new Record.Promised(BALLOT));
            storage.sync();
            append(storage, new Record.Accepted(1, BALLOT, Value.NO_OP));
            append(storage, new Record.Accepted(2, BALLOT, new Value.Batch(7, Bytes.utf8("value"))));
            append(storage, new Record.ChosenUpTo(1));
            storage.sync();
            append(storage, new Record.Chosen(3, new Value.Batch(8, Bytes.wrap(new byte[7_000]))));
            storage.sync();
            append(storage, new Record.ChosenUpTo(3));
            storage.sync();
            append(storage, new Record.Chosen(4, new Value.Batch(9, Bytes.wrap(new byte[1_000]))));
            storage.sync();
            storage.idle();
            SnapshotStore.Writer writer = storage.snapshots().create(1, 2);
            writer.write(new byte[100_000], 0, 100_000);
            writer.commit();
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    private List<Path> segments() throws IOException {
        List<String> order = on("inspect")
                .out()
                .lines()
                .filter(line -> line.startsWith("journal-"))
                .map(line -> line.substring(0, line.indexOf(':')))
                .toList();
        return order.stream().map(directory::resolve).toList();
    }

    private static String golden(String name) throws IOException {
        try (var in = PaxosLogTest.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), UTF_8);
        }
    }

    /** {@code -Dgolden.write=DIRECTORY} writes what it should have been. */
    private void isGolden(String name, Said said) throws IOException {
        String text = said.out().replace(directory.toString(), "DIRECTORY");
        String written = System.getProperty("golden.write");
        if (written != null) {
            Files.writeString(Path.of(written, name), text);
        } else {
            assertThat(text).isEqualTo(golden(name));
        }
        assertThat(said.code()).isZero();
    }

    @Test
    void what_it_prints_for_people_is_as_it_was() throws IOException {
        isGolden("inspect.txt", on("inspect"));
        isGolden("verify.txt", on("verify"));
        isGolden("dump.txt", on("dump"));
    }

    @Test
    void what_it_prints_for_programs_is_as_it_was() throws IOException {
        isGolden("inspect.json", on("inspect", "--json"));
        isGolden("verify.json", on("verify", "--json"));
        isGolden("dump.json", on("dump", "--json"));
    }

    @Test
    void a_dump_is_narrowed_to_slots_and_groups_and_shows_values_when_asked() {
        assertThat(on("dump", "--from", "2", "--to", "2", "--values").out())
                .containsOnlyOnce("\n")
                .endsWith("group 1 slot 2 Accepted ballot 5.2, 5 bytes 76616c7565\n");
        assertThat(on("dump", "--group", "2").out()).isEmpty();
        assertThat(on("dump", "--from", "1", "--to", "3").out().lines()).hasSize(3);
        assertThat(on("dump", "--from", "2", "--to", "2", "--values", "--json").out())
                .contains("\"valueBytes\":5,\"value\":\"76616c7565\"");
    }

    @Test
    void nothing_is_written_or_touched() throws IOException {
        Map<Path, List<Object>> before = state();
        for (String command : List.of("inspect", "verify", "dump")) {
            on(command);
            on(command, "--json");
        }
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void a_directory_without_a_lock_gets_none() throws IOException {
        Files.delete(directory.resolve("LOCK"));
        Map<Path, List<Object>> before = state();
        assertThat(on("verify").code()).isZero();
        assertThat(state()).isEqualTo(before);
    }

    private Map<Path, List<Object>> state() throws IOException {
        Map<Path, List<Object>> state = new TreeMap<>();
        state.put(directory, List.of(Files.getLastModifiedTime(directory)));
        for (Path file : files()) {
            state.put(file, List.of(Files.getLastModifiedTime(file), Bytes.wrap(Files.readAllBytes(file))));
        }
        return state;
    }

    private static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    @Test
    void a_flipped_bit_in_a_record_is_named_and_what_follows_is_still_read() throws IOException {
        Path first = segments().get(0);
        String line = on("dump", "--from", "2", "--to", "2").out();
        int offset = Integer.parseInt(line.substring(line.indexOf(':') + 1, line.indexOf(' ')));
        flip(first, offset + 50);

        Said said = on("verify");
        assertThat(said.code()).isEqualTo(1);
        assertThat(said.out())
                .contains(first.getFileName() + ": offset " + offset + ": the record is not what was written")
                .contains("DAMAGED: 2 segments");
        assertThat(on("verify", "--json").out())
                .contains("\"whole\":false")
                .contains("\"file\":\"" + first.getFileName() + "\",\"offset\":" + offset);
        Said dump = on("dump");
        assertThat(dump.code()).isEqualTo(1);
        assertThat(dump.out()).contains("DAMAGED: " + first.getFileName()).contains(" slot 4 Chosen");
        assertThat(on("inspect").code()).isEqualTo(1);
    }

    @Test
    void in_a_segment_that_was_another_one_before_old_records_are_no_damage_and_no_tail() throws IOException {
        Path last = useAgain();
        assertThat(Files.readAllBytes(last)[76]).isEqualTo((byte) 1);
        Said said = on("verify");
        assertThat(said.code()).as(said.out()).isZero();
        assertThat(on("dump").out()).contains(" slot 28 Chosen").doesNotContain(" slot 4 Chosen");

        flip(last, 8_192 + 200);
        Said damaged = on("verify");
        assertThat(damaged.code()).isEqualTo(1);
        assertThat(damaged.out()).contains(last.getFileName() + ": offset 8");

        Path next = segments().get(segments().size() - 2);
        flip(last, 8_192 + 200);
        Files.delete(last);
        assertThat(on("verify").out()).contains("the file is missing").doesNotContain(next.getFileName() + ": offset");
    }

    /** {@return the last of the segments, after a trim and more records} */
    private Path useAgain() throws IOException {
        try (FileStorage storage = storage()) {
            storage.open(2, FoundingRecordCodec.encode(FOUNDING));
            storage.replay((group, kind, from, to, body) -> {});
            for (int slot = 5; slot <= 28; slot++) {
                append(storage, new Record.Chosen(slot, new Value.Batch(slot, Bytes.wrap(new byte[2_000]))));
                storage.sync();
                if (slot == 20) {
                    append(storage, new Record.Promised(BALLOT));
                    storage.trim(1, 20, storage.durablePosition(), 0);
                }
            }
            storage.idle();
        }
        List<Path> segments = segments();
        return segments.get(segments.size() - 1);
    }

    @Test
    void a_flipped_bit_in_a_snapshot_is_named() throws IOException {
        Path snapshot = files().stream()
                .filter(file -> file.toString().endsWith(".snap"))
                .findFirst()
                .orElseThrow();
        flip(snapshot, 70_000);
        assertThat(on("verify").code()).isEqualTo(1);
        assertThat(on("verify").out())
                .contains(snapshot.getFileName() + ": offset 65604: the chunk is not what was written");
    }

    @Test
    void each_byte_of_every_file_that_counts_is_checked() throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        List<Path> segments = segments();
        for (Path file : files()) {
            String name = file.getFileName().toString();
            if (name.equals("LOCK")
                    || name.equals("RESERVE")
                    || (name.startsWith("journal") && !segments.contains(file))) {
                continue;
            }
            byte[] whole = Files.readAllBytes(file);
            for (int i = 0; i < 40; i++) {
                int used = name.startsWith("journal") ? 84 : 60; // of the header; of either small file
                int at = random.nextInt(used);
                flip(file, at);
                Said said = on("verify");
                assertThat(said.code()).as("%s byte %s", name, at).isEqualTo(1);
                assertThat(said.out()).contains(name + ": offset ");
                Files.write(file, whole);
            }
        }
        assertThat(on("verify").code()).isZero();
    }

    @Test
    void what_is_missing_is_named() throws IOException {
        for (Path file : Stream.concat(
                        segments().stream(), Stream.of(directory.resolve("MANIFEST"), directory.resolve("IDENTITY")))
                .toList()) {
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            Said said = on("verify");
            assertThat(said.code()).isEqualTo(1);
            assertThat(said.out()).contains(file.getFileName() + ": offset 0: the file is missing");
            Files.write(file, bytes);
        }
    }

    @Test
    void a_write_that_was_not_finished_is_no_damage() throws IOException {
        Path last = segments().get(1);
        String line = on("inspect")
                .out()
                .lines()
                .filter(each -> each.startsWith(last.getFileName().toString()))
                .findFirst()
                .orElseThrow();
        int end = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
        byte[] bytes = Files.readAllBytes(last);
        Arrays.fill(bytes, end, end + 24, (byte) 7);
        Files.write(last, bytes, StandardOpenOption.WRITE);

        Said said = on("verify");
        assertThat(said.code()).isZero();
        assertThat(said.out())
                .contains("a write of 24 bytes at the end was not finished")
                .contains("whole: ");
    }

    @Test
    void a_directory_in_use_is_refused_unless_told_otherwise() throws IOException {
        try (var lock = Objects.requireNonNull(new FileSystemDisk(directory).lock("LOCK"))) {
            assertThat(lock).isNotNull();
            Said said = on("verify");
            assertThat(said.code()).isEqualTo(2);
            assertThat(said.err()).contains("is used by a node").contains("--in-use");
            assertThat(on("verify", "--in-use").code()).isZero();
        }
        assertThat(on("verify").code()).isZero();
    }

    @Test
    void what_cannot_be_meant_is_refused() {
        assertThat(say("verify", temporary.toString()).code()).isEqualTo(2);
        assertThat(say("verify", temporary.toString()).err()).contains("is not the directory of a storage");
        assertThat(say("verify", temporary.resolve("nowhere").toString()).err()).contains("is not a directory");
        assertThat(Files.exists(temporary.resolve("nowhere"))).isFalse();
        assertThat(say().code()).isEqualTo(2);
        assertThat(say("verify").code()).isEqualTo(2);
        assertThat(on("dump", "--from", "3", "--to", "2").code()).isEqualTo(2);
        assertThat(say("--help").out()).contains("inspect").contains("verify").contains("dump");
    }
}
