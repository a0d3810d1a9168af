package dev.multipaxos.examples.kv;

import dev.multipaxos.Consistency;
import dev.multipaxos.PaxosException;
import dev.multipaxos.transport.netty.PaxosClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Option;

/** The options that all commands of the client have, and what they do with them. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields
final class Connection {

    @Option(
            names = "--servers",
            split = ",",
            paramLabel = "HOST:PORT",
            defaultValue = "127.0.0.1:7001,127.0.0.1:7002,127.0.0.1:7003",
            description = "Some of the servers, or all (default: ${DEFAULT-VALUE}).")
    private List<String> servers;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "How long to wait for an answer (default: ${DEFAULT-VALUE}).")
    private double timeoutSeconds;

    List<String> servers() {
        return servers;
    }

    /** Opens a client to these servers; {@link CommandFailed} if they make no sense. */
    PaxosClient<KvCommand, KvAnswer> open(List<String> addresses) {
        if (!(timeoutSeconds >= 0.001 && timeoutSeconds <= 86_400)) {
            throw new CommandFailed(Kv.USAGE, "--timeout " + timeoutSeconds + " must be 0.001 to 86400 seconds");
        }
        try {
            return PaxosClient.builder(KvCodec.commands(), KvCodec.answers())
                    .servers(addresses.toArray(String[]::new))
                    .deadline(Duration.ofMillis(Math.round(timeoutSeconds * 1_000)))
                    .start();
        } catch (PaxosException.InvalidConfiguration | IllegalArgumentException e) {
            throw new CommandFailed(Kv.USAGE, "--servers or --timeout is wrong: " + e.getMessage());
        }
    }

    KvAnswer write(KvCommand.Write write) {
        try (PaxosClient<KvCommand, KvAnswer> client = open(servers)) {
            return outcome(client.propose(write));
        }
    }

    KvAnswer read(boolean local, KvCommand.Query query) {
        try (PaxosClient<KvCommand, KvAnswer> client = open(servers)) {
            return read(client, local, query);
        }
    }

    KvAnswer read(PaxosClient<KvCommand, KvAnswer> client, boolean local, KvCommand.Query query) {
        return outcome(client.read(local ? Consistency.LOCAL : Consistency.LINEARIZABLE, query));
    }

    /** Waits for an answer; one that is a refusal, and whatever goes wrong, becomes one line that says what to do. */
    private KvAnswer outcome(CompletableFuture<KvAnswer> future) {
        KvAnswer answer;
        try {
            answer = future.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof PaxosException failure) {
                throw new CommandFailed(
                        Kv.UNAVAILABLE,
                        failure.mayHaveBeenApplied()
                                ? "it is not known whether this was written: " + failure.getMessage()
                                        + "; get the key to find out"
                                : "nothing was read or written: " + failure.getMessage() + "; are the servers "
                                        + String.join(", ", servers) + " running?");
            }
            throw cause instanceof RuntimeException unexpected ? unexpected : e;
        }
        if (answer instanceof KvAnswer.Refused refused) {
            throw new CommandFailed(Kv.USAGE, refused.reason());
        }
        return answer;
    }
}
