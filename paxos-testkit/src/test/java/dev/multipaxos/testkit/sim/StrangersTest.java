package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whoever comes under a node's id without its memory is refused, stops with the reason, and the others go on. */
class StrangersTest {
    private static final long EVENTS = 5_000;

    @ParameterizedTest
    @CsvSource({"WIPED_DISK, WIPED_NODE_REFUSED", "OLD_DISK, OLD_COPY_REFUSED", "TWIN, TWIN_REFUSED"})
    void a_stranger_is_refused_and_the_others_go_on(Fault fault, Situation refused) {
        SimulationConfig config = new SimulationConfig(3, 5, List.of(fault, Fault.KILL))
                .withForced(Set.of(fault))
                .withUnboundedEvery(0);
        long seeds = 0;
        for (long seed = 1; seed <= 12; seed++) {
            Result result = new Simulation(seed, config).run(EVENTS); // at the end they go on, or this is a violation
            seeds += result.coverage().count(refused) > 0 ? 1 : 0;
        }
        assertThat(seeds).isGreaterThan(2);
    }
}
