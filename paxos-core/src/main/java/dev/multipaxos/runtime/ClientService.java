package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.ClientMessage.Result;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.CommandReader;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves clients that are no members: takes commands while this node leads, and queries; says so when it does not lead. What a
 * client may have waiting here is bounded, for each and for all. Owned by the event loop; results come from the apply thread
 * ({@link ClientOutcomes}).
 */
final class ClientService {
    private static final Logger LOG = LoggerFactory.getLogger(ClientService.class);

    /** A client may have this part of all the room. */
    private static final int SHARE = 4;

    private static final int TEXT_CHARS_MAX = 500;

    private final int batchBytes;
    private final int valueBytesMax;
    private final int answerBytesMax;
    private final long waitingBytesMax;
    private final long deadlineNanos;
    private final Map<Integer, String> members;
    private final Execution<?, ?> execution;
    private final Mailbox mailbox;
    private final Outbox outbox;
    private final Batcher batcher;
    private final PendingReads reads;
    private final Applier apply;
    private final Room room;
    private final Map<Long, Client> clients = new HashMap<>();
    private String diskFull = ""; // empty: commands can be taken

    /** What it works with. */
    record Parts(
            Execution<?, ?> execution,
            Mailbox mailbox,
            Outbox outbox,
            Batcher batcher,
            PendingReads reads,
            Applier apply,
            Room room) {}

    ClientService(NodeSettings<?, ?> settings, Map<Integer, String> members, int answerBytesMax, Parts parts) {
        this.answerBytesMax = answerBytesMax;
        this.batchBytes = settings.limits().batchBytes();
        this.valueBytesMax = settings.limits().valueBytes();
        this.waitingBytesMax = settings.limits().pendingBytes() / SHARE;
        this.deadlineNanos = settings.timing().callDeadline().toNanos();
        this.members = members;
        this.execution = parts.execution();
        this.mailbox = parts.mailbox();
        this.outbox = parts.outbox();
        this.batcher = parts.batcher();
        this.reads = parts.reads();
        this.apply = parts.apply();
        this.room = parts.room();
    }

    void onFrame(long connection, Bytes frame, boolean leading, int leader, long nowNanos) {
        Client client = clients.computeIfAbsent(connection, Client::new);
        try {
            ClientMessage message = ClientCodec.decode(frame);
            if (message instanceof ClientMessage.Submit submit) {
                onSubmit(client, submit, leading, leader);
            } else if (message instanceof ClientMessage.Query query) {
                onQuery(client, query, leader, nowNanos);
            } else {
                throw new WireException("a client says what only members say", null);
            }
        } catch (WireException e) {
            LOG.warn("closing client connection {}: {}", connection, e.getMessage());
            outbox.closeClient(connection);
        }
    }

    private void onSubmit(Client client, ClientMessage.Submit submit, boolean leading, int leader)
            throws WireException {
        if (!leading || !diskFull.isEmpty()) {
            refuse(client, submit.id(), leading ? 0 : leader);
            return;
        }
        int count = Commands.count(submit.commands());
        int bytes = submit.commands().length();
        if ((client.waitingBytes > 0 && client.waitingBytes + bytes > waitingBytesMax) || !room.enter(count, bytes)) {
            List<Result> results = new ArrayList<>(count);
            Commands.forEach(
                    submit.commands(),
                    command -> results.add(
                            new Result(command.session(), command.sequence(), Status.OVERLOADED, Bytes.EMPTY)));
            send(client, results);
            return;
        }
        Pieces pieces = Pieces.of(submit.commands(), batchBytes, this::problem);
        if (!pieces.refused().isEmpty()) {
            room.leave(count - pieces.count(), bytes - pieces.bytes());
            List<Result> results = new ArrayList<>(pieces.refused().size());
            for (Pieces.Refused refused : pieces.refused()) {
                results.add(new Result(refused.session(), refused.sequence(), Status.REFUSED, clipped(refused.why())));
            }
            send(client, results);
        }
        client.waitingBytes += pieces.bytes();
        for (long session : pieces.sessions()) {
            apply.watch(session, client.id);
        }
        Frame frame = new Frame(client, submit.id(), pieces.pieces().size());
        for (Pieces.Piece piece : pieces.pieces()) {
            batcher.add(piece.commands(), piece.count(), frame);
        }
    }

    /** Says that nothing of a frame was taken, and who may take it. */
    private void refuse(Client client, long frame, int leader) {
        outbox.sendToClient(
                client.id, new ClientMessage.NotLeader(frame, leader, members, leader == 0 ? diskFull : ""));
    }

    /** Says why a command must not enter the log; null if it may. */
    private @Nullable String problem(CommandReader command) {
        if (command.kind() != Command.Kind.APPLY) {
            return null;
        } else if (command.payloadBytes() > valueBytesMax) {
            return "a command of " + command.payloadBytes() + " bytes is larger than the cluster takes, "
                    + valueBytesMax;
        }
        return execution.problem(command.payload());
    }

    /** Sends results in as many frames as they need. */
    private void send(Client client, List<Result> results) {
        int from = 0;
        int bytes = 0;
        for (int i = 0; i < results.size(); i++) {
            int more = results.get(i).payload().length() + ClientOutcomes.RESULT_OVERHEAD_BYTES;
            if (bytes + more > answerBytesMax) {
                outbox.sendToClient(client.id, new ClientMessage.Results(results.subList(from, i)));
                from = i;
                bytes = 0;
            }
            bytes += more;
        }
        outbox.sendToClient(client.id, new ClientMessage.Results(results.subList(from, results.size())));
    }

    /** A text for people, which must not fill a frame whatever an application put into it. */
    private static Bytes clipped(String text) {
        return Bytes.utf8(text.length() <= TEXT_CHARS_MAX ? text : text.substring(0, TEXT_CHARS_MAX));
    }

    private void onQuery(Client client, ClientMessage.Query query, int leader, long nowNanos) {
        if (query.linearizable() && leader == 0) {
            outbox.sendToClient(client.id, new ClientMessage.NotLeader(query.id(), 0, members));
        } else if (!room.enter(1, query.query().length())) {
            outbox.sendToClient(client.id, new ClientMessage.QueryResult(query.id(), Status.OVERLOADED, Bytes.EMPTY));
        } else {
            ClientQuery read = new ClientQuery(client.id, query, nowNanos + deadlineNanos);
            reads.add(consistency(query), read);
        }
    }

    private static Consistency consistency(ClientMessage.Query query) {
        if (!query.linearizable()) {
            return Consistency.LOCAL;
        }
        return query.lease() ? Consistency.LEASE : Consistency.LINEARIZABLE;
    }

    void onClosed(long connection) {
        clients.remove(connection);
        apply.forget(connection);
    }

    /**
     * From now on commands cannot be taken, or can again. Called before what waits is thrown away.
     *
     * @param trouble why they cannot; empty if they can
     */
    void onRoom(String trouble) {
        diskFull = trouble;
    }

    /** Tells every client who leads, if it is not this node. */
    void leaderChanged(boolean leading, int leader) {
        if (leading || clients.isEmpty()) {
            return;
        }
        ClientMessage news = new ClientMessage.NotLeader(0, leader, members);
        Bytes head = ClientCodec.head(news);
        Bytes body = ClientCodec.body(news);
        for (Client client : clients.values()) {
            outbox.sendToClient(client.id, head, body);
        }
    }

    /** A connection. */
    private static final class Client {
        private final long id;
        private long waitingBytes;

        Client(long id) {
            this.id = id;
        }
    }

    /** What came in one frame. */
    private final class Frame implements Batcher.Origin {
        private final Client client;
        private final long id;
        private int piecesKept;

        Frame(Client client, long id, int pieces) {
            this.client = client;
            this.id = id;
            this.piecesKept = pieces;
        }

        @Override
        public void proposed(int bytes) {
            client.waitingBytes -= bytes;
        }

        @Override
        public void dropped(int bytes) {
            client.waitingBytes -= bytes;
            piecesKept--;
            if (piecesKept == 0 && !diskFull.isEmpty()) { // else the client is told who leads, and submits again
                refuse(client, id, 0);
            }
        }
    }

    /** A query on its way. */
    private final class ClientQuery implements ReadTask {
        private final long connection;
        private final long id;
        private final int bytes;
        private final long deadline;
        private final AtomicBoolean over = new AtomicBoolean();
        private volatile @Nullable Bytes query; // null when over

        ClientQuery(long connection, ClientMessage.Query query, long deadline) {
            this.connection = connection;
            this.id = query.id();
            this.bytes = query.query().length();
            this.query = query.query();
            this.deadline = deadline;
        }

        @Override
        public long deadlineNanos() {
            return deadline;
        }

        @Override
        public boolean isOver() {
            return over.get();
        }

        @Override
        public void expire() {
            end(Status.UNKNOWN, Bytes.EMPTY);
        }

        @Override
        public void fail(Throwable cause) {
            end(Status.STOPPED, Bytes.EMPTY);
        }

        @Override
        public boolean run(BooleanSupplier mayAnswer) {
            Bytes asked = query;
            if (asked == null) {
                return true;
            }
            Bytes answer;
            try {
                answer = execution.query(asked);
            } catch (Throwable thrown) { // the query's fault, or nothing to ask: the client is told
                if (mayAnswer.getAsBoolean()) {
                    end(Status.QUERY_FAILED, clipped(String.valueOf(thrown.getMessage())));
                }
                return isOver();
            }
            if (!mayAnswer.getAsBoolean()) {
                return false;
            }
            if (answer.length() > answerBytesMax) {
                end(
                        Status.QUERY_FAILED,
                        clipped("the answer of " + answer.length() + " bytes does not fit into a frame of "
                                + answerBytesMax));
                return true;
            }
            end(Status.OK, answer);
            return true;
        }

        private void end(Status status, Bytes payload) {
            if (over.compareAndSet(false, true)) {
                room.leave(1, bytes);
                query = null; // the read itself may wait for its slot for long
                ClientOutcomes.reply(mailbox, connection, new ClientMessage.QueryResult(id, status, payload));
            }
        }
    }
}
