package dev.multipaxos.testkit.sim;

import dev.multipaxos.PaxosException;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.testkit.history.History;
import dev.multipaxos.testkit.history.LinearizabilityChecker;
import dev.multipaxos.testkit.history.LogWitness;
import dev.multipaxos.testkit.history.Recorder;
import dev.multipaxos.testkit.history.Specification;
import dev.multipaxos.testkit.history.Verdict;
import dev.multipaxos.testkit.history.WitnessChecker;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
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
    private static final int SNAPSHOT_EVERY = 64;
    private static final long SEARCH_STEPS_MAX = 100_000; // for each register or so; beyond it is not decided

    private final Workload<C, R> workload;
    private final int paddingMax;
    private final SplittableRandom random;
    private final Recorder<C, R> recorder;
    private final LogWitness log = new LogWitness();

    /** What a client asks for. */
    record Call(long id, Bytes command) {}

    Load(Workload<C, R> workload, int paddingMax, SplittableRandom random, LongSupplier clock) {
        this.workload = workload;
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
        Bytes encoded = workload.commands().encode(wanted);
        Checks.check(
                encoded.length() <= workload.commandBytesMax(),
                () -> "workload: a command has " + encoded.length() + " bytes; it said that none has more than "
                        + workload.commandBytesMax());
        int padding = random.nextInt(paddingMax + 1);
        long id = recorder.invoked(client, wanted);
        ByteBuffer bytes = ByteBuffer.allocate(HEAD_BYTES + padding + encoded.length());
        bytes.putLong(id).putInt(padding).position(HEAD_BYTES + padding).put(encoded.toByteBuffer());
        return new Call(id, Bytes.wrap(bytes.array()));
    }

    static long id(Bytes command) {
        return command.toByteBuffer().getLong();
    }

    private C decoded(Bytes command) {
        int from = HEAD_BYTES + command.toByteBuffer().getInt(Long.BYTES);
        return workload.commands().decode(command.slice(from, command.length() - from));
    }

    void answered(long id, Bytes answer) {
        recorder.answered(id, workload.answers().decode(answer));
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

    /** {@return one that understands these commands} */
    StateMachine<Bytes, Bytes> machine(SplittableRandom snapshots) {
        return new Machine(snapshots);
    }

    /**
     * The workload's state machine. From time to time it is replaced by a fresh one that was restored from its snapshot: what a
     * snapshot forgets then makes a difference.
     */
    private final class Machine implements StateMachine<Bytes, Bytes> {
        private final SplittableRandom snapshots;
        private StateMachine<C, R> inner = workload.stateMachine();

        Machine(SplittableRandom snapshots) {
            this.snapshots = snapshots;
        }

        @Override
        public Bytes apply(Context at, Bytes command) {
            if (snapshots.nextInt(SNAPSHOT_EVERY) == 0) {
                roundTrip();
            }
            return workload.answers().encode(inner.apply(at, decoded(command)));
        }

        private void roundTrip() {
            try {
                ByteArrayOutputStream written = new ByteArrayOutputStream();
                inner.snapshot().writeTo(written);
                StateMachine<C, R> restored = workload.stateMachine();
                restored.restore(new ByteArrayInputStream(written.toByteArray()));
                inner = restored;
            } catch (IOException e) {
                throw new UncheckedIOException("snapshot: it cannot be restored: " + e.getMessage(), e);
            }
        }

        @Override
        public Bytes query(Bytes query) {
            return workload.answers().encode(inner.query(decoded(query)));
        }

        @Override
        public Snapshot snapshot() {
            return inner.snapshot();
        }

        @Override
        public void restore(InputStream in) throws IOException {
            inner.restore(in);
        }
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
        List<String> violations = new WitnessChecker<>(specification).violations(history, log);
        Checks.check(violations.isEmpty(), () -> "linearizability: " + violations.get(0));
        if (blindly) {
            Verdict<C, R> verdict = new LinearizabilityChecker<>(specification, SEARCH_STEPS_MAX).check(history);
            Checks.check(
                    verdict.kind() != Verdict.Kind.NOT_LINEARIZABLE,
                    () -> "linearizability: the log explains it, a search does not: " + verdict);
        }
    }
}
