package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Makes a history that no order explains small enough to be read, by what blames nobody falsely. It is cut off at a return, since
 * a prefix of a linearizable history is linearizable. Then as many operations as can be are <i>excused</i>, which only allows
 * more: if there are few, as if their callers had given up and never heard the answer; if there are many, that would make the
 * search hard, and only their answers are ignored. What is left has answers that no order explains. (To leave an operation out
 * may forbid what it explained.)
 */
final class CounterExample<S, C, R> {

    private static final int SHOWN_MAX = 20;

    private final Specification<S, C, R> specification;
    private final Object partition;
    private final List<Operation<C, R>> all;
    private final long attemptStepsMax; // an excuse that makes the search hard is not worth it
    private long stepsLeft;

    private List<Operation<C, R>> blamed = List.of();
    private List<Operation<C, R>> excused = List.of();
    private List<Operation<C, R>> open = List.of(); // without an answer before the end
    private boolean isLarge;

    /** The operations are of one partition, and no order explains them. */
    CounterExample(Specification<S, C, R> specification, long stepsMax, Object partition, List<Operation<C, R>> all) {
        this.specification = specification;
        this.partition = partition;
        this.all = all;
        this.attemptStepsMax = 1_000 + 10L * all.size();
        this.stepsLeft = stepsMax;
    }

    Verdict<C, R> verdict(long steps) {
        long stepsBefore = stepsLeft;
        long end = cutOff();
        List<Operation<C, R>> phantoms = phantoms(end);
        excuse();
        List<Operation<C, R>> others = concat(open, excused).stream()
                .sorted(Comparator.comparingLong(Operation::invokedAt))
                .toList();
        List<Operation<C, R>> shown = others.subList(Math.max(0, others.size() - SHOWN_MAX), others.size());
        List<Operation<C, R>> pictured = concat(concat(blamed, shown), phantoms);
        StringBuilder message = new StringBuilder("NOT LINEARIZABLE: no order explains these answers on ")
                .append(partition)
                .append(isLarge ? ", whatever others were answered" : others.isEmpty() ? "" : ", whatever others did")
                .append(String.format("%n"))
                .append(Table.of(blamed, pictured));
        if (!shown.isEmpty()) {
            message.append(String.format(
                            "Others (%d%s):%n", others.size(), others.size() == shown.size() ? "" : ", the latest"))
                    .append(Table.of(shown, pictured));
        }
        if (!phantoms.isEmpty()) {
            message.append(String.format(
                            "All is explained if these were executed, though their callers were told not:%n"))
                    .append(Table.of(phantoms, pictured));
        }
        return new Verdict<>(
                Verdict.Kind.NOT_LINEARIZABLE, blamed, steps + stepsBefore - stepsLeft, message.toString());
    }

    private Search.Result attempt(
            List<Operation<C, R>> must, List<Operation<C, R>> may, Set<Operation<C, R>> ignored, long steps) {
        Search<S, C, R> search = new Search<>(specification, must, may, ignored, Math.min(steps, stepsLeft));
        Search.Result result = search.run();
        stepsLeft -= search.steps();
        return result;
    }

    private boolean isImpossible(List<Operation<C, R>> left, List<Operation<C, R>> more) {
        Search.Result result = isLarge
                ? attempt(concat(left, more), open, new HashSet<>(more), attemptStepsMax)
                : attempt(left, concat(open, more), Set.of(), attemptStepsMax);
        return result == Search.Result.IMPOSSIBLE;
    }

    // ---- the shortest prefix ----

    private long cutOff() {
        long[] returns = all.stream()
                .filter(Operation::isAnswered)
                .mapToLong(Operation::returnedAt)
                .sorted()
                .toArray();
        int possible = -1;
        int impossible = returns.length - 1;
        while (impossible - possible > 1) {
            int middle = (possible + impossible) >>> 1;
            long end = returns[middle];
            if (attempt(answeredBy(end), openAt(end), Set.of(), Long.MAX_VALUE) == Search.Result.IMPOSSIBLE) {
                impossible = middle;
            } else {
                possible = middle;
            }
        }
        blamed = answeredBy(returns[impossible]);
        open = openAt(returns[impossible]);
        isLarge = blamed.size() > SHOWN_MAX;
        return returns[impossible];
    }

    private List<Operation<C, R>> answeredBy(long end) {
        return all.stream().filter(operation -> operation.executedBy() <= end).toList();
    }

    private List<Operation<C, R>> openAt(long end) {
        return all.stream()
                .filter(operation ->
                        operation.invokedAt() <= end && operation.executedBy() > end && !operation.isNotExecuted())
                .toList();
    }

    /** Those that explain everything, if they were executed against the word that their callers were given. */
    private List<Operation<C, R>> phantoms(long end) {
        List<Operation<C, R>> failed = all.stream()
                .filter(operation -> operation.isNotExecuted() && operation.invokedAt() <= end)
                .toList();
        if (failed.isEmpty()) {
            return failed;
        }
        Search<S, C, R> search = new Search<>(
                specification, blamed, concat(open, failed), Set.of(), Math.min(stepsLeft, attemptStepsMax));
        Search.Result result = search.run();
        stepsLeft -= search.steps();
        return result == Search.Result.FOUND
                ? search.order().stream().filter(Operation::isNotExecuted).toList()
                : List.of();
    }

    // ---- the fewest answers ----

    /** Ever smaller parts; one by one at the end. What cannot be excused now cannot be later, when others are. */
    private void excuse() {
        for (int size = Math.max(1, blamed.size() / 2); size > 0; size /= 2) {
            int from = 0;
            while (from < blamed.size()) {
                int to = Math.min(from + size, blamed.size());
                List<Operation<C, R>> left = concat(blamed.subList(0, from), blamed.subList(to, blamed.size()));
                List<Operation<C, R>> more = concat(excused, blamed.subList(from, to));
                if (isImpossible(left, more)) {
                    blamed = left;
                    excused = more;
                } else {
                    from = to;
                }
            }
        }
    }

    private static <T> List<T> concat(List<T> first, List<T> second) {
        List<T> both = new ArrayList<>(first);
        both.addAll(second);
        return both;
    }
}
