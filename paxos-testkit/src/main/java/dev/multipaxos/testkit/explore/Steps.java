package dev.multipaxos.testkit.explore;

import static dev.multipaxos.testkit.explore.Broken.check;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Configuration;
import dev.multipaxos.core.Durable;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.InvariantViolation;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Parameters;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import dev.multipaxos.runtime.Driver;
import dev.multipaxos.testkit.explore.Turn.Sent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What one node does with one input. The core is a function of state and input, so each pair of them is computed once, by the real
 * replica behind the real gate, and looked up ever after: a cluster's state is only the numbers of its nodes' states.
 */
final class Steps {

    /** Inputs that are no messages; messages have the numbers of their letters. */
    private static final int NO_LETTER = 1 << 30;

    static final int PROPOSE = NO_LETTER;
    static final int SYNC = NO_LETTER + 1;
    static final int GIVE_UP = NO_LETTER + 2;
    /** In this round. */
    static final int CAMPAIGN = NO_LETTER + 3;
    /** And so many of the unsynced records are kept. */
    static final int CRASH = CAMPAIGN + 1 + Bounds.BALLOTS_MAX;

    /** What an input leads to: the node's next state, and the letters it sends. */
    static final class Outcome {
        private final Local after;
        private final int[] sent; // ascending
        private final List<Votes.Vote> votes;

        Outcome(Local after, int[] sent, List<Votes.Vote> votes) {
            this.after = after;
            this.sent = sent;
            this.votes = votes;
        }

        /** Votes that became durable in it. */
        List<Votes.Vote> votes() {
            return votes;
        }

        Local after() {
            return after;
        }

        int count() {
            return sent.length;
        }

        int sent(int index) {
            return sent[index];
        }

        boolean isSameAs(Outcome other) {
            return after == other.after && Arrays.equals(sent, other.sent) && votes.equals(other.votes);
        }

        boolean changesNothing(Local before) {
            return after == before && sent.length == 0 && votes.isEmpty();
        }
    }

    private static final int TICKS_MAX = 20; // until the most patient node campaigns
    private static final int VARIANTS_MAX = 2;

    private final Bounds bounds;
    private final Sabotage sabotage;
    private final Mail mail;
    private final Values values;
    private final Parameters parameters;
    private final Configuration configuration;
    private final Map<Object, Local> locals = new HashMap<>();
    private final List<Local> byId = new ArrayList<>();
    private final LongIntMap known = new LongIntMap();
    private final LongIntMap others = new LongIntMap(); // the same with fewer prospects
    private final List<Outcome> outcomes = new ArrayList<>();

    Steps(Bounds bounds, Sabotage sabotage, Mail mail, Values values) {
        this.bounds = bounds;
        this.sabotage = sabotage;
        this.mail = mail;
        this.values = values;
        int ring = Math.max(2 * bounds.alpha(), bounds.slots());
        this.parameters = new Parameters(bounds.alpha(), ring, 1, 2, 0, 1 << 20, 1 << 20, 1 << 20);
        this.configuration = Configuration.majority(
                IntStream.rangeClosed(1, bounds.acceptors()).toArray());
    }

    int localStates() {
        return byId.size();
    }

    int computed() {
        return outcomes.size();
    }

    Local local(int id) {
        return byId.get(id);
    }

    /** A node that has never run. */
    Local first(int node) {
        Replica replica = new Replica(node, configurationOf(node), parameters, Durable.EMPTY);
        return local(new NodeState(node, replica.state(), Driver.Held.NOTHING, Disk.EMPTY), Essence.ALL);
    }

    /** The same node, when less can happen to it. */
    Local with(Local local, int prospects) {
        if (local.prospects == prospects) {
            return local;
        }
        long key = (long) local.id << 32 | prospects;
        int at = others.get(key);
        if (at < 0) {
            at = local(local.state, prospects).id;
            others.put(key, at);
        }
        return byId.get(at);
    }

    /** What a node does with an input. */
    Outcome outcome(Local local, int input) {
        long key = (long) local.id << 32 | input;
        int at = known.get(key);
        if (at < 0) {
            at = outcomes.size();
            outcomes.add(compute(local, input));
            known.put(key, at);
        }
        return outcomes.get(at);
    }

    /** Whether an answer that is under way says nothing new any more. */
    boolean isNoNews(Local receiver, int answer) {
        try {
            return outcome(receiver, answer).changesNothing(receiver);
        } catch (Broken | InvariantViolation e) {
            return false; // its arrival will tell
        }
    }

    private Outcome compute(Local local, int input) {
        Turn turn = run(local.state, input);
        Outcome outcome = outcome(local.state, turn, local.prospects);
        checkFunction(local, input, turn, outcome);
        return outcome;
    }

    private Outcome outcome(NodeState before, Turn turn, int prospects) {
        NodeState after = turn.after();
        Safety.checkRises(before, after);
        int[] sent = turn.sent().stream()
                .filter(each -> mail.travels(each.message()) || each.message() instanceof Message.CatchUpReply)
                .mapToInt(each -> mail.letter(before.node(), each.to(), mail.canonical(each.message())).id)
                .sorted()
                .distinct()
                .toArray();
        List<Votes.Vote> votes = turn.votes().stream()
                .map(vote ->
                        new Votes.Vote((int) vote.slot(), Local.number(vote.ballot()), values.number(vote.value())))
                .toList();
        return new Outcome(local(after, prospects), sent, votes);
    }

    // ---- one turn ----

    private Turn run(NodeState state, int input) {
        if (input < NO_LETTER) {
            return deliver(state, mail.letter(input));
        }
        if (input >= CRASH) {
            return restart(state, input - CRASH);
        }
        if (input >= CAMPAIGN) {
            return campaign(state, input - CAMPAIGN);
        }
        return switch (input) {
            case PROPOSE -> propose(state);
            case SYNC -> sync(state);
            default -> giveUp(state);
        };
    }

    private Turn turn(NodeState state) {
        return turn(state, replica(state));
    }

    private Turn turn(NodeState state, Replica replica) {
        return new Turn(state, replica, !bounds.slowDisk(), sabotage.answersBeforeDurable());
    }

    private Replica replica(NodeState state) {
        return Replica.restore(state.node(), configurationOf(state.node()), parameters, state.replica());
    }

    private Configuration configurationOf(int node) {
        return sabotage.configuration(node, configuration);
    }

    private Turn deliver(NodeState state, Mail.Letter letter) {
        Turn turn = turn(state);
        Message arrived = sabotage.arrives(letter.from, letter.to, letter.message);
        turn.take(new Input.Received(letter.from, arrived));
        return turn;
    }

    /**
     * It hears that others have promised all that is below this round, if it did not know. Then time passes until it campaigns, and
     * every pre-vote is granted: that is the worst that clocks and {@code Election} can do. What it says on the way, as a leader that
     * is not heard any more, is lost.
     */
    private Turn campaign(NodeState state, long round) {
        if (round == nextRound(state)) {
            return campaign(turn(state));
        }
        Turn turn = turn(state);
        Ballot below = new Ballot(round - 1, bounds.acceptors());
        turn.take(new Input.Received(bounds.acceptors(), new Message.Rejected(below)));
        turn.sent().clear();
        return campaign(turn);
    }

    private Turn campaign(Turn turn) {
        Ballot old = turn.replica().ballot();
        for (int i = 0; i < TICKS_MAX; i++) {
            turn.take(new Input.Tick());
            for (Sent sent : List.copyOf(turn.sent())) {
                if (sent.message() instanceof Message.PreVote question && !isCampaigning(turn, old)) {
                    turn.take(new Input.Received(
                            sent.to(), new Message.PreVoteReply(question.ballot(), true, Ballot.ZERO, 0)));
                }
            }
            if (isCampaigning(turn, old)) {
                turn.sent().removeIf(sent -> !(sent.message() instanceof Message.Prepare));
                return turn;
            }
        }
        return turn; // it never does: a leader that is a quorum alone
    }

    /** It hears of a higher ballot in the same round. */
    private Turn giveUp(NodeState state) {
        Turn turn = turn(state);
        Ballot higher = new Ballot(turn.replica().ballot().round(), bounds.acceptors() + 1);
        turn.take(new Input.Received(bounds.acceptors(), new Message.Rejected(higher)));
        return turn;
    }

    /** The round in which a node campaigns if it hears nothing any more; 0 if it never does. */
    private long nextRound(NodeState state) {
        if (state.node() > bounds.proposers()) {
            return 0;
        }
        try {
            Turn turn = turn(state);
            Ballot old = turn.replica().ballot();
            campaign(turn);
            return isCampaigning(turn, old) ? turn.replica().ballot().round() : 0;
        } catch (Broken e) {
            return turn(state).replica().promised().round() + 1; // the campaign itself will tell
        }
    }

    private static boolean isCampaigning(Turn turn, Ballot old) {
        Ballot ballot = turn.replica().ballot();
        return !ballot.equals(Ballot.ZERO) && !ballot.equals(old);
    }

    /** A value that tells where it was proposed: whatever is mixed up shows. */
    private Turn propose(NodeState state) {
        Turn turn = turn(state);
        Replica replica = turn.replica();
        Bytes text = Bytes.utf8(replica.ballot() + "/" + replica.slotIn());
        turn.take(new Input.Propose(new Value.Batch(0, text)));
        return turn;
    }

    private Turn sync(NodeState state) {
        Turn turn = turn(state);
        turn.sync();
        return turn;
    }

    private Turn restart(NodeState state, int kept) {
        Disk disk = sabotage.starts(state.disk().crash(kept));
        Replica replica = new Replica(state.node(), configurationOf(state.node()), parameters, disk.durable());
        check(replica.ballot().equals(Ballot.ZERO), () -> "node " + state.node() + " takes its old ballot up again");
        Turn turn = turn(new NodeState(state.node(), replica.state(), Driver.Held.NOTHING, disk), replica);
        turn.addVotes(state.disk().unsynced().subList(0, kept));
        turn.end(); // what the disk says of choices above its prefix may complete it
        return turn;
    }

    // ---- states ----

    private Local local(NodeState state, int prospects) {
        Replica replica = replica(state);
        long nextRound = (prospects & Essence.CAMPAIGNS) != 0 ? nextRound(state) : 0;
        Object key = bounds.reduced() ? Essence.of(state, replica, prospects, nextRound, bounds.slots()) : state;
        Local known = locals.get(key);
        if (known == null) {
            checkState(state, replica);
            known = new Local(byId.size(), state, prospects, replica, nextRound, values, bounds.slots());
            byId.add(known);
            locals.put(key, known);
        } else if (known.variants.size() < VARIANTS_MAX
                && !known.state.equals(state)
                && !known.variants.contains(state)) {
            checkState(state, replica);
            checkLooksLike(known, new Local(-1, state, prospects, replica, nextRound, values, bounds.slots()));
            known.variants.add(state);
        }
        return known;
    }

    private static void checkLooksLike(Local known, Local variant) {
        check(variant.looksLike(known), () -> "the reduction: " + variant.state + " does not look like " + known.state);
    }

    // ---- what the reduction, and any model checker, relies on ----

    /** A state can be restored, and its durable part is what the journal says. */
    private void checkState(NodeState state, Replica replica) {
        check(
                replica.state().equals(state.replica()),
                () -> "explorable: " + state.replica() + " is restored as " + replica.state());
        Turn idle = turn(state, replica);
        check(
                idle.after().equals(state),
                () -> "explorable: " + state.gate() + " is restored as "
                        + idle.after().gate());
        List<Value> executed = state.disk().executed();
        Durable journal = state.disk().crash(state.disk().unsynced().size()).durable();
        Durable told = Disk.restarted(state.replica().durable(), executed);
        check(
                told.equals(journal),
                () -> "explorable: the replica takes its disk for " + told + ", but the journal says " + journal);
        for (int slot = 1; slot <= bounds.slots(); slot++) {
            Safety.checkValid(state.node(), slot, replica.value(slot));
        }
    }

    /**
     * The same state and input have the same outcome; a repeated message leaves the state equal; and states that the reduction takes
     * for the same do the same.
     */
    private void checkFunction(Local local, int input, Turn turn, Outcome outcome) {
        NodeState after = turn.after();
        Turn again = run(local.state, input);
        check(
                again.after().equals(after) && again.sent().equals(turn.sent()),
                () -> "explorable: from " + local.state + " once to " + after + ", once to " + again.after());
        if (input < NO_LETTER) {
            NodeState repeated = deliver(after, mail.letter(input)).after();
            check(
                    repeated.replica().equals(after.replica()),
                    () -> "explorable: " + mail.letter(input) + ", repeated, changes " + after + " to " + repeated);
        }
        for (NodeState variant : List.copyOf(local.variants)) {
            Outcome other = outcome(variant, run(variant, input), local.prospects);
            check(
                    other.isSameAs(outcome),
                    () -> "the reduction: " + describe(input) + " leads from " + local.state + " to "
                            + outcome.after().state + ", but from " + variant + " to " + other.after().state);
        }
    }

    /** An input, for people. */
    String describe(int input) {
        if (input < NO_LETTER) {
            return mail.letter(input).toString();
        }
        if (input >= CRASH) {
            return "it crashes and starts again; of what was not synced, " + (input - CRASH) + " records are there";
        }
        if (input >= CAMPAIGN) {
            return "it campaigns in round " + (input - CAMPAIGN);
        }
        return switch (input) {
            case PROPOSE -> "a client proposes";
            case SYNC -> "its disk is done";
            default -> "it gives its ballot up";
        };
    }
}
