package dev.multipaxos.testkit.sim;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * The state machine of one life of a node. It tells the witness what is executed where, and hashes everything that comes out:
 * the answers of the state machine and of the session table.
 */
final class ObservedMachine implements StateMachine<Bytes, Bytes> {

    private final int node;
    private final CheckedMachine<?, ?> machine;
    private final Witness witness;
    private final Observer observer;
    private final Consumer<Throwable> found;
    private final int paddingBytes; // of a snapshot
    private long slot;
    private int index; // of the next command of the slot that the machine runs
    private int ended; // commands of the slot, of any kind
    private long hash;
    private boolean restored; // in this life
    private boolean applied; // the last command, not a repeat of it

    /** Observes a machine; {@code found} is told what a query throws, which the node only hands on to whoever asked. */
    ObservedMachine(
            int node,
            CheckedMachine<?, ?> machine,
            int paddingBytes,
            Witness witness,
            Observer observer,
            Consumer<Throwable> found) {
        this.paddingBytes = paddingBytes;
        this.node = node;
        this.machine = machine;
        this.witness = witness;
        this.observer = observer;
        this.found = found;
    }

    /** A slot's turn has come. */
    void begin(long next) {
        Checks.check(next == slot + 1, () -> "order: node " + node + " executes slot " + next + " after " + slot);
        slot = next;
        index = 0;
        ended = 0;
        hash = Simulation.mix(hash, slot, 0);
    }

    @Override
    public Bytes apply(Context at, Bytes command) {
        applied = true;
        witness.sessions().runs(node, at.slot(), at.logTime().toEpochMilli());
        witness.executed(node, Load.id(command), at.slot(), index++);
        return machine.apply(at, command);
    }

    /** A command of any kind has ended. */
    void ended(Command command, Status status, Bytes answer) {
        witness.sessions().ended(node, slot, ended++, command, status, answer, applied);
        if (command.kind() == Command.Kind.APPLY && status == Status.OK && !applied) {
            observer.hit(Situation.REPEAT_ANSWERED);
        }
        applied = false;
        hash = Simulation.mix(
                hash,
                command.session() ^ command.sequence() << 48,
                (long) status.name().hashCode() << 32 ^ answer.hashCode());
    }

    /** A slot is executed. */
    void end() {
        witness.executed(node, slot, hash);
        machine.end(slot);
    }

    /** Compares the state with those of the others. */
    void compareState() {
        machine.compareState();
    }

    @Override
    public Bytes query(Bytes query) {
        try {
            witness.read(node, Load.id(query), slot);
            observer.hit(Situation.READ_CONFIRMED);
            return machine.query(query);
        } catch (Throwable thrown) {
            found.accept(thrown);
            throw thrown;
        }
    }

    /** {@return the last slot that is executed} */
    long slot() {
        return slot;
    }

    /** {@return whether it comes from a snapshot} */
    boolean isRestored() {
        return restored;
    }

    /** {@return what came out up to now} */
    long hash() {
        return hash;
    }

    @Override
    public Snapshot snapshot() {
        Snapshot captured = machine.snapshot();
        State state = new State(slot, hash);
        return target -> {
            state.write(target, paddingBytes);
            captured.writeTo(target);
        };
    }

    @Override
    public void restore(InputStream in) throws IOException {
        State state = State.read(in);
        witness.restored(node, state.slot, state.hash);
        machine.restore(state.slot, in);
        slot = state.slot;
        hash = state.hash;
        restored = true;
    }

    /**
     * What a snapshot begins with, before a padding that makes it large and the workload's part.
     *
     * @param slot the last slot that was executed
     * @param hash what had come out up to then
     */
    record State(long slot, long hash) {
        private void write(OutputStream target, int paddingBytes) throws IOException {
            DataOutputStream out = new DataOutputStream(target);
            out.writeLong(slot);
            out.writeLong(hash);
            out.writeInt(paddingBytes);
            out.write(padding(paddingBytes));
        }

        /** Reads it, up to the workload's part. */
        static State read(InputStream source) throws IOException {
            DataInputStream in = new DataInputStream(source);
            State state = new State(in.readLong(), in.readLong());
            int paddingBytes = in.readInt();
            Checks.check(
                    Arrays.equals(in.readNBytes(paddingBytes), state.padding(paddingBytes)),
                    () -> "snapshots: one of slot " + state.slot + " is not what was written");
            return state;
        }

        private byte[] padding(int bytes) {
            byte[] padding = new byte[bytes];
            new SplittableRandom(hash).nextBytes(padding);
            return padding;
        }
    }
}
