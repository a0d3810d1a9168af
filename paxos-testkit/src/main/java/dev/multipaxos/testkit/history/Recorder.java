package dev.multipaxos.testkit.history;

import dev.multipaxos.PaxosException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Makes a {@link History} while it happens. All methods may be called on any thread.
 *
 * <p>Every event gets a time of its own, in the order of the calls to this object: the clock's if it is later than the one
 * before, else the next number. So no two events have the same time, and what precedes what does not depend on how fine the
 * clock is. Say {@link #invoked} before you call, and the outcome after you have it.
 *
 * @param <C> commands
 * @param <R> answers
 */
public final class Recorder<C, R> {

    private final LongSupplier clock;
    private final List<Operation<C, R>> operations = new ArrayList<>(); // by id
    private long last = -1; // the time of the event before

    /** Times count the events. */
    public Recorder() {
        this(() -> 0);
    }

    /**
     * Times come from a clock, so that they mean something to readers.
     *
     * @param clock from 0 on, in any unit; called by one thread at a time
     */
    public Recorder(LongSupplier clock) {
        this.clock = clock;
    }

    /** {@return a time after all events until now and before all to come} */
    public synchronized long time() {
        last = Math.max(last + 1, clock.getAsLong());
        return last;
    }

    /**
     * A client is about to call.
     *
     * @param client who
     * @param command what it asks for
     * @return the id of the operation: 0, 1, 2 …
     */
    public synchronized long invoked(int client, C command) {
        long id = operations.size();
        operations.add(new Operation<>(id, client, command, time(), Operation.NEVER, new Outcome.Unknown<>()));
        return id;
    }

    /**
     * It has the answer.
     *
     * @param id what {@link #invoked} answered
     * @param answer the answer
     */
    public void answered(long id, R answer) {
        ended(id, new Outcome.Answered<>(answer));
    }

    /**
     * It was told that the command was not executed and will not be.
     *
     * @param id what {@link #invoked} answered
     */
    public void notExecuted(long id) {
        ended(id, new Outcome.NotExecuted<>());
    }

    /**
     * It gave up; the command may still take effect. To say nothing means the same.
     *
     * @param id what {@link #invoked} answered
     */
    public void unknown(long id) {
        ended(id, new Outcome.Unknown<>());
    }

    private synchronized void ended(long id, Outcome<R> outcome) {
        Operation<C, R> open = operations.get(Math.toIntExact(id));
        if (open.returnedAt() != Operation.NEVER) {
            throw new IllegalStateException("it has returned already: " + open);
        }
        operations.set(
                Math.toIntExact(id),
                new Operation<>(id, open.client(), open.command(), open.invokedAt(), time(), outcome));
    }

    /**
     * Makes a call and records it. A {@link PaxosException} says itself whether the command may have been executed; of any other
     * failure, and of an exception that {@code call} throws, that is not known.
     *
     * @param client who calls
     * @param command what it asks for
     * @param call makes the call, for instance {@code () -> node.propose(command)}
     * @return the call's future; when it is complete, the outcome is recorded
     */
    public CompletableFuture<R> record(int client, C command, Supplier<? extends CompletableFuture<R>> call) {
        long id = invoked(client, command);
        return call.get().whenComplete((answer, failure) -> {
            if (failure == null) {
                answered(id, answer);
            } else if (failure instanceof PaxosException told && !told.mayHaveBeenApplied()) {
                notExecuted(id);
            } else {
                unknown(id);
            }
        });
    }

    /** {@return what was recorded until now; calls that are open are of unknown outcome} */
    public synchronized History<C, R> history() {
        return History.of(operations);
    }
}
