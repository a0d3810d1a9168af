package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.PreVoteReply;
import dev.multipaxos.core.Message.Prepare;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A snapshot of another member takes the place of the log up to its end. */
class InstalledTest {

    private final Cluster cluster = Cluster.of(1, 2, 3);

    /** Nodes 1 and 2 have executed this many slots, node 3 has just come back and knows nothing. */
    private void missed(int slots) {
        cluster.elect(1);
        cluster.settle();
        cluster.crash(3);
        for (int i = 1; i <= slots; i++) {
            cluster.propose(1, "v" + i);
        }
        cluster.tickAll(2 * cluster.parameters.heartbeatTicks());
        cluster.restart(3);
    }

    @Test
    void a_follower_goes_on_behind_the_end_of_a_snapshot() {
        missed(5);
        Ballot promised = cluster.replica(3).promised();
        cluster.install(3, 1, 5);
        assertThat(cluster.replica(3).chosenUpTo()).isEqualTo(5);
        assertThat(cluster.replica(3).slotOut()).isEqualTo(6);
        assertThat(cluster.replica(3).promised()).isEqualTo(promised);
        cluster.propose(1, "next");
        cluster.tickAll(cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(3).executed).containsEntry(6L, value("next")).hasSize(6);
        assertThat(cluster.node(3).disk)
                .contains(new Record.Installed(5))
                .noneMatch(record -> record instanceof Record.Chosen);
    }

    @Test
    void what_was_accepted_above_stays_and_the_prefix_goes_on_over_what_was_chosen_there() {
        missed(5);
        Ballot ballot = new Ballot(9, 1);
        cluster.step(3, new Input.Received(1, new Accept(ballot, 2, value("lost"), 0)));
        cluster.step(3, new Input.Received(1, new Accept(ballot, 6, value("six"), 0)));
        cluster.step(3, new Input.Received(1, new Accept(ballot, 8, value("eight"), 0)));
        cluster.proposed.add(value("six"));
        cluster.step(3, new Input.Received(1, new CatchUpReply(6, List.of(value("six")), 6)));
        assertThat(cluster.replica(3).chosenUpTo()).isZero();
        cluster.install(3, 1, 5);
        Replica replica = cluster.replica(3);
        assertThat(replica.chosenUpTo()).isEqualTo(6);
        assertThat(cluster.node(3).executed).containsEntry(6L, value("six"));
        assertThat(replica.slotState(8)).isEqualTo(SlotState.ACCEPTED);
        assertThat(replica.acceptedAt(8)).isEqualTo(ballot);
        assertThat(replica.value(2)).isNull();
        assertThat(replica.promised()).isEqualTo(ballot);
        cluster.crash(3);
        cluster.restart(3);
        assertThat(cluster.replica(3).acceptedAt(8)).isEqualTo(ballot);
        assertThat(cluster.node(3).executed).containsEntry(5L, value("v5"));
    }

    @Test
    void a_candidate_that_waits_for_what_it_lacks_campaigns_at_once() {
        missed(5);
        while (cluster.replica(3).role() != Role.CANDIDATE) {
            cluster.tick(3);
        }
        Ballot asked = new Ballot(cluster.replica(3).promised().round() + 1, 3);
        for (int round = 0; round < 3 && cluster.replica(3).promised().node() != 3; round++) {
            asked = cluster.network.stream()
                    .filter(flight -> flight.message() instanceof Message.PreVote)
                    .map(flight -> ((Message.PreVote) flight.message()).ballot())
                    .reduce((one, other) -> other)
                    .orElse(asked);
            cluster.step(3, new Input.Received(2, new PreVoteReply(asked, true, Ballot.ZERO, 5)));
        }
        assertThat(cluster.network).noneMatch(flight -> flight.message() instanceof Prepare);
        cluster.install(3, 1, 5);
        assertThat(cluster.network)
                .anyMatch(flight -> flight.message() instanceof Prepare prepare && prepare.fromSlot() == 6);
    }

    @Test
    void a_leader_that_proposed_what_a_snapshot_hides_steps_down_and_says_no_more_at_that_ballot() {
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "mine");
        cluster.step(1, new Input.Read(7));
        cluster.network.clear();
        Ballot deposed = cluster.replica(1).ballot();
        Cluster.Node node = cluster.node(1);
        node.snapshot.put(1L, value("theirs"));
        node.lastExecuted = 1;
        cluster.step(1, new Input.Installed(1));
        assertThat(cluster.replica(1).isLeader()).isFalse();
        assertThat(node.refusedReads).containsExactly(7L);
        for (int i = 0; i < 5 * cluster.parameters.electionTicks(); i++) {
            cluster.tick(1);
        }
        assertThat(cluster.network)
                .noneMatch(flight -> flight.message() instanceof Accept)
                .noneMatch(flight -> flight.message() instanceof Heartbeat heartbeat
                        && heartbeat.ballot().equals(deposed));
    }

    @Test
    void a_leader_that_proposed_nothing_there_leads_on_behind_it_and_keeps_its_reads() {
        missed(5);
        cluster.network.clear();
        cluster.severed = flight -> flight.message() instanceof CatchUpReply;
        cluster.crash(1);
        cluster.elect(3);
        assertThat(cluster.replica(3).openSlots()).isPositive();
        cluster.step(3, new Input.Read(7));
        cluster.install(3, 2, 5);
        Replica leader = cluster.replica(3);
        assertThat(leader.isLeader()).isTrue();
        assertThat(leader.slotIn()).isEqualTo(6);
        cluster.settle();
        assertThat(cluster.node(3).readyReads).containsEntry(7L, 5L);
        cluster.propose(3, "next");
        cluster.settle();
        assertThat(cluster.node(2).executed).containsEntry(6L, value("next"));
    }

    @Test
    void a_snapshot_beyond_all_that_a_leader_knows_moves_its_next_slot() {
        cluster.elect(1);
        cluster.settle();
        Cluster.Node node = cluster.node(1);
        node.lastExecuted = 10_000_000_000L;
        cluster.step(1, new Input.Installed(10_000_000_000L)); // goes over the gap in one leap
        assertThat(cluster.replica(1).isLeader()).isTrue();
        assertThat(cluster.replica(1).slotIn()).isEqualTo(10_000_000_001L);
        assertThat(cluster.replica(1).top()).isEqualTo(10_000_000_000L);
    }

    @Test
    void a_snapshot_that_ends_below_what_is_executed_or_comes_again_changes_nothing() {
        missed(5);
        cluster.install(3, 1, 5);
        ReplicaState state = cluster.replica(3).state();
        int records = cluster.node(3).disk.size();
        cluster.step(3, new Input.Installed(5));
        cluster.step(3, new Input.Installed(3));
        assertThat(cluster.replica(3).state()).isEqualTo(state);
        assertThat(cluster.node(3).disk).hasSize(records);
        assertThat(Replica.restore(3, cluster.configuration, cluster.parameters, state)
                        .state())
                .isEqualTo(state);
    }

    @Test
    void a_journal_that_stands_on_a_snapshot_that_is_lost_is_no_contradiction() {
        missed(5);
        cluster.install(3, 1, 5);
        cluster.propose(1, "next");
        cluster.tickAll(2 * cluster.parameters.heartbeatTicks());
        cluster.crash(3);
        cluster.node(3).snapshot.clear();
        cluster.restart(3);
        assertThat(cluster.replica(3).isRebuilding()).isTrue();
        assertThat(cluster.replica(3).chosenUpTo()).isEqualTo(6);
        cluster.tickAll(3 * cluster.parameters.heartbeatTicks());
        assertThat(cluster.replica(3).isRebuilding()).isFalse();
        assertThat(cluster.node(3).executed).isEqualTo(cluster.node(1).executed);
    }
}
