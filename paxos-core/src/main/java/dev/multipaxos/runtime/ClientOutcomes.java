package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.CommandReader;
import dev.multipaxos.wire.ResultsWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sends clients what became of their commands: everything since the last flush in one frame for each connection. A session is
 * watched from its first command on; a result that nobody waits for any more does no harm.
 *
 * <p>Owned by the apply thread.
 */
final class ClientOutcomes {

    /** What a result takes in a frame beside its payload, at most. */
    static final int RESULT_OVERHEAD_BYTES = 64;

    /** Writers are kept for so many connections that are answered at once. */
    private static final int SPARES_MAX = 64;

    private final int frameBytesMax;
    private final Mailbox mailbox;
    private final Map<Long, Connection> bySession = new HashMap<>();
    private final Map<Long, Connection> byId = new HashMap<>();
    private final List<Connection> unflushed = new ArrayList<>();
    private final ArrayDeque<ResultsWriter> spares = new ArrayDeque<>();

    // Commands of one session come in runs: the last look-up is the next one's answer.
    private long lastSession;
    private @Nullable Connection lastConnection;

    ClientOutcomes(int frameBytesMax, Mailbox mailbox) {
        this.frameBytesMax = frameBytesMax;
        this.mailbox = mailbox;
    }

    /** From now on results of a session, or of the {@code OPEN} with this number, go to a connection. */
    void watch(long session, long connection) {
        Connection watcher = byId.computeIfAbsent(connection, Connection::new);
        Connection before = bySession.put(session, watcher);
        if (before != null && before != watcher) {
            before.sessions.remove(session);
        }
        watcher.sessions.put(session, Boolean.TRUE);
        lastConnection = null;
    }

    /** A connection is closed. */
    void forget(long connection) {
        Connection gone = byId.remove(connection);
        if (gone != null) {
            gone.sessions.keySet().forEach(bySession::remove);
            unflushed.remove(gone);
            lastConnection = null;
        }
    }

    void ended(CommandReader command, Status status, Bytes answer) {
        if (bySession.isEmpty()) {
            return; // as on every member that does not lead
        }
        long session = command.session();
        if (lastConnection == null || lastSession != session) {
            Connection found = bySession.get(session);
            if (found == null) {
                return;
            }
            lastConnection = found;
            lastSession = session;
        }
        Connection connection = lastConnection;
        if (answer.length() + RESULT_OVERHEAD_BYTES > frameBytesMax) {
            String text = "the command was executed, but its answer of " + answer.length()
                    + " bytes does not fit into a frame of " + frameBytesMax;
            add(connection, command, Status.QUERY_FAILED, Bytes.utf8(text));
        } else {
            add(connection, command, status, answer);
        }
        if (command.kind() == Command.Kind.OPEN
                || command.kind() == Command.Kind.CLOSE
                || status == Status.SESSION_EXPIRED) {
            bySession.remove(session);
            connection.sessions.remove(session);
            lastConnection = null;
        }
        if (command.kind() == Command.Kind.OPEN) {
            watch(answer.toByteBuffer().getLong(), connection.id);
        }
    }

    private void add(Connection connection, CommandReader command, Status status, Bytes answer) {
        int bytes = answer.length() + RESULT_OVERHEAD_BYTES;
        if (connection.bytes + bytes > frameBytesMax) {
            send(connection);
        }
        ResultsWriter results = connection.results;
        if (results == null) {
            results = spares.isEmpty() ? new ResultsWriter() : spares.pop();
            connection.results = results;
            unflushed.add(connection);
        }
        results.add(command.session(), command.sequence(), status, answer);
        connection.bytes += bytes;
    }

    /** Hands over what has gathered. */
    void flush() {
        for (Connection connection : unflushed) {
            send(connection);
        }
        unflushed.clear();
    }

    private void send(Connection connection) {
        ResultsWriter results = connection.results;
        if (results == null) {
            return;
        }
        reply(mailbox, new ClientReply(connection.id, results.head(), results.body()));
        connection.results = null;
        connection.bytes = 0;
        if (spares.size() < SPARES_MAX) {
            results.clear();
            spares.push(results);
        }
    }

    /** Has a client told. Of several whose answers wait in too many bytes one loses its connection, as one does that reads too slowly. */
    static void reply(Mailbox mailbox, long connection, ClientMessage message) {
        reply(mailbox, new ClientReply(connection, ClientCodec.head(message), ClientCodec.body(message)));
    }

    private static void reply(Mailbox mailbox, ClientReply reply) {
        mailbox.answer(reply);
        mailbox.wake();
    }

    /** A client whose answer found no room. */
    record ClientLost(long connection) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.onClientLost(this);
        }
    }

    /** A frame for a client, made on the apply thread. */
    record ClientReply(long connection, Bytes head, Bytes body) implements Mail {
        int bytes() {
            return head.length() + body.length();
        }

        @Override
        public void deliverTo(EventLoop loop) {
            loop.onClientReply(this);
        }
    }

    private static final class Connection {
        private final long id;
        private final Map<Long, Boolean> sessions = new HashMap<>();
        private @Nullable ResultsWriter results; // since the last flush; null: none
        private int bytes;

        Connection(long id) {
            this.id = id;
        }
    }
}
