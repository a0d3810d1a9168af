package dev.multipaxos.testkit.sim;

import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.testkit.history.History;
import dev.multipaxos.testkit.history.LinearizabilityChecker;
import dev.multipaxos.testkit.history.LogWitness;
import dev.multipaxos.testkit.history.Recorder;
import dev.multipaxos.testkit.history.Specification;
import dev.multipaxos.testkit.history.Verdict;
import dev.multipaxos.testkit.history.WitnessChecker;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Workload} as the simulation sees it: bytes. A command is
 *
 * <pre>{@code u64 id | u32 length of the padding | padding | what the workload's codec made}</pre>
 *
 * so that each is known wherever it shows up, and is as long as the seed wants it. What clients saw is recorded, and checked at
 * the end.
 */
final class Load<C, R extends @Nullable Object> {

    private static final int HEAD_BYTES = 12;
    private static final long SEARCH_STEPS_MAX = 100_000; // for each register or so; beyond it is not decided

    private final GuardedWorkload<C, R> workload;
    private final Precedents<C, R> precedents;
    private final Map<Integer, Integer> lives = new HashMap<>(); // by node
    private final int paddingMax;
    private final SplittableRandom random;
    private final Recorder<C, R> recorder;
    private final LogWitness log = new LogWitness();

    /** What a client asks for. */
    record Call(long id, Bytes command) {}

    Load(Workload<C, R> workload, int paddingMax, SplittableRandom random, LongSupplier clock) {
        this.workload = new GuardedWorkload<>(workload);
        this.precedents = new Precedents<>(this.workload);
        this.paddingMax = paddingMax;
        this.random = random;
        this.recorder = new Recorder<>(clock);
    }

    // ---- calls

    /** {@return a command that is about to be asked for} */
    Call command(int client) {
        return call(client, workload.command(random));
    }

    /** {@return a query that is about to be asked; null if there is nothing to ask} */
    @Nullable
    Call query(int client) {
        C query = workload.query(random);
        return query == null ? null : call(client, query);
    }

    private Call call(int client, C wanted) {
        Bytes encoded = workload.asked(wanted);
        int padding = random.nextInt(paddingMax + 1);
        long id = recorder.invoked(client, wanted);
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + padding + encoded.length());
        bytes.putLong(id).putInt(padding).position(HEAD_BYTES + padding).put(encoded.toByteBuffer());
        return new Call(id, Bytes.wrap(bytes.array()));
    }

    static long id(Bytes command) {
        return command.toByteBuffer().getLong();
    }

    /** {@return what the workload's codec made of a command} */
    static Bytes workloads(Bytes command) {
        int from = HEAD_BYTES + command.toByteBuffer().getInt(Long.BYTES);
        return command.slice(from, command.length() - from);
    }

    void answered(long id, Bytes answer) {
        recorder.answered(id, workload.answer(answer));
    }

    void notExecuted(long id) {
        recorder.notExecuted(id);
    }

    void unknown(long id) {
        recorder.unknown(id);
    }

    /** A call has ended with an answer or as it must: with an exception that says what is true. */
    void ended(long id, @Nullable Bytes answer, @Nullable Throwable failure) {
        if (answer != null) {
            answered(id, answer);
        } else if (failure instanceof PaxosException told) {
            if (told.mayHaveBeenApplied()) {
                unknown(id);
            } else {
                notExecuted(id);
            }
        } else if (failure instanceof AssertionError wrong) {
            throw wrong; // something was found while it ran
        } else {
            throw new AssertionError("calls: call " + id + " ended with " + failure, failure);
        }
    }

    // ---- what is executed

    void executed(long id, long slot, int index) {
        log.executed(id, slot, index, recorder.time());
    }

    void read(long id, long slot) {
        log.readAfter(id, slot);
    }

    // ---- the state machine

    /** {@return a state machine that understands these commands, for the next life of a node} */
    CheckedMachine<C, R> machine(int node, SplittableRandom checks) {
        return new CheckedMachine<>(workload, precedents, checks, node, lives.merge(node, 1, Integer::sum));
    }

    /** Throws what was found, if anything was, and somebody has kept it to himself. */
    void rethrow() {
        workload.rethrow();
    }

    /** {@return what was found; else what was thrown} */
    Throwable reason(Throwable thrown) {
        return workload.reason(thrown);
    }

    // ---- the end

    /**
     * Compares what the clients saw with the log, and searches for an order of its own if {@code blindly}.
     *
     * @throws AssertionError if the log does not explain it, or no order does
     */
    void check(boolean blindly) {
        Specification<?, C, R> specification = workload.specification();
        if (specification != null) {
            check(specification, blindly);
        }
    }

    private <S extends @Nullable Object> void check(Specification<S, C, R> specification, boolean blindly) {
        History<C, R> history = recorder.history();
        List<String> violations =
                workload.specified(() -> new WitnessChecker<>(specification).violations(history, log));
        Checks.check(violations.isEmpty(), () -> "linearizability: " + violations.get(0));
        if (blindly) {
            Verdict<C, R> verdict = workload.specified(
                    () -> new LinearizabilityChecker<>(specification, SEARCH_STEPS_MAX).check(history));
            Checks.check(
                    verdict.kind() != Verdict.Kind.NOT_LINEARIZABLE,
                    () -> "linearizability: the log explains it, a search does not: " + verdict);
        }
    }
}
