package dev.multipaxos.testkit.junit;

import dev.multipaxos.Codec;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.testkit.sim.Workload;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.SplittableRandom;

/** A sum, to which clients add. */
record Sums(boolean isSuperstitious) implements Workload<Long, Long> {

    /** What the superstitious one does not add. */
    private static final long UNLUCKY = 13;

    private final class Sum implements StateMachine<Long, Long> {
        private long sum;

        @Override
        public Long apply(Context at, Long number) {
            if (isSuperstitious && number == UNLUCKY) {
                throw new IllegalStateException("thirteen,\n and more");
            }
            return sum += number;
        }

        @Override
        public Snapshot snapshot() {
            long captured = sum;
            return target -> new DataOutputStream(target).writeLong(captured);
        }

        @Override
        public void restore(InputStream source) throws IOException {
            sum = new DataInputStream(source).readLong();
        }
    }

    @Override
    public StateMachine<Long, Long> stateMachine() {
        return new Sum();
    }

    @Override
    public Codec<Long> commands() {
        return Codec.int64();
    }

    @Override
    public Codec<Long> answers() {
        return Codec.int64();
    }

    @Override
    public Long command(SplittableRandom random) {
        return random.nextLong(100);
    }
}
