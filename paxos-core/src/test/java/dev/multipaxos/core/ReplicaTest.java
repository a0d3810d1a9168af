package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ReplicaTest {

    @Test
    void a_group_of_one_leads_at_its_first_tick_and_commits_in_the_handler() {
        Cluster cluster = Cluster.of(1);
        cluster.tick(1);
        assertThat(cluster.replica(1).isLeader()).isTrue();
        cluster.propose(1, "a");
        assertThat(cluster.node(1).executed).containsEntry(1L, value("a"));
        assertThat(cluster.network).isEmpty();
    }

    @Test
    void taking_leadership_proposes_nothing_in_a_fresh_slot() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        for (Cluster.Node node : cluster.nodes()) {
            assertThat(node.replica().top()).isZero();
            assertThat(node.disk).noneMatch(record -> record instanceof Record.Accepted);
        }
    }

    @Test
    void without_loss_a_new_leader_is_there_within_three_election_timeouts() {
        for (long seed = 1; seed <= 200; seed++) {
            Parameters parameters = seeded(seed);
            Cluster cluster = new Cluster(Configuration.majority(1, 2, 3, 4, 5), parameters);
            cluster.tickAll(3 * parameters.electionTicks());
            int first = leader(cluster);
            cluster.propose(first, "a");
            cluster.settle();
            cluster.crash(first);
            cluster.network.clear();
            cluster.tickAll(3 * parameters.electionTicks());
            assertThat(leader(cluster)).as("seed %d", seed).isNotZero().isNotEqualTo(first);
        }
    }

    @Test
    void a_stable_leader_stays_and_an_idle_tick_returns_to_an_equal_state() {
        Parameters parameters = new Parameters(8, 16, 1, 2, 0, 1024, 1024, 1024);
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), parameters);
        cluster.elect(2);
        cluster.propose(2, "a");
        cluster.tickAll(5);
        List<ReplicaState> before = states(cluster);
        cluster.tickAll(1);
        assertThat(states(cluster)).isEqualTo(before);
        assertThat(cluster.replica(2).isLeader()).isTrue();
    }

    @Test
    void repeating_a_message_leaves_the_state_equal() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        for (int i = 0; i < 5; i++) {
            cluster.propose(1, "v" + i);
        }
        while (!cluster.network.isEmpty()) {
            Cluster.Flight flight = cluster.network.get(0);
            cluster.deliver(flight);
            ReplicaState once = cluster.replica(flight.to()).state();
            List<Cluster.Flight> said = List.copyOf(cluster.network);
            cluster.step(flight.to(), new Input.Received(flight.from(), flight.message()));
            assertThat(cluster.replica(flight.to()).state())
                    .as("after a second %s", flight)
                    .isEqualTo(once);
            cluster.network.clear();
            cluster.network.addAll(said);
        }
    }

    @Test
    void a_restored_state_is_equal_and_says_the_same() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.propose(1, "a");
        cluster.deliverAll(flight -> flight.to() == 2);
        cluster.propose(1, "b");
        for (Cluster.Node node : cluster.nodes()) {
            ReplicaState state = node.replica().state();
            Replica restored = Replica.restore(node.id, cluster.configuration, cluster.parameters, state);
            assertThat(restored.state()).isEqualTo(state);
        }
    }

    @Test
    void a_crash_keeps_exactly_the_durable_part() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.propose(1, "a");
        cluster.settle();
        cluster.propose(1, "b");
        Durable before = cluster.replica(2).state().durable();
        cluster.crash(2);
        cluster.restart(2);
        Durable after = cluster.replica(2).state().durable();
        assertThat(after.promised()).isEqualTo(before.promised());
        assertThat(after.chosenUpTo()).isEqualTo(before.chosenUpTo());
    }

    @Test
    void nothing_is_said_before_it_is_durable() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.syncAtOnce = false;
        cluster.propose(1, "a");
        assertThat(cluster.network).allMatch(flight -> flight.message() instanceof Accept);
        cluster.settle();
        assertThat(cluster.replica(1).chosenUpTo()).isZero();
        cluster.force(2);
        cluster.settle();
        assertThat(cluster.replica(1).chosenUpTo())
                .as("one follower's disk is no quorum")
                .isZero();
        cluster.force(1);
        assertThat(cluster.replica(1).chosenUpTo()).isEqualTo(1);
    }

    @Test
    void slots_are_chosen_out_of_order_and_executed_in_order() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "a");
        cluster.propose(1, "b");
        cluster.drop(flight -> flight.message() instanceof Accept accept && accept.slot() == 1);
        cluster.settle();
        assertThat(cluster.replica(1).slotState(2)).isEqualTo(SlotState.CHOSEN);
        assertThat(cluster.node(1).executed).isEmpty();
        cluster.tickAll(2 * cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(3).executed).containsValues(value("a"), value("b"));
    }

    @Test
    void a_lost_accept_is_sent_again_without_client_traffic() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "a");
        cluster.network.clear();
        cluster.tickAll(3 * cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(2).executed).containsEntry(1L, value("a"));
        assertThat(cluster.node(3).executed).containsEntry(1L, value("a"));
    }

    /** The mutant {@code watermark-any-ballot} of the TLA+ model. */
    @Test
    void a_watermark_speaks_only_of_entries_of_the_senders_ballot() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "lost");
        cluster.deliverAll(flight -> flight.to() == 3 && flight.message() instanceof Accept);
        cluster.crash(1);
        cluster.network.clear();
        cluster.drop(flight -> true);
        Ballot second = new Ballot(9, 2);
        Replica follower = cluster.replica(3);
        assertThat(follower.value(1)).isEqualTo(value("lost"));
        cluster.step(3, new Input.Received(2, new Heartbeat(second, 1, 0, 0)));
        assertThat(follower.slotState(1)).as("older than the sender's ballot").isEqualTo(SlotState.ACCEPTED);
        cluster.network.clear();
        cluster.tickAll(0);
        for (int i = 0; i <= cluster.parameters.heartbeatTicks(); i++) {
            cluster.tick(3);
        }
        assertThat(cluster.network).anyMatch(flight -> flight.message() instanceof Message.CatchUpRequest);
        cluster.proposed.add(value("chosen"));
        cluster.step(3, new Input.Received(2, new CatchUpReply(1, List.of(value("chosen")), 1)));
        assertThat(cluster.node(3).executed).containsEntry(1L, value("chosen"));
    }

    @Test
    void a_watermark_of_an_older_ballot_does_not_choose_a_newer_entry() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.step(3, new Input.Received(2, new Accept(new Ballot(5, 2), 1, value("new"), 0)));
        cluster.step(3, new Input.Received(1, new Heartbeat(new Ballot(4, 1), 1, 0, 0)));
        assertThat(cluster.replica(3).slotState(1)).isEqualTo(SlotState.ACCEPTED);
    }

    @Test
    void a_vote_that_answers_an_earlier_ballot_of_the_same_leader_does_not_count() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "a");
        cluster.deliverAll(flight -> flight.to() == 2 && flight.message() instanceof Accept);
        Cluster.Flight late = cluster.network.stream()
                .filter(flight -> flight.message() instanceof Accepted)
                .findFirst()
                .orElseThrow();
        cluster.network.clear();
        cluster.severed = flight -> flight.from() == 2 || flight.message() instanceof Accept;
        cluster.step(1, new Input.MayLead(false));
        cluster.step(1, new Input.MayLead(true));
        cluster.elect(1); // by 3
        cluster.settle();
        assertThat(cluster.replica(1).ballot()).isNotEqualTo(((Accepted) late.message()).ballot());
        cluster.step(1, new Input.Received(2, late.message()));
        assertThat(cluster.replica(1).chosenUpTo())
                .as("at this ballot only 1 has voted")
                .isZero();
    }

    /** The mutant {@code no-step-down} of the TLA+ model. */
    @Test
    void a_leader_that_learns_another_choice_than_its_proposal_steps_down_before_it_says_anything() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "mine");
        cluster.network.clear();
        Ballot deposed = cluster.replica(1).ballot();
        cluster.proposed.add(value("theirs"));
        cluster.step(1, new Input.Received(2, new CatchUpReply(1, List.of(value("theirs")), 1)));
        assertThat(cluster.replica(1).isLeader()).isFalse();
        assertThat(cluster.node(1).executed).containsEntry(1L, value("theirs"));
        for (int i = 0; i < 10 * cluster.parameters.electionTicks(); i++) {
            cluster.tick(1);
        }
        assertThat(cluster.network)
                .noneMatch(flight -> flight.message() instanceof Heartbeat heartbeat
                        && heartbeat.ballot().equals(deposed))
                .noneMatch(flight -> flight.message() instanceof Accept);
    }

    /** The mutant {@code cleared-is-empty} of the TLA+ model. */
    @Test
    void a_slot_that_a_promise_reports_cleared_is_fetched_and_not_filled() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.crash(3);
        cluster.propose(1, "a");
        cluster.propose(1, "b");
        cluster.tickAll(10 * cluster.parameters.heartbeatTicks());
        cluster.crash(1);
        cluster.network.clear();
        cluster.restart(3);
        // node 3 campaigns without asking first, and hears only of node 2, which has everything
        cluster.step(2, new Input.Received(3, new Prepare(new Ballot(50, 3), 1)));
        Promise promise = (Promise) cluster.network.get(0).message();
        assertThat(promise.entries()).isEmpty();
        assertThat(promise.chosenUpTo()).isEqualTo(2);
        Recovery recovery = new Recovery(3, 1);
        recovery.onPromise(1, promise);
        recovery.onPromise(2, new Promise(new Ballot(50, 3), 1, 1, Long.MAX_VALUE, List.of(), 0, 0));
        assertThat(cluster.configuration.isPhase1Quorum(recovery.complete())).isTrue();
        assertThat(recovery.decides(1, cluster.configuration)).isFalse();
        assertThat(recovery.decides(2, cluster.configuration)).isFalse();
        assertThat(recovery.decides(3, cluster.configuration)).isTrue();
    }

    @Test
    void a_candidate_that_is_behind_fetches_what_a_quorum_has_chosen() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.crash(3);
        for (int i = 0; i < 20; i++) {
            cluster.propose(1, "v" + i);
        }
        cluster.settle();
        cluster.crash(1);
        cluster.network.clear();
        cluster.restart(3);
        cluster.elect(3);
        cluster.tickAll(20);
        assertThat(cluster.node(3).executed.values())
                .containsExactlyElementsOf(
                        LongStream.range(0, 20).mapToObj(i -> value("v" + i)).toList());
    }

    @Test
    void a_promise_is_cut_into_chunks_and_counts_only_when_all_have_come() {
        Parameters small = new Parameters(64, 128, 5, 25, 1, 10, 1 << 20, 0);
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), small);
        cluster.elect(1);
        cluster.settle();
        for (int i = 0; i < 10; i++) {
            cluster.propose(1, "value " + i);
        }
        cluster.deliverAll(flight -> flight.to() == 2);
        cluster.network.clear();
        cluster.crash(1);
        List<Promise> chunks = new ArrayList<>();
        long resumeAt = 1;
        do { // a few of them at a time
            cluster.step(2, new Input.Received(3, new Prepare(new Ballot(9, 3), 1, resumeAt)));
            cluster.network.forEach(flight -> chunks.add((Promise) flight.message()));
            cluster.network.clear();
            resumeAt = chunks.get(chunks.size() - 1).coveredTo() + 1;
        } while (chunks.get(chunks.size() - 1).more());
        assertThat(chunks).hasSize(10).filteredOn(Promise::more).hasSize(4);
        Recovery recovery = new Recovery(3, 1);
        for (int i = chunks.size() - 1; i > 0; i--) {
            recovery.onPromise(1, chunks.get(i));
        }
        assertThat(recovery.complete()).isZero();
        recovery.onPromise(1, chunks.get(0));
        assertThat(recovery.complete()).isEqualTo(0b10);
        assertThat(recovery.top()).isEqualTo(10);
    }

    @Test
    void an_accept_beyond_the_ring_is_not_answered_and_not_stored() {
        Parameters small = new Parameters(4, 8, 5, 25, 1, 1024, 1024, 0);
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), small);
        cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), Long.MAX_VALUE - 1, value("far"), 0)));
        cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), 9, value("far"), 0)));
        assertThat(cluster.network).isEmpty();
        assertThat(cluster.replica(2).promised()).isEqualTo(Ballot.ZERO);
        cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), 8, value("near"), 0)));
        assertThat(cluster.network).hasSize(1).allMatch(flight -> flight.message() instanceof Accepted);
    }

    @Test
    void two_values_at_one_ballot_stop_the_node() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), 1, value("a"), 0)));
        assertThatThrownBy(() -> cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), 1, value("b"), 0))))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("slot 1")
                .hasMessageContaining("1.1");
    }

    @Test
    void another_choice_in_a_chosen_slot_stops_the_node() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), 1, value("a"), 0)));
        cluster.proposed.add(value("a"));
        cluster.step(2, new Input.Received(1, new Heartbeat(new Ballot(1, 1), 1, 0, 0)));
        cluster.step(2, new Input.Received(1, new Accept(new Ballot(1, 1), 3, value("c"), 3))); // chosen, above a hole
        assertThatThrownBy(() -> cluster.step(2, new Input.Received(3, new CatchUpReply(3, List.of(value("b")), 3))))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("slot 3");
    }

    @Test
    void a_leader_cut_off_from_its_quorum_stops_to_lead() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        for (int i = 0; i < 3 * cluster.parameters.electionTicks(); i++) {
            cluster.tick(1);
            cluster.network.clear();
        }
        assertThat(cluster.replica(1).isLeader()).isFalse();
        assertThat(cluster.replica(1).leader()).isZero();
    }

    @Test
    void a_read_waits_for_a_quorum_that_knows_no_higher_ballot() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.propose(1, "a");
        cluster.settle();
        cluster.step(1, new Input.Read(7));
        assertThat(cluster.node(1).readyReads).isEmpty();
        cluster.settle();
        assertThat(cluster.node(1).readyReads).containsEntry(7L, 1L);
        cluster.step(2, new Input.Read(8));
        assertThat(cluster.node(2).refusedReads).containsExactly(8L);
    }

    @Test
    void a_deposed_leader_refuses_the_reads_that_wait() {
        Cluster cluster = Cluster.of(1, 2, 3);
        cluster.elect(1);
        cluster.settle();
        cluster.step(1, new Input.Read(7));
        cluster.network.clear();
        cluster.elect(2);
        cluster.settle();
        assertThat(cluster.node(1).readyReads).isEmpty();
        assertThat(cluster.node(1).refusedReads).containsExactly(7L);
    }

    @Test
    void what_all_have_executed_leaves_memory_and_is_served_from_the_journal() {
        Parameters small = new Parameters(8, 16, 5, 25, 1, 64, 1 << 20, 1 << 20);
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), small);
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "a");
        cluster.tickAll(5 * small.heartbeatTicks());
        for (Cluster.Node node : cluster.nodes()) {
            assertThat(node.replica().clearedUpTo()).isEqualTo(1);
            assertThat(node.replica().slotState(1)).isEqualTo(SlotState.CLEARED);
        }
    }

    @Test
    void a_member_that_is_away_for_long_does_not_hold_the_others_memory_and_catches_up() {
        Parameters small = new Parameters(8, 16, 5, 25, 1, 64, 1 << 20, 1 << 20);
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), small);
        cluster.elect(1);
        cluster.settle();
        cluster.crash(3);
        for (int i = 0; i < 200; i++) {
            while (cluster.replica(1).openSlots() == 0) {
                cluster.tickAll(1);
            }
            cluster.propose(1, "v" + i);
            cluster.settle();
        }
        assertThat(cluster.replica(1).clearedUpTo()).isZero();
        cluster.restart(3);
        cluster.tickAll(100 * small.heartbeatTicks());
        assertThat(cluster.node(3).executed).hasSize(200);
    }

    private static Parameters seeded(long seed) {
        Parameters p = Parameters.DEFAULT;
        return new Parameters(
                p.alpha(),
                p.ring(),
                p.heartbeatTicks(),
                p.electionTicks(),
                seed,
                p.chunkBytes(),
                p.inFlightBytesMax(),
                p.retainedBytesMax());
    }

    private static int leader(Cluster cluster) {
        int leader = 0;
        for (Cluster.Node node : cluster.nodes()) {
            if (node.isUp() && node.replica().isLeader()) {
                leader = node.id;
            }
        }
        return leader;
    }

    private static List<ReplicaState> states(Cluster cluster) {
        List<ReplicaState> states = new java.util.ArrayList<>();
        cluster.nodes().forEach(node -> states.add(node.replica().state()));
        return states;
    }
}
