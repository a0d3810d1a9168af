package dev.multipaxos.testkit.sim;

import java.io.PrintStream;
import java.util.Locale;
import java.util.SplittableRandom;

/** The command {@code bin/simulate}: runs seed after seed, or replays one. */
public final class Simulate {

    private static final String USAGE = """
            simulate: whole clusters in one thread, one random schedule of faults for each seed.

              --seeds N     run N seeds (1,000 unless --time is given)
              --first S     from seed S on; without it, fresh ones
              --time T      stop after T, such as 60s, 10m or 2h
              --seed S      replay one seed, and print its last events if it fails
              --events N    events of each seed before it is healed (20,000)

            Ends with 0 if every seed ran clean, with 1 at the first that did not, with 2 if it was asked wrongly.
            """;

    private static final long PROGRESS_NANOS = 5_000_000_000L;

    private final PrintStream out;
    private long seeds = -1;
    private long first = new SplittableRandom().nextLong() >>> 16;
    private long nanos = -1;
    private long events = 20_000;
    private boolean replays;

    private Simulate(PrintStream out) {
        this.out = out;
    }

    /**
     * Runs the command.
     *
     * @param arguments as the usage says
     */
    public static void main(String[] arguments) {
        System.exit(run(arguments, System.out, System.err));
    }

    static int run(String[] arguments, PrintStream out, PrintStream err) {
        Simulate command = new Simulate(out);
        for (String argument : arguments) {
            if (argument.equals("--help") || argument.equals("-h")) {
                out.print(USAGE);
                return 0;
            }
        }
        try {
            command.parse(arguments);
        } catch (IllegalArgumentException e) {
            err.println("simulate: " + e.getMessage());
            err.print(USAGE);
            return 2;
        }
        return command.replays ? command.replay() : command.explore();
    }

    private void parse(String[] arguments) {
        if (arguments.length % 2 != 0) {
            throw new IllegalArgumentException("every option has a value");
        }
        for (int i = 0; i < arguments.length; i += 2) {
            String value = arguments[i + 1];
            switch (arguments[i]) {
                case "--seeds" -> seeds = positive(arguments[i], value);
                case "--first" -> first = number(arguments[i], value);
                case "--time" -> nanos = duration(value);
                case "--seed" -> {
                    first = number(arguments[i], value);
                    replays = true;
                }
                case "--events" -> events = positive(arguments[i], value);
                default -> throw new IllegalArgumentException("unknown option " + arguments[i]);
            }
        }
        if (seeds < 0) {
            seeds = nanos < 0 ? 1_000 : Long.MAX_VALUE;
        }
    }

    private static long number(String option, String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " needs a number, not '" + text + "'", e);
        }
    }

    private static long positive(String option, String text) {
        long number = number(option, text);
        if (number < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, not " + text);
        }
        return number;
    }

    private static long duration(String text) {
        if (!text.matches("[0-9]{1,6}[smh]")) {
            throw new IllegalArgumentException("--time needs a time such as 60s, 10m or 2h, not '" + text + "'");
        }
        long count = Long.parseLong(text.substring(0, text.length() - 1));
        long seconds = text.endsWith("s") ? 1 : text.endsWith("m") ? 60 : 3_600;
        return count * seconds * 1_000_000_000L;
    }

    private int explore() {
        long begun = System.nanoTime();
        long said = begun;
        long happened = 0;
        long choices = 0;
        long elections = 0;
        long crashes = 0;
        long done = 0;
        while (done < seeds && (nanos < 0 || System.nanoTime() - begun < nanos)) {
            try {
                Result result = new Simulation(first + done, SimulationConfig.DEFAULT).run(events);
                happened += result.events();
                choices += result.choices();
                elections += result.elections();
                crashes += result.crashes();
            } catch (Violation e) {
                out.println(e.getMessage());
                out.println("replay: bin/simulate --seed " + e.seed() + " --events " + events);
                return 1;
            }
            done++;
            if (System.nanoTime() - said > PROGRESS_NANOS) {
                said = System.nanoTime();
                out.println(summary(done, happened, choices, elections, crashes, said - begun));
            }
        }
        out.println(summary(done, happened, choices, elections, crashes, System.nanoTime() - begun)
                + "; no violation; first seed " + first);
        return 0;
    }

    private static String summary(
            long seeds, long events, long choices, long elections, long crashes, long elapsedNanos) {
        return String.format(
                Locale.ROOT,
                "%,d seeds, %,d events, %,d events/s, %,d slots executed, %,d elections, %,d crashes",
                seeds,
                events,
                events * 1_000_000_000L / Math.max(1, elapsedNanos),
                choices,
                elections,
                crashes);
    }

    private int replay() {
        Simulation simulation = new Simulation(first, SimulationConfig.DEFAULT).traced();
        out.println("seed=" + first + " drew " + simulation.describe());
        try {
            out.println(simulation.run(events));
            return 0;
        } catch (Violation e) {
            e.trace().forEach(out::println);
            e.printStackTrace(out);
            return 1;
        }
    }
}
