package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulateTest {

    @TempDir
    Path directory;

    @Test
    void it_says_how_many_seeds_ran_and_which_points_were_never_hit() {
        String said = command("--seeds", "2", "--first", "1", "--events", "1000");

        assertThat(said).startsWith("0: ").contains("2 seeds, ").contains(" points hit; no violation; first seed 1");
        assertThat(said).contains("never hit: ");
    }

    @Test
    void it_comes_to_the_same_with_more_threads() {
        Pattern counts = Pattern.compile("(.* events), [0-9,]+ events/s(, .*)");
        Matcher one = counts.matcher(command("--seeds", "6", "--first", "1", "--events", "1000"));
        Matcher two = counts.matcher(command("--seeds", "6", "--first", "1", "--events", "1000", "--threads", "2"));

        assertThat(one.find()).isTrue();
        assertThat(two.find()).isTrue();
        assertThat(two.group(1) + two.group(2)).isEqualTo(one.group(1) + one.group(2));
    }

    @Test
    void it_stops_when_the_time_is_over() {
        assertThat(command("--time", "0s")).startsWith("0: 0 seeds");
    }

    @Test
    void it_replays_a_seed_under_the_same_configuration() {
        assertThat(command("--seed", "1", "--events", "1000", "--config", "nodes=3,faults=none"))
                .startsWith("0: seed=1 config=nodes=3,faults=none events=1000 drew Swarm[")
                .contains("Result[seed=1");
    }

    @Test
    void it_prints_every_step_and_draws_the_last_ones() throws IOException {
        Path picture = directory.resolve("seed.svg");

        String said = command("--seed", "1", "--events", "1000", "--trace", "--diagram", picture.toString());

        assertThat(said).startsWith("0: ").contains("▲ starts").contains("★ leads with");
        assertThat(Files.readString(picture)).startsWith("<svg ");
    }

    @Test
    void it_says_what_it_does_not_understand() {
        assertThat(command("--seeds", "many"))
                .startsWith("2: ")
                .contains("'many'")
                .contains("Usage: simulate");
        assertThat(command("--seeds", "0")).startsWith("2: ").contains("--seeds must be at least 1, not 0");
        assertThat(command("--threads", "0")).startsWith("2: ").contains("--threads must be at least 1");
        assertThat(command("--time", "60")).startsWith("2: ").contains("such as 60s");
        assertThat(command("--what", "60")).startsWith("2: ").contains("'--what'");
        assertThat(command("--trace")).startsWith("2: ").contains("name it with --seed");
        assertThat(command("--seed", "1", "--seeds", "2")).startsWith("2: ").contains("--seed replays one");
        assertThat(command("--config", "faults=RAIN"))
                .startsWith("2: ")
                .contains("no fault is named 'RAIN'; there are LOSS DUPLICATION");
        assertThat(command("--help"))
                .startsWith("0: ")
                .contains("--config=TEXT")
                .contains("--events=N");
    }

    @Test
    void it_shrinks_and_writes_down_what_it_finds_and_what_it_prints_replays() throws IOException {
        Function<Reproduction, Simulation> broken =
                of -> new Simulation(of.seed(), of.config(), PlantedBug.VALUE_CHANGED.sabotage());

        String said = command(
                broken, "--seeds", "9", "--first", "1", "--events", "5000", "--threads", "2", "--out", directory + "");

        assertThat(said).startsWith("1: seed=1 config=default events=5000 event=");
        Matcher shrunk = Pattern.compile("shrunk, in [0-9]+ runs: (seed=.*)\nreplay: bin/simulate (.*)\n")
                .matcher(said);
        assertThat(shrunk.find()).isTrue();
        assertThat(command(broken, shrunk.group(2).split(" "))).contains(shrunk.group(1));
        assertThat(directory.resolve("seed-1.md"))
                .content()
                .contains("# Seed 1: one value for each slot and ballot")
                .contains(shrunk.group(2))
                .contains("![the last messages](seed-1.svg)")
                .contains("brings Accept ");
        assertThat(directory.resolve("seed-1.svg"))
                .content()
                .contains("Accept ")
                .contains("one value for each slot");
    }

    private static String command(String... arguments) {
        return command(of -> new Simulation(of.seed(), of.config()), arguments);
    }

    private static String command(Function<Reproduction, Simulation> simulations, String... arguments) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
        int code = Simulate.run(arguments, out, out, simulations);
        return code + ": " + said.toString(StandardCharsets.UTF_8);
    }
}
