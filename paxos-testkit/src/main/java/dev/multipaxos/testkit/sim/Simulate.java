package dev.multipaxos.testkit.sim;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** The command {@code bin/simulate}: runs seed after seed, or replays one. */
@Command(
        name = "simulate",
        description = "Whole clusters in one thread, one random schedule of faults for each seed.",
        sortOptions = false,
        usageHelpWidth = 110,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:every seed ran clean", "1:one did not", "2:the command line is wrong"})
@SuppressWarnings("UnusedVariable") // picocli looks at the options
public final class Simulate implements Callable<Integer> {

    private static final int CLEAN = 0;
    private static final int FAILED = 1;
    private static final int WRONG = 2;

    private static final int LINES_SHOWN = 50;
    private static final int ROWS_DRAWN = 90;
    private static final int STEPS_KEPT = 1_000;

    @Option(names = "--seeds", paramLabel = "N", description = "Run N seeds (1,000 unless --time is given).")
    private @Nullable Long seeds;

    @Option(names = "--time", paramLabel = "T", description = "Stop after T, such as 60s, 10m or 2h.")
    private @Nullable Duration time;

    @Option(names = "--first", paramLabel = "S", description = "From seed S on; without it, fresh ones.")
    private @Nullable Long first;

    @Option(names = "--threads", paramLabel = "N", description = "Run N seeds at once (${DEFAULT-VALUE}).")
    private int threads = 1;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Replay one seed. With the --config and --events of a failure it is that failure again.")
    private @Nullable Long seed;

    @Option(
            names = "--events",
            paramLabel = "N",
            description = "Events of each seed before it is healed (${DEFAULT-VALUE}).")
    private long events = 20_000;

    @Option(
            names = "--config",
            paramLabel = "TEXT",
            description = {
                "What may be drawn, with commas between: nodes=3..5; faults=LOSS+KILL (only these), faults=-PAUSE (all"
                        + " but this) or faults=none; force=LOSS (certainly); without=LOSS (drawn, but left out);"
                        + " skip=2+5..9 (strikes of chaos to leave out); commands=100 (then clients are silent)."
            })
    private SimulationConfig config = SimulationConfig.DEFAULT;

    @Option(names = "--trace", description = "With --seed: print every step.")
    private boolean trace;

    @Option(
            names = "--diagram",
            paramLabel = "FILE",
            description = "With --seed: draw its last steps before it fails or is healed, as SVG.")
    private @Nullable Path diagram;

    @Option(names = "--out", paramLabel = "DIR", description = "Where a failure is written down (${DEFAULT-VALUE}).")
    private Path directory = Path.of("simulate-failures");

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Explain the command.")
    private boolean help;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private final Function<Reproduction, Simulation> simulations;
    private final PrintStream out;

    private Simulate(Function<Reproduction, Simulation> simulations, PrintStream out) {
        this.simulations = simulations;
        this.out = out;
    }

    /**
     * Runs the command.
     *
     * @param arguments as the usage says
     */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        System.exit(run(arguments, out, System.err, Simulate::whole));
    }

    private static Simulation whole(Reproduction of) {
        return new Simulation(of.seed(), of.config());
    }

    static int run(String[] arguments, PrintStream out, PrintStream err) {
        return run(arguments, out, err, Simulate::whole);
    }

    static int run(
            String[] arguments, PrintStream out, PrintStream err, Function<Reproduction, Simulation> simulations) {
        return new CommandLine(new Simulate(simulations, out))
                .registerConverter(SimulationConfig.class, Simulate::config)
                .registerConverter(Duration.class, Simulate::duration)
                .setParameterExceptionHandler((e, rejected) -> {
                    err.println("simulate: " + e.getMessage());
                    e.getCommandLine().usage(err);
                    return WRONG;
                })
                .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .execute(arguments);
    }

    // ---- arguments ----

    private static SimulationConfig config(String text) {
        try {
            return SimulationConfig.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static Duration duration(String text) {
        if (!text.matches("[0-9]{1,6}[smh]")) {
            throw new TypeConversionException("needs a time such as 60s, 10m or 2h, not '" + text + "'");
        }
        return Duration.parse("PT" + text.toUpperCase(Locale.ROOT));
    }

    private void check() {
        mustBePositive("--seeds", seeds);
        mustBePositive("--events", events);
        mustBePositive("--threads", (long) threads);
        if (seed != null && (seeds != null || time != null || first != null)) {
            throw wrong("--seed replays one: it goes with neither --seeds, --first nor --time");
        }
        if (seed == null && (trace || diagram != null)) {
            throw wrong("--trace and --diagram are for one seed: name it with --seed");
        }
    }

    private void mustBePositive(String option, @Nullable Long value) {
        if (value != null && value < 1) {
            throw wrong(option + " must be at least 1, not " + value);
        }
    }

    private ParameterException wrong(String what) {
        return new ParameterException(spec.commandLine(), what);
    }

    // ---- what it does ----

    @Override
    public Integer call() throws InterruptedException, IOException {
        check();
        return seed == null ? explore() : replay(new Reproduction(seed, config, events));
    }

    private int explore() throws InterruptedException, IOException {
        long from = first == null ? new SplittableRandom().nextLong() >>> 16 : first;
        long most = seeds != null ? seeds : time != null ? Long.MAX_VALUE : 1_000;
        long nanos = time == null ? -1 : time.toNanos();
        Exploration exploration = new Exploration(simulations, from, most, nanos, config, events, out);
        Violation found = exploration.run(threads);
        if (found != null) {
            return fail(found);
        }
        out.println(exploration.summary() + "; no violation; first seed " + from + "; trace hash "
                + HexFormat.of().toHexDigits(exploration.traceHashes()));
        List<String> missing = exploration.coverage().missing();
        if (!missing.isEmpty()) {
            out.println("never hit: " + String.join(" ", missing));
        }
        return CLEAN;
    }

    private int replay(Reproduction again) throws IOException {
        Simulation simulation = simulations.apply(again);
        Trace wild = new Trace(simulation.nodes().size(), STEPS_KEPT, step -> {}); // a healed cluster is a dull picture
        simulation.traced(step -> {
            if (trace) {
                out.println(Trace.line(step));
            }
            if (!simulation.isCalm()) {
                wild.add(step);
            }
        });
        out.println(again + " drew " + simulation.describe());
        try {
            Result result = simulation.run(events);
            draw(wild, again.toString(), null);
            out.println(result);
            return CLEAN;
        } catch (Violation e) {
            draw(e.scene().trace(), again.toString(), e);
            if (!trace) {
                List<String> lines = e.trace();
                lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size())
                        .forEach(out::println);
            }
            e.printStackTrace(out);
            return FAILED;
        }
    }

    private void draw(@Nullable Trace steps, String title, @Nullable Violation violation) throws IOException {
        if (diagram != null && steps != null) {
            Files.writeString(diagram, Diagram.draw(steps, title, violation, ROWS_DRAWN));
            out.println("diagram: " + diagram);
        }
    }

    /** Says it in one line, makes it smaller, and writes it down. */
    private int fail(Violation found) throws IOException {
        out.println(found.getMessage());
        out.println("replay: " + found.reproduction().command());
        Shrinker shrinker = new Shrinker(this::violation, found, line -> out.println("shrinking, " + line));
        Violation smallest = shrinker.shrink();
        out.println("shrunk, in " + shrinker.runs() + " runs: " + smallest.getMessage());
        out.println("replay: " + smallest.reproduction().command());
        Violation traced = violation(smallest.reproduction(), true);
        if (traced == null) {
            throw new IllegalStateException("the simulator itself failed: no violation any more in " + smallest);
        }
        out.println("written: " + new FailureReport(found, traced).write(directory));
        return FAILED;
    }

    private @Nullable Violation violation(Reproduction of) {
        return violation(of, false);
    }

    private @Nullable Violation violation(Reproduction of, boolean traced) {
        try {
            Simulation simulation = simulations.apply(of);
            (traced ? simulation.traced() : simulation).run(of.events());
            return null;
        } catch (Violation e) {
            return e;
        }
    }
}
