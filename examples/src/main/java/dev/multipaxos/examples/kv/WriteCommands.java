package dev.multipaxos.examples.kv;

import dev.multipaxos.examples.kv.KvCommand.Expected;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands that change the store. Each prints the revision of the change. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class WriteCommands {

    private WriteCommands() {}

    private static int report(CommandSpec spec, String key, KvAnswer answer) {
        if (answer instanceof KvAnswer.Written written) {
            spec.commandLine().getOut().println("revision " + written.revision());
            return Kv.OK;
        }
        if (answer instanceof KvAnswer.NotFound) {
            throw new CommandFailed(Kv.FAILED, "there is no key '" + key + "'");
        }
        if (answer instanceof KvAnswer.Conflict conflict) {
            throw new CommandFailed(
                    Kv.FAILED,
                    conflict.revision() == 0
                            ? "nothing was changed: there is no key '" + key + "'"
                            : "nothing was changed: '" + key + "' is '" + conflict.value() + "' at revision "
                                    + conflict.revision());
        }
        throw new IllegalStateException("an answer that no write has: " + answer);
    }

    @Command(name = "put", description = "Sets a key, whatever it was.")
    static final class Put implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Parameters(index = "0", paramLabel = "KEY")
        private String key;

        @Parameters(index = "1", paramLabel = "VALUE")
        private String value;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            return report(spec, key, connection.write(new KvCommand.Put(key, value)));
        }
    }

    @Command(name = "append", description = "Adds to the end of a value.")
    static final class Append implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Parameters(index = "0", paramLabel = "KEY")
        private String key;

        @Parameters(index = "1", paramLabel = "VALUE")
        private String value;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            return report(spec, key, connection.write(new KvCommand.Append(key, value)));
        }
    }

    @Command(name = "delete", description = "Removes a key.")
    static final class Delete implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Parameters(index = "0", paramLabel = "KEY")
        private String key;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            return report(spec, key, connection.write(new KvCommand.Delete(key)));
        }
    }

    @Command(
            name = "cas",
            description = "Sets a key if it is as expected: compare and set.",
            customSynopsis = {
                "kv cas [OPTIONS] KEY EXPECTED NEW",
                "kv cas [OPTIONS] --if-absent KEY NEW",
                "kv cas [OPTIONS] --revision=N KEY NEW"
            })
    static final class Cas implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Parameters(index = "0", paramLabel = "KEY")
        private String key;

        @Parameters(
                index = "1..*",
                arity = "1..2",
                paramLabel = "VALUE",
                description = "The expected value and the new one; only the new one with an option.")
        private List<String> values;

        @Option(names = "--if-absent", description = "Only if there is no such key.")
        private boolean ifAbsent;

        @Option(names = "--revision", paramLabel = "N", description = "Only if its last change was this one.")
        private @Nullable Long revision;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            boolean byValue = !ifAbsent && revision == null;
            if (ifAbsent && revision != null) {
                throw new ParameterException(
                        spec.commandLine(), "--if-absent and --revision exclude each other: take one of them");
            }
            if (values.size() != (byValue ? 2 : 1)) {
                throw new ParameterException(
                        spec.commandLine(),
                        byValue
                                ? "cas needs KEY EXPECTED NEW, or --if-absent or --revision in place of EXPECTED"
                                : "cas with --if-absent or --revision needs only KEY NEW");
            }
            Expected expected;
            if (revision != null) {
                expected = new Expected.Revision(revision);
            } else if (ifAbsent) {
                expected = new Expected.Absent();
            } else {
                expected = new Expected.Value(values.get(0));
            }
            return report(
                    spec,
                    key,
                    connection.write(new KvCommand.CompareAndSet(key, expected, values.get(values.size() - 1))));
        }
    }
}
