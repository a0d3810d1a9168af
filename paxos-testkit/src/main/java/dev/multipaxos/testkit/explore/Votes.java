package dev.multipaxos.testkit.explore;

import static dev.multipaxos.testkit.explore.Broken.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * The votes that ever became durable in one slot, on whatever disks, also those that later ones replaced: a value is chosen once a
 * quorum <i>has voted</i> for it at one ballot. Sets of votes have numbers; 0 is the empty one. Forgotten are votes that cannot become
 * news: for what is chosen already, and at ballots that too many nodes have promised never to vote at again.
 */
final class Votes {

    /** A vote of one node; the value by its number. */
    record Vote(int slot, long ballot, int value) {}

    /** All votes of one ballot; a bit for each node. */
    private record Tally(long ballot, int value, int voters) {}

    private final Values values;
    private final int quorum;
    private final List<List<Tally>> sets = new ArrayList<>(List.of(List.of()));
    private final Map<List<Tally>, Integer> numbers = new HashMap<>(Map.of(List.of(), 0));

    Votes(int acceptors, Values values) {
        this.quorum = acceptors / 2 + 1;
        this.values = values;
    }

    /** {@return the number of the set with one more vote} */
    int with(int set, int node, Vote vote) {
        List<Tally> more = new ArrayList<>();
        int voters = 1 << node;
        for (Tally tally : sets.get(set)) {
            if (tally.ballot() == vote.ballot()) {
                check(
                        tally.value() == vote.value(),
                        () -> "one value for each slot and ballot: node " + node + " votes for "
                                + values.value(vote.value())
                                + " in slot " + vote.slot() + ", another one for " + values.value(tally.value()));
                voters |= tally.voters();
            } else {
                more.add(tally);
            }
        }
        more.add(new Tally(vote.ballot(), vote.value(), voters));
        more.sort((one, other) -> Long.compare(one.ballot(), other.ballot()));
        return number(more);
    }

    /** Tells the values that a quorum has voted for at one ballot. */
    void chosen(int set, IntConsumer value) {
        for (Tally tally : sets.get(set)) {
            if (Integer.bitCount(tally.voters()) >= quorum) {
                value.accept(tally.value());
            }
        }
    }

    /**
     * Forgets what cannot become news.
     *
     * @param choice the value that is chosen, or 0
     * @param promised for each node, from 1 on, the ballot that its disk promises
     */
    int without(int set, int choice, long[] promised) {
        List<Tally> tallies = sets.get(set);
        for (int i = 0; i < tallies.size(); i++) {
            if (!isNews(tallies.get(i), choice, promised)) {
                return number(tallies.stream()
                        .filter(tally -> isNews(tally, choice, promised))
                        .toList());
            }
        }
        return set;
    }

    private boolean isNews(Tally tally, int choice, long[] promised) {
        if (tally.value() == choice) {
            return false;
        }
        int possible = tally.voters();
        for (int node = 1; node < promised.length; node++) {
            possible |= promised[node] <= tally.ballot() ? 1 << node : 0;
        }
        return Integer.bitCount(possible) >= quorum;
    }

    private int number(List<Tally> set) {
        return numbers.computeIfAbsent(List.copyOf(set), fresh -> {
            sets.add(fresh);
            return sets.size() - 1;
        });
    }
}
