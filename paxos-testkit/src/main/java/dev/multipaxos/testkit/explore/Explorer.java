package dev.multipaxos.testkit.explore;

import static dev.multipaxos.testkit.explore.Broken.check;

import dev.multipaxos.core.InvariantViolation;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.CatchUpRequest;
import dev.multipaxos.core.Value;
import dev.multipaxos.testkit.explore.Steps.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Goes through every state of a cluster within {@link Bounds}, breadth first, and checks each.
 *
 * <p>A state is a row of numbers: each node's {@link Local}, how many campaigns and crashes there were, which value each slot was
 * chosen with, the votes in it that may still matter, and the letters under way, ascending.
 */
final class Explorer {

    private static final int NUMBERS_MAX = 1 << 14;
    private static final long PROGRESS_NANOS = 5_000_000_000L;

    /** Gets each state that one step leads to, in {@link #next}. */
    private interface Visitor {
        /** Says whether it has seen enough. */
        boolean visit(int length);
    }

    private final Bounds bounds;
    private final Mail mail;
    private final Steps steps;
    private final List<@Nullable Value> values = new ArrayList<>();
    private final Votes history;
    private final long[] promised; // by node; room for checkAgreement
    private final Visited visited = new Visited();
    private final Frontier frontier = new Frontier();

    // Places in the row.
    private final int campaigns;
    private final int crashes;
    private final int chosen; // of slot 1; 0: nothing
    private final int votes; // in slot 1, see Votes
    private final int letters;

    private final int[] state = new int[NUMBERS_MAX];
    private final int[] next = new int[NUMBERS_MAX];
    private int mover; // the node that takes the step under way
    private int stepInput;
    private int fetchedFrom; // 0: it fetches nothing
    private long transitions;

    Explorer(Bounds bounds, Sabotage sabotage) {
        this.bounds = bounds;
        this.mail = new Mail(bounds);
        this.steps = new Steps(bounds, sabotage, mail);
        this.campaigns = bounds.acceptors();
        this.crashes = campaigns + 1;
        this.chosen = crashes + 1;
        this.votes = chosen + bounds.slots();
        this.letters = votes + bounds.slots();
        this.history = new Votes(bounds.acceptors());
        this.promised = new long[bounds.acceptors() + 1];
        values.add(null);
    }

    /**
     * Explores.
     *
     * @param statesMax stops after so many states
     * @param nanosMax stops after so long
     * @param progress is told every few seconds
     */
    Result run(long statesMax, long nanosMax, Consumer<Result> progress) {
        long begun = System.nanoTime();
        long said = begun;
        int first = begin();
        long hash = Visited.hash(state, first);
        visited.add(hash, 0);
        frontier.add(state, first);
        int depth = 0;
        long levelEnds = 1; // states seen when the level that is expanded was complete
        long expanded = 0;
        while (frontier.size() > 0) {
            long now = (expanded & 0x3FF) == 0 ? System.nanoTime() : said;
            if (visited.size() >= statesMax || now - begun > nanosMax) {
                return result(false, depth, begun, null, List.of());
            }
            if (now - said > PROGRESS_NANOS) {
                said = now;
                progress.accept(result(false, depth, begun, null, List.of()));
            }
            if (expanded == levelEnds) {
                depth++;
                levelEnds = visited.size();
            }
            int length = frontier.take(state);
            long parent = Visited.hash(state, length);
            expanded++;
            try {
                expand(length, reached -> {
                    transitions++;
                    if (visited.add(Visited.hash(next, reached), parent)) {
                        frontier.add(next, reached);
                    }
                    return false;
                });
            } catch (Broken | InvariantViolation e) {
                String last = step();
                return result(false, depth + 1, begun, e.getMessage(), trace(visited.path(parent), last));
            }
        }
        return result(true, depth, begun, null, List.of());
    }

    private Result result(boolean finished, int depth, long begun, @Nullable String violation, List<String> trace) {
        return new Result(
                bounds,
                finished,
                visited.size(),
                transitions,
                depth,
                steps.localStates(),
                steps.computed(),
                System.nanoTime() - begun,
                violation,
                trace);
    }

    private int begin() {
        Arrays.fill(state, 0, letters, 0);
        for (int i = 0; i < bounds.acceptors(); i++) {
            state[i] = steps.first(i + 1).id;
        }
        return letters;
    }

    /** Walks the way again, from hash to hash. */
    private List<String> trace(List<Long> path, String last) {
        List<String> lines = new ArrayList<>();
        int length = begin();
        for (int i = 1; i < path.size(); i++) {
            int reached = length(length, path.get(i));
            lines.add(i + ". " + step());
            lines.add("       " + describe(steps.local(next[mover - 1])));
            System.arraycopy(next, 0, state, 0, reached);
            length = reached;
        }
        lines.add(path.size() + ". " + last);
        return lines;
    }

    private int length(int length, long hash) {
        int[] found = {-1};
        expand(length, reached -> {
            found[0] = Visited.hash(next, reached) == hash ? reached : -1;
            return found[0] >= 0;
        });
        return found[0];
    }

    private String step() {
        return "node " + mover + (fetchedFrom == 0 ? ": " : " fetches: ") + steps.describe(stepInput);
    }

    private static String describe(Local local) {
        return "now " + local.state.replica().durable() + ", chosen up to " + local.chosenUpTo
                + (local.ballot == 0 ? "" : ", at ballot " + (local.ballot >> 8) + "." + (local.ballot & 0xFF))
                + (local.unsynced == 0
                        ? ""
                        : ", not on the disk yet: " + local.state.disk().unsynced());
    }

    // ---- steps ----

    private Local local(int node) {
        return steps.local(state[node - 1]);
    }

    private boolean expand(int length, Visitor visitor) {
        fetchedFrom = 0;
        for (int node = 1; node <= bounds.acceptors(); node++) {
            if (expandNode(node, length, visitor)) {
                return true;
            }
        }
        for (int at = letters; at < length; at++) {
            int letter = state[at];
            int to = mail.letter(letter).to;
            if (take(to, letter, length, visitor)) {
                return true;
            }
        }
        return false;
    }

    private boolean expandNode(int node, int length, Visitor visitor) {
        Local local = local(node);
        if (node <= bounds.proposers()
                && state[campaigns] < bounds.ballots()
                && take(node, Steps.CAMPAIGN, length, visitor)) {
            return true;
        }
        if (local.mayPropose && take(node, Steps.PROPOSE, length, visitor)) {
            return true;
        }
        if (local.waitsForDisk && take(node, Steps.SYNC, length, visitor)) {
            return true;
        }
        for (int kept = 0; state[crashes] < bounds.crashes() && kept <= local.unsynced; kept++) {
            if (take(node, Steps.CRASH + kept, length, visitor)) {
                return true;
            }
        }
        for (int from = 1; from <= bounds.acceptors(); from++) {
            if (local(from).chosenUpTo > local.chosenUpTo && fetch(node, from, length, visitor)) {
                return true;
            }
        }
        return false;
    }

    /** A node that is behind asks one that is ahead, and has the answer. */
    private boolean fetch(int node, int from, int length, Visitor visitor) {
        mover = node;
        fetchedFrom = from;
        CatchUpRequest request = new CatchUpRequest(local(node).chosenUpTo + 1, local(from).chosenUpTo);
        Outcome asked = steps.outcome(local(from), mail.letter(node, from, request).id);
        check(asked.after() == local(from) && asked.count() == 1, () -> "node " + from + " does not answer " + request);
        boolean enough = take(node, asked.sent(0), length, visitor);
        fetchedFrom = enough ? from : 0;
        return enough;
    }

    private boolean take(int node, int input, int length, Visitor visitor) {
        mover = node;
        stepInput = input;
        Local before = local(node);
        Outcome outcome = steps.outcome(before, input);
        if (outcome.changesNothing(before)) {
            return false;
        }
        System.arraycopy(state, 0, next, 0, letters);
        next[node - 1] = outcome.after().id;
        next[campaigns] += input == Steps.CAMPAIGN ? 1 : 0;
        next[crashes] += input >= Steps.CRASH ? 1 : 0;
        int reached = putLetters(node, input, outcome, length);
        checkAgreement(node, outcome);
        for (int i = 0; i < outcome.count(); i++) {
            checkOneValue(outcome.sent(i), reached);
        }
        return visitor.visit(reached);
    }

    /** The old letters and the new ones, in order, without those that cannot matter any more. */
    private int putLetters(int node, int input, Outcome outcome, int length) {
        int reached = letters;
        int old = letters;
        int added = 0;
        while (old < length || added < outcome.count()) {
            boolean isOld = added == outcome.count() || (old < length && state[old] <= outcome.sent(added));
            int letter = isOld ? state[old++] : outcome.sent(added++);
            if (isOld && added < outcome.count() && outcome.sent(added) == letter) {
                added++;
            }
            boolean isTaken = letter == input && mail.letter(letter).isAnswer && bounds.reduced();
            boolean isSettled = isOld && next[crashes] == state[crashes] && !concerns(letter, node);
            if (isSettled || !(isTaken || isSpent(letter))) {
                next[reached++] = letter;
            }
        }
        return reached;
    }

    private boolean concerns(int letter, int node) {
        return mail.letter(letter).to == node || mail.letter(letter).from == node;
    }

    private boolean isSpent(int id) {
        Mail.Letter letter = mail.letter(id);
        Local receiver = steps.local(next[letter.to - 1]);
        boolean fragile = next[crashes] < bounds.crashes();
        return mail.isDead(letter, steps.local(next[letter.from - 1]), receiver, fragile)
                || (bounds.reduced() && letter.isAnswer && steps.isNoNews(receiver, id));
    }

    // ---- what must hold of all nodes together ----

    /** Agreement, one value for each slot and ballot, and nothing is taken for chosen that no quorum has voted for. */
    private void checkAgreement(int node, Outcome outcome) {
        for (Votes.Vote vote : outcome.votes()) {
            int at = votes + vote.slot() - 1;
            next[at] = history.with(next[at], node, vote);
            for (Value value : history.chosen(next[at])) {
                choose(vote.slot(), value);
            }
        }
        for (int i = 0; i < bounds.acceptors(); i++) {
            promised[i + 1] = steps.local(next[i]).promisedOnDisk;
        }
        for (int slot = 1; slot <= bounds.slots(); slot++) {
            Value choice = values.get(next[chosen + slot - 1]);
            next[votes + slot - 1] = history.without(next[votes + slot - 1], choice, promised);
            checkKnown(node, slot, outcome.after().chosen[slot], choice);
        }
    }

    private void choose(int slot, Value value) {
        Value choice = values.get(next[chosen + slot - 1]);
        check(
                choice == null || choice.equals(value),
                () -> "agreement: slot " + slot + " was chosen with " + choice + ", and now with " + value);
        next[chosen + slot - 1] = number(value);
    }

    private static void checkKnown(int node, int slot, @Nullable Value known, @Nullable Value choice) {
        if (known != null) {
            check(
                    choice != null,
                    () -> "chosen before executed: node " + node + " takes " + known + " in slot " + slot
                            + " for chosen, but no quorum ever voted for it");
            check(
                    known.equals(choice),
                    () -> "agreement: slot " + slot + " is chosen with " + choice + ", and node " + node + " takes "
                            + known + " for chosen");
        }
    }

    private int number(@Nullable Value value) {
        int at = values.indexOf(value);
        if (at < 0) {
            values.add(value);
            return values.size() - 1;
        }
        return at;
    }

    private void checkOneValue(int id, int reached) {
        if (!(mail.letter(id).message instanceof Accept accept)) {
            return;
        }
        for (int at = letters; at < reached; at++) {
            check(
                    !(mail.letter(next[at]).message instanceof Accept other)
                            || other.slot() != accept.slot()
                            || !other.ballot().equals(accept.ballot())
                            || other.value().equals(accept.value()),
                    () -> "one value for each slot and ballot: " + accept + ", and another value before");
        }
    }
}
