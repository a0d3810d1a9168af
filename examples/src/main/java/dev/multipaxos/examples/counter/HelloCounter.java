package dev.multipaxos.examples.counter;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.storage.FileStorage;
import dev.multipaxos.transport.netty.NettyTransport;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/** A replicated counter in one class. Run it three times, with the arguments 1, 2 and 3: each adds one, and waits for a key. */
public final class HelloCounter implements StateMachine<Long, Long> {
    private long value;

    @Override
    public Long apply(Context at, Long delta) {
        return value += delta;
    }

    @Override
    public Snapshot snapshot() {
        long captured = value;
        return out -> new DataOutputStream(out).writeLong(captured);
    }

    @Override
    public void restore(InputStream in) throws IOException {
        value = new DataInputStream(in).readLong();
    }

    /**
     * Runs one of the three members, with its data in {@code data/node-ID}.
     *
     * @param args which one: 1, 2 or 3
     * @throws IOException if the keyboard cannot be read
     */
    public static void main(String[] args) throws IOException {
        int id = Integer.parseInt(args[0]);
        var counter = new HelloCounter();
        try (var node = PaxosNode.builder(counter, Codec.int64(), Codec.int64())
                .member(id, Membership.of("1=127.0.0.1:7001", "2=127.0.0.1:7002", "3=127.0.0.1:7003"))
                .storage(FileStorage.at(Path.of("data", "node-" + id)))
                .transport(NettyTransport.tcp())
                .start()) {
            long after = node.propose(1L).join();
            long seen = node.read(Consistency.LINEARIZABLE, () -> counter.value).join();
            System.out.printf("added one: %d, read back: %d%n", after, seen);
            System.in.read(); // the others may still need us
        }
    }
}
