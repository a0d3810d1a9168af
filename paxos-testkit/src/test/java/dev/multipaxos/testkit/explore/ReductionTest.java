package dev.multipaxos.testkit.explore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * With the reduction and without, the nodes of a cluster come to the same promises, votes and choices, all nodes together, up to the
 * names of ballots and of the two nodes that campaign. Once nobody campaigns any more, votes below a promise are not compared: that
 * they do not matter then is what the reduction says.
 */
class ReductionTest {

    @ParameterizedTest
    @CsvSource({
        "2, 1, 2, 1, 1, 1, false",
        "2, 2, 2, 1, 1, 0, false",
        "3, 1, 1, 1, 1, 0, false",
        "2, 1, 1, 2, 1, 1, false",
        "2, 1, 1, 2, 2, 0, false",
        "2, 1, 1, 1, 1, 1, true"
    })
    void the_same_states_of_all_nodes_are_reached_without_it(
            int acceptors, int proposers, int ballots, int slots, int alpha, int crashes, boolean slowDisk) {
        Set<String> reduced = seen(new Bounds(acceptors, proposers, ballots, slots, alpha, crashes, slowDisk, true));
        Set<String> full = seen(new Bounds(acceptors, proposers, ballots, slots, alpha, crashes, slowDisk, false));
        assertThat(reduced).hasSizeGreaterThan(10).containsExactlyInAnyOrderElementsOf(full);
    }

    private static Set<String> seen(Bounds bounds) {
        Set<String> seen = new HashSet<>();
        Result result = new Explorer(
                        bounds, Sabotage.NONE, (nodes, campaigned) -> seen.add(name(bounds, nodes, campaigned)))
                .run(Long.MAX_VALUE, Long.MAX_VALUE, progress -> {});
        assertThat(result.finished())
                .as("%s %s %s", result, result.violation(), result.trace())
                .isTrue();
        return seen;
    }

    /** The lower one of its names with the proposers as they are, and exchanged. */
    private static String name(Bounds bounds, List<Local> nodes, int[] campaigned) {
        List<Integer> order =
                IntStream.rangeClosed(1, bounds.acceptors()).boxed().toList();
        if (bounds.proposers() < 2) {
            return name(bounds, nodes, campaigned, order);
        }
        List<Integer> exchanged = new ArrayList<>(order);
        exchanged.set(0, 2);
        exchanged.set(1, 1);
        String one = name(bounds, nodes, campaigned, order);
        String other = name(bounds, nodes, campaigned, exchanged);
        return one.compareTo(other) < 0 ? one : other;
    }

    private static String name(Bounds bounds, List<Local> nodes, int[] campaigned, List<Integer> order) {
        Map<String, String> names = names(campaigned, order);
        int campaigns = Arrays.stream(campaigned).map(Integer::bitCount).sum();
        boolean votesMatter = campaigns < bounds.ballots();
        StringBuilder name = new StringBuilder();
        name.append(names.values()).append('\n');
        for (int node : order) {
            Local local = nodes.get(node - 1);
            name.append(names.get(local.state.replica().durable().promised().toString()));
            for (int slot = 1; slot <= bounds.slots(); slot++) {
                name.append(' ').append(slot(local, slot, names, votesMatter));
            }
            name.append('\n');
        }
        return name.toString();
    }

    /** Ballots by their rank, with the name of the node that campaigned. */
    private static Map<String, String> names(int[] campaigned, List<Integer> order) {
        Map<String, String> names = new TreeMap<>();
        int rank = 0;
        for (int round = 1; round <= campaigned.length; round++) {
            for (int node = 1; node <= order.size(); node++) {
                if ((campaigned[round - 1] & 1 << node) != 0) {
                    names.put(round + "." + node, ++rank + "." + (order.indexOf(node) + 1));
                }
            }
        }
        names.put("0.0", "0.0");
        return names;
    }

    private static String slot(Local local, int slot, Map<String, String> names, boolean votesMatter) {
        if (local.chosen[slot] != 0 && slot <= local.base) {
            return name(local.state.disk().executed().get(slot - 1), names) + " chosen";
        }
        Entry entry = entry(local, slot);
        if (entry == null) {
            return "-";
        }
        boolean known = local.chosen[slot] != 0;
        Ballot ballot = entry.ballot();
        boolean votes =
                votesMatter || ballot.equals(local.state.replica().durable().promised());
        return (votes || known ? name(entry.value(), names) : "-")
                + (votes ? " at " + names.get(ballot.toString()) : "")
                + (known ? " chosen" : "");
    }

    private static @Nullable Entry entry(Local local, int slot) {
        for (Entry entry : local.state.replica().durable().entries()) {
            if (entry.slot() == slot) {
                return entry;
            }
        }
        return null;
    }

    /** Values say the ballot at which they were proposed first. */
    private static String name(Value value, Map<String, String> names) {
        if (!(value instanceof Value.Batch batch)) {
            return "no-op";
        }
        String text = batch.commands().toUtf8();
        int end = text.indexOf('/');
        return names.get(text.substring(0, end)) + text.substring(end);
    }
}
