package dev.multipaxos.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Limits;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.DiskSpace;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.ClientMessage.NotLeader;
import dev.multipaxos.wire.ClientMessage.Query;
import dev.multipaxos.wire.ClientMessage.QueryResult;
import dev.multipaxos.wire.ClientMessage.Result;
import dev.multipaxos.wire.ClientMessage.Results;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.ClientMessage.Submit;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.WireException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ClientServiceTest {

    private static final Codec<Long> NUMBER = Codec.int64();
    private static final DiskSpace FULL = new DiskSpace(DiskSpace.Level.FULL, 1_000);

    /** A client that is connected to one node. */
    private static final class Client {
        private final LinkedBlockingQueue<ClientMessage> received = new LinkedBlockingQueue<>();
        private final LocalTransport transport;
        private final long connection;

        Client(Cluster cluster, int node) {
            this(requireNonNull(cluster.transports.get(node)));
        }

        Client(LocalTransport transport) {
            this.transport = transport;
            connection = transport.connectClient(
                    HelloCodec.encode(new Hello.Client(Hello.PROTOCOL_VERSION, 0, 1)), this::onFrame);
        }

        private void onFrame(Bytes frame) {
            try {
                received.add(ClientCodec.decode(frame));
            } catch (WireException e) {
                throw new IllegalStateException(e);
            }
        }

        void say(ClientMessage message) {
            byte[] head = ClientCodec.head(message).toArray();
            byte[] body = ClientCodec.body(message).toArray();
            byte[] frame = new byte[head.length + body.length];
            System.arraycopy(head, 0, frame, 0, head.length);
            System.arraycopy(body, 0, frame, head.length, body.length);
            transport.fromClient(connection, Bytes.wrap(frame));
        }

        <M extends ClientMessage> M hear(Class<M> kind) throws InterruptedException {
            ClientMessage message = received.poll(30, TimeUnit.SECONDS);
            assertThat(message).isInstanceOf(kind);
            return kind.cast(requireNonNull(message));
        }

        List<Result> hearResults(int count) throws InterruptedException {
            List<Result> results = new ArrayList<>();
            while (results.size() < count) {
                results.addAll(hear(Results.class).results());
            }
            return results;
        }

        void submit(Command... commands) {
            say(new Submit(1, Commands.encode(List.of(commands))));
        }

        /** Submits what no session has, until it is refused because a disk is full. */
        NotLeader refusalForWantOfRoom() throws InterruptedException {
            while (true) {
                submit(add(1, 1, 1));
                if (hear(ClientMessage.class) instanceof NotLeader refusal
                        && !refusal.diskFull().isEmpty()) {
                    return refusal;
                }
            }
        }

        long open() throws InterruptedException {
            submit(new Command(Command.Kind.OPEN, -77, 0, 0, Bytes.EMPTY));
            Result opened = hearResults(1).get(0);
            assertThat(opened.session()).isEqualTo(-77);
            return NUMBER.decode(opened.payload());
        }
    }

    private static Command add(long session, long sequence, long delta) {
        return new Command(Command.Kind.APPLY, session, sequence, 1, NUMBER.encode(delta));
    }

    private static Result ok(long session, long sequence, long sum) {
        return new Result(session, sequence, Status.OK, NUMBER.encode(sum));
    }

    @Test
    void a_client_opens_a_session_and_each_of_its_commands_is_executed_once() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            Client client = new Client(cluster, cluster.awaitLeader());
            long session = client.open();
            client.submit(add(session, 1, 5), add(session, 2, 7));
            assertThat(client.hearResults(2)).containsExactly(ok(session, 1, 5), ok(session, 2, 12));
            client.submit(add(session, 2, 7), add(session, 3, 1));
            assertThat(client.hearResults(2)).containsExactly(ok(session, 2, 12), ok(session, 3, 13));
            client.submit(new Command(Command.Kind.CLOSE, session, 0, 0, Bytes.EMPTY), add(session, 4, 1));
            assertThat(client.hearResults(1)).containsExactly(new Result(session, 0, Status.OK, Bytes.EMPTY));
            client.submit(add(session, 5, 1));
            assertThat(client.hearResults(1))
                    .containsExactly(new Result(session, 5, Status.SESSION_EXPIRED, Bytes.EMPTY));
        }
    }

    @Test
    void a_session_is_the_clients_own_whatever_number_it_opened_it_with() throws Exception {
        try (Cluster cluster = new Cluster(1).startAll()) {
            Client client = new Client(cluster, cluster.awaitLeader());
            client.submit(new Command(Command.Kind.OPEN, 0, 0, 0, Bytes.EMPTY));
            long session = NUMBER.decode(client.hearResults(1).get(0).payload());
            client.submit(add(session, 1, 5));
            assertThat(client.hearResults(1)).containsExactly(ok(session, 1, 5));
            assertThat(cluster.node(1).propose(7L).join()).isEqualTo(12);
        }
    }

    @Test
    void queries_are_answered_by_leader_and_follower() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            cluster.node(cluster.awaitLeader()).propose(9L).join();
            int leader = cluster.awaitLeader();
            for (int node : List.of(leader, cluster.follower(leader))) {
                Client client = new Client(cluster, node);
                client.say(new Query(4, true, false, NUMBER.encode(0L)));
                assertThat(client.hear(QueryResult.class)).isEqualTo(new QueryResult(4, Status.OK, NUMBER.encode(9L)));
                client.say(new Query(6, true, true, NUMBER.encode(0L)));
                assertThat(client.hear(QueryResult.class)).isEqualTo(new QueryResult(6, Status.OK, NUMBER.encode(9L)));
                client.say(new Query(5, false, false, NUMBER.encode(0L)));
                assertThat(client.hear(QueryResult.class)).isEqualTo(new QueryResult(5, Status.OK, NUMBER.encode(9L)));
            }
        }
    }

    @Test
    void a_follower_names_the_leader_and_the_members() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            Client client = new Client(cluster, cluster.follower(leader));
            client.say(new Submit(8, Commands.encode(List.of(add(1, 1, 1)))));
            assertThat(client.hear(NotLeader.class))
                    .isEqualTo(new NotLeader(8, leader, Map.of(1, "local:1", 2, "local:2", 3, "local:3")));
        }
    }

    @Test
    void a_client_is_told_when_its_member_leads_no_more() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            Client client = new Client(cluster, leader);
            client.open();
            for (int other = 1; other <= 3; other++) {
                if (other != leader) {
                    cluster.network.cut(leader, other);
                }
            }
            assertThat(client.hear(NotLeader.class).id()).isZero();
        }
    }

    @Test
    void where_nobody_has_room_a_client_is_told_whose_disk_is_full() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            cluster.awaitLeader();
            for (int id = 1; id <= 3; id++) {
                cluster.disk(id).pretend(FULL);
            }
            NotLeader refusal = new Client(cluster, 1).refusalForWantOfRoom();
            assertThat(refusal.leader()).isZero();
            assertThat(refusal.diskFull()).isEqualTo("the disk of node 1 is nearly full, 1000 bytes are left");
        }
    }

    @Test
    void a_full_follower_sends_a_client_to_the_leader() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            int leader = cluster.awaitLeader();
            int follower = cluster.follower(leader);
            cluster.disk(follower).pretend(FULL);
            Cluster.await(() -> cluster.node(follower).status().disk().equals(FULL));
            Client client = new Client(cluster, follower);
            client.submit(add(1, 1, 1));
            NotLeader refusal = client.hear(NotLeader.class);
            assertThat(refusal.leader()).isEqualTo(leader);
            assertThat(refusal.diskFull()).isEmpty();
        }
    }

    @Test
    void a_node_alone_leaves_no_client_waiting_while_its_disk_is_full() throws Exception {
        try (Cluster cluster = new Cluster(1).startAll()) {
            Client client = new Client(cluster, cluster.awaitLeader());
            long session = client.open();
            MemoryStorage disk = cluster.disk(1);
            disk.hold();
            Set<Long> unanswered = new HashSet<>();
            while (cluster.node(1).status().pendingCalls()
                    == 0) { // until the pipeline is full, and some wait behind it
                long next = unanswered.size() + 1L;
                unanswered.add(next);
                client.say(new Submit(next, Commands.encode(List.of(add(session, next, 1)))));
            }
            disk.pretend(FULL);
            disk.release();
            while (!unanswered.isEmpty()) {
                ClientMessage answer = client.hear(ClientMessage.class);
                if (answer instanceof Results results) {
                    results.results().forEach(result -> unanswered.remove(result.sequence()));
                } else if (answer instanceof NotLeader refusal) {
                    assertThat(refusal.diskFull()).contains("node 1", "1000 bytes are left");
                    unanswered.remove(refusal.id());
                }
            }
            assertThat(cluster.node(1).status().pendingCalls()).isZero();
            client.refusalForWantOfRoom();

            disk.pretend(DiskSpace.PLENTY);
            ClientMessage answer;
            do { // the loop may not have heard yet
                client.submit(add(session, 999, 1));
                answer = client.hear(ClientMessage.class);
            } while (answer instanceof NotLeader);
            assertThat(answer).isInstanceOf(Results.class);
        }
    }

    @Test
    void a_command_that_is_too_large_and_one_too_many_are_refused() throws Exception {
        try (Cluster cluster = new Cluster(1)) {
            cluster.limits = Limits.defaults().withPendingCalls(10);
            cluster.start(1);
            Client client = new Client(cluster, cluster.awaitLeader());
            long session = client.open();
            client.submit(new Command(Command.Kind.APPLY, session, 1, 1, Bytes.wrap(new byte[(1 << 20) + 1])));
            Result refused = client.hearResults(1).get(0);
            assertThat(refused.status()).isEqualTo(Status.REFUSED);
            assertThat(refused.payload().toUtf8()).contains("larger than the cluster takes, 1048576");
            Command[] many = new Command[11];
            for (int i = 0; i < many.length; i++) {
                many[i] = add(session, i + 1, 1);
            }
            client.submit(many);
            assertThat(client.hearResults(11)).allMatch(result -> result.status() == Status.OVERLOADED);
            client.submit(add(session, 1, 1));
            assertThat(client.hearResults(1)).containsExactly(ok(session, 1, 1));
        }
    }

    @Test
    void a_command_that_cannot_be_decoded_is_refused_and_stops_nobody() throws Exception {
        try (Cluster cluster = new Cluster(3).startAll()) {
            Client client = new Client(cluster, cluster.awaitLeader());
            long session = client.open();
            Command nonsense = new Command(Command.Kind.APPLY, session, 2, 1, Bytes.utf8("no"));
            client.submit(add(session, 1, 5), nonsense, add(session, 3, 7));
            List<Result> results = client.hearResults(3);
            Result refused = results.get(0);
            assertThat(refused.sequence()).isEqualTo(2);
            assertThat(refused.status()).isEqualTo(Status.REFUSED);
            assertThat(refused.payload().toUtf8()).contains("2 bytes cannot be decoded");
            assertThat(results.subList(1, 3)).containsExactly(ok(session, 1, 5), ok(session, 3, 12));
            assertThat(cluster.node(cluster.awaitLeader()).propose(1L).join()).isEqualTo(13);
        }
    }

    @Test
    void refusals_that_are_too_many_for_a_frame_come_in_several() throws Exception {
        try (Cluster cluster = new Cluster(1)) {
            cluster.limits = Limits.defaults().withFrameBytes(1 << 21).withPendingCalls(100_000);
            cluster.start(1);
            Client client = new Client(cluster, cluster.awaitLeader());
            Command[] nonsense = new Command[40_000];
            for (int i = 0; i < nonsense.length; i++) {
                nonsense[i] = new Command(Command.Kind.APPLY, 9, i + 1, 1, Bytes.utf8("no"));
            }
            client.submit(nonsense);
            assertThat(client.hearResults(nonsense.length)).allMatch(result -> result.status() == Status.REFUSED);
            assertThat(cluster.node(1).propose(1L).join()).isEqualTo(1);
            assertThat(cluster.node(1).status().pendingCalls()).isZero();
        }
    }

    /** Answers with as many bytes as are asked for. */
    private static final class Filler implements StateMachine<Long, Bytes> {
        @Override
        public Bytes apply(Context at, Long size) {
            return Bytes.wrap(new byte[size.intValue()]);
        }

        @Override
        public Bytes query(Long size) {
            if (size == 0) {
                throw new IllegalArgumentException("x".repeat(1 << 23));
            } else if (size < 0) {
                throw new StackOverflowError();
            }
            return Bytes.wrap(new byte[size.intValue()]);
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    @Test
    void an_answer_that_does_not_fit_into_a_frame_is_the_clients_trouble_not_the_members() throws Exception {
        LocalTransport transport = (LocalTransport) new LocalNetwork(1).transport(1);
        try (PaxosNode<Long, Bytes> node = PaxosNode.builder(new Filler(), NUMBER, Codec.bytes())
                .member(1, Membership.of("1=local:1"))
                .storage(new MemoryStorage())
                .transport(transport)
                .start()) {
            assertThat(node.propose(10L).join().length()).isEqualTo(10);
            Client client = new Client(transport);
            long tooLarge = Limits.defaults().frameBytes();
            for (long size : new long[] {tooLarge, 0, -1}) {
                client.say(new Query(7, false, false, NUMBER.encode(size)));
                assertThat(client.hear(QueryResult.class).status()).isEqualTo(Status.QUERY_FAILED);
            }
            long session = client.open();
            client.submit(add(session, 1, tooLarge));
            assertThat(client.hearResults(1).get(0).status()).isEqualTo(Status.QUERY_FAILED);
            assertThat(node.propose(10L).join().length()).isEqualTo(10);
        }
    }
}
