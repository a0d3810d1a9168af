package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Message.PreVote;
import dev.multipaxos.core.Message.Prepare;
import org.junit.jupiter.api.Test;

class MayLeadTest {

    private final Cluster cluster = Cluster.of(1, 2, 3);

    @Test
    void a_node_that_may_not_lead_does_not_campaign_and_still_votes() {
        cluster.step(1, new Input.MayLead(false));
        for (int i = 0; i < 10 * cluster.parameters.electionTicks(); i++) {
            cluster.tick(1);
        }
        assertThat(cluster.network)
                .noneMatch(flight -> flight.message() instanceof PreVote || flight.message() instanceof Prepare);
        cluster.crash(3);
        cluster.elect(2);
        cluster.propose(2, "a");
        cluster.tickAll(cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(1).executed).containsEntry(1L, value("a"));
    }

    @Test
    void a_leader_that_may_not_lead_any_more_steps_down_and_refuses_its_reads() {
        cluster.elect(1);
        cluster.settle();
        cluster.step(1, new Input.Read(7));
        cluster.network.clear();
        cluster.step(1, new Input.MayLead(false));
        assertThat(cluster.replica(1).isLeader()).isFalse();
        assertThat(cluster.replica(1).ballot()).isEqualTo(Ballot.ZERO);
        assertThat(cluster.node(1).refusedReads).containsExactly(7L);
        cluster.tickAll(6 * cluster.parameters.electionTicks());
        assertThat(cluster.replica(1).isLeader()).isFalse();
        assertThat(cluster.replica(2).isLeader() || cluster.replica(3).isLeader())
                .isTrue();
    }

    @Test
    void a_candidate_that_may_not_lead_any_more_gives_its_campaign_up() {
        while (cluster.replica(1).role() != Role.CANDIDATE) {
            cluster.tick(1);
        }
        cluster.step(1, new Input.MayLead(false));
        cluster.settle();
        assertThat(cluster.replica(1).role()).isEqualTo(Role.FOLLOWER);
        assertThat(cluster.replica(2).promised()).isEqualTo(Ballot.ZERO);
    }

    @Test
    void a_node_that_may_lead_again_campaigns_when_nobody_leads() {
        Cluster alone = Cluster.of(1);
        alone.step(1, new Input.MayLead(false));
        alone.tick(1);
        assertThat(alone.replica(1).isLeader()).isFalse();
        alone.step(1, new Input.MayLead(true));
        alone.tick(1);
        assertThat(alone.replica(1).isLeader()).isTrue();
    }

    @Test
    void the_permission_is_a_part_of_the_state_and_idle_ticks_change_nothing() {
        Parameters parameters = new Parameters(8, 16, 1, 2, 0, 1024, 1024, 1024);
        Cluster quick = new Cluster(Configuration.majority(1, 2, 3), parameters);
        ReplicaState before = quick.replica(1).state();
        quick.step(1, new Input.MayLead(false));
        ReplicaState after = quick.replica(1).state();
        assertThat(after).isNotEqualTo(before);
        Replica restored = Replica.restore(1, quick.configuration, parameters, after);
        assertThat(restored.state()).isEqualTo(after);
        for (int i = 0; i < 3 * parameters.electionTicks(); i++) {
            quick.tick(1);
        }
        ReplicaState waiting = quick.replica(1).state();
        quick.tick(1);
        assertThat(quick.replica(1).state()).isEqualTo(waiting);
    }
}
