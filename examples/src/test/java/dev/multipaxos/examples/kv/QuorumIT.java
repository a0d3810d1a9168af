package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.multipaxos.Consistency;
import dev.multipaxos.PaxosException;
import dev.multipaxos.examples.kv.demo.Ledger;
import dev.multipaxos.examples.kv.demo.Load;
import dev.multipaxos.transport.netty.PaxosClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class QuorumIT {
    private static final Duration SHORT = Duration.ofSeconds(3);

    @RegisterExtension
    private final KvCluster cluster = KvCluster.onThisMachine();

    @Test
    void with_two_of_three_dead_nothing_is_answered_and_with_one_back_all_is() {
        int leader = cluster.start();
        List<Integer> others = cluster.others(leader);
        try (PaxosClient<KvCommand, KvAnswer> client = cluster.client(KvCluster.PATIENCE, 1, 2, 3);
                PaxosClient<KvCommand, KvAnswer> hasty = cluster.client(SHORT, leader)) {
            assertThat(client.propose(new KvCommand.Put("key", "before")).join())
                    .isInstanceOf(KvAnswer.Written.class);
            await("an answer, once it is connected")
                    .atMost(KvCluster.PATIENCE)
                    .ignoreExceptions()
                    .until(
                            () -> hasty.read(Consistency.LINEARIZABLE, new KvCommand.Get("key"))
                                    .join(),
                            KvAnswer.Found.class::isInstance);
            others.forEach(id -> cluster.server(id).kill());

            assertThatThrownBy(() ->
                            hasty.propose(new KvCommand.Append("list", "w1 ")).join())
                    .hasCauseInstanceOf(PaxosException.class);
            assertThatThrownBy(() -> hasty.read(Consistency.LINEARIZABLE, new KvCommand.Get("key"))
                            .join())
                    .hasCauseInstanceOf(PaxosException.Unavailable.class);
            assertThat(cluster.survey().status(leader)).isPresent();

            cluster.server(others.get(0)).start();
            assertThat(client.propose(new KvCommand.Append("list", "w2 ")).join())
                    .isInstanceOf(KvAnswer.Written.class);
            assertThat(client.read(Consistency.LINEARIZABLE, new KvCommand.Get("key"))
                            .join())
                    .isInstanceOfSatisfying(
                            KvAnswer.Found.class,
                            found -> assertThat(found.value()).isEqualTo("before"));
            assertThat(client.read(Consistency.LINEARIZABLE, new KvCommand.Get("list"))
                            .join())
                    .isInstanceOfSatisfying(
                            KvAnswer.Found.class,
                            found -> assertThat(found.value()).isIn("w2 ", "w1 w2 ", "w2 w1 "));
        }
    }

    @Test
    void with_all_three_killed_at_once_everything_acknowledged_is_there_again() {
        Appends appends = new Appends(2_000_000);
        Ledger ledger = new Ledger(appends.size());
        cluster.start();
        try (Load load = cluster.load(appends, ledger, 64)) {
            KvCluster.awaitMore(ledger, load, 5_000);
            cluster.addresses().keySet().forEach(id -> cluster.server(id).kill());
            int acknowledged = ledger.acknowledged();
            cluster.start();
            KvCluster.awaitMore(ledger, load, 1_000);
            assertThat(ledger.acknowledged()).isGreaterThan(acknowledged);
            KvCluster.finish(load);
        }
        cluster.verify(appends, ledger);
    }

    @Test
    void a_follower_that_missed_a_hundred_thousand_commands_catches_up_while_the_load_goes_on() {
        Appends appends = new Appends(5_000_000);
        Ledger ledger = new Ledger(appends.size());
        int leader = cluster.start();
        int follower = cluster.others(leader).get(0);
        try (Load load = cluster.load(appends, ledger, 256)) {
            KvCluster.awaitMore(ledger, load, 1_000);
            cluster.server(follower).kill();
            KvCluster.awaitMore(ledger, load, 100_000);
            cluster.server(follower).start();
            cluster.awaitCaughtUp(follower);
            KvCluster.awaitMore(ledger, load, 1_000);
            cluster.awaitCaughtUp(follower);
            KvCluster.finish(load);
        }
        cluster.verify(appends, ledger);
    }
}
