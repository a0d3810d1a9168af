package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of operations that explains their answers. Those that <i>must</i> be in it stand between their call and
 * their return, and have answers, but for some whose answer is ignored; those that <i>may</i> be in it stand anywhere after
 * their call.
 *
 * <p>It is Wing and Gong's search ("Testing and verifying concurrent objects", 1993): the next of the order is any that was
 * called before the first return to come; if the specification contradicts its answer, try another, and if none is left, go
 * back. With it goes what makes it bearable, Lowe's memory ("Testing for linearizability", 2017): the same operations in another
 * order that led to the same state lead to nothing new. Two rules keep the optional ones in bounds. They are tried last, and
 * only where they change the state; and of equal commands the one called first is used first, since it could stand in for the
 * others.
 */
final class Search<S, C, R> {

    enum Result {
        FOUND,
        IMPOSSIBLE,
        GIVEN_UP
    }

    private static final int NONE = -1;

    private final Specification<S, C, R> specification;
    private final long stepsMax;

    private final List<Operation<C, R>>
            operations; // those that must, then those that may, each in the order of their calls
    private final int must; // how many must
    private final boolean[] ignored; // of those that must: its answer
    private final int[] returnRank; // of those that must: its place in the order of returns
    private final long[] returns; // their times, by rank
    private final int[] twin; // of those that may: the one before it with an equal command, or NONE

    // What is not yet in the order, as positions in `operations`, as ranks, and as positions less `must`.
    private final Chain musts;
    private final Chain openReturns;
    private final Chain mays;

    private final long[]
            taken; // what is in the order: bits by position, those that may beginning with a word of their own
    private final int mustWords;

    private final int[] order; // positions
    private final List<S> before = new ArrayList<>(); // the states between them
    private final Set<Configuration> seen = new HashSet<>();
    private int depth;
    private long steps;

    Search(
            Specification<S, C, R> specification,
            List<Operation<C, R>> must,
            List<Operation<C, R>> may,
            Set<Operation<C, R>> ignored,
            long stepsMax) {
        this.specification = specification;
        this.stepsMax = stepsMax;
        this.must = must.size();
        Comparator<Operation<C, R>> byCall = Comparator.comparingLong(Operation::invokedAt);
        operations = Stream.concat(must.stream().sorted(byCall), may.stream().sorted(byCall))
                .toList();
        int[] byReturn = IntStream.range(0, this.must)
                .boxed()
                .sorted(Comparator.comparingLong(i -> operations.get(i).returnedAt()))
                .mapToInt(i -> i)
                .toArray();
        this.ignored = new boolean[this.must];
        for (int i = 0; i < this.must; i++) {
            this.ignored[i] = ignored.contains(operations.get(i));
        }
        returnRank = new int[this.must];
        returns = new long[this.must];
        for (int rank = 0; rank < this.must; rank++) {
            returnRank[byReturn[rank]] = rank;
            returns[rank] = operations.get(byReturn[rank]).returnedAt();
        }
        twin = new int[operations.size()];
        Map<C, Integer> latest = new HashMap<>();
        for (int i = this.must; i < operations.size(); i++) {
            Integer before = latest.put(operations.get(i).command(), i);
            twin[i] = before == null ? NONE : before;
        }
        musts = new Chain(this.must);
        openReturns = new Chain(this.must);
        mays = new Chain(may.size());
        mustWords = words(this.must);
        taken = new long[mustWords + words(may.size())];
        order = new int[operations.size()];
    }

    private static int words(int bits) {
        return (bits + 63) >>> 6;
    }

    long steps() {
        return steps;
    }

    /** {@return the order that was found} */
    List<Operation<C, R>> order() {
        return Arrays.stream(order, 0, depth).mapToObj(operations::get).toList();
    }

    Result run() {
        S state = specification.initial();
        int next = must(musts.first());
        while (musts.first() < must) {
            if (next == NONE) {
                if (depth == 0) {
                    return Result.IMPOSSIBLE;
                }
                depth--;
                state = before.remove(depth);
                putBack(order[depth]);
                next = after(order[depth]);
                continue;
            }
            if (steps == stepsMax) {
                return Result.GIVEN_UP;
            }
            steps++;
            Specification.Step<S, R> step =
                    specification.step(state, operations.get(next).command());
            if (mayFollow(next, state, step)) {
                take(next);
                if (seen.add(configuration(step.state()))) {
                    before.add(state);
                    order[depth++] = next;
                    state = step.state();
                    next = must(musts.first());
                    continue;
                }
                putBack(next);
            }
            next = after(next);
        }
        return Result.FOUND;
    }

    private boolean mayFollow(int position, S state, Specification.Step<S, R> step) {
        return position < must
                ? ignored[position] || operations.get(position).got(step.answer())
                : !step.state().equals(state);
    }

    // ---- candidates: those not in the order that were called before the first return to come ----

    private int after(int position) {
        return position < must ? must(musts.after(position)) : may(mays.after(position - must));
    }

    private int must(int position) {
        return position < must && isCalled(position) ? position : may(mays.first());
    }

    private int may(int index) {
        int position = must + index;
        while (position < operations.size() && twin[position] != NONE && !isTaken(twin[position])) {
            position = must + mays.after(position - must);
        }
        return position < operations.size() && isCalled(position) ? position : NONE;
    }

    private boolean isCalled(int position) {
        int rank = openReturns.first();
        return rank == must || operations.get(position).invokedAt() <= returns[rank];
    }

    // ---- what is in the order ----

    private void take(int position) {
        flip(position);
        if (position < must) {
            musts.take(position);
            openReturns.take(returnRank[position]);
        } else {
            mays.take(position - must);
        }
    }

    private void putBack(int position) {
        flip(position);
        if (position < must) {
            openReturns.putBack(returnRank[position]);
            musts.putBack(position);
        } else {
            mays.putBack(position - must);
        }
    }

    private int bit(int position) {
        return position < must ? position : (mustWords << 6) + position - must;
    }

    private void flip(int position) {
        int bit = bit(position);
        taken[bit >>> 6] ^= 1L << bit;
    }

    private boolean isTaken(int position) {
        int bit = bit(position);
        return (taken[bit >>> 6] & 1L << bit) != 0;
    }

    /** Nearly all that must be in the order are before or behind a narrow front: only its words are remembered. */
    private Configuration configuration(S state) {
        int from = Math.min(musts.first() >>> 6, mustWords);
        int to = mustWords;
        while (to > from && taken[to - 1] == 0) {
            to--;
        }
        int mayWords = taken.length - mustWords;
        long[] words = new long[to - from + mayWords];
        System.arraycopy(taken, from, words, 0, to - from);
        System.arraycopy(taken, mustWords, words, to - from, mayWords);
        return new Configuration(from, words, state);
    }

    /** Which operations are in the order, whichever way, and where they led to. All words before {@code from} are full. */
    private static final class Configuration {
        private final int from;
        private final long[] words;
        private final Object state;
        private final int hash;

        Configuration(int from, long[] words, Object state) {
            this.from = from;
            this.words = words;
            this.state = state;
            hash = 31 * (31 * Arrays.hashCode(words) + state.hashCode()) + from;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Configuration that
                    && hash == that.hash
                    && from == that.from
                    && Arrays.equals(words, that.words)
                    && state.equals(that.state);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }
}
