package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KvTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Kv.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void help_names_every_command() {
        assertThat(run("--help")).isEqualTo(Kv.OK);
        assertThat(out.toString())
                .contains("server", "put", "get", "delete", "cas", "append", "list", "watch", "status", "demo");
    }

    @Test
    void an_unknown_command_is_a_mistake_of_usage() {
        assertThat(run("fetch", "a")).isEqualTo(Kv.USAGE);
        assertThat(err.toString()).contains("fetch");
    }

    @Test
    void compare_and_set_says_which_words_it_needs() {
        assertThat(run("cas", "key", "new")).isEqualTo(Kv.USAGE);
        assertThat(err.toString()).contains("KEY EXPECTED NEW");
        assertThat(run("cas", "key", "old", "new", "--if-absent")).isEqualTo(Kv.USAGE);
        assertThat(err.toString()).contains("needs only KEY NEW");
        assertThat(run("cas", "key", "new", "--if-absent", "--revision", "3")).isEqualTo(Kv.USAGE);
        assertThat(err.toString()).contains("exclude each other");
    }

    @Test
    void limits_of_options_are_told() {
        assertThat(run("list", "--limit", "0")).isEqualTo(Kv.USAGE);
        assertThat(run("watch", "a", "--interval", "1")).isEqualTo(Kv.USAGE);
        assertThat(run("get", "a", "--timeout", "0")).isEqualTo(Kv.USAGE);
        assertThat(run("demo", "--writes", "0", "--clients", "0", "--outstanding", "0"))
                .isEqualTo(Kv.USAGE);
        assertThat(err.toString())
                .contains("--limit 0", "--interval 1", "--timeout 0")
                .contains("--writes 0", "--clients 0", "--outstanding 0");
    }

    @Test
    void a_server_reports_everything_that_is_wrong_at_once(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "no directory");
        int exit = run(
                "server",
                "--id",
                "9",
                "--members",
                "1=127.0.0.1:7001,2=127.0.0.1,1=127.0.0.1:7003,four",
                "--data",
                file.toString(),
                "--bind",
                "nowhere");
        assertThat(exit).isEqualTo(Kv.USAGE);
        assertThat(err.toString())
                .contains("server 9 cannot run like this")
                .contains("'four' must look like 1=host:port")
                .contains("'127.0.0.1' must look like host:port")
                .contains("node id 1 is given to two members")
                .contains("--id 9 is not among the members")
                .contains("is not a directory")
                .contains("--bind 'nowhere' must look like host:port");
    }
}
