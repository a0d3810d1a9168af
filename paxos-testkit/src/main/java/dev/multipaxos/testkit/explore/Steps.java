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
import dev.multipaxos.core.ReplicaState;
import dev.multipaxos.core.ReplicaState.Volatile;
import dev.multipaxos.core.Role;
import dev.multipaxos.core.SlotRanges;
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
    static final int CAMPAIGN = 1 << 30;

    static final int PROPOSE = CAMPAIGN + 1;
    static final int SYNC = CAMPAIGN + 2;
    /** And so many of the unsynced records are kept. */
    static final int CRASH = CAMPAIGN + 3;

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

    /** What must be equal for two states to be the same, when the reduction is on: all that safety can depend on. */
    private record Essence(
            int node,
            int life,
            Durable durable,
            SlotRanges chosen,
            long chosenUpTo,
            ReplicaState.Part proposer,
            ReplicaState.Part compaction,
            Role role,
            Ballot nextBallot,
            Driver.Held gate,
            Disk disk) {}

    private static final int TICKS_MAX = 20; // until the most patient node campaigns
    private static final int VARIANTS_MAX = 2;

    private final Bounds bounds;
    private final Sabotage sabotage;
    private final Mail mail;
    private final Parameters parameters;
    private final Configuration configuration;
    private final Map<Object, Local> locals = new HashMap<>();
    private final List<Local> byId = new ArrayList<>();
    private final LongIntMap known = new LongIntMap();
    private final List<Outcome> outcomes = new ArrayList<>();

    Steps(Bounds bounds, Sabotage sabotage, Mail mail) {
        this.bounds = bounds;
        this.sabotage = sabotage;
        this.mail = mail;
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
        return local(new NodeState(node, 0, replica.state(), Driver.Held.NOTHING, Disk.EMPTY));
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
        Outcome outcome = outcome(local.state, turn);
        checkFunction(local, input, turn, outcome);
        return outcome;
    }

    private Outcome outcome(NodeState before, Turn turn) {
        NodeState after = turn.after();
        Safety.checkRises(before, after);
        int[] sent = turn.sent().stream()
                .filter(each -> mail.travels(each.message()) || each.message() instanceof Message.CatchUpReply)
                .mapToInt(each -> mail.letter(before.node(), each.to(), mail.canonical(each.message())).id)
                .sorted()
                .distinct()
                .toArray();
        return new Outcome(local(after), sent, List.copyOf(turn.votes()));
    }

    // ---- one turn ----

    private Turn run(NodeState state, int input) {
        return switch (input) {
            case CAMPAIGN -> campaign(state);
            case PROPOSE -> propose(state);
            case SYNC -> {
                Turn turn = turn(state);
                turn.sync();
                yield turn;
            }
            default -> input >= CRASH ? restart(state, input - CRASH) : deliver(state, mail.letter(input));
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
     * Time passes until this node campaigns, and every pre-vote is granted: that is the worst that clocks and {@code Election} can
     * do. What it says on the way, as a leader that is not heard any more, is lost.
     */
    private Turn campaign(NodeState state) {
        Turn turn = turn(state);
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
        return turn(state); // it never does: a leader that is a quorum alone
    }

    private static boolean isCampaigning(Turn turn, Ballot old) {
        Ballot ballot = turn.replica().ballot();
        return !ballot.equals(Ballot.ZERO) && !ballot.equals(old);
    }

    /** A value that tells where and in which life it was proposed: whatever is mixed up shows. */
    private Turn propose(NodeState state) {
        Turn turn = turn(state);
        Replica replica = turn.replica();
        Bytes text = Bytes.utf8(replica.ballot() + "/" + replica.slotIn());
        turn.take(new Input.Propose(new Value.Batch(state.life(), text)));
        return turn;
    }

    private Turn restart(NodeState state, int kept) {
        Disk disk = sabotage.starts(state.disk().crash(kept));
        Replica replica = new Replica(state.node(), configurationOf(state.node()), parameters, disk.durable());
        Turn turn = turn(
                new NodeState(state.node(), state.life() + 1, replica.state(), Driver.Held.NOTHING, disk), replica);
        turn.addVotes(state.disk().unsynced().subList(0, kept));
        turn.end(); // what the disk says of choices above its prefix may complete it
        return turn;
    }

    // ---- states ----

    private Local local(NodeState state) {
        Replica replica = replica(state);
        Object key = bounds.reduced() ? essence(state, replica) : state;
        Local known = locals.get(key);
        if (known == null) {
            checkState(state, replica);
            known = new Local(byId.size(), state, replica, bounds.slots());
            byId.add(known);
            locals.put(key, known);
        } else if (known.variants.size() < VARIANTS_MAX
                && !known.state.equals(state)
                && !known.variants.contains(state)) {
            checkState(state, replica);
            known.variants.add(state);
        }
        return known;
    }

    /**
     * Left out: the counters of time, who was heard, and who may have what; they decide when a node campaigns, steps down or
     * asks for values, and here it may do so whenever it likes.
     */
    private Essence essence(NodeState state, Replica replica) {
        Volatile memory = state.replica().memory();
        boolean campaigns = state.node() <= bounds.proposers();
        return new Essence(
                state.node(),
                state.life(),
                state.replica().durable(),
                memory.chosen(),
                memory.chosenUpTo(),
                memory.proposer(),
                memory.compaction(),
                replica.role(),
                campaigns ? nextBallot(state) : Ballot.ZERO,
                state.gate(),
                state.disk());
    }

    private Ballot nextBallot(NodeState state) {
        try {
            return campaign(state).replica().ballot();
        } catch (Broken e) {
            return Ballot.ZERO; // the campaign itself will tell
        }
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
        if (input < CAMPAIGN) {
            NodeState repeated = deliver(after, mail.letter(input)).after();
            check(
                    repeated.replica().equals(after.replica()),
                    () -> "explorable: " + mail.letter(input) + ", repeated, changes " + after + " to " + repeated);
        }
        for (NodeState variant : List.copyOf(local.variants)) {
            Outcome other = outcome(variant, run(variant, input));
            check(
                    other.isSameAs(outcome),
                    () -> "the reduction: " + describe(input) + " leads from " + local.state + " to "
                            + outcome.after().state + ", but from " + variant + " to " + other.after().state);
        }
    }

    /** An input, for people. */
    String describe(int input) {
        return switch (input) {
            case CAMPAIGN -> "it campaigns";
            case PROPOSE -> "a client proposes";
            case SYNC -> "its disk is done";
            default ->
                input >= CRASH
                        ? "it crashes and starts again; of what was not synced, " + (input - CRASH)
                                + " records are there"
                        : mail.letter(input).toString();
        };
    }
}
