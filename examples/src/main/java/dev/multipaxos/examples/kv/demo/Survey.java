package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.Consistency;
import dev.multipaxos.PaxosException;
import dev.multipaxos.examples.kv.KvAnswer;
import dev.multipaxos.examples.kv.KvCodec;
import dev.multipaxos.examples.kv.KvCommand;
import dev.multipaxos.examples.kv.KvStateMachine;
import dev.multipaxos.transport.netty.PaxosClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntPredicate;

/**
 * Asks each server for itself what it holds: its own state, however old, and not what the leader would say. Any thread may ask;
 * all but {@link #close} wait for answers.
 */
public final class Survey implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /**
     * Everything that one server holds.
     *
     * @param status the server and its hash
     * @param items what it holds, by key
     */
    public record Content(KvAnswer.ServerStatus status, NavigableMap<String, KvAnswer.Item> items) {}

    private final Map<Integer, String> servers;
    private final IntPredicate isRunning;
    private final Map<Integer, PaxosClient<KvCommand, KvAnswer>> clients = new HashMap<>();

    /**
     * Gets ready to ask.
     *
     * @param servers the address of each, by node id
     * @param isRunning tells whether it makes sense to ask a server: one that is dead is not waited for
     */
    public Survey(Map<Integer, String> servers, IntPredicate isRunning) {
        this.servers = new TreeMap<>(servers);
        this.isRunning = isRunning;
    }

    /**
     * Asks one server.
     *
     * @param node which
     * @return what it says; empty if it does not answer in time
     */
    public Optional<KvAnswer.ServerStatus> status(int node) {
        return await(node, ask(node, new KvCommand.Status())).map(KvAnswer.ServerStatus.class::cast);
    }

    /** {@return what all servers say that answer, ascending; all are asked at once} */
    public List<KvAnswer.ServerStatus> statuses() {
        Map<Integer, CompletableFuture<KvAnswer>> asked = new TreeMap<>();
        servers.keySet().forEach(node -> asked.put(node, ask(node, new KvCommand.Status())));
        List<KvAnswer.ServerStatus> answers = new ArrayList<>();
        asked.forEach((node, future) ->
                await(node, future).map(KvAnswer.ServerStatus.class::cast).ifPresent(answers::add));
        return answers;
    }

    /** {@return the server that leads, and that another server takes for the leader too; empty if there is none now} */
    public OptionalInt leader() {
        List<KvAnswer.ServerStatus> answers = statuses();
        return answers.stream()
                .map(KvAnswer.ServerStatus::member)
                .filter(KvAnswer.Member::leads)
                .mapToInt(KvAnswer.Member::node)
                .filter(claimant -> answers.stream()
                        .map(KvAnswer.ServerStatus::member)
                        .anyMatch(other -> other.node() != claimant && other.leader() == claimant))
                .findFirst();
    }

    /**
     * Fetches everything that a server holds. Makes sense when nothing is written meanwhile.
     *
     * @param node which
     * @return its content; empty if it does not answer, or its content changed meanwhile
     */
    public Optional<Content> content(int node) {
        NavigableMap<String, KvAnswer.Item> items = new TreeMap<>();
        Optional<KvAnswer.ServerStatus> before = status(node);
        String after = "";
        boolean more = before.isPresent();
        while (more) {
            Optional<KvAnswer> answer =
                    await(node, ask(node, new KvCommand.Scan("", after, KvStateMachine.PAGE_ITEMS_MAX)));
            if (answer.isEmpty() || !(answer.get() instanceof KvAnswer.Page page)) {
                return Optional.empty();
            }
            page.items().forEach(item -> items.put(item.key(), item));
            more = page.more();
            after = more ? items.lastKey() : after;
        }
        return before.filter(status -> status(node)
                        .filter(now -> now.contentHash() == status.contentHash())
                        .isPresent())
                .map(status -> new Content(status, items));
    }

    private CompletableFuture<KvAnswer> ask(int node, KvCommand query) {
        if (!isRunning.test(node)) {
            forget(node);
            return CompletableFuture.failedFuture(new PaxosException.Unavailable("server " + node + " does not run"));
        }
        return client(node).read(Consistency.LOCAL, query);
    }

    private synchronized PaxosClient<KvCommand, KvAnswer> client(int node) {
        String address = servers.get(node);
        if (address == null) {
            throw new IllegalArgumentException("server " + node + " is none of " + servers.keySet());
        }
        return clients.computeIfAbsent(
                node,
                unknown -> PaxosClient.builder(KvCodec.commands(), KvCodec.answers())
                        .servers(address)
                        .deadline(PATIENCE)
                        .start());
    }

    private synchronized void forget(int node) {
        PaxosClient<KvCommand, KvAnswer> client = clients.remove(node);
        if (client != null) {
            client.close();
        }
    }

    private Optional<KvAnswer> await(int node, CompletableFuture<KvAnswer> future) {
        try {
            KvAnswer answer = future.join();
            if (answer instanceof KvAnswer.ServerStatus status
                    && status.member().node() != node) {
                forget(node); // the client was told who leads, and went there: another one begins at the right server
                return Optional.empty();
            }
            return Optional.of(answer);
        } catch (CompletionException e) {
            if (e.getCause() instanceof PaxosException) {
                forget(node);
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Closes the connections. */
    @Override
    public synchronized void close() {
        clients.values().forEach(PaxosClient::close);
        clients.clear();
    }
}
