package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.PaxosException.StorageRefused;
import dev.multipaxos.PaxosException.StorageRefused.Reason;
import dev.multipaxos.wire.Confirmed;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecord.Founder;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.Hello.Cause;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FoundingWaitTest {

    private static final long STORAGE = 0xa1;
    private static final Edge.PinReply KNOWN = new Edge.PinReply(STORAGE);
    private static final long ASK_NANOS = 50;

    private final List<Integer> asked = new ArrayList<>();

    /** Node 1 of so many. */
    private FoundingWait wait(int founders, boolean confirmed) {
        List<Founder> members = IntStream.rangeClosed(1, founders)
                .mapToObj(node -> new Founder(node, "host:" + node))
                .toList();
        int majority = founders / 2 + 1;
        FoundingRecord founding =
                new FoundingRecord(1, 1_024, 1 << 20, 4 << 20, "majority", majority, majority, members);
        NodeIdentity identity = NodeIdentity.of(1, founding, FoundingRecordCodec.encode(founding), STORAGE, 1, 1);
        return new FoundingWait(identity, asked::add, confirmed, ASK_NANOS, 0);
    }

    private static Hello.Refusal refusal(Cause cause) {
        return new Hello.Refusal(1, "node 2 says so", new Hello.Exclusion(cause, 9, 1, STORAGE, 1));
    }

    @Test
    void more_than_half_of_the_other_founders_must_know_the_storage() {
        int[] needed = {0, 0, 1, 2, 2, 3, 3, 4};
        for (int founders = 1; founders <= 7; founders++) {
            FoundingWait wait = wait(founders, false);
            int said = 0;
            while (!wait.isOver()) {
                said++;
                if (wait.agrees(said + 1, KNOWN)) {
                    assertThat(wait.isOver()).as("before the record is durable").isFalse();
                    wait.confirmed();
                }
            }
            assertThat(said).as("of %d founders", founders).isEqualTo(needed[founders]);
            assertThat(wait.awaited()).isEmpty();
            assertThat(wait.record()).isEqualTo(new Confirmed(STORAGE));
        }
    }

    @Test
    void a_founder_counts_once_and_only_for_this_storage() {
        FoundingWait wait = wait(3, false);
        assertThat(wait.agrees(2, new Edge.PinReply(0xff))).isFalse();
        assertThat(wait.awaited()).containsExactly(2, 3);
        assertThat(wait.agrees(2, KNOWN)).isFalse();
        assertThat(wait.agrees(2, KNOWN)).isFalse();
        assertThat(wait.agrees(1, KNOWN)).as("its own word").isFalse();
        assertThat(wait.agrees(9, KNOWN)).as("no founder").isFalse();
        assertThat(wait.awaited()).containsExactly(3);
        assertThat(wait.agrees(3, KNOWN)).isTrue();
        assertThat(wait.agrees(3, KNOWN)).as("the record is written once").isFalse();
    }

    @Test
    void those_who_have_not_answered_are_asked_again_until_it_is_over() {
        FoundingWait wait = wait(4, false);
        wait.ask(ASK_NANOS - 1);
        assertThat(asked).isEmpty();
        wait.ask(ASK_NANOS);
        wait.ask(ASK_NANOS + 1);
        assertThat(asked).containsExactly(2, 3, 4);
        wait.agrees(3, KNOWN);
        wait.ask(2 * ASK_NANOS);
        assertThat(asked).containsExactly(2, 3, 4, 2, 4);
        wait.agrees(4, KNOWN);
        wait.ask(3 * ASK_NANOS);
        wait.confirmed();
        wait.ask(4 * ASK_NANOS);
        assertThat(asked).hasSize(5);
    }

    @Test
    void a_confirmed_storage_asks_nobody() {
        FoundingWait wait = wait(3, true);
        wait.ask(10 * ASK_NANOS);
        assertThat(asked).isEmpty();
        assertThat(wait.isOver()).isTrue();
        assertThat(wait.awaited()).isEmpty();
    }

    @Test
    void one_founder_that_knows_another_storage_stops_a_founding_one_and_not_a_confirmed_one() {
        StorageRefused refused = Objects.requireNonNull(wait(3, false).judge(refusal(Cause.ANOTHER_STORAGE)));
        assertThat(refused.reason()).isEqualTo(Reason.LOST_MEMORY);
        assertThat(refused)
                .hasMessageContaining("node 1 has lost its memory: remove it and add a new one")
                .hasMessageContaining("node 2 says so");
        assertThat(wait(3, true).judge(refusal(Cause.ANOTHER_STORAGE))).isNull();
    }

    @Test
    void an_old_copy_stops_whether_it_was_confirmed_or_not() {
        for (boolean confirmed : new boolean[] {false, true}) {
            StorageRefused refused = Objects.requireNonNull(wait(3, confirmed).judge(refusal(Cause.OLD_COPY)));
            assertThat(refused.reason()).isEqualTo(Reason.OLD_COPY);
            assertThat(refused).hasMessageContaining("old copy").hasMessageContaining("add a new one");
        }
    }
}
