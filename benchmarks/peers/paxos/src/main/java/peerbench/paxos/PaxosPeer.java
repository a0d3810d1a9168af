package peerbench.paxos;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.Timing;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.transport.netty.NettyOptions;
import dev.multipaxos.transport.netty.NettyTransport;
import dev.multipaxos.transport.netty.PaxosClient;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import peerbench.Client;
import peerbench.Env;
import peerbench.Peer;
import peerbench.Replica;

/**
 * Our own library: as an application uses it, with its defaults. A remote write goes through {@link PaxosClient} and a session, a
 * local one through {@link PaxosNode#propose} on the leader; every acknowledged write is forced to disk on a majority. Options:
 * {@code lan=true} uses {@link Timing#lan}, {@code shared=false} gives protocol and connections a thread each, {@code loop=true}
 * forces the journal on the thread of the protocol, {@code lease=true} reads by lease.
 */
public final class PaxosPeer implements Peer {

    @Override
    public String version() {
        return "0.1.0-SNAPSHOT";
    }

    private static String[] members(Env env) {
        String[] members = new String[Env.REPLICAS];
        for (int id = 0; id < members.length; id++) {
            members[id] = (id + 1) + "=" + env.address(id, 0);
        }
        return members;
    }

    @Override
    public Replica start(int id, Env env) {
        Counter counter = new Counter();
        PaxosNode<Bytes, Long> node = PaxosNode.builder(counter, Codec.bytes(), Codec.int64())
                .member(id + 1, Membership.of(members(env)))
                .storage(FileStorage.at(env.data(id)))
                .transport(NettyTransport.tcp(NettyOptions.builder()
                        .sharesThread(env.flag("shared", true))
                        .build()))
                .forceOnLoop(env.flag("loop", false))
                .timing(timing(env))
                .start();
        return new Replica() {
            @Override
            public boolean isLeader() {
                return node.status().isLeader();
            }

            @Override
            public Client local() {
                return new Client() {
                    @Override
                    public void write(byte[] command, Done done) {
                        tell(node.propose(Bytes.wrap(command)), done);
                    }

                    @Override
                    public void read(Done done) {
                        tell(node.read(consistency(env), () -> counter.count), done);
                    }

                    @Override
                    public void close() {}
                };
            }

            @Override
            public void close() {
                node.close();
            }
        };
    }

    @Override
    public Client connect(Env env) {
        String[] servers = new String[Env.REPLICAS];
        for (int id = 0; id < servers.length; id++) {
            servers[id] = env.address(id, 0);
        }
        PaxosClient<Bytes, Long> client = PaxosClient.builder(Codec.bytes(), Codec.int64())
                .servers(servers)
                .inFlight(1 << 14, 64 << 20)
                .start();
        client.propose(Bytes.utf8("first")).join(); // served from here on
        return new Client() {
            @Override
            public void write(byte[] command, Done done) {
                tell(client.propose(Bytes.wrap(command)), done);
            }

            @Override
            public void read(Done done) {
                tell(client.read(consistency(env), Bytes.EMPTY), done);
            }

            @Override
            public void close() {
                client.close();
            }
        };
    }

    private static Timing timing(Env env) {
        Timing timing = env.flag("lan", false) ? Timing.lan() : Timing.defaults();
        return env.flag("lease", false) ? timing.withLease(timing.election()) : timing;
    }

    private static Consistency consistency(Env env) {
        return env.flag("lease", false) ? Consistency.LEASE : Consistency.LINEARIZABLE;
    }

    private static void tell(CompletableFuture<Long> call, Client.Done done) {
        call.whenComplete((answer, error) -> done.done(error));
    }

    private static final class Counter implements StateMachine<Bytes, Long> {
        private long count;

        @Override
        public Long apply(Context at, Bytes command) {
            return ++count;
        }

        @Override
        public Long query(Bytes query) {
            return count;
        }

        @Override
        public Snapshot snapshot() {
            long captured = count;
            return out -> new DataOutputStream(out).writeLong(captured);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            count = new DataInputStream(in).readLong();
        }
    }
}
