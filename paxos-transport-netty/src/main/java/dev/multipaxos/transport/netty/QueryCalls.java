package dev.multipaxos.transport.netty;

import dev.multipaxos.PaxosException;
import dev.multipaxos.wire.ClientMessage;
import io.netty.util.collection.LongObjectHashMap;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * A client's open queries. They change nothing, so that each try has an id of its own, and any answer will do.
 *
 * <p>Owned by one event loop.
 *
 * @param <R> answers
 */
final class QueryCalls<R> {

    private final ServerLink link;
    private final SubmitFrames frames;
    private final ArrayDeque<ClientCall<R>> waiting = new ArrayDeque<>();
    /** By the frame that carried them. */
    private final LongObjectHashMap<ClientCall<R>> away = new LongObjectHashMap<>();

    QueryCalls(ServerLink link, SubmitFrames frames) {
        this.link = link;
        this.frames = frames;
    }

    boolean isEmpty() {
        return waiting.isEmpty() && away.isEmpty();
    }

    void add(ClientCall<R> query) {
        waiting.add(query);
    }

    /** Sends all that wait. */
    void send(long now) {
        while (!waiting.isEmpty()) {
            ClientCall<R> query = waiting.element();
            long frame = frames.id();
            if (!frames.send(Objects.requireNonNull(query.consistency), query.payload)) {
                return;
            }
            waiting.remove();
            query.left(frame, now);
            away.put(frame, query);
        }
    }

    void onResult(ClientMessage.QueryResult result) {
        ClientCall<R> query = away.remove(result.id());
        if (query == null) {
            return;
        }
        switch (result.status()) {
            case OK -> {
                link.servers().progress();
                query.succeed(result.payload());
            }
            case QUERY_FAILED ->
                query.fail(new PaxosException.QueryFailed(result.payload().toUtf8()));
            case OVERLOADED -> query.fail(new PaxosException.Overloaded("the member's queues are full; slow down"));
            case STOPPED -> {
                again(query);
                link.leave("it has stopped");
            }
            case UNKNOWN, OUTSIDE_WINDOW, SESSION_EXPIRED, ALREADY_ACKNOWLEDGED, REFUSED -> {
                again(query);
                link.pause();
            }
        }
    }

    /** A frame was refused. */
    void onRefused(long frame) {
        ClientCall<R> query = away.remove(frame);
        if (query != null) {
            again(query);
        }
    }

    /** All that are away are sent again. */
    void onLost() {
        away.values().forEach(this::again);
        away.clear();
    }

    private void again(ClientCall<R> query) {
        query.refused();
        waiting.add(query);
    }

    /** Forgets the calls that a test ends. */
    void removeIf(Predicate<ClientCall<R>> ends) {
        waiting.removeIf(ends);
        away.values().removeIf(ends);
    }
}
