package dev.multipaxos.benchmarks;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.PeerCodec;
import dev.multipaxos.wire.PeerFrames;
import dev.multipaxos.wire.WireException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the two frames cost that every slot needs: the leader's {@code Accept} and the follower's {@code Accepted}. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CodecBenchmark {

    private static final int VALUE_BYTES = 4_096;

    private final Envelope envelope =
            new Envelope(0x1234_5678_9abc_def0L, 1, 1, 2, 0x0fed_cba9_8765_4321L, 3, 1L << 33);
    private final Ballot ballot = new Ballot(7, 1);
    private final Message accept = new Message.Accept(
            ballot, 1L << 30, new Value.Batch(1_790_000_000_000L, Bytes.wrap(new byte[VALUE_BYTES])), (1L << 30) - 1);
    private final Message accepted = new Message.Accepted(ballot, SlotRanges.of(1L << 30, (1L << 30) + 7), 1L << 30);
    private final Bytes acceptFrame = frame(accept);
    private final Bytes acceptedFrame = frame(accepted);
    private final Last last = new Last();

    private Bytes frame(Message message) {
        Bytes head = PeerCodec.head(envelope, message);
        Bytes body = PeerCodec.body(message);
        return Bytes.wrap(ByteBuffer.allocate(head.length() + body.length())
                .put(head.toByteBuffer())
                .put(body.toByteBuffer())
                .array());
    }

    /**
     * Makes the head of an {@code Accept}; the body, 4,096 bytes, is shared.
     *
     * @return the head
     */
    @Benchmark
    public Bytes encodeAccept() {
        return PeerCodec.head(envelope, accept);
    }

    /**
     * Reads an {@code Accept} whose value, 4,096 bytes, stays a part of the frame.
     *
     * @return the message
     * @throws WireException if the frame is bad, which it is not
     */
    @Benchmark
    public @Nullable Message decodeAccept() throws WireException {
        PeerCodec.decode(acceptFrame, last);
        return last.message;
    }

    /**
     * Makes an {@code Accepted} for eight slots.
     *
     * @return the head
     */
    @Benchmark
    public Bytes encodeAccepted() {
        return PeerCodec.head(envelope, accepted);
    }

    /**
     * Reads an {@code Accepted} for eight slots.
     *
     * @return the message
     * @throws WireException if the frame is bad, which it is not
     */
    @Benchmark
    public @Nullable Message decodeAccepted() throws WireException {
        PeerCodec.decode(acceptedFrame, last);
        return last.message;
    }

    private static final class Last implements PeerFrames {
        private @Nullable Message message;

        @Override
        public void onMessage(Envelope envelope, Message message) {
            this.message = message;
        }

        @Override
        public void onEdge(Envelope envelope, Edge edge) {
            throw new IllegalStateException("no edge message was sent: " + edge);
        }
    }
}
