package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.HeartbeatAck;
import dev.multipaxos.core.Message.PreVoteReply;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What was once wrong, each with the shortest schedule that shows it. */
class ReplicaRegressionTest {

    /**
     * A deposed leader that does not know it yet learns choices made above it. It must not propose in those slots: at its ballot
     * nobody compared them, and its own watermark would make its proposal a choice elsewhere.
     */
    @Test
    void a_leader_never_proposes_in_a_slot_that_it_learned_from_others() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.proposed.add(value("theirs"));
        cluster.step(1, new Input.Received(2, new CatchUpReply(1, List.of(value("theirs"), value("theirs")), 2)));
        assertThat(cluster.replica(1).chosenUpTo()).isEqualTo(2);
        assertThat(cluster.replica(1).slotsInFlight()).isZero();
        cluster.network.clear();
        if (cluster.replica(1).openSlots() > 0) {
            cluster.propose(1, "mine");
        }
        assertThat(cluster.network)
                .noneMatch(flight -> flight.message() instanceof Accept accept && accept.slot() <= 2);
    }

    @Test
    void a_leader_that_learns_a_choice_beyond_a_hole_fills_the_hole() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.proposed.add(value("theirs"));
        cluster.step(1, new Input.Received(2, new CatchUpReply(3, List.of(value("theirs")), 3)));
        assertThat(cluster.replica(1).slotIn()).isEqualTo(4);
        cluster.settle();
        assertThat(cluster.replica(1).chosenUpTo()).isEqualTo(3);
    }

    /**
     * A choice that was learned says nothing about the ballot at which it was made: an older leader may well have proposed
     * something else there, and may still be sending it.
     */
    @Test
    void an_old_leaders_proposal_for_a_learned_slot_gets_no_vote_and_stops_nobody() {
        Cluster cluster = Cluster.of(1, 2, 3, 4, 5);
        Ballot deposed = new Ballot(1, 1);
        cluster.step(5, new Input.Received(1, new Accept(deposed, 1, value("lost"), 0)));
        cluster.step(5, new Input.Received(2, new Heartbeat(new Ballot(2, 2), 1, 0, 0)));
        cluster.proposed.add(value("chosen"));
        cluster.step(5, new Input.Received(2, new CatchUpReply(1, List.of(value("chosen")), 1)));
        cluster.network.clear();
        cluster.step(5, new Input.Received(1, new Accept(deposed, 1, value("lost"), 0)));
        assertThat(cluster.network)
                .extracting(Cluster.Flight::message)
                .containsExactly(new Accepted(deposed, SlotRanges.EMPTY, 1));
        assertThat(cluster.replica(5).value(1)).isEqualTo(value("chosen"));
    }

    @Test
    void where_one_promise_elects_a_live_leader_is_still_left_alone() {
        Cluster cluster = new Cluster(
                new Configuration(new Quorums(3, 1, 3), 1, 2, 3), new Parameters(8, 16, 2, 6, 1, 64, 64, 64));
        cluster.tickAll(12);
        Ballot before = cluster.replica(1).promised();
        cluster.tickAll(60);
        assertThat(cluster.replica(1).promised()).isEqualTo(before);
    }

    @Test
    void a_candidate_that_cannot_fetch_what_it_lacks_campaigns_all_the_same() {
        Cluster cluster =
                new Cluster(Configuration.majority(1, 2, 3), new Parameters(8, 16, 1, 4, 0, 1024, 1024, 1024));
        cluster.step(2, new Input.Received(1, new Heartbeat(new Ballot(1, 1), 7, 0, 0))); // node 1 has seven, and dies
        for (int i = 0; i < 40; i++) {
            cluster.tick(2);
            cluster.drop(flight -> flight.to() == 1);
            for (Cluster.Flight flight : List.copyOf(cluster.network)) {
                if (flight.message() instanceof Message.PreVote asked) {
                    cluster.step(2, new Input.Received(3, new PreVoteReply(asked.ballot(), true, Ballot.ZERO, 0)));
                }
            }
        }
        assertThat(cluster.network).anyMatch(flight -> flight.message() instanceof Prepare);
    }

    /** A smaller ring than in the life before must not fold two votes into one place. */
    @Test
    void a_restart_with_a_smaller_ring_forgets_no_vote() {
        Ballot ballot = new Ballot(1, 1);
        List<Entry> votes = IntStream.rangeClosed(1, 16)
                .mapToObj(slot -> new Entry(slot, ballot, value("v" + slot), false))
                .toList();
        Durable disk = new Durable(ballot, 0, 0, votes);
        Replica replica =
                new Replica(2, Configuration.majority(1, 2, 3), new Parameters(2, 4, 1, 4, 0, 1024, 1024, 1024), disk);
        assertThat(replica.state().durable()).isEqualTo(disk);
    }

    /** With five members one acknowledgement more than a quorum used to begin the next period, and its repeat to count in it. */
    @Test
    void a_repeated_acknowledgement_leaves_the_state_equal() {
        Cluster cluster = Cluster.of(1, 2, 3, 4, 5);
        cluster.elect(1);
        cluster.settle();
        HeartbeatAck ack = new HeartbeatAck(cluster.replica(1).ballot(), 0, 0);
        for (int node = 2; node <= 5; node++) {
            cluster.step(1, new Input.Received(node, ack));
            ReplicaState once = cluster.replica(1).state();
            cluster.step(1, new Input.Received(node, ack));
            assertThat(cluster.replica(1).state()).as("node %d", node).isEqualTo(once);
        }
    }

    /** A candidate far behind holds votes for the slots in its ring, not for all that it lacks. */
    @Test
    void the_state_of_a_candidate_far_behind_is_small_and_is_restored() {
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), new Parameters(4, 8, 1, 4, 0, 1024, 1024, 1024));
        cluster.elect(1);
        cluster.settle();
        Ballot ballot = cluster.replica(1).ballot();
        cluster.propose(1, "a");
        cluster.step(1, new Input.Received(2, new Accepted(ballot, SlotRanges.of(1, 1), 0)));
        List<Entry> none = new ArrayList<>();
        cluster.propose(1, "b");
        cluster.propose(1, "c");
        cluster.step(1, new Input.Received(3, new Promise(ballot, 1, 1, Long.MAX_VALUE, none, 1_000, 0)));
        ReplicaState state = cluster.replica(1).state();
        assertThat(((Proposer.State) state.memory().proposer()).votes()).hasSizeLessThanOrEqualTo(8);
        assertThat(Replica.restore(1, cluster.configuration, cluster.parameters, state)
                        .state())
                .isEqualTo(state);
        assertThat(Replica.restore(1, cluster.configuration, cluster.parameters, state)
                        .votes(2))
                .isEqualTo(cluster.replica(1).votes(2))
                .isNotZero();
    }

    /** Found by the explorer: the leader counted the repeat as news of whom it had just been elected by. */
    @Test
    void the_promise_that_elects_a_leader_leaves_its_state_equal_when_it_is_repeated() {
        Cluster cluster = Cluster.of(1, 2, 3);
        Cluster.Flight electing = promiseThatElects(cluster);
        cluster.deliver(electing);
        assertThat(cluster.replica(1).isLeader()).isTrue();
        ReplicaState once = cluster.replica(1).state();
        cluster.deliver(electing);
        assertThat(cluster.replica(1).state()).isEqualTo(once);
    }

    /** Found by the explorer: what phase 1 had found of a slot was kept after the choice, until the next turn. */
    @Test
    void a_promise_that_tells_a_choice_leaves_the_state_equal_when_it_is_repeated() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.proposed.add(value("theirs"));
        cluster.choices.put(1L, value("theirs"));
        Cluster.Flight asked = promiseThatElects(cluster);
        Promise empty = (Promise) asked.message();
        Promise telling = new Promise(
                empty.ballot(), 1, 1, Long.MAX_VALUE, List.of(new Entry(1, Ballot.ZERO, value("theirs"), true)), 0, 0);
        cluster.step(1, new Input.Received(2, telling));
        assertThat(cluster.replica(1).chosenUpTo()).isEqualTo(1);
        ReplicaState once = cluster.replica(1).state();
        cluster.step(1, new Input.Received(2, telling));
        assertThat(cluster.replica(1).state()).isEqualTo(once);
    }

    /** Node 1 is about to be elected by the promise of node 2. */
    private static Cluster.Flight promiseThatElects(Cluster cluster) {
        while (cluster.network.stream().noneMatch(flight -> flight.to() == 1 && flight.message() instanceof Promise)) {
            cluster.tick(1);
            cluster.deliverAll(flight -> !(flight.message() instanceof Promise));
        }
        return cluster.network.stream()
                .filter(flight -> flight.to() == 1 && flight.from() == 2 && flight.message() instanceof Promise)
                .findFirst()
                .orElseThrow();
    }
}
