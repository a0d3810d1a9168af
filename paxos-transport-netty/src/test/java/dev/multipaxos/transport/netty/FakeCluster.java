package dev.multipaxos.transport.netty;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Receiver;
import dev.multipaxos.spi.Transport.Verdict;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.ClientMessage.Result;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BooleanSupplier;

/**
 * Members that agree because they share one memory: what a client sees of a cluster, with everything that can go wrong between
 * them. A command is a text; it is written down when it is executed, and its answer is the text and how many there were.
 */
final class FakeCluster implements AutoCloseable {

    /** What a member does with the answers that it owes. */
    enum Manner {
        ANSWERS,
        EXECUTES_IN_SILENCE,
        IGNORES,
        SAYS_UNKNOWN,
        IS_OVERLOADED,
        HAS_STOPPED,
        IS_FULL,
        ANSWERS_LATE_TWICE_AND_SHUFFLED
    }

    static final long CLUSTER = 77;
    private static final long WAIT_NANOS_MAX = 30_000_000_000L;

    final List<String> executed = new ArrayList<>();
    final List<Command> commands = new ArrayList<>();
    final Map<Long, TreeMap<Long, Bytes>> sessions = new HashMap<>();
    final Map<Integer, Member> members = new ConcurrentSkipListMap<>();
    private final Random random = new Random(3);
    private long nextSession = 1 << 20;
    volatile int leader = 1;
    volatile boolean leaderIsKnown = true;
    long frames;
    int keptAlive;
    int opened;

    FakeCluster(int size) throws IOException {
        for (int id = 1; id <= size; id++) {
            members.put(id, new Member(id, 0));
        }
    }

    String address(int id) {
        return "127.0.0.1:" + member(id).port;
    }

    Member member(int id) {
        return Objects.requireNonNull(members.get(id));
    }

    /** Waits until something holds; every frame is a reason to look again. */
    synchronized void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + WAIT_NANOS_MAX;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("waited in vain for " + what + "; executed so far: " + executed);
            }
            wait(10);
        }
    }

    synchronized void lead(int id) {
        leader = id;
        notifyAll();
    }

    /** Makes a member lead and has all of them say so. */
    synchronized void announce(int id) {
        leader = id;
        for (Member member : members.values()) {
            for (long connection : member.connections) {
                member.say(connection, member.notLeader(0));
            }
        }
    }

    void restart(int id) throws IOException {
        Member old = member(id);
        old.transport.close(); // without the monitor, which its threads want
        Member restarted = new Member(id, old.port);
        synchronized (this) {
            members.put(id, restarted);
        }
    }

    synchronized void expireSessions() {
        sessions.clear();
    }

    synchronized List<String> executed() {
        return List.copyOf(executed);
    }

    synchronized int sessionCount() {
        return sessions.size();
    }

    @Override
    public void close() {
        members.values().forEach(member -> member.transport.close());
    }

    /** One member. */
    final class Member implements Receiver {
        final int id;
        final int port;
        final NettyTransport transport = NettyTransport.tcp();
        final List<Long> connections = new ArrayList<>();
        private final List<Result> late = new ArrayList<>();
        volatile Manner manner = Manner.ANSWERS;
        volatile String refusal = "";
        volatile int group = 1;
        volatile long cluster = CLUSTER;
        int greeted;

        Member(int id, int port) throws IOException {
            this.id = id;
            this.port = transport.start("127.0.0.1:" + port, 4 << 20, this);
        }

        @Override
        public Bytes hello(int node) {
            return HelloCodec.encode(new Hello.Member(1, cluster, group, id, 0, 5, 1, 0, Bytes.EMPTY, 1));
        }

        @Override
        public Verdict onHello(int dialled, String remote, Bytes hello) {
            synchronized (FakeCluster.this) {
                greeted++;
                FakeCluster.this.notifyAll();
            }
            return refusal.isEmpty() ? Verdict.client() : Verdict.refused(refusal);
        }

        @Override
        public void onPeer(int node, Bytes frame) {
            throw new IllegalStateException();
        }

        @Override
        public void onBulk(int node, Bytes frame) {
            throw new IllegalStateException();
        }

        @Override
        public void onClient(long connection, Bytes frame) {
            synchronized (FakeCluster.this) {
                frames++;
                if (!connections.contains(connection)) {
                    connections.add(connection);
                }
                try {
                    take(connection, ClientCodec.decode(frame));
                } catch (WireException e) {
                    throw new IllegalStateException(e);
                }
                FakeCluster.this.notifyAll();
            }
        }

        private void take(long connection, ClientMessage message) throws WireException {
            if (manner == Manner.IGNORES) {
                return;
            }
            if (message instanceof ClientMessage.Submit submit) {
                if (manner == Manner.IS_FULL || leader != id) {
                    say(connection, notLeader(submit.id()));
                    return;
                }
                List<Result> results = new ArrayList<>();
                Commands.forEach(submit.commands(), command -> {
                    commands.add(command);
                    results.add(run(command));
                });
                answer(connection, results);
            } else if (message instanceof ClientMessage.Query query) {
                if (query.linearizable() && leader != id) {
                    say(connection, notLeader(query.id()));
                } else if (manner == Manner.IS_OVERLOADED) {
                    say(connection, new ClientMessage.QueryResult(query.id(), Status.OVERLOADED, Bytes.EMPTY));
                } else if (query.query().toUtf8().equals("bad")) {
                    say(
                            connection,
                            new ClientMessage.QueryResult(
                                    query.id(), Status.QUERY_FAILED, Bytes.utf8("no such question")));
                } else if (manner != Manner.EXECUTES_IN_SILENCE) {
                    Bytes answer = Bytes.utf8(query.query().toUtf8() + "=" + executed.size() + "@" + id);
                    say(connection, new ClientMessage.QueryResult(query.id(), Status.OK, answer));
                }
            }
        }

        private Result run(Command command) {
            long session = command.session();
            if (manner == Manner.IS_OVERLOADED) {
                return new Result(session, command.sequence(), Status.OVERLOADED, Bytes.EMPTY);
            }
            if (command.kind() == Command.Kind.OPEN) {
                opened++;
                long opening = nextSession++;
                sessions.put(opening, new TreeMap<>());
                return new Result(
                        session,
                        0,
                        Status.OK,
                        Bytes.wrap(ByteBuffer.allocate(8).putLong(opening).array()));
            }
            TreeMap<Long, Bytes> answers = sessions.get(session);
            if (answers == null) {
                return new Result(session, command.sequence(), Status.SESSION_EXPIRED, Bytes.EMPTY);
            }
            if (command.kind() == Command.Kind.KEEP_ALIVE) {
                keptAlive++;
                return new Result(session, 0, Status.OK, Bytes.EMPTY);
            }
            if (command.kind() == Command.Kind.CLOSE) {
                sessions.remove(session);
                return new Result(session, 0, Status.OK, Bytes.EMPTY);
            }
            if (command.payload().toUtf8().equals("nonsense")) {
                return new Result(session, command.sequence(), Status.REFUSED, Bytes.utf8("no command"));
            }
            answers.headMap(command.acknowledgedBelow()).clear();
            answers.computeIfAbsent(command.sequence(), first -> {
                executed.add(command.payload().toUtf8());
                return Bytes.utf8(command.payload().toUtf8() + "#" + executed.size());
            });
            return new Result(session, command.sequence(), Status.OK, answers.get(command.sequence()));
        }

        private void answer(long connection, List<Result> results) {
            switch (manner) {
                case ANSWERS, IS_OVERLOADED -> say(connection, new ClientMessage.Results(results));
                case EXECUTES_IN_SILENCE, IGNORES, IS_FULL -> {}
                case SAYS_UNKNOWN -> say(connection, with(results, Status.UNKNOWN));
                case HAS_STOPPED -> say(connection, with(results, Status.STOPPED));
                case ANSWERS_LATE_TWICE_AND_SHUFFLED -> {
                    late.addAll(results);
                    late.addAll(results);
                    Collections.shuffle(late, random);
                    int said = random.nextInt(late.size() + 1);
                    List<Result> now = new ArrayList<>(late.subList(0, said));
                    late.subList(0, said).clear();
                    say(connection, new ClientMessage.Results(now));
                }
            }
        }

        private ClientMessage.Results with(List<Result> results, Status status) {
            return new ClientMessage.Results(results.stream()
                    .map(r -> new Result(r.session(), r.sequence(), status, Bytes.EMPTY))
                    .toList());
        }

        ClientMessage notLeader(long frame) {
            Map<Integer, String> addresses = new HashMap<>();
            members.forEach((node, member) -> addresses.put(node, "127.0.0.1:" + member.port));
            return manner == Manner.IS_FULL
                    ? new ClientMessage.NotLeader(frame, 0, addresses, "the disk of node " + id + " is full")
                    : new ClientMessage.NotLeader(frame, leaderIsKnown ? leader : 0, addresses);
        }

        void say(long connection, ClientMessage message) {
            transport.sendToClient(connection, ClientCodec.head(message), ClientCodec.body(message));
            transport.flush();
        }

        @Override
        public void onBurstEnd() {}

        @Override
        public void onClientClosed(long connection) {
            synchronized (FakeCluster.this) {
                connections.remove(connection);
                late.clear();
            }
        }

        @Override
        public void onPeerConnected(int node) {}

        @Override
        public void onPeerDisconnected(int node) {}
    }
}
