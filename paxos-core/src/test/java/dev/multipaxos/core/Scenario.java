package dev.multipaxos.core;

import java.util.ArrayList;
import java.util.List;

/**
 * A story in text. A line that begins with {@code "> "} is a command, the lines below it that are indented by four spaces are
 * what it printed, everything else is prose for the reader.
 */
final class Scenario {

    /** A command with what the file says it prints, and what it prints now. */
    record Step(int line, String command, List<String> recorded, List<String> printed) {
        boolean hasChanged() {
            return !recorded.equals(printed);
        }

        /** The outcome of the file with a minus, the present one with a plus; what both begin and end with is left out. */
        String difference() {
            int same = 0;
            while (same < Math.min(recorded.size(), printed.size())
                    && recorded.get(same).equals(printed.get(same))) {
                same++;
            }
            int tail = 0;
            while (tail < Math.min(recorded.size(), printed.size()) - same
                    && recorded.get(recorded.size() - 1 - tail).equals(printed.get(printed.size() - 1 - tail))) {
                tail++;
            }
            StringBuilder text = new StringBuilder("line " + line + ": > " + command + "\n");
            recorded.subList(same, recorded.size() - tail)
                    .forEach(old -> text.append("  - ").append(old).append('\n'));
            printed.subList(same, printed.size() - tail)
                    .forEach(now -> text.append("  + ").append(now).append('\n'));
            return text.toString();
        }
    }

    /**
     * A story that was told again.
     *
     * @param text the whole file, with the present outcomes
     * @param steps its commands, in order
     */
    record Retold(String text, List<Step> steps) {}

    private static final String COMMAND = "> ";
    private static final String INDENT = "    ";

    private Scenario() {}

    /**
     * Runs the commands of a story, in a cluster of its own.
     *
     * @param name what the story is called in error messages
     * @param text the story
     * @return the same story with what the commands print now
     * @throws AssertionError naming the line, if a command is wrong or the core breaks one of its rules
     */
    static Retold retell(String name, String text) {
        ScenarioRunner runner = new ScenarioRunner();
        List<String> lines = text.lines().toList();
        List<Step> steps = new ArrayList<>();
        StringBuilder retold = new StringBuilder();
        for (int i = 0; i < lines.size(); ) {
            String line = lines.get(i++);
            if (line.startsWith(INDENT)) {
                throw new AssertionError(name + " line " + i + ": only the outcome of a command is indented: " + line);
            }
            retold.append(line).append('\n');
            if (line.startsWith(COMMAND)) {
                int at = i;
                int end = endOfOutcome(lines, i);
                List<String> recorded = lines.subList(i, end).stream()
                        .map(old -> old.isEmpty() ? "" : old.substring(INDENT.length()))
                        .toList();
                i = end;
                String command = line.substring(COMMAND.length());
                List<String> printed = run(runner, command, name + " line " + at);
                printed.forEach(now ->
                        retold.append(now.isEmpty() ? "" : INDENT).append(now).append('\n'));
                steps.add(new Step(at, command, recorded, printed));
            }
        }
        return new Retold(retold.toString(), steps);
    }

    /** An empty line belongs to an outcome if more of the outcome follows it. */
    private static int endOfOutcome(List<String> lines, int from) {
        int end = from;
        for (int i = from; i < lines.size(); i++) {
            if (lines.get(i).startsWith(INDENT)) {
                end = i + 1;
            } else if (!lines.get(i).isEmpty()) {
                break;
            }
        }
        return end;
    }

    private static List<String> run(ScenarioRunner runner, String command, String where) {
        try {
            return runner.run(command);
        } catch (IllegalArgumentException | InvariantViolation | AssertionError e) {
            throw new AssertionError(where + ": > " + command + "\n" + e.getMessage(), e);
        }
    }
}
