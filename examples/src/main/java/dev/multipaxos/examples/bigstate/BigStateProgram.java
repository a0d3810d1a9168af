package dev.multipaxos.examples.bigstate;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** A replicated state that is larger than memory, and what it costs to bring it to a member that was away. */
@Command(
        name = "bigstate",
        description = "A replicated state that is larger than memory.",
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {BigStateServer.class, SnapshotLatency.class})
@SuppressWarnings("UnusedVariable") // picocli looks at the option
public final class BigStateProgram {

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Explains the command.")
    private boolean help;

    private BigStateProgram() {}

    /**
     * Runs the command line and exits.
     *
     * @param args its words
     */
    public static void main(String[] args) {
        System.exit(new CommandLine(new BigStateProgram())
                .setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(System.err, true, StandardCharsets.UTF_8))
                .execute(args));
    }
}
