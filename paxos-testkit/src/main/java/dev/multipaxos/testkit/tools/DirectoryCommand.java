package dev.multipaxos.testkit.tools;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.storage.disk.FileSystemDisk;
import dev.multipaxos.storage.inspect.DirectoryVisitor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the commands have in common: a directory, which they read and never touch, and two ways to print. */
@SuppressWarnings({"UnusedVariable", "NullAway.Init"}) // picocli sets the options
abstract class DirectoryCommand implements Callable<Integer> {
    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .disable(StreamWriteFeature.FLUSH_PASSED_TO_STREAM)
            .build();

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DIRECTORY", description = "the directory of the storage")
    private Path directory;

    @Option(names = "--json", description = "print JSON instead of text for people")
    private boolean json;

    @Option(
            names = "--in-use",
            description =
                    "look though a node uses the directory: what it writes or removes may seem unfinished or damaged")
    private boolean inUse;

    /**
     * Prints what was asked for.
     *
     * @return the exit code
     */
    abstract int run(PrintWriter out) throws IOException;

    @Override
    public final Integer call() throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new ParameterException(spec.commandLine(), directory + " is not a directory");
        }
        if (!inUse && FileStorage.isInUse(new FileSystemDisk(directory))) {
            throw new ParameterException(
                    spec.commandLine(),
                    directory + " is used by a node: stop it first, or add --in-use to look all the same");
        }
        PrintWriter out = spec.commandLine().getOut();
        int code = run(out);
        out.flush();
        return code;
    }

    final void visit(DirectoryVisitor visitor) throws IOException {
        if (!FileStorage.inspect(new FileSystemDisk(directory), visitor)) {
            throw new ParameterException(spec.commandLine(), directory + " is not the directory of a storage");
        }
    }

    final ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }

    final boolean isJson() {
        return json;
    }

    final Path directory() {
        return directory;
    }

    /** {@return a generator of one JSON value, which leaves the writer open when it is closed} */
    static JsonGenerator json(PrintWriter out) throws IOException {
        return JSON.createGenerator(out);
    }
}
