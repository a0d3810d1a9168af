package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulation finds what it must: each bug that is planted. {@code bin/planted-bugs} searches for the seeds anew. */
class PlantedBugsTest {

    private static final Map<String, Catch> RECORDED = Catch.recorded();

    static List<Plant> caught() {
        return Plants.caught();
    }

    static Stream<Mutant> pendingMutants() {
        return Plants.pending().stream().filter(Mutant.class::isInstance).map(Mutant.class::cast);
    }

    @ParameterizedTest
    @MethodSource("caught")
    void a_planted_bug_is_caught_by_the_recorded_seed(Plant bug) {
        Catch recorded = recorded(bug);
        String found = bug.plant(recorded.events()).apply(recorded.seeds().get(0));
        assertThat(found)
                .as(
                        "seed %s must catch %s, which %s. Seeds move when the simulator or the library changes what it draws:"
                                + " then bin/planted-bugs --record, which shows whether the bug is still caught at all",
                        recorded.seeds().get(0), bug, bug.breaks())
                .isNotNull()
                .satisfies(message -> assertThat(Catch.check(message)).isEqualTo(recorded.check()));
    }

    private static Catch recorded(Plant bug) {
        Catch recorded = RECORDED.get(bug.name());
        if (recorded == null) {
            throw new AssertionError("no seed is recorded for " + bug + ": bin/planted-bugs --record looks for two");
        }
        return recorded;
    }

    @ParameterizedTest
    @MethodSource("pendingMutants")
    void a_pending_bug_still_fits_into_the_code(Mutant bug) {
        assertThat(bug.plant(1)).isNotNull();
    }

    @Test
    void every_recorded_bug_exists_once() {
        List<String> names = Stream.concat(Plants.caught().stream(), Plants.pending().stream())
                .map(Plant::name)
                .toList();
        assertThat(names).doesNotHaveDuplicates().containsAll(RECORDED.keySet());
        assertThat(Plants.caught()).hasSizeGreaterThanOrEqualTo(30);
    }

    @Test
    void the_library_without_a_bug_runs_clean_when_it_is_loaded_once_more() {
        assertThat(new MutantLoader(Map.of()).seeds(PlantedBugs.EVENTS).apply(1))
                .isNull();
    }

    @Test
    void a_mutant_that_no_longer_fits_says_so() {
        Mutant stale = new Mutant(
                "STALE", "nothing", "paxos-core/src/main/java/dev/multipaxos/core/Ballot.java", "no such text", "", "");
        assertThatThrownBy(() -> stale.plant(1)).hasMessageContaining("mutant STALE no longer fits");
    }
}
