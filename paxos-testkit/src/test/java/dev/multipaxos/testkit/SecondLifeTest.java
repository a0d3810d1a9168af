package dev.multipaxos.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Membership;
import dev.multipaxos.PaxosNode;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message;
import dev.multipaxos.spi.Transport;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.PeerCodec;
import dev.multipaxos.wire.PeerFrames;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SecondLifeTest {

    private static final Membership MEMBERS = Membership.of("1=local:1", "2=local:2", "3=local:3");

    /** Notes what a node asks others, in all its lives. */
    private static final class Overheard implements Transport {
        private final Transport sound;
        private final Queue<String> asked;

        Overheard(Transport sound, Queue<String> asked) {
            this.sound = sound;
            this.asked = asked;
        }

        @Override
        public int start(String bind, int frameBytesMax, Receiver receiver) throws IOException {
            return sound.start(bind, frameBytesMax, receiver);
        }

        @Override
        public void connect(int node, String address) {
            sound.connect(node, address);
        }

        @Override
        public boolean send(int node, Bytes head, Bytes body) {
            byte[] frame = Arrays.copyOf(head.toArray(), head.length() + body.length());
            System.arraycopy(body.toArray(), 0, frame, head.length(), body.length());
            try {
                PeerCodec.decode(Bytes.wrap(frame), new PeerFrames() {
                    @Override
                    public void onMessage(Envelope envelope, Message message) {}

                    @Override
                    public void onEdge(Envelope envelope, Edge edge) {
                        if (edge instanceof Edge.ReadIndex question) {
                            asked.add("read " + question.id());
                        } else if (edge instanceof Edge.Forward forward) {
                            asked.add("forward " + forward.id());
                        }
                    }
                });
            } catch (WireException e) {
                throw new IllegalStateException(e);
            }
            return sound.send(node, head, body);
        }

        @Override
        public boolean sendBulk(int node, Bytes head, Bytes body) {
            return sound.sendBulk(node, head, body);
        }

        @Override
        public boolean sendToClient(long connection, Bytes head, Bytes body) {
            return sound.sendToClient(connection, head, body);
        }

        @Override
        public void closeClient(long connection) {
            sound.closeClient(connection);
        }

        @Override
        public void flush() {
            sound.flush();
        }

        @Override
        public void close() {
            sound.close();
        }
    }

    @Test
    void a_question_never_has_the_number_of_one_that_was_asked_in_an_earlier_life() {
        List<MemoryStorage> disks = List.of(new MemoryStorage(), new MemoryStorage(), new MemoryStorage());
        List<Queue<String>> asked =
                List.of(new ConcurrentLinkedQueue<>(), new ConcurrentLinkedQueue<>(), new ConcurrentLinkedQueue<>());
        for (int life = 1; life <= 2; life++) { // at least one of three follows in both
            LocalNetwork network = new LocalNetwork(life);
            List<PaxosNode<Long, Long>> nodes = new ArrayList<>();
            for (int id = 1; id <= 3; id++) {
                nodes.add(PaxosNode.builder(new Cluster.Counter(), Codec.int64(), Codec.int64())
                        .member(id, MEMBERS)
                        .storage(disks.get(id - 1))
                        .transport(new Overheard(network.transport(id), asked.get(id - 1)))
                        .start());
            }
            for (PaxosNode<Long, Long> node : nodes) {
                node.propose(1L, Cluster.LONG).join();
                node.read(Consistency.LINEARIZABLE, () -> 0L, Cluster.LONG).join();
            }
            nodes.forEach(PaxosNode::close);
        }
        assertThat(asked).allSatisfy(ofOne -> assertThat(ofOne).doesNotHaveDuplicates());
        assertThat(asked.stream().mapToInt(Queue::size).sum()).isPositive();
    }
}
