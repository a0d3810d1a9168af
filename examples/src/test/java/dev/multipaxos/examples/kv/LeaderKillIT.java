package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.examples.kv.demo.Ledger;
import dev.multipaxos.examples.kv.demo.Load;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class LeaderKillIT {
    private static final int KILLS = 20;
    private static final int OUTSTANDING = 2;

    /** More than all that is outstanding: some of them were proposed after the event that they are counted from. */
    private static final int MORE = 100;

    @RegisterExtension
    private final KvCluster cluster = KvCluster.onThisMachine();

    @Test
    void twenty_kills_of_the_leader_lose_no_acknowledged_write_and_repeat_none() {
        Appends appends = new Appends(2_000_000);
        Ledger ledger = new Ledger(appends.size());
        cluster.start();
        try (Load load = cluster.load(appends, ledger, OUTSTANDING)) {
            for (int kill = 1; kill <= KILLS; kill++) {
                KvCluster.awaitMore(ledger, load, MORE);
                int leader = cluster.awaitLeader();
                cluster.server(leader).kill();
                KvCluster.awaitMore(ledger, load, MORE);
                cluster.server(leader).start(); // the next kill does not wait until it is back
            }
            KvCluster.finish(load);
        }
        assertThat(ledger.acknowledged()).isGreaterThan(KILLS * MORE);
        cluster.verify(appends, ledger);
    }
}
