package dev.multipaxos.testkit.sim;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The workload's state machine in one life of a node, held to the contract of {@link StateMachine}. From time to time it is
 * replaced by one that was restored from its snapshot: what a snapshot forgets then makes a difference.
 */
final class CheckedMachine<C, R extends @Nullable Object> implements StateMachine<Bytes, Bytes> {

    private static final int TRIALS = 32; // a snapshot after one slot in so many
    private static final int SMALL_BYTES = 1_024; // states up to here are compared after every slot and query,
    private static final int COMPARED = 16; // larger ones after one in so many

    private final GuardedWorkload<C, R> workload;
    private final Precedents<C, R> precedents;
    private final SplittableRandom random;
    private final int node;
    private final int life;

    private StateMachine<C, R> inner;
    private @Nullable SnapshotTrial<C, R> trial; // under way
    private long restoredAt; // the slot of the snapshot that the state comes from; 0: none
    private long slot;
    private boolean changed; // in the slot that is executed

    private long comparedAt; // the slot after which the state was last compared
    private int stateBytes; // its size then
    private final List<C> since = new ArrayList<>(); // executed since then

    CheckedMachine(
            GuardedWorkload<C, R> workload, Precedents<C, R> precedents, SplittableRandom random, int node, int life) {
        this.workload = workload;
        this.precedents = precedents;
        this.random = random;
        this.node = node;
        this.life = life;
        this.inner = workload.machine();
    }

    /** {@return whose it is, for people} */
    private String who() {
        return "node " + node + (life == 1 ? "" : " in its life " + life)
                + (restoredAt == 0 ? "" : " (restored from its snapshot of slot " + restoredAt + ")");
    }

    @Override
    public Bytes apply(Context at, Bytes payload) {
        Bytes encodedCommand = Load.workloads(payload);
        C command = workload.command(encodedCommand);
        R answer = workload.apply(inner, at, command, this::who);
        Bytes encoded = workload.encoded(answer);
        precedents.answered(Load.id(payload), at.slot(), command, answer, encoded, this::who);
        changed = true;
        if (workload.isCanonical()) {
            since.add(command);
        }
        if (trial != null) {
            trial.applied(at, encodedCommand, encoded);
        }
        return encoded;
    }

    /** A slot is executed. */
    void end(long executed) {
        slot = executed;
        if (!changed) {
            return;
        }
        changed = false;
        if (stateBytes <= SMALL_BYTES || slot % COMPARED == 0) {
            compareState();
        }
        if (trial == null && random.nextInt(TRIALS) == 0) {
            trial = new SnapshotTrial<>(workload, inner, slot, this::who, random);
        } else if (trial != null && trial.isOver()) {
            inner = trial.finish(inner);
            restoredAt = trial.slot();
            trial = null;
        }
    }

    /** Compares the whole state with those of the others after this slot, if that can be done. */
    void compareState() {
        if (workload.isCanonical()) {
            Bytes state = workload.state(inner, this::who);
            precedents.reached(slot, state, comparedAt, since, this::who);
            stateBytes = state.length();
            comparedAt = slot;
            since.clear();
        }
    }

    @Override
    public Bytes query(Bytes payload) {
        C query = workload.command(Load.workloads(payload));
        boolean compared = workload.isCanonical() && (stateBytes <= SMALL_BYTES || random.nextInt(COMPARED) == 0);
        Bytes before = compared ? workload.state(inner, this::who) : Bytes.EMPTY;
        R answer = workload.query(inner, query, this::who);
        Bytes after = compared ? workload.state(inner, this::who) : Bytes.EMPTY;
        workload.check(
                before.equals(after),
                () -> "query must not change anything: " + query + " at " + who() + ", after slot " + slot
                        + ", changed the snapshot: " + GuardedWorkload.difference(before, after));
        Bytes encoded = workload.encoded(answer);
        workload.checkDecodes(answer, encoded);
        return encoded;
    }

    @Override
    public Snapshot snapshot() {
        return workload.capture(inner, this::who);
    }

    @Override
    public void restore(InputStream in) {
        throw new UnsupportedOperationException("of which slot?");
    }

    /** Goes on from a snapshot of the slot. */
    void restore(long snapshotSlot, InputStream in) throws IOException {
        Bytes snapshot = Bytes.wrap(in.readAllBytes());
        slot = snapshotSlot;
        restoredAt = snapshotSlot;
        trial = null;
        changed = false;
        since.clear();
        workload.restore(inner, snapshot, this::who);
        compareState();
    }
}
