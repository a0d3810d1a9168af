package dev.multipaxos.testkit.ledger;

import dev.multipaxos.testkit.junit.ClusterSimulation;
import dev.multipaxos.testkit.junit.ClusterTest;
import dev.multipaxos.testkit.sim.Fault;

class LedgerTest {

    @ClusterTest
    void the_ledger_is_the_same_everywhere(ClusterSimulation cluster) {
        cluster.run(new LedgerWorkload());
    }

    @ClusterTest(seeds = 10, events = 2_000)
    void five_nodes_that_lose_power(ClusterSimulation cluster) {
        cluster.nodes(5, 5).faults(Fault.POWER_LOSS, Fault.POWER_LOSS_OF_ALL, Fault.LOSS);
        cluster.run(new LedgerWorkload());
    }
}
