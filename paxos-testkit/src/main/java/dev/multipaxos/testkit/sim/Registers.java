package dev.multipaxos.testkit.sim;

import dev.multipaxos.Codec;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.testkit.history.Specification;
import dev.multipaxos.testkit.history.Specification.Step;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** A few registers, each a number: what is replicated when nothing else is asked for. */
final class Registers implements Workload<Registers.Operation, Long> {

    private static final int REGISTERS = 4;
    private static final int BYTES = 18;
    private static final List<Kind> KINDS = List.of(Kind.values());

    /** What can be done to a register. */
    enum Kind {
        /** Answers what is there. */
        GET,
        /** Writes, and answers what was there. */
        SWAP,
        /** Adds, and answers the sum. */
        ADD,
        /** Writes if what is there is as expected; answers what was there. */
        COMPARE_AND_SWAP
    }

    /** One of these. */
    record Operation(Kind kind, int register, long value, long expected) {

        /** {@return what is there afterwards} */
        long after(long before) {
            return switch (kind) {
                case GET -> before;
                case SWAP -> value;
                case ADD -> before + value;
                case COMPARE_AND_SWAP -> before == expected ? value : before;
            };
        }

        long answer(long before) {
            return kind == Kind.ADD ? after(before) : before;
        }
    }

    private static final class Machine implements StateMachine<Operation, Long> {
        private final Map<Integer, Long> registers = new TreeMap<>();

        @Override
        public Long apply(Context at, Operation operation) {
            long before = registers.getOrDefault(operation.register(), 0L);
            registers.put(operation.register(), operation.after(before));
            return operation.answer(before);
        }

        @Override
        public Long query(Operation query) {
            return query.answer(registers.getOrDefault(query.register(), 0L));
        }

        @Override
        public Snapshot snapshot() {
            Map<Integer, Long> captured = new TreeMap<>(registers);
            return target -> {
                DataOutputStream out = new DataOutputStream(target);
                out.writeInt(captured.size());
                for (Map.Entry<Integer, Long> register : captured.entrySet()) {
                    out.writeInt(register.getKey());
                    out.writeLong(register.getValue());
                }
            };
        }

        @Override
        public void restore(InputStream source) throws IOException {
            DataInputStream in = new DataInputStream(source);
            registers.clear();
            for (int left = in.readInt(); left > 0; left--) {
                registers.put(in.readInt(), in.readLong());
            }
        }
    }

    @Override
    public StateMachine<Operation, Long> stateMachine() {
        return new Machine();
    }

    @Override
    public Codec<Operation> commands() {
        return Codec.of(Registers::encode, Registers::decode);
    }

    private static byte[] encode(Operation operation) {
        return ByteBuffer.allocate(BYTES)
                .put((byte) KINDS.indexOf(operation.kind()))
                .put((byte) operation.register())
                .putLong(operation.value())
                .putLong(operation.expected())
                .array();
    }

    private static Operation decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        return new Operation(KINDS.get(in.get()), in.get(), in.getLong(), in.getLong());
    }

    @Override
    public Codec<Long> answers() {
        return Codec.int64();
    }

    @Override
    public Operation command(SplittableRandom random) {
        return new Operation(
                KINDS.get(random.nextInt(KINDS.size())),
                random.nextInt(REGISTERS),
                random.nextInt(8),
                random.nextInt(8));
    }

    @Override
    public Operation query(SplittableRandom random) {
        return new Operation(Kind.GET, random.nextInt(REGISTERS), 0, 0);
    }

    @Override
    public Specification<Long, Operation, Long> specification() {
        return Specification.<Long, Operation, Long>of(
                        0L, (before, operation) -> new Step<>(operation.after(before), operation.answer(before)))
                .partitionedBy(Operation::register);
    }

    @Override
    public int commandBytesMax() {
        return BYTES;
    }
}
