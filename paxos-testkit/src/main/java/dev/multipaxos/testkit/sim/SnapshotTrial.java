package dev.multipaxos.testkit.sim;

import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.StateMachine.Context;
import dev.multipaxos.bytes.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What happens to a snapshot in its life: it is captured between two slots, is written while the state machine goes on, and is
 * restored, in a fresh state machine or in one that has seen more. A state machine that was restored must then do as the one
 * that was captured did.
 */
final class SnapshotTrial<C, R extends @Nullable Object> {

    private static final int COMMANDS_MIN = 4;
    private static final int COMMANDS_MAX = 16;

    /** A command that the captured state machine has executed since. */
    private record Applied(Context at, Bytes command, Bytes answer) {}

    private final GuardedWorkload<C, R> workload;
    private final Supplier<String> who;
    private final long slot; // after which it was captured
    private final boolean intoUsed;
    private final int commands; // that are executed before it is restored
    private final Bytes early; // written at once
    private final Snapshot late;
    private final StateMachine<C, R> restored; // goes on beside the original
    private final List<Applied> applied = new ArrayList<>();

    SnapshotTrial(
            GuardedWorkload<C, R> workload,
            StateMachine<C, R> machine,
            long slot,
            Supplier<String> node,
            SplittableRandom random) {
        this.workload = workload;
        this.slot = slot;
        this.who = () -> node.get() + ", after slot " + slot;
        this.intoUsed = random.nextBoolean();
        this.commands = COMMANDS_MIN + random.nextInt(COMMANDS_MAX - COMMANDS_MIN + 1);
        this.early = workload.state(machine, who);
        this.late = workload.capture(machine, who);
        this.restored = restored(workload.machine(), early, "a fresh state machine, restored from it,");
    }

    /** {@return the slot after which it was captured} */
    long slot() {
        return slot;
    }

    /** {@return whether it is time to {@link #finish}} */
    boolean isOver() {
        return applied.size() >= commands;
    }

    private StateMachine<C, R> restored(StateMachine<C, R> machine, Bytes snapshot, String how) {
        workload.restore(machine, snapshot, who);
        if (workload.isCanonical()) {
            Bytes again = workload.state(machine, who);
            workload.check(
                    again.equals(early),
                    () -> "snapshot: of " + who.get() + "; " + how + " has another one: "
                            + GuardedWorkload.difference(early, again));
        }
        return machine;
    }

    /** The original has executed a command. */
    void applied(Context at, Bytes command, Bytes answer) {
        Applied next = new Applied(at, command, answer);
        applied.add(next);
        mustDoTheSame(restored, next, "a fresh state machine, restored from it,");
    }

    private void mustDoTheSame(StateMachine<C, R> machine, Applied next, String how) {
        Bytes encoded = apply(machine, next);
        if (!encoded.equals(next.answer)) {
            checkDeterminism();
            throw workload.found(
                    "snapshot: of " + who.get() + "; then in " + place(next) + ", it answered "
                            + workload.answer(next.answer) + "; " + how + " answers " + workload.answer(encoded),
                    null);
        }
    }

    private Bytes apply(StateMachine<C, R> machine, Applied next) {
        return workload.encoded(workload.apply(
                machine, next.at, workload.command(next.command), () -> "restored from the snapshot of " + who.get()));
    }

    private String place(Applied command) {
        return "slot " + command.at.slot() + ", " + workload.command(command.command);
    }

    /** Sees whether two that were restored from the same bytes agree: if not, the snapshot is not to blame. */
    private void checkDeterminism() {
        StateMachine<C, R> one = workload.machine();
        StateMachine<C, R> other = workload.machine();
        workload.restore(one, early, who);
        workload.restore(other, early, who);
        for (Applied next : applied) {
            Bytes first = apply(one, next);
            Bytes second = apply(other, next);
            workload.check(
                    first.equals(second),
                    () -> "determinism: " + place(next) + ": two state machines, restored from one snapshot of "
                            + who.get() + ", answered " + workload.answer(first) + " and "
                            + workload.answer(second));
        }
    }

    /**
     * Writes what was captured then, restores it, and has it catch up.
     *
     * @param original what was captured, which has gone on
     * @return a state machine to go on with in its place
     */
    StateMachine<C, R> finish(StateMachine<C, R> original) {
        Bytes written = workload.write(late, who);
        workload.check(
                !workload.isCanonical() || written.equals(early),
                () -> "snapshot: of " + who.get() + "; written " + applied.size()
                        + " commands after it was captured it is another one than written at once: "
                        + GuardedWorkload.difference(early, written));
        String how = intoUsed
                ? "the same state machine, restored from it after it had gone on,"
                : "a fresh one, restored from it when it was written " + applied.size()
                        + " commands after it was captured,";
        StateMachine<C, R> next =
                intoUsed ? restored(original, early, how) : restored(workload.machine(), written, how);
        applied.forEach(command -> mustDoTheSame(next, command, how));
        return next;
    }
}
