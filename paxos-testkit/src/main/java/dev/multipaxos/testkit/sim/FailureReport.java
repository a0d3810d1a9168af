package dev.multipaxos.testkit.sim;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Writes a violation down: a page of text, and beside it the picture of the message exchange. */
final class FailureReport {

    private static final int ROWS_DRAWN = 90;
    private static final int STEPS_LISTED = 250;

    private final Violation found;
    private final Violation smallest;

    /**
     * Prepares to write.
     *
     * @param found as it was found
     * @param smallest as small as it could be made, and traced
     */
    FailureReport(Violation found, Violation smallest) {
        this.found = found;
        this.smallest = smallest;
    }

    /**
     * Writes {@code seed-N.md} and {@code seed-N.svg}.
     *
     * @param directory where; it is made if it is not there
     * @return the page
     */
    Path write(Path directory) throws IOException {
        Files.createDirectories(directory);
        String name = "seed-" + found.seed();
        Trace trace = smallest.scene().trace();
        if (trace == null) {
            throw new IllegalArgumentException("not traced: " + smallest.getMessage());
        }
        Files.writeString(
                directory.resolve(name + ".svg"),
                Diagram.draw(trace, smallest.reproduction().toString(), smallest, ROWS_DRAWN));
        return Files.writeString(directory.resolve(name + ".md"), page(name, trace));
    }

    private String page(String name, Trace trace) {
        List<String> lines = trace.lines();
        List<String> listed = lines.subList(Math.max(0, lines.size() - STEPS_LISTED), lines.size());
        return """
                # Seed %1$d: %2$s

                %3$s

                | | |
                |---|---|
                | found | `%4$s` |
                | at event | %5$d |
                | replay | `%6$s` |
                | shrunk | `%7$s` |
                | at event | %8$d |
                | replay | `%9$s --trace` |

                ## What the smaller run drew

                %10$s

                ## What happened

                ![the last messages](%11$s.svg)

                ## The last %12$d steps of the smaller run

                Event number, simulated time, what. A value is named by its hash. `▲` starts, `✕` crashes, `■` stops, `‖` stands still,
                `◦` begins a force, `•` has forced, `?` campaigns, `★` leads, `☆` steps down, `✓` executes, `»` is asked.

                ```
                %13$s
                ```
                """.formatted(
                        found.seed(),
                        smallest.check(),
                        paragraph(smallest.what()),
                        found.reproduction(),
                        found.event(),
                        found.reproduction().command(),
                        smallest.reproduction(),
                        smallest.event(),
                        smallest.reproduction().command(),
                        paragraph(smallest.scene().drew()),
                        name,
                        listed.size(),
                        String.join("\n", listed));
    }

    /** As it is, whatever a reader of Markdown would take it for. */
    private static String paragraph(String text) {
        return "```\n" + text + "\n```";
    }
}
