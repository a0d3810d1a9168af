package dev.multipaxos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import java.io.InputStream;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SettingsTest {

    private static final class Nothing implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            return Bytes.EMPTY;
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    @Test
    void the_defaults_are_without_problem() {
        assertThat(Timing.defaults().problems()).isEmpty();
        assertThat(Timing.lan().problems()).isEmpty();
        assertThat(Limits.defaults().problems()).isEmpty();
        assertThat(Membership.of("1=a:1", "2=b:2", "3=c:3").problems()).isEmpty();
        assertThat(Timing.defaults().heartbeatTicks()).isEqualTo(5);
        assertThat(Timing.defaults().electionTicks()).isEqualTo(25);
    }

    @Test
    void an_election_shorter_than_four_heartbeats_is_named_with_both_numbers() {
        assertThat(Timing.defaults()
                        .withHeartbeat(Duration.ofMillis(100))
                        .withElection(Duration.ofMillis(200))
                        .problems())
                .containsExactly("election 200 ms must be at least 4 × heartbeat (100 ms)");
    }

    @Test
    void a_lease_lasts_from_two_heartbeats_to_an_election_or_not_at_all() {
        for (long millis : new long[] {-1, 1, 99, 251}) {
            assertThat(Timing.defaults().withLease(Duration.ofMillis(millis)).problems())
                    .containsExactly("lease " + millis
                            + " ms must be zero, or at least 2 × heartbeat (50 ms) and at most election (250 ms)");
        }
        for (long millis : new long[] {0, 100, 250}) {
            assertThat(Timing.defaults().withLease(Duration.ofMillis(millis)).problems())
                    .isEmpty();
        }
        assertThat(Timing.defaults().withLease(Duration.ofMillis(200)).leaseUse())
                .isEqualTo(Duration.ofMillis(198));
    }

    @Test
    void a_value_that_does_not_fit_into_a_frame_is_a_problem() {
        assertThat(Limits.defaults().withValueBytes(4 << 20).problems())
                .singleElement()
                .asString()
                .contains("frameBytes 4194304 must hold the largest value, 4194304 bytes");
    }

    @Test
    void the_shares_of_the_memory_are_never_more_than_all_of_it() {
        for (long memory : new long[] {0, 1, 64 << 20, (64 << 20) + 13, 256 << 20, 1L << 40}) {
            Limits limits = Limits.defaults().withMemoryBytes(memory);
            long shares = limits.pendingBytes()
                    + limits.arrivingBytes()
                    + limits.inFlightBytes()
                    + limits.retainedBytes()
                    + 2 * Limits.SESSION_ANSWERS_BYTES_MAX; // a snapshot that is written may keep them once more
            assertThat(shares).isLessThanOrEqualTo(Math.max(memory, 2 * Limits.SESSION_ANSWERS_BYTES_MAX));
        }
    }

    @Test
    void what_does_not_fit_into_its_share_of_the_memory_is_named() {
        assertThat(Limits.defaults()
                        .withMemoryBytes((64 << 20) + 3_500_000)
                        .withFrameBytes(3 << 20)
                        .withValueBytes(2 << 20)
                        .problems())
                .containsExactly(
                        "memoryBytes 70608864 leaves 1000000 bytes for commands that wait; the largest value has 2097152",
                        "memoryBytes 70608864 leaves 500000 bytes for slots in flight; the largest slot has 2101248",
                        "memoryBytes 70608864 leaves 250000 bytes for a client's frames that arrive; the largest frame has 3145728");
        assertThat(Limits.defaults().withMemoryBytes(1_000).problems())
                .contains("memoryBytes 1000 must be between 67108871 and 1099511627776");
    }

    @Test
    void a_larger_window_brings_its_ring_with_it() {
        assertThat(Limits.defaults().withAlpha(4_096).ring()).isEqualTo(8_192);
        assertThat(Limits.defaults().withAlpha(4_096).withRing(4_096).problems())
                .containsExactly("ring 4096 must be at least 2 × alpha (8192)");
    }

    @Test
    void a_membership_is_kept_in_order_and_its_problems_are_all_named() {
        Membership founders = Membership.of("3=c:3", "1=a:1", "1=b:2", "0=a:1").quorums(2, 2);
        assertThat(founders.members()).extracting(Member::id).containsExactly(0, 1, 1, 3);
        assertThat(founders.problems())
                .containsExactly(
                        "member 0=a:1: node ids must be positive",
                        "address a:1 is given to two members",
                        "node id 1 is given to two members",
                        "the first 2 members (phase 1) and the last 2 members (phase 2) of 4 do not meet: the two sizes must "
                                + "add up to more than 4");
    }

    @Test
    void members_that_cannot_be_understood_are_all_named() {
        assertThatThrownBy(() -> Membership.of("one=a:1", "2=b:2", "a:3"))
                .isInstanceOf(PaxosException.InvalidConfiguration.class)
                .hasMessage("member 'one=a:1' must look like 1=host:port; member 'a:3' must look like 1=host:port");
    }

    @Test
    void start_says_everything_that_is_wrong_at_once() {
        assertThatThrownBy(() -> PaxosNode.builder(new Nothing(), Codec.bytes(), Codec.bytes())
                        .member(4, Membership.of("1=a:1", "2=b", "3=c:3"))
                        .bind("nowhere")
                        .group(0)
                        .timing(Timing.defaults().withElection(Duration.ofMillis(60)))
                        .limits(Limits.defaults().withAlpha(0))
                        .start())
                .isInstanceOfSatisfying(
                        PaxosException.InvalidConfiguration.class,
                        invalid -> assertThat(invalid.problems())
                                .containsExactly(
                                        "member 2=b: address 'b' must look like host:port",
                                        "node 4 is not among the members [1=a:1, 2=b, 3=c:3]",
                                        "storage(…) is missing: where does the node remember its votes?",
                                        "transport(…) is missing: how does the node reach the others?",
                                        "group 0 must be positive",
                                        "bind: address 'nowhere' must look like host:port",
                                        "election 60 ms must be at least 4 × heartbeat (50 ms)",
                                        "alpha 0 must be between 1 and 65536"));
    }
}
