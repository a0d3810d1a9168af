package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks that the order of the log explains a history: the order that the {@link LinearizabilityChecker} has to search for is
 * known, so the time is that of sorting, whatever the number of clients. It also sees what clients cannot, such as a command
 * that was executed though its caller was told that it was not and whose effect nobody has read yet.
 *
 * <p>Each violation begins with the name of what does not hold:
 *
 * <ul>
 *   <li><b>validity</b>: what is executed was asked for, and not before it was asked for
 *   <li><b>exactly once</b>: an answered command stands at one position, one of unknown outcome at one at most, and no two at the
 *       same; an answered read, too, has a place
 *   <li><b>definite failure</b>: what callers were told was not executed was not
 *   <li><b>real time</b>: who returned before another was invoked stands before it; nobody was answered before the execution
 *   <li><b>answers</b>: the clients got what the specification answers in the order of the log; reads change nothing
 * </ul>
 *
 * <p>Immutable: one checker may be used for many histories.
 *
 * @param <S> states
 * @param <C> commands
 * @param <R> answers
 */
public final class WitnessChecker<S, C, R> {

    private final Specification<S, C, R> specification;

    /**
     * Makes a checker.
     *
     * @param specification what the object should do
     */
    public WitnessChecker(Specification<S, C, R> specification) {
        this.specification = specification;
    }

    /**
     * For tests: fails unless the log explains the history.
     *
     * @param history what the clients saw
     * @param log what was executed
     * @throws AssertionError naming every violation
     */
    public void check(History<C, R> history, LogWitness log) {
        List<String> violations = violations(history, log);
        if (!violations.isEmpty()) {
            throw new AssertionError(String.join(System.lineSeparator(), violations));
        }
    }

    /**
     * Compares.
     *
     * @param history what the clients saw
     * @param log what was executed
     * @return what does not hold; empty if the log explains the history
     */
    public List<String> violations(History<C, R> history, LogWitness log) {
        return new Comparison<>(specification, history, log).violations();
    }

    /** One history against one log. */
    private static final class Comparison<S, C, R> {

        /** An operation that was asked for, at its first place. */
        private record Placed<C, R>(LogWitness.Entry entry, Operation<C, R> operation) {
            @Override
            public String toString() {
                return operation + " " + entry;
            }
        }

        private final Specification<S, C, R> specification;
        private final History<C, R> history;
        private final LogWitness log;
        private final List<String> violations = new ArrayList<>();

        Comparison(Specification<S, C, R> specification, History<C, R> history, LogWitness log) {
            this.specification = specification;
            this.history = history;
            this.log = log;
        }

        List<String> violations() {
            List<Placed<C, R>> order = place();
            checkRealTime(order);
            checkAnswers(order);
            return violations;
        }

        /** Who stands where; the first place, if a command was executed twice. */
        private List<Placed<C, R>> place() {
            Map<Long, Operation<C, R>> operations = new HashMap<>();
            history.operations().forEach(operation -> operations.put(operation.id(), operation));
            Comparator<Long> byCall = Comparator.comparingLong(id -> {
                Operation<C, R> operation = operations.get(id);
                return operation == null ? Long.MIN_VALUE : operation.invokedAt();
            });
            List<Placed<C, R>> order = new ArrayList<>();
            Map<Long, LogWitness.Entry> places = new HashMap<>();
            LogWitness.Entry before = null;
            for (LogWitness.Entry entry : log.inOrder(byCall.thenComparing(Comparator.naturalOrder()))) {
                if (before != null && !entry.isRead() && entry.isSamePlace(before)) {
                    violations.add(
                            "exactly once: #" + before.id() + " and #" + entry.id() + " were both executed " + entry);
                }
                before = entry;
                Operation<C, R> operation = operations.get(entry.id());
                if (operation == null) {
                    violations.add("validity: nobody asked for #" + entry.id() + ", which was executed " + entry);
                    continue;
                }
                LogWitness.Entry first = places.putIfAbsent(entry.id(), entry);
                if (first != null) {
                    violations.add("exactly once: " + operation + " was executed " + first + " and again " + entry);
                    continue;
                }
                if (!entry.isRead()) {
                    checkExecution(entry, operation);
                }
                if (!entry.isRead() || operation.isAnswered()) {
                    order.add(new Placed<>(entry, operation));
                }
            }
            for (Operation<C, R> operation : history.operations()) {
                if (operation.isAnswered() && !places.containsKey(operation.id())) {
                    violations.add("exactly once: " + operation + " was answered, but was not executed");
                }
            }
            return order;
        }

        private void checkExecution(LogWitness.Entry entry, Operation<C, R> operation) {
            if (operation.isNotExecuted()) {
                violations.add("definite failure: " + operation + " was executed " + entry);
            }
            if (log.isTimeKnown(entry)) {
                long at = log.timeOf(entry);
                if (at < operation.invokedAt()) {
                    violations.add("validity: " + operation + " was executed " + entry + " at " + at
                            + ", before it was asked for");
                }
                if (at > operation.executedBy()) {
                    violations.add(
                            "real time: " + operation + " was answered before it was executed " + entry + " at " + at);
                }
            }
        }

        /** Nobody may have returned before the latest call among those who stand before it. */
        private void checkRealTime(List<Placed<C, R>> order) {
            Placed<C, R> latest = null;
            for (Placed<C, R> placed : order) {
                if (latest != null && placed.operation.executedBy() < latest.operation.invokedAt()) {
                    violations.add("real time: " + placed + " returned before the call of " + latest
                            + ", but stands behind it");
                }
                if (latest == null || placed.operation.invokedAt() > latest.operation.invokedAt()) {
                    latest = placed;
                }
            }
        }

        private void checkAnswers(List<Placed<C, R>> order) {
            Map<Object, S> states = new HashMap<>();
            for (Placed<C, R> placed : order) {
                Operation<C, R> operation = placed.operation;
                Object partition = specification.partition(operation.command());
                S state = states.getOrDefault(partition, specification.initial());
                Specification.Step<S, R> step = specification.step(state, operation.command());
                if (operation.isAnswered() && !operation.got(step.answer())) {
                    violations.add("answers: " + placed + " should have been answered " + step.answer());
                }
                if (placed.entry.isRead() && !step.state().equals(state)) {
                    violations.add("answers: " + placed + " is no read, it changes the state from " + state + " to "
                            + step.state());
                }
                states.put(partition, placed.entry.isRead() ? state : step.state());
            }
        }
    }
}
