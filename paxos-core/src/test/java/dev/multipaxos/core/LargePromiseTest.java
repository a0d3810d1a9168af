package dev.multipaxos.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.core.Message.Accepted;
import dev.multipaxos.core.Message.Promise;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An answer to a Prepare that is larger than what a transport queues for a peer (16 MiB by default; a leader may have 27 MiB in
 * flight), or than the members' share of the receiver's mailbox (20 MiB): what is beyond is dropped.
 */
class LargePromiseTest {

    private static final int CHUNK_BYTES = 100;
    private static final long IN_FLIGHT_BYTES = 27_000;

    @ParameterizedTest
    @ValueSource(longs = {40_000, 16_000})
    void a_promise_larger_than_the_transports_queue_does_not_keep_everybody_from_leading(long outboxBytes) {
        Parameters parameters = new Parameters(1024, 2048, 5, 25, 1, CHUNK_BYTES, IN_FLIGHT_BYTES, 54_000);
        Cluster cluster = new Cluster(Configuration.majority(1, 2, 3), parameters);
        cluster.elect(1);
        cluster.settle();
        // The followers' disks are slow: they have accepted all that may be in flight, and the leader has heard of no
        // vote.
        cluster.severed = flight -> flight.message() instanceof Accepted;
        while (cluster.replica(1).openSlots() > 0) {
            cluster.propose(1, "x".repeat(500));
        }
        cluster.settle();
        cluster.crash(1);
        cluster.network.clear();

        Map<Integer, Long> queued = new HashMap<>(); // by sender; all of it is written between two ticks
        cluster.severed = flight -> {
            if (flight.message() instanceof Promise promise) {
                long bytes = promise.entries().stream()
                        .mapToLong(entry -> entry.value().bytes())
                        .sum();
                if (queued.getOrDefault(flight.from(), 0L) + bytes > outboxBytes) {
                    return true;
                }
                queued.merge(flight.from(), bytes, Long::sum);
            }
            return false;
        };
        boolean led = false;
        for (int i = 0; i < 100 * parameters.electionTicks() && !led; i++) {
            queued.clear();
            cluster.tickAll(1);
            led = cluster.replica(2).isLeader() || cluster.replica(3).isLeader();
        }
        assertThat(led).as("two of three nodes are up and hear each other").isTrue();
    }
}
