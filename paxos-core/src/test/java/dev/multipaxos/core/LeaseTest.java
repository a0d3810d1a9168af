package dev.multipaxos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Message.Heartbeat;
import dev.multipaxos.core.Message.HeartbeatAck;
import dev.multipaxos.core.Message.PreVote;
import dev.multipaxos.core.Message.PreVoteReply;
import dev.multipaxos.core.Message.Prepare;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Leases of 100 that are relied on for 90, on clocks that the test sets. */
class LeaseTest {
    private static final long LENGTH = 100;
    private static final long USE = 90;
    private static final long NEVER = Long.MIN_VALUE;

    private static Cluster cluster(Configuration configuration) {
        Cluster cluster = new Cluster(configuration, Parameters.DEFAULT.withLease(LENGTH, USE));
        cluster.nodes().forEach(node -> cluster.step(node.id, new Input.MayGrantLeases(LENGTH)));
        return cluster;
    }

    private static void now(Cluster cluster, int node, long nanos) {
        cluster.step(node, new Input.Now(nanos));
    }

    /** Ticks until the leader asks for leases; what it says is on its way. */
    private static List<Cluster.Flight> ask(Cluster cluster, int leader) {
        cluster.settle();
        while (cluster.network.isEmpty()) {
            cluster.tick(leader);
        }
        return List.copyOf(cluster.network);
    }

    @Test
    void a_leader_counts_a_lease_from_when_it_asked_for_it() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        cluster.settle();
        now(cluster, 1, 1_000);
        now(cluster, 2, 50); // another clock
        List<Cluster.Flight> asked = ask(cluster, 1);
        now(cluster, 1, 1_040);
        assertThat(cluster.replica(1).leaseUntil()).as("of its election, at 0").isEqualTo(USE);
        cluster.deliver(asked.get(0));
        cluster.settle();
        assertThat(cluster.replica(1).leaseUntil()).isEqualTo(1_000 + USE);
        assertThat(cluster.replica(2).leaseUntil()).isEqualTo(NEVER);
    }

    @Test
    void of_five_the_older_of_the_two_latest_grants_counts() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3, 4, 5));
        cluster.elect(1);
        for (int granter = 2; granter <= 4; granter++) {
            int only = granter;
            now(cluster, 1, 10L * granter);
            ask(cluster, 1);
            cluster.drop(flight -> flight.to() != 1 && flight.to() != only);
        }
        cluster.settle();
        assertThat(cluster.replica(1).leaseUntil())
                .as("at 40 and 30: whoever has a quorum has this node or one of these")
                .isEqualTo(30 + USE);
    }

    @Test
    void where_all_must_promise_one_grant_does_and_where_one_promise_elects_all_must_grant() {
        Cluster all = cluster(new Configuration(new Quorums(3, 3, 1), 1, 2, 3));
        all.elect(1);
        now(all, 1, 10);
        ask(all, 1);
        all.drop(flight -> flight.to() == 2);
        all.settle();
        assertThat(all.replica(1).leaseUntil()).isEqualTo(10 + USE);

        Cluster one = cluster(new Configuration(new Quorums(3, 1, 3), 1, 2, 3));
        one.elect(1);
        one.settle();
        now(one, 1, 10);
        ask(one, 1);
        one.drop(flight -> flight.to() == 2);
        one.settle();
        assertThat(one.replica(1).leaseUntil()).as("of its election").isEqualTo(USE);
        now(one, 1, 20);
        ask(one, 1);
        one.settle();
        assertThat(one.replica(1).leaseUntil()).isEqualTo(20 + USE);
    }

    @Test
    void who_granted_a_lease_promises_nobody_else_anything_until_it_ends() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        cluster.settle();
        now(cluster, 2, 1_000);
        ask(cluster, 1);
        cluster.settle(); // granted until 1100
        Ballot old = cluster.replica(1).ballot();
        Ballot higher = new Ballot(old.round() + 7, 3);
        for (int i = 0; i < Parameters.DEFAULT.electionTicks(); i++) { // until no leader was heard for long
            cluster.tick(2);
        }
        now(cluster, 2, 1_099);
        cluster.step(2, new Input.Received(3, new Prepare(higher, 1)));
        cluster.step(2, new Input.Received(3, new PreVote(higher, 0)));
        assertThat(cluster.network)
                .extracting(Cluster.Flight::message)
                .singleElement()
                .matches(said -> said instanceof PreVoteReply reply && !reply.granted());
        assertThat(cluster.replica(2).promised()).isEqualTo(old);

        cluster.step(2, new Input.Received(1, new Prepare(new Ballot(old.round() + 1, 1), 1)));
        assertThat(cluster.replica(2).promised()).as("its own node may").isEqualTo(new Ballot(old.round() + 1, 1));
        now(cluster, 2, 1_100);
        cluster.step(2, new Input.Received(3, new Prepare(higher, 1)));
        assertThat(cluster.replica(2).promised()).isEqualTo(higher);
    }

    @Test
    void who_granted_a_lease_does_not_campaign_until_it_ends() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        now(cluster, 2, 1_000);
        ask(cluster, 1);
        cluster.settle();
        for (int i = 0; i < 5 * Parameters.DEFAULT.electionTicks(); i++) {
            cluster.tick(2);
        }
        assertThat(cluster.network).isEmpty();
        now(cluster, 2, 1_100);
        cluster.tick(2);
        assertThat(cluster.network).extracting(Cluster.Flight::message).hasOnlyElementsOfType(PreVote.class);
    }

    @Test
    void who_was_started_again_promises_nothing_until_what_it_may_have_granted_has_ended_but_votes() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        cluster.settle();
        cluster.crash(2);
        cluster.restart(2);
        cluster.step(2, new Input.AwaitLeases(LENGTH));
        Ballot higher = new Ballot(cluster.replica(1).ballot().round() + 7, 3);
        now(cluster, 2, 99);
        cluster.step(2, new Input.Received(3, new Prepare(higher, 1)));
        cluster.step(2, new Input.Received(3, new PreVote(higher, 0)));
        for (int i = 0; i < 5 * Parameters.DEFAULT.electionTicks(); i++) {
            cluster.tick(2);
        }
        assertThat(cluster.network)
                .extracting(Cluster.Flight::message)
                .singleElement()
                .matches(said -> said instanceof PreVoteReply reply && !reply.granted());
        cluster.network.clear();
        cluster.severed = flight -> flight.from() == 3 || flight.to() == 3;
        cluster.propose(1, "a");
        cluster.settle();
        assertThat(cluster.choices).as("by the votes of 1 and 2").hasSize(1);

        now(cluster, 2, 100);
        cluster.step(2, new Input.Received(3, new Prepare(higher, 1)));
        assertThat(cluster.replica(2).promised()).isEqualTo(higher);
    }

    @Test
    void nothing_is_granted_for_longer_than_is_on_the_disk_nor_to_a_second_leader() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.step(2, new Input.MayGrantLeases(LENGTH - 1));
        cluster.elect(1);
        cluster.settle();
        cluster.step(2, new Input.Received(1, asking(cluster.replica(1).ballot())));
        assertThat(acks(cluster))
                .containsExactly(new HeartbeatAck(cluster.replica(1).ballot(), 0, 0));
        cluster.network.clear();

        cluster.step(2, new Input.MayGrantLeases(LENGTH));
        cluster.step(2, new Input.Received(1, asking(cluster.replica(1).ballot())));
        Ballot another = new Ballot(cluster.replica(1).ballot().round() + 1, 3);
        cluster.step(2, new Input.Received(3, asking(another))); // elected by others
        assertThat(acks(cluster))
                .containsExactly(
                        new HeartbeatAck(cluster.replica(1).ballot(), 0, 0, LENGTH, 77),
                        new HeartbeatAck(another, 0, 0));
    }

    private static Heartbeat asking(Ballot ballot) {
        return new Heartbeat(ballot, 0, 0, 0, LENGTH, 77);
    }

    private static List<Message> acks(Cluster cluster) {
        return cluster.network.stream().map(Cluster.Flight::message).toList();
    }

    @Test
    void a_leader_that_has_not_recovered_yet_or_gives_up_holds_none() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        cluster.severed = flight -> (flight.message() instanceof Message.Accept && flight.to() == 3)
                || flight.message() instanceof Message.Accepted;
        cluster.propose(1, "a"); // 2 has voted for it
        cluster.settle();
        cluster.nodes().forEach(node -> now(cluster, node.id, 1_000));
        cluster.crash(1);
        cluster.severed = flight -> flight.message() instanceof Message.Accept;
        cluster.elect(2);
        cluster.deliverAll(flight -> !(flight.message() instanceof Message.Accept));
        assertThat(cluster.replica(2).isLeader()).isTrue();
        assertThat(cluster.replica(2).leaseUntil())
                .as("what 1 proposed may be acknowledged")
                .isEqualTo(NEVER);

        cluster.severed = flight -> false;
        cluster.tickAll(2 * Parameters.DEFAULT.heartbeatTicks());
        assertThat(cluster.replica(2).leaseUntil()).isEqualTo(1_000 + USE);
        cluster.step(2, new Input.MayLead(false));
        assertThat(cluster.replica(2).leaseUntil()).isEqualTo(NEVER);
    }

    @Test
    void a_grant_that_nobody_can_have_asked_for_yet_does_not_count() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        cluster.settle();
        now(cluster, 1, 50);
        cluster.step(
                1, new Input.Received(2, new HeartbeatAck(cluster.replica(1).ballot(), 0, 0, LENGTH, 51)));
        assertThat(cluster.replica(1).leaseUntil()).isEqualTo(USE);
        cluster.step(
                1, new Input.Received(2, new HeartbeatAck(cluster.replica(1).ballot(), 0, 0, LENGTH, 50)));
        assertThat(cluster.replica(1).leaseUntil()).isEqualTo(50 + USE);
    }

    @Test
    void what_was_granted_and_is_held_is_part_of_the_state() {
        Cluster cluster = cluster(Configuration.majority(1, 2, 3));
        cluster.elect(1);
        now(cluster, 1, 10);
        now(cluster, 2, 20);
        ask(cluster, 1);
        cluster.settle();
        for (int id = 1; id <= 3; id++) {
            Replica replica = cluster.replica(id);
            Replica restored = Replica.restore(id, cluster.configuration, cluster.parameters, replica.state());
            assertThat(restored.state()).isEqualTo(replica.state());
            assertThat(restored.leaseUntil()).isEqualTo(replica.leaseUntil());
        }
        assertThat(cluster.replica(1).leaseUntil()).isEqualTo(10 + USE);
    }
}
