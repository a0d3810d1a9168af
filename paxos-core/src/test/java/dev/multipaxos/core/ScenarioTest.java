package dev.multipaxos.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tells the stories in {@code src/test/resources/scenarios} again and compares every outcome with the file. With {@code
 * -Dscenarios.update=true} it rewrites the files instead; what changed is then reviewed as a diff.
 */
class ScenarioTest {

    static Stream<String> stories() throws IOException {
        try (Stream<Path> files = Files.list(directory())) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".txt"))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    /** The sources, not the copy on the class path: that is what a reader reads and an update must change. */
    private static Path directory() {
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        return Stream.of(module, module.resolve("paxos-core"))
                .map(path -> path.resolve("src/test/resources/scenarios"))
                .filter(Files::isDirectory)
                .findFirst()
                .orElseThrow(() -> new AssertionError("no src/test/resources/scenarios in " + module));
    }

    @ParameterizedTest
    @MethodSource("stories")
    void a_story_ends_as_it_is_told(String name) throws IOException {
        Path file = directory().resolve(name);
        String told = Files.readString(file);
        Scenario.Retold retold = Scenario.retell(name, told);
        String changes = retold.steps().stream()
                .filter(Scenario.Step::hasChanged)
                .map(Scenario.Step::difference)
                .collect(Collectors.joining());
        if (Boolean.getBoolean("scenarios.update")) {
            if (!retold.text().equals(told)) {
                Files.writeString(file, retold.text());
                System.out.println(name + " is rewritten:\n" + changes);
            }
            return;
        }
        assertThat(changes)
                .as(
                        "%s: '-' is what the file says, '+' what happens now. If the change is right, run"
                                + " mvn test -pl paxos-core -am -Dtest=ScenarioTest -Dsurefire.failIfNoSpecifiedTests=false -Dscenarios.update=true and review the diff",
                        name)
                .isEmpty();
        assertThat(retold.text()).as(name).isEqualTo(told);
    }

    @Test
    void stories_are_numbered_without_a_gap() throws IOException {
        List<String> names = stories().toList();
        for (int i = 0; i < names.size(); i++) {
            assertThat(names.get(i)).startsWith(String.format("%02d-", i + 1));
        }
    }

    @Test
    void an_unknown_command_is_named_with_its_line_and_what_there_is() {
        assertThatThrownBy(() -> Scenario.retell("x.txt", "Prose.\n\n> group 1 2 3\n    old\n\n> elct 1\n"))
                .hasMessageContaining("x.txt line 6")
                .hasMessageContaining("'elct'")
                .hasMessageContaining("elect");
    }

    @Test
    void words_that_a_command_does_not_take_are_refused() {
        assertThatThrownBy(() -> Scenario.retell("x.txt", "> group 1 2 3\n> elect 1 2\n"))
                .hasMessageContaining("line 2")
                .hasMessageContaining("[2]");
        assertThatThrownBy(() -> Scenario.retell("x.txt", "> group 1 2 3\n> deliver Acept\n"))
                .hasMessageContaining("'Acept' is no kind of message");
    }

    @Test
    void a_message_that_is_not_there_can_neither_be_delivered_nor_dropped() {
        assertThatThrownBy(() -> Scenario.retell("x.txt", "> group 1 2 3\n> drop Accept\n"))
                .hasMessageContaining("line 2")
                .hasMessageContaining("no such message is in flight");
    }

    @Test
    void another_outcome_is_shown_command_by_command_and_the_prose_stays() {
        String told = "Prose.\n\n> group 1 2 3\n    something else\n\nMore prose.\n";
        Scenario.Retold retold = Scenario.retell("x.txt", told);
        assertThat(retold.steps()).hasSize(1);
        assertThat(retold.steps().get(0).difference())
                .startsWith("line 3: > group 1 2 3\n  - something else\n  + servers [1, 2, 3]");
        assertThat(retold.text())
                .startsWith("Prose.\n\n> group 1 2 3\n    servers")
                .endsWith("\n\nMore prose.\n");
        assertThat(Scenario.retell("x.txt", retold.text()).steps()).noneMatch(Scenario.Step::hasChanged);
    }
}
