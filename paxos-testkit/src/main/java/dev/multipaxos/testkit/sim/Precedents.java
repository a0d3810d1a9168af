package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What came out when a command was executed for the first time, and the state when a slot was: every other node, and the same
 * node in every later life, must come to the same.
 */
final class Precedents<C, R extends @Nullable Object> {

    /** What was seen, and on whom. */
    private record Seen(String who, Bytes bytes) {}

    private static final int NAMED_MAX = 8;

    private final GuardedWorkload<C, R> workload;
    private final List<@Nullable Seen> answers = new ArrayList<>(); // by the call's id
    private final Map<Long, Seen> states = new HashMap<>(); // by slot

    Precedents(GuardedWorkload<C, R> workload) {
        this.workload = workload;
    }

    /** A command was executed. */
    void answered(long id, long slot, C command, R answer, Bytes encoded, Supplier<String> who) {
        while (answers.size() <= id) {
            answers.add(null);
        }
        Seen first = answers.get((int) id);
        if (first == null) {
            workload.checkDecodes(answer, encoded);
            answers.set((int) id, new Seen(who.get(), encoded));
            return;
        }
        workload.check(
                first.bytes.equals(encoded),
                () -> "determinism: slot " + slot + ", " + command + ": " + first.who + " answered "
                        + workload.answer(first.bytes) + ", " + who.get() + " answered " + answer
                        + hint(first.who + who.get()));
    }

    /**
     * A slot was executed.
     *
     * @param slot the slot
     * @param state the snapshot after it
     * @param comparedAt the slot after which it was as it should be
     * @param since the commands that were executed since
     * @param who the node
     */
    void reached(long slot, Bytes state, long comparedAt, List<C> since, Supplier<String> who) {
        Seen first = states.get(slot);
        if (first == null) {
            states.put(slot, new Seen(who.get(), state));
            return;
        }
        workload.check(
                first.bytes.equals(state),
                () -> "determinism: after slot " + slot + " the snapshots of " + first.who + " and " + who.get()
                        + " differ, though the answers were equal: "
                        + GuardedWorkload.difference(first.bytes, state) + "; executed since slot " + comparedAt
                        + ", when the latter was as it should be: " + named(since) + hint(first.who + who.get()));
    }

    private static String hint(String who) {
        return who.contains("restored") ? "; perhaps a snapshot does not hold everything" : "";
    }

    private static String named(List<?> commands) {
        return commands.size() <= NAMED_MAX
                ? commands.toString()
                : commands.subList(0, NAMED_MAX) + " and " + (commands.size() - NAMED_MAX) + " more";
    }
}
