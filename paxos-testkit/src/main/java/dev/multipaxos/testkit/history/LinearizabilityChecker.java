package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides whether a history is linearizable (Herlihy and Wing, 1990): whether every operation can be thought to have happened
 * at one moment between its call and its return. It knows nothing but the history and the {@link Specification}; in return the
 * time may grow with the number of operations that overlap as their powers do, so the search is bounded.
 *
 * <p>Operations of unknown outcome happened at some moment after their call, or not at all; those that are certain not to have
 * been executed are left out, so an answer that only they explain is not explained. Immutable: one checker may be used for many
 * histories, on any thread.
 *
 * @param <S> states
 * @param <C> commands
 * @param <R> answers
 */
public final class LinearizabilityChecker<S, C, R> {

    /**
     * How many steps each partition is given unless told otherwise. More decide harder histories; each may remember one
     * configuration, of about 150 bytes.
     */
    public static final long STEPS_MAX = 250_000;

    private final Specification<S, C, R> specification;
    private final long stepsMax;

    /**
     * Makes a checker that gives each partition {@link #STEPS_MAX} steps.
     *
     * @param specification what the object should do
     */
    public LinearizabilityChecker(Specification<S, C, R> specification) {
        this(specification, STEPS_MAX);
    }

    /**
     * Makes a checker.
     *
     * @param specification what the object should do
     * @param stepsMax how many times the specification may be asked for each partition
     * @throws IllegalArgumentException if there are no steps
     */
    public LinearizabilityChecker(Specification<S, C, R> specification, long stepsMax) {
        if (stepsMax < 1) {
            throw new IllegalArgumentException("stepsMax " + stepsMax + " must be at least 1");
        }
        this.specification = specification;
        this.stepsMax = stepsMax;
    }

    /**
     * Decides. A partition that is not linearizable decides the whole, even if others are too hard.
     *
     * @param history what the clients saw
     * @return the verdict
     */
    public Verdict<C, R> check(History<C, R> history) {
        Map<Object, List<Operation<C, R>>> partitions = new LinkedHashMap<>();
        for (Operation<C, R> operation : history.operations()) {
            partitions
                    .computeIfAbsent(specification.partition(operation.command()), key -> new ArrayList<>())
                    .add(operation);
        }
        List<List<Operation<C, R>>> orders = new ArrayList<>();
        Verdict<C, R> undecided = null;
        long steps = 0;
        for (Map.Entry<Object, List<Operation<C, R>>> partition : partitions.entrySet()) {
            List<Operation<C, R>> all = partition.getValue();
            Search<S, C, R> search = new Search<>(
                    specification,
                    all.stream().filter(Operation::isAnswered).toList(),
                    all.stream()
                            .filter(operation -> operation.outcome() instanceof Outcome.Unknown)
                            .toList(),
                    Set.of(),
                    stepsMax);
            Search.Result result = search.run();
            steps += search.steps();
            if (result == Search.Result.IMPOSSIBLE) {
                return new CounterExample<>(specification, stepsMax, partition.getKey(), all).verdict(steps);
            } else if (result == Search.Result.FOUND) {
                orders.add(search.order());
            } else if (undecided == null) {
                undecided = undecided(partition.getKey(), all, search.steps());
            }
        }
        if (undecided != null) {
            return undecided;
        }
        List<Operation<C, R>> order = merge(orders);
        return new Verdict<>(
                Verdict.Kind.LINEARIZABLE,
                order,
                steps,
                "linearizable: one order explains the answers of " + order.size() + " operations in "
                        + partitions.size() + " partitions; " + steps + " steps");
    }

    private Verdict<C, R> undecided(Object partition, List<Operation<C, R>> all, long steps) {
        long open = all.stream()
                .filter(operation -> operation.executedBy() == Operation.NEVER)
                .count();
        return new Verdict<>(
                Verdict.Kind.UNDECIDED,
                all,
                steps,
                "UNDECIDED: " + steps + " steps were not enough for partition " + partition + ", " + all.size()
                        + " operations, " + open
                        + " of them without an answer; allow more steps, divide the object into"
                        + " more partitions, or let fewer calls overlap or end without an answer");
    }

    /**
     * Makes one order of those of the partitions. Each operation happened at the latest call until its place in its own order,
     * which is not later than its return; so the order of these moments keeps every partition's, and respects all returns.
     */
    private List<Operation<C, R>> merge(List<List<Operation<C, R>>> orders) {
        record Happened<C, R>(long at, Operation<C, R> operation) {}
        List<Happened<C, R>> all = new ArrayList<>();
        for (List<Operation<C, R>> order : orders) {
            long at = Long.MIN_VALUE;
            for (Operation<C, R> operation : order) {
                at = Math.max(at, operation.invokedAt());
                all.add(new Happened<>(at, operation));
            }
        }
        all.sort(Comparator.comparingLong(Happened::at)); // is stable
        return all.stream().map(Happened::operation).toList();
    }
}
