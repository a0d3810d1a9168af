package dev.multipaxos.testkit.history;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Clients of an object that is linearizable because it executes one command after the other: what they see, and in which order
 * it happened. A seed decides everything.
 */
final class AtomicRun<S, C, R> {

    private enum Fate {
        ANSWERED,
        UNKNOWN,
        NOT_EXECUTED
    }

    /** A call that is open, or one that its client gave up and that is still on its way. */
    private final class Call {
        final long id;
        final C command;
        final Fate fate;
        boolean executed;

        @Nullable
        R answer;

        Call(int client, C command, Fate fate) {
            this.id = recorder.invoked(client, command);
            this.command = command;
            this.fate = fate;
        }
    }

    private final Specification<S, C, R> specification;
    private final SplittableRandom random;
    private final Recorder<C, R> recorder = new Recorder<>();
    private final LogWitness log = new LogWitness();
    private final Map<Object, S> states = new HashMap<>();
    private final List<Call> late = new ArrayList<>();
    private int executed;

    private AtomicRun(Specification<S, C, R> specification, SplittableRandom random) {
        this.specification = specification;
        this.random = random;
    }

    /**
     * Runs.
     *
     * @param troubles of 100 calls, how many have an unknown outcome, and how many a definite failure
     */
    static <S, C, R> AtomicRun<S, C, R> run(
            Specification<S, C, R> specification,
            SplittableRandom random,
            int clients,
            int operations,
            int troubles,
            Function<SplittableRandom, C> command) {
        AtomicRun<S, C, R> run = new AtomicRun<>(specification, random);
        run.go(clients, operations, troubles, command);
        return run;
    }

    private void go(int clients, int operations, int troubles, Function<SplittableRandom, C> command) {
        Map<Integer, Call> open = new HashMap<>();
        for (int invoked = 0; invoked < operations; ) {
            int client = random.nextInt(clients);
            Call call = open.get(client);
            if (call == null) {
                open.put(client, new Call(client, command.apply(random), fate(troubles)));
                invoked++;
            } else if (!call.executed && call.fate == Fate.ANSWERED) {
                execute(call);
            } else {
                end(call);
                open.remove(client);
            }
            executeLate();
        }
    }

    private Fate fate(int troubles) {
        int drawn = random.nextInt(100);
        return drawn < troubles ? Fate.UNKNOWN : drawn < 2 * troubles ? Fate.NOT_EXECUTED : Fate.ANSWERED;
    }

    private void end(Call call) {
        switch (call.fate) {
            case ANSWERED -> recorder.answered(call.id, requireNonNull(call.answer));
            case NOT_EXECUTED -> recorder.notExecuted(call.id);
            case UNKNOWN -> {
                recorder.unknown(call.id);
                if (random.nextBoolean()) {
                    late.add(call);
                }
            }
        }
    }

    private void executeLate() {
        if (!late.isEmpty() && random.nextInt(10) == 0) {
            execute(late.remove(random.nextInt(late.size())));
        }
    }

    /** Two commands in each slot. What leaves the state as it is is a read. */
    private void execute(Call call) {
        Object partition = specification.partition(call.command);
        S state = states.getOrDefault(partition, specification.initial());
        Specification.Step<S, R> step = specification.step(state, call.command);
        if (step.state().equals(state)) {
            log.readAfter(call.id, (executed + 1) / 2, (executed + 1) % 2);
        } else {
            executed++;
            log.executed(call.id, (executed + 1) / 2, (executed + 1) % 2, recorder.time());
        }
        states.put(partition, step.state());
        call.answer = step.answer();
        call.executed = true;
    }

    History<C, R> history() {
        return recorder.history();
    }

    LogWitness log() {
        return log;
    }
}
