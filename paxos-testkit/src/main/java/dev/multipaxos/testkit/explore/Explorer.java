package dev.multipaxos.testkit.explore;

import static dev.multipaxos.testkit.explore.Broken.check;

import dev.multipaxos.core.InvariantViolation;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.CatchUpRequest;
import dev.multipaxos.testkit.explore.Steps.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Goes through every state of a cluster within {@link Bounds}, breadth first, and checks each.
 *
 * <p>A state is a row of numbers: each node's {@link Local}, who has campaigned in each round, how many crashes there were, which
 * value each slot was chosen with, the votes in it that may still matter, and the letters under way, ascending.
 */
final class Explorer {

    private static final int NUMBERS_MAX = 1 << 14;
    private static final long PROGRESS_NANOS = 5_000_000_000L;

    /** Gets each state that one step leads to, in {@link #next}. */
    private interface Visitor {
        /** Says whether it has seen enough. */
        boolean visit(int length);
    }

    /** Gets every state. */
    interface Watcher {
        /**
         * A state is seen for the first time.
         *
         * @param nodes the states of the nodes
         * @param campaigned for each round from the first on, a bit for each node that has campaigned in it
         */
        void seen(List<Local> nodes, int[] campaigned);
    }

    private final Bounds bounds;
    private final @Nullable Watcher watcher;
    private final Mail mail;
    private final Steps steps;
    private final Values values = new Values();
    private final Votes history;
    private final long[] promised; // by node; room for checkAgreement
    private final Visited visited = new Visited();
    private final Frontier frontier = new Frontier();

    // Places in the row.
    private final Rounds rounds;
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
        this(bounds, sabotage, null);
    }

    Explorer(Bounds bounds, Sabotage sabotage, @Nullable Watcher watcher) {
        this.bounds = bounds;
        this.watcher = watcher;
        this.mail = new Mail(bounds);
        this.steps = new Steps(bounds, sabotage, mail, values);
        this.rounds = new Rounds(bounds, bounds.acceptors());
        this.crashes = rounds.end();
        this.chosen = crashes + 1;
        this.votes = chosen + bounds.slots();
        this.letters = votes + bounds.slots();
        this.history = new Votes(bounds.acceptors(), values);
        this.promised = new long[bounds.acceptors() + 1];
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
            if (watcher != null) {
                watch(watcher);
            }
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

    private void watch(Watcher told) {
        List<Local> nodes = new ArrayList<>();
        for (int node = 1; node <= bounds.acceptors(); node++) {
            nodes.add(local(node));
        }
        told.seen(nodes, Arrays.copyOfRange(state, bounds.acceptors(), rounds.end()));
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
        if (rounds.isTurnOf(state, node) && campaign(node, length, visitor)) {
            return true;
        }
        if (local.mayPropose && take(node, Steps.PROPOSE, length, visitor)) {
            return true;
        }
        if (local.ballot != 0 && givingUpMatters() && take(node, Steps.GIVE_UP, length, visitor)) {
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

    /** Whether a leader that idles may have to propose something all the same, when it learns a choice or its disk is done. */
    private boolean givingUpMatters() {
        return !bounds.reduced() || bounds.slowDisk() || bounds.alpha() < bounds.slots();
    }

    private boolean campaign(int node, int length, Visitor visitor) {
        Local local = local(node);
        if (local.nextRound == 0 || !rounds.isAnyLeft(state)) {
            return false;
        }
        long used = rounds.last(state, node, local.promisedOnDisk >> 8); // nobody can have heard of a later one
        check(
                local.nextRound > used,
                () -> "a ballot is never used twice: node " + node + " is about to campaign in round " + local.nextRound
                        + ", as it did in round " + used);
        for (int round = (int) local.nextRound; round <= bounds.ballots(); round++) {
            if (rounds.isFree(state, round, node) && take(node, Steps.CAMPAIGN + round, length, visitor)) {
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
        if (input >= Steps.CRASH) {
            next[crashes]++;
        } else if (input > Steps.CAMPAIGN) {
            rounds.add(next, input - Steps.CAMPAIGN, node);
        }
        checkAgreement(node, outcome);
        int reached = putLetters(node, input, outcome, length);
        for (int i = 0; i < outcome.count(); i++) {
            checkOneValue(outcome.sent(i), reached);
        }
        if (bounds.reduced()) {
            forget(reached);
        }
        return (!bounds.reduced() || rounds.mayFillGaps(next, lowestRound())) && visitor.visit(reached);
    }

    private boolean isFragile() {
        return bounds.slowDisk() || next[crashes] < bounds.crashes();
    }

    /** Takes states of nodes for the same that differ only in what can have no consequence any more. */
    private void forget(int length) {
        boolean campaignsLeft = rounds.isAnyLeft(next);
        int asked = 0; // a bit for each node
        for (int at = letters; at < length; at++) {
            Mail.Letter letter = mail.letter(next[at]);
            asked |= letter.isPrepare ? 1 << letter.to : 0;
        }
        for (int node = 1; node <= bounds.acceptors(); node++) {
            boolean promises = campaignsLeft || (asked & 1 << node) != 0;
            int prospects = (isFragile() ? Essence.DISK : 0)
                    | (campaignsLeft ? Essence.CAMPAIGNS : 0)
                    | (promises ? Essence.PROMISES : 0);
            next[node - 1] = steps.with(steps.local(next[node - 1]), prospects).id;
        }
    }

    /** The lowest round in which anybody may still campaign. */
    private long lowestRound() {
        long lowest = Long.MAX_VALUE;
        for (int node = 1; node <= bounds.proposers(); node++) {
            Local local = steps.local(next[node - 1]);
            lowest = Math.min(lowest, isFragile() ? (local.promisedOnDisk >> 8) + 1 : local.nextRound);
        }
        return lowest;
    }

    /** The old letters and the new ones, in order, without those that cannot matter any more. */
    private int putLetters(int node, int input, Outcome outcome, int length) {
        int reached = letters;
        for (int at = letters; at < length; at++) {
            int letter = state[at];
            boolean isSettled = mail.letter(letter).to != node
                    && mail.letter(letter).from != node
                    && next[crashes] == state[crashes];
            boolean isTaken = letter == input && mail.letter(letter).isAnswer && bounds.reduced();
            if (isSettled) {
                reached = put(letter, reached);
            } else if (!isTaken) {
                reached = putRest(letter, reached);
            }
        }
        for (int i = 0; i < outcome.count(); i++) {
            reached = putRest(outcome.sent(i), reached);
        }
        return reached;
    }

    /** What still matters of a letter. */
    private int putRest(int id, int reached) {
        if (!bounds.reduced()) {
            return put(id, reached);
        }
        Mail.Letter letter = mail.letter(id);
        Local receiver = steps.local(next[letter.to - 1]);
        Local sender = steps.local(next[letter.from - 1]);
        boolean isSpent =
                mail.isDead(letter, sender, receiver, isFragile()) || (letter.isAnswer && steps.isNoNews(receiver, id));
        return isSpent ? reached : put(mail.rest(letter, receiver, isFragile()), reached);
    }

    /** Puts a letter in its place, unless it is there. */
    private int put(int letter, int reached) {
        int at = reached;
        while (at > letters && next[at - 1] > letter) {
            at--;
        }
        if (at > letters && next[at - 1] == letter) {
            return reached;
        }
        System.arraycopy(next, at, next, at + 1, reached - at);
        next[at] = letter;
        return reached + 1;
    }

    // ---- what must hold of all nodes together ----

    /** Agreement, one value for each slot and ballot, and nothing is taken for chosen that no quorum has voted for. */
    private void checkAgreement(int node, Outcome outcome) {
        for (Votes.Vote vote : outcome.votes()) {
            int at = votes + vote.slot() - 1;
            next[at] = history.with(next[at], node, vote);
            history.chosen(next[at], value -> choose(vote.slot(), value));
        }
        for (int i = 0; i < bounds.acceptors(); i++) {
            promised[i + 1] = steps.local(next[i]).promisedOnDisk;
        }
        for (int slot = 1; slot <= bounds.slots(); slot++) {
            int choice = next[chosen + slot - 1];
            next[votes + slot - 1] = history.without(next[votes + slot - 1], choice, promised);
            checkKnown(node, slot, outcome.after().chosen[slot], choice);
        }
    }

    private void choose(int slot, int value) {
        int choice = next[chosen + slot - 1];
        check(
                choice == 0 || choice == value,
                () -> "agreement: slot " + slot + " was chosen with " + values.value(choice) + ", and now with "
                        + values.value(value));
        next[chosen + slot - 1] = value;
    }

    private void checkKnown(int node, int slot, int known, int choice) {
        check(
                known == 0 || choice != 0,
                () -> "chosen before executed: node " + node + " takes " + values.value(known) + " in slot " + slot
                        + " for chosen, but no quorum ever voted for it");
        check(
                known == 0 || known == choice,
                () -> "agreement: slot " + slot + " is chosen with " + values.value(choice) + ", and node " + node
                        + " takes " + values.value(known) + " for chosen");
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
