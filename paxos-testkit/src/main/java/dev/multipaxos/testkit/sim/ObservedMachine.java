package dev.multipaxos.testkit.sim;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import java.io.IOException;
import java.io.InputStream;
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
    private long slot;
    private int index; // of the next command of the slot that the machine runs
    private int ended; // commands of the slot, of any kind
    private long hash;
    private boolean applied; // the last command, not a repeat of it

    /** Observes a machine; {@code found} is told what a query throws, which the node only hands on to whoever asked. */
    ObservedMachine(
            int node, CheckedMachine<?, ?> machine, Witness witness, Observer observer, Consumer<Throwable> found) {
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

    /** {@return what came out up to now} */
    long hash() {
        return hash;
    }

    @Override
    public Snapshot snapshot() {
        return machine.snapshot();
    }

    @Override
    public void restore(InputStream in) throws IOException {
        machine.restore(in);
    }
}
