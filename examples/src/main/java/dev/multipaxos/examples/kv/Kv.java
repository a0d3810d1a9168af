package dev.multipaxos.examples.kv;

import dev.multipaxos.examples.kv.demo.Demo;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The command line of the store: a server, a client, and a demonstration. */
@Command(
        name = "kv",
        description = "A key-value store that is replicated by Multipaxos.",
        versionProvider = Kv.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all went well",
            "1:the key is absent, or not as expected; of a server or the demo: it failed",
            "2:the command line or the configuration is wrong",
            "3:no server could be asked, or the outcome of a write is not known"
        },
        subcommands = {
            KvServer.class,
            WriteCommands.Put.class,
            WriteCommands.Append.class,
            WriteCommands.Cas.class,
            WriteCommands.Delete.class,
            ReadCommands.Get.class,
            ReadCommands.ListKeys.class,
            ReadCommands.Watch.class,
            ReadCommands.Status.class,
            Demo.class
        })
@SuppressWarnings("UnusedVariable") // picocli looks at the options
public final class Kv {

    /** All went well. */
    public static final int OK = 0;

    /** The key is absent or not as expected; a server or the demonstration failed. */
    public static final int FAILED = 1;

    /** The command line or the configuration is wrong. */
    public static final int USAGE = 2;

    /** No server could be asked, or what became of a write is not known. */
    public static final int UNAVAILABLE = 3;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Explains the command.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Prints the version.")
    private boolean version;

    private Kv() {}

    /** Knows the version from the jar; a program that runs from classes has none. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Kv.class.getPackage().getImplementationVersion();
            return new String[] {"kv " + (version == null ? "(not from a jar)" : version)};
        }
    }

    /**
     * Makes the command line.
     *
     * @param out where results go
     * @param err where complaints go
     * @return the command line
     */
    public static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        return new CommandLine(new Kv())
                .setOut(out)
                .setErr(err)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    if (failure instanceof CommandFailed failed) {
                        command.getErr().println("kv: " + failed.getMessage());
                        return failed.exitCode();
                    }
                    throw failure;
                });
    }

    /**
     * Runs the command line and exits.
     *
     * @param args its words
     */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        System.exit(commandLine(out, err).execute(args));
    }
}
