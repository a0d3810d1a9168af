package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** Operations for readers: one in a line, with a picture of who overlaps whom if there are few. */
final class Table {

    private static final int MOMENTS_MAX = 40;

    private Table() {}

    static String of(Collection<? extends Operation<?, ?>> operations) {
        return of(operations, operations);
    }

    /** The picture has room for all those that are beside these in other tables. */
    static String of(Collection<? extends Operation<?, ?>> operations, Collection<? extends Operation<?, ?>> pictured) {
        TreeSet<Long> times = new TreeSet<>();
        for (Operation<?, ?> operation : pictured) {
            times.add(operation.invokedAt());
            if (operation.isAnswered()) {
                times.add(operation.returnedAt());
            }
        }
        List<Long> moments = times.size() <= MOMENTS_MAX ? new ArrayList<>(times) : List.of();
        StringBuilder table = new StringBuilder();
        for (Operation<?, ?> operation : operations) {
            table.append(String.format(
                    Locale.ROOT,
                    "%7s  client %-3d %8d %8s  %s%s  %s%n",
                    "#" + operation.id(),
                    operation.client(),
                    operation.invokedAt(),
                    operation.returnedAt() == Operation.NEVER ? "" : operation.returnedAt(),
                    moments.isEmpty() ? "" : picture(operation, moments) + "  ",
                    operation.command(),
                    operation.outcome()));
        }
        return table.toString();
    }

    /** From the call to the answer, {@code |--|}; what has no answer may take effect for ever. */
    private static String picture(Operation<?, ?> operation, List<Long> moments) {
        char[] line = new char[2 * moments.size()];
        Arrays.fill(line, ' ');
        int from = 2 * moments.indexOf(operation.invokedAt());
        int to = operation.isAnswered() ? 2 * moments.indexOf(operation.returnedAt()) : line.length - 1;
        if (operation.isNotExecuted()) {
            to = from;
        }
        Arrays.fill(line, from, to, '-');
        line[from] = '|';
        line[to] = operation.isAnswered() ? '|' : operation.isNotExecuted() ? 'x' : '>';
        return new String(line);
    }
}
