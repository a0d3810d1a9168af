package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Message.CatchUpReply;
import dev.multipaxos.core.Message.CatchUpRequest;
import dev.multipaxos.core.Message.Holds;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Node 3 has lost the values of slots 4 and 6, which are chosen, of ten. */
class RebuildingTest {

    private final Cluster cluster = Cluster.of(1, 2, 3);

    @BeforeEach
    void lose() {
        cluster.elect(1);
        cluster.settle();
        for (int i = 1; i <= 10; i++) {
            cluster.propose(1, "v" + i);
        }
        cluster.tickAll(2 * cluster.parameters.heartbeatTicks());
        cluster.crash(3);
        cluster.damage(3, record -> record instanceof Record.Accepted vote && (vote.slot() == 4 || vote.slot() == 6));
        cluster.severed = flight -> flight.to() == 3 && flight.message() instanceof CatchUpReply;
        cluster.restart(3);
    }

    private void heal() {
        cluster.severed = flight -> false;
    }

    @Test
    void execution_ends_before_the_hole_and_the_log_does_not() {
        Replica replica = cluster.replica(3);
        assertThat(replica.isRebuilding()).isTrue();
        assertThat(replica.slotOut()).isEqualTo(4);
        assertThat(replica.chosenUpTo()).isEqualTo(10);
        assertThat(replica.state().durable().entries()).isEmpty();
    }

    @Test
    void what_is_lost_comes_from_others_and_is_executed_in_order_and_not_written() {
        heal();
        int before = cluster.node(3).disk.size();
        cluster.tickAll(3 * cluster.parameters.heartbeatTicks());
        assertThat(cluster.replica(3).isRebuilding()).isFalse();
        assertThat(cluster.node(3).executed).isEqualTo(cluster.node(1).executed);
        assertThat(cluster.node(3).disk.subList(before, cluster.node(3).disk.size()))
                .noneMatch(record -> record instanceof Record.Chosen);
    }

    @Test
    void it_votes_above_what_is_lost_meanwhile() {
        cluster.crash(2);
        cluster.propose(1, "more");
        cluster.settle();
        assertThat(cluster.node(1).executed).containsEntry(11L, value("more"));
        assertThat(cluster.replica(3).isRebuilding()).isTrue();
        assertThat(cluster.node(3).executed).hasSize(3);
        heal();
        cluster.tickAll(3 * cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(3).executed).isEqualTo(cluster.node(1).executed);
    }

    @Test
    void it_campaigns_only_when_it_is_whole_again() {
        cluster.crash(1);
        for (int i = 0; i < 8 * cluster.parameters.electionTicks(); i++) {
            cluster.tick(3);
            cluster.settle();
        }
        assertThat(cluster.replica(3).role()).isEqualTo(Role.CANDIDATE);
        assertThat(cluster.node(2).durablePromise.node()).isEqualTo(1);
        heal();
        cluster.elect(3);
        assertThat(cluster.replica(3).isLeader()).isTrue();
        assertThat(cluster.node(3).executed).isEqualTo(cluster.node(2).executed);
    }

    /** Found by {@code RandomSchedulesTest}, seed 156, when such a node could lead. */
    @Test
    void what_it_alone_knows_to_be_chosen_others_find_by_their_votes() {
        heal();
        cluster.crash(1);
        cluster.crash(2);
        for (Cluster.Node node : List.of(cluster.node(1), cluster.node(2))) { // they never heard of the choices
            node.disk.removeIf(record -> record instanceof Record.ChosenUpTo);
            cluster.restart(node.id);
        }
        cluster.tickAll(10 * cluster.parameters.electionTicks());
        for (Cluster.Node node : cluster.nodes()) {
            assertThat(node.executed).hasSize(10);
        }
    }

    @Test
    void it_serves_nothing_that_it_lacks() {
        cluster.network.clear();
        cluster.step(3, new Input.Received(2, new CatchUpRequest(3, 10)));
        assertThat(cluster.network)
                .filteredOn(flight -> flight.message() instanceof CatchUpReply)
                .allMatch(flight -> ((CatchUpReply) flight.message()).values().size() <= 1);
    }

    @Test
    void a_snapshot_that_ends_inside_or_behind_the_hole_ends_it_sooner() {
        cluster.install(3, 1, 5);
        assertThat(cluster.replica(3).slotOut()).isEqualTo(6);
        assertThat(cluster.replica(3).isRebuilding()).isTrue();
        cluster.propose(1, "more");
        cluster.tickAll(cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(3).executed).hasSize(5);
        cluster.install(3, 1, 10);
        assertThat(cluster.replica(3).isRebuilding()).isFalse();
        assertThat(cluster.node(3).executed).isEqualTo(cluster.node(1).executed).hasSize(11);
    }

    @Test
    void it_says_that_it_holds_what_it_executed_again_only_when_a_snapshot_does() {
        heal();
        cluster.tickAll(3 * cluster.parameters.heartbeatTicks());
        cluster.propose(1, "more");
        cluster.settle();
        assertThat(cluster.replica(3).slotOut()).isEqualTo(12);
        assertThat(holdsSaid()).as("on its disk").isEqualTo(3);
        cluster.node(3).takeSnapshot();
        cluster.step(3, new Input.Snapshotted(11));
        assertThat(holdsSaid()).as("in its snapshot").isEqualTo(11);
    }

    private long holdsSaid() {
        for (int i = 0; i < 2 * cluster.parameters.heartbeatTicks(); i++) {
            cluster.tick(3);
        }
        return cluster.network.stream()
                .filter(flight -> flight.from() == 3 && flight.message() instanceof Holds)
                .mapToLong(flight -> ((Holds) flight.message()).upTo())
                .max()
                .orElse(0);
    }

    @Test
    void a_crash_meanwhile_begins_it_anew_and_its_state_can_be_restored() {
        heal();
        cluster.tickAll(cluster.parameters.heartbeatTicks());
        for (int i = 0; i < 3; i++) {
            ReplicaState state = cluster.replica(3).state();
            Replica restored = Replica.restore(3, cluster.configuration, cluster.parameters, state);
            assertThat(restored.state()).isEqualTo(state);
            cluster.tickAll(cluster.parameters.heartbeatTicks());
        }
        cluster.crash(3);
        cluster.restart(3);
        assertThat(cluster.replica(3).isRebuilding()).isTrue();
        cluster.tickAll(3 * cluster.parameters.heartbeatTicks());
        assertThat(cluster.node(3).executed).isEqualTo(cluster.node(1).executed);
    }

    @Test
    void an_idle_tick_of_a_node_that_waits_returns_to_an_equal_state() {
        Parameters quick = new Parameters(8, 16, 1, 2, 0, 1024, 1024, 1024);
        Durable disk = new Durable(Ballot.ZERO, 3, 10, 10, List.of(), List.of());
        Replica replica = new Replica(3, Configuration.majority(1, 2, 3), quick, disk);
        assertThat(replica.isRebuilding()).isTrue();
        assertThat(Replica.restore(3, Configuration.majority(1, 2, 3), quick, replica.state())
                        .state())
                .isEqualTo(replica.state());
    }
}
