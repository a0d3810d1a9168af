package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What all clients of an object did and saw. Immutable. A {@link Recorder} makes one while it happens.
 *
 * @param <C> commands
 * @param <R> answers
 */
public final class History<C, R> {

    private final List<Operation<C, R>> operations;

    private History(List<Operation<C, R>> operations) {
        this.operations = operations;
    }

    /**
     * Makes a history of operations that were recorded elsewhere.
     *
     * @param operations in any order
     * @param <C> commands
     * @param <R> answers
     * @return the history
     * @throws IllegalArgumentException if two have the same id
     */
    public static <C, R> History<C, R> of(Collection<Operation<C, R>> operations) {
        List<Operation<C, R>> sorted = new ArrayList<>(operations);
        sorted.sort(Comparator.comparingLong((Operation<C, R> operation) -> operation.invokedAt())
                .thenComparingLong(Operation::id));
        Set<Long> ids = new HashSet<>();
        for (Operation<C, R> operation : sorted) {
            if (!ids.add(operation.id())) {
                throw new IllegalArgumentException("two operations have the id " + operation.id());
            }
        }
        return new History<>(List.copyOf(sorted));
    }

    /** {@return the operations in the order of their invocation} */
    public List<Operation<C, R>> operations() {
        return operations;
    }

    /** {@return a table for readers} */
    @Override
    public String toString() {
        return Table.of(operations);
    }
}
