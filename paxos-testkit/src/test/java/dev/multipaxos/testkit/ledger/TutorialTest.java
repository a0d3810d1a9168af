package dev.multipaxos.testkit.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.StateMachine;
import dev.multipaxos.testkit.ledger.Ledger.Order;
import dev.multipaxos.testkit.ledger.Ledger.Receipt;
import dev.multipaxos.testkit.sim.Simulation;
import dev.multipaxos.testkit.sim.SimulationConfig;
import dev.multipaxos.testkit.sim.Violation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page {@code docs/testing-your-state-machine.md} shows what is compiled and run here. */
class TutorialTest {

    private static final Path PAGE = Path.of("..", "docs", "testing-your-state-machine.md");
    private static final Path SOURCES = Path.of("src", "test", "java", "dev", "multipaxos", "testkit", "ledger");
    private static final long EVENTS = 5_000; // unless the annotation says something else

    private static List<String> blocks(String language) throws IOException {
        Matcher block = Pattern.compile("^```" + language + "\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(Files.readString(PAGE));
        return block.results().map(found -> found.group(1)).toList();
    }

    /** {@return the lines, however they are indented} */
    private static String flat(String code) {
        return code.lines().map(String::strip).filter(line -> !line.isEmpty()).collect(Collectors.joining("\n"));
    }

    @Test
    void the_code_on_the_page_is_compiled() throws IOException {
        List<String> sources = new ArrayList<>();
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                sources.add(flat(Files.readString(file)));
            }
        }
        List<String> snippets = blocks("java");
        assertThat(snippets).hasSizeGreaterThan(8);
        for (String snippet : snippets) {
            assertThat(sources)
                    .as("no file of %s contains%n%s", SOURCES, snippet)
                    .anyMatch(source -> source.contains(flat(snippet)));
        }
    }

    @Test
    void the_failure_on_the_page_is_what_is_printed() throws IOException {
        String shown = blocks("text").get(0).strip();
        assertThat(shown).endsWith("or @ClusterTest(seed = 1)");

        List<String> printed = new ArrayList<>();
        for (long seed = 1; seed <= 3; seed++) {
            printed.add(failure(seed));
        }
        assertThat(printed).anyMatch(message -> kind(message).equals(kind(shown.replaceFirst("; replay: .*", ""))));
    }

    /** {@return what stays when seeds lead elsewhere} */
    private static String kind(String message) {
        return message.replaceAll("\\d+", "#")
                .replaceAll("DEPOSIT|TRANSFER", "KIND")
                .replace(" in its life #", "");
    }

    private static String failure(long seed) {
        LedgerWorkload workload = new LedgerWorkload() {
            @Override
            public StateMachine<Order, Receipt> stateMachine() {
                return new ForgetfulLedger();
            }
        };
        try {
            new Simulation(seed, SimulationConfig.DEFAULT, workload).run(EVENTS);
        } catch (Violation e) {
            return e.getMessage();
        }
        throw new AssertionError("seed " + seed + " does not fail");
    }

    @Test
    void without_junit_it_is_one_line() {
        for (long seed = 1; seed <= 5; seed++) {
            new Simulation(seed, SimulationConfig.DEFAULT, new LedgerWorkload()).run(EVENTS);
        }
    }
}
