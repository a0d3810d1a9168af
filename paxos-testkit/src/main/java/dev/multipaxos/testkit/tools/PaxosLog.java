package dev.multipaxos.testkit.tools;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code bin/paxos-log}. */
@Command(
        name = "paxos-log",
        mixinStandardHelpOptions = true,
        subcommands = {InspectCommand.class, VerifyCommand.class, DumpCommand.class},
        description = "Looks into the directory of a storage whose node is stopped. It never writes.",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:what was asked for was found, whole",
            "1:something is missing or damaged",
            "2:the command line is wrong, this is no directory of a storage, or a node uses it"
        })
@SuppressWarnings("NullAway.Init") // picocli sets the specification
public final class PaxosLog implements Runnable {

    @Spec
    private CommandSpec spec;

    /**
     * Runs the command.
     *
     * @param arguments as {@code --help} says
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new PaxosLog())
                .setParameterExceptionHandler((wrong, arguments) -> {
                    wrong.getCommandLine().getErr().println("paxos-log: " + wrong.getMessage());
                    return ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((failure, line, result) -> {
                    line.getErr().println("paxos-log: " + failure);
                    return 1; // the disk cannot be read
                });
    }

    /** Not for programs: see {@link #main}. */
    private PaxosLog() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say inspect, verify or dump; --help tells all");
    }
}
