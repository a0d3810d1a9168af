package dev.multipaxos.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is measured works: a benchmark of a group that stands still would be fast. */
class CoreGroupTest {

    private final Value value = new Value.Batch(0, Bytes.utf8("a command"));

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5})
    void every_slot_is_executed_by_every_member(int size) {
        CoreGroup group = new CoreGroup(size);
        for (int round = 1; round <= 1_000; round++) {
            assertThat(group.propose(value, 10)).isEqualTo(10L * round);
        }
        group.tick(); // the last watermark has nothing to ride on

        assertThat(group.executed()).hasSize(size).containsOnly(10_000L);
    }
}
