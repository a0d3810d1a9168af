package dev.multipaxos.examples.kv;

import dev.multipaxos.transport.netty.PaxosClient;
import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands that only ask. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class ReadCommands {

    private ReadCommands() {}

    @Command(name = "get", description = "Prints a value.")
    static final class Get implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Parameters(index = "0", paramLabel = "KEY")
        private String key;

        @Option(names = "--local", description = "Ask any one server; it may be behind, and needs no leader.")
        private boolean local;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            KvAnswer answer = connection.read(local, new KvCommand.Get(key));
            if (answer instanceof KvAnswer.Found found) {
                spec.commandLine().getOut().println(found.value());
                return Kv.OK;
            }
            throw new CommandFailed(Kv.FAILED, "there is no key '" + key + "'");
        }
    }

    @Command(
            name = "list",
            description = "Prints the keys that begin with a prefix, in order, each with its value behind a tab.")
    static final class ListKeys implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Parameters(
                index = "0",
                arity = "0..1",
                defaultValue = "",
                paramLabel = "PREFIX",
                description = "All if absent.")
        private String prefix;

        @Option(names = "--limit", defaultValue = "100", description = "How many at most (default: ${DEFAULT-VALUE}).")
        private int limit;

        @Option(names = "--local", description = "Ask any one server; it may be behind, and needs no leader.")
        private boolean local;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            if (limit < 1) {
                throw new CommandFailed(Kv.USAGE, "--limit " + limit + " must be at least 1");
            }
            PrintWriter out = spec.commandLine().getOut();
            int left = limit;
            String after = "";
            try (PaxosClient<KvCommand, KvAnswer> client = connection.open(connection.servers())) {
                while (true) {
                    int ask = Math.min(left, KvStateMachine.PAGE_ITEMS_MAX);
                    KvAnswer answer = connection.read(client, local, new KvCommand.Scan(prefix, after, ask));
                    if (!(answer instanceof KvAnswer.Page page)) {
                        throw new IllegalStateException("an answer that no scan has: " + answer);
                    }
                    for (KvAnswer.Item item : page.items()) {
                        out.println(item.key() + "\t" + item.value());
                        after = item.key();
                    }
                    left -= page.items().size();
                    if (!page.more()) {
                        return Kv.OK;
                    }
                    if (left == 0) {
                        spec.commandLine().getErr().println("kv: there are more; --limit was " + limit);
                        return Kv.OK;
                    }
                }
            }
        }
    }

    @Command(
            name = "watch",
            description = "Prints a value and each of its changes, with their revisions, until it is stopped.")
    static final class Watch implements Callable<Integer> {
        private static final long PAUSE_MILLIS_MIN = 20;

        @Mixin
        private Connection connection;

        @Parameters(index = "0", paramLabel = "KEY")
        private String key;

        @Option(
                names = "--interval",
                paramLabel = "MILLIS",
                defaultValue = "1000",
                description = "The longest pause between two questions (default: ${DEFAULT-VALUE}).")
        private long intervalMillis;

        @Option(
                names = "--changes",
                paramLabel = "N",
                defaultValue = "0",
                description = "End after so many changes; 0 for never (default: ${DEFAULT-VALUE}).")
        private long changesMax;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws InterruptedException {
            if (intervalMillis < PAUSE_MILLIS_MIN) {
                throw new CommandFailed(
                        Kv.USAGE, "--interval " + intervalMillis + " must be at least " + PAUSE_MILLIS_MIN);
            }
            long seen = -1; // neither a revision nor 0, which is an absent key: the first answer is always told
            long changes = 0;
            long pauseMillis = PAUSE_MILLIS_MIN;
            boolean reachable = true;
            try (PaxosClient<KvCommand, KvAnswer> client = connection.open(connection.servers())) {
                while (true) {
                    try {
                        KvAnswer answer = connection.read(client, false, new KvCommand.GetUnlessSeen(key, seen));
                        reachable = true;
                        if (!(answer instanceof KvAnswer.Unchanged)) {
                            seen = tell(answer);
                            pauseMillis = PAUSE_MILLIS_MIN;
                            if (++changes == changesMax) {
                                return Kv.OK;
                            }
                        }
                    } catch (CommandFailed e) {
                        if (e.exitCode() != Kv.UNAVAILABLE) {
                            throw e;
                        }
                        if (reachable) {
                            spec.commandLine().getErr().println("kv: " + e.getMessage() + " (asking on)");
                        }
                        reachable = false;
                    }
                    Thread.sleep(pauseMillis);
                    pauseMillis = Math.min(2 * pauseMillis, intervalMillis);
                }
            }
        }

        private long tell(KvAnswer answer) {
            PrintWriter out = spec.commandLine().getOut();
            if (answer instanceof KvAnswer.Found found) {
                out.println(found.revision() + "\t" + found.value());
                return found.revision();
            }
            out.println("-\tabsent");
            return 0;
        }
    }

    @Command(name = "status", description = "Asks each of the servers who it is and what it holds.")
    static final class Status implements Callable<Integer> {
        @Mixin
        private Connection connection;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            List<String> servers = connection.servers();
            int silent = 0;
            for (String server : servers) {
                try (PaxosClient<KvCommand, KvAnswer> client = connection.open(List.of(server))) {
                    KvAnswer answer = connection.read(client, true, new KvCommand.Status());
                    if (!(answer instanceof KvAnswer.ServerStatus status)) {
                        throw new IllegalStateException("an answer that no status has: " + answer);
                    }
                    KvAnswer.Member member = status.member();
                    out.printf(
                            "%s  server %d  %s  slot %d  revision %d  %d keys  content %016x%n",
                            server,
                            member.node(),
                            member.leads()
                                    ? "leads"
                                    : member.leader() == 0 ? "knows no leader" : "follows " + member.leader(),
                            member.executedSlot(),
                            status.revision(),
                            status.keys(),
                            status.contentHash());
                } catch (CommandFailed e) {
                    if (e.exitCode() != Kv.UNAVAILABLE) {
                        throw e;
                    }
                    silent++;
                    out.println(server + "  does not answer");
                }
            }
            return silent == 0 ? Kv.OK : Kv.UNAVAILABLE;
        }
    }
}
