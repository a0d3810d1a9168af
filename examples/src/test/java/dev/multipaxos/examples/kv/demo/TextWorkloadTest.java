package dev.multipaxos.examples.kv.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.examples.kv.KvCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextWorkloadTest {
    @TempDir
    private Path directory;

    @Test
    void lines_are_put_under_their_place_and_no_write_is_like_another() throws IOException {
        Files.createDirectories(directory.resolve("sub"));
        Files.createDirectories(directory.resolve("target"));
        Files.writeString(directory.resolve("a.md"), "first\n\nsecond\n");
        Files.writeString(directory.resolve("sub/B.java"), "third");
        Files.writeString(directory.resolve("target/c.md"), "built");
        Files.writeString(directory.resolve("d.class"), "binary");
        Files.write(directory.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9, '\n'});
        TextWorkload workload = TextWorkload.of(directory, 1_000);

        assertThat(workload.files()).isEqualTo(2);
        assertThat(workload.lines()).isEqualTo(3);
        assertThat(workload.write(0)).isEqualTo(new KvCommand.Put("round-1/a.md:000001", "first"));
        assertThat(workload.write(1)).isEqualTo(new KvCommand.Put("round-1/a.md:000003", "second"));
        assertThat(workload.write(2)).isEqualTo(new KvCommand.Put("round-1/sub/B.java:000001", "third"));
        assertThat(workload.write(3)).isEqualTo(new KvCommand.Put("round-2/a.md:000001", "first"));
        assertThat(workload.write(4)).isEqualTo(new KvCommand.Append("list/000000", "w00000004 "));
        Set<KvCommand> seen = new HashSet<>();
        for (int i = 0; i < workload.size(); i++) {
            KvCommand.Write write = workload.write(i);
            assertThat(seen.add(write instanceof KvCommand.Put put ? new KvCommand.Get(put.key()) : write))
                    .as("write %d", i)
                    .isTrue();
        }
    }

    @Test
    void a_file_that_is_no_text_is_named() throws IOException {
        Path file = Files.write(directory.resolve("latin.txt"), new byte[] {'a', (byte) 0xE9, '\n'});
        assertThatThrownBy(() -> TextWorkload.of(file, 10))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("latin.txt is not UTF-8");
    }

    @Test
    void a_place_without_text_is_named() {
        assertThatThrownBy(() -> TextWorkload.of(directory, 10))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("there is no text in " + directory);
    }
}
