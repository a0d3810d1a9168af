package dev.multipaxos.testkit.explore;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code bin/explore}. */
@Command(
        name = "explore",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        showDefaultValues = true,
        description =
                "Goes through every state that a small cluster can reach, whatever is lost, repeated, delayed or reordered,"
                        + " whoever campaigns or crashes, and checks each.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:every state was seen, and all is well",
            "1:something does not hold; the shortest way there is printed",
            "2:the command line is wrong",
            "3:it stopped at a limit before every state was seen"
        })
@SuppressWarnings({"UnusedVariable", "FieldMayBeFinal", "NullAway.Init"}) // picocli sets the options
public final class Explore implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--acceptors", paramLabel = "N", description = "members, all of them voters")
    private int acceptors = 3;

    @Option(names = "--proposers", paramLabel = "N", description = "how many of them may campaign")
    private int proposers = 2;

    @Option(names = "--ballots", paramLabel = "N", description = "campaigns, of all nodes together")
    private int ballots = 3;

    @Option(names = "--slots", paramLabel = "N", description = "slots that values are proposed in")
    private int slots = 2;

    @Option(names = "--alpha", paramLabel = "N", description = "slots that may be open")
    private int alpha = 2;

    @Option(names = "--crashes", paramLabel = "N", description = "crashes, of all nodes together")
    private int crashes = 1;

    @Option(names = "--slow-disk", description = "records become durable later than they are appended")
    private boolean slowDisk;

    @Option(names = "--full", description = "compare states in full, without any reduction")
    private boolean full;

    @Option(
            names = "--states",
            paramLabel = "N",
            showDefaultValue = Visibility.NEVER,
            description = "stop after so many states")
    private long statesMax = Long.MAX_VALUE;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            showDefaultValue = Visibility.NEVER,
            description = "stop after so long")
    private long secondsMax = Long.MAX_VALUE;

    /**
     * Runs the command.
     *
     * @param arguments as {@code --help} says
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Explore()).setParameterExceptionHandler((wrong, arguments) -> {
            wrong.getCommandLine().getErr().println("explore: " + wrong.getMessage());
            return ExitCode.USAGE;
        });
    }

    /** Not for programs: see {@link #main}. */
    private Explore() {}

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Bounds bounds = bounds();
        out.println(bounds);
        out.flush();
        long nanosMax = secondsMax > Long.MAX_VALUE / 1_000_000_000L ? Long.MAX_VALUE : secondsMax * 1_000_000_000L;
        Result result = new Explorer(bounds, Sabotage.NONE).run(statesMax, nanosMax, progress -> {
            out.println(progress);
            out.flush();
        });
        result.trace().forEach(out::println);
        if (result.violation() != null) {
            out.println(result.violation());
        }
        out.println(result);
        out.flush();
        return result.violation() != null ? 1 : result.finished() ? 0 : 3;
    }

    private Bounds bounds() {
        try {
            return new Bounds(acceptors, proposers, ballots, slots, alpha, crashes, slowDisk, !full);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }
}
