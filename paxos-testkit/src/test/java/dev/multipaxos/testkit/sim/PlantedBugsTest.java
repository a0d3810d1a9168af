package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulation finds what it must: each bug that is planted. {@code bin/planted-bugs} searches for the seeds anew. */
class PlantedBugsTest {

    private static final long SEEDS_MIN = 200;
    private static final Map<String, Catch> RECORDED = Catch.recorded();

    static List<Plant> caught() {
        return Plants.caught();
    }

    /** By the recorded seed; or, since seeds move with every change of what is drawn, after a search that is not much longer. */
    @ParameterizedTest
    @MethodSource("caught")
    void a_planted_bug_is_caught(Plant bug) {
        Catch recorded = recorded(bug);
        LongFunction<@Nullable String> planted = bug.plant(recorded.events());
        String found = planted.apply(recorded.seeds().get(0));
        long most = Math.max(SEEDS_MIN, 2 * recorded.tried());
        for (long seed = 1; found == null && seed <= most; seed++) {
            found = planted.apply(seed);
        }
        assertThat(found)
                .as(
                        "none of the first %d seeds catches %s, which %s; %d were enough when bin/planted-bugs --record was run."
                                + " Run it again: it shows whether the bug is still caught within its bound",
                        most, bug, bug.breaks(), recorded.tried())
                .isNotNull();
    }

    private static Catch recorded(Plant bug) {
        Catch recorded = RECORDED.get(bug.name());
        if (recorded == null) {
            throw new AssertionError("no seed is recorded for " + bug + ": bin/planted-bugs --record looks for two");
        }
        return recorded;
    }

    /** All at once, without running any; those that are to be caught are compiled when they are planted. */
    @Test
    void every_mutant_still_fits_into_the_code() {
        List<String> problems =
                mutants().flatMap(mutant -> problem(mutant).stream()).toList();
        assertThat(problems).isEmpty();
    }

    private static Stream<Mutant> mutants() {
        return Stream.concat(Plants.caught().stream(), Plants.pending().stream())
                .filter(Mutant.class::isInstance)
                .map(Mutant.class::cast);
    }

    @Test
    void the_tests_that_must_find_a_bug_pass_without_it() {
        MutantLoader none = new MutantLoader(Map.of());
        List<String> failures = mutants()
                .map(Mutant::test)
                .filter(test -> !test.isEmpty())
                .distinct()
                .flatMap(test -> Stream.ofNullable(none.test(test).apply(1)))
                .toList();
        assertThat(failures).isEmpty();
    }

    private static Optional<String> problem(Mutant mutant) {
        try {
            if (mutant.pending().isEmpty()) {
                mutant.source();
            } else {
                mutant.compiled();
            }
            return Optional.empty();
        } catch (AssertionError | UncheckedIOException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
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
        Mutant stale = Mutant.core("Ballot", "STALE", "nothing", "no such text", "");
        assertThatThrownBy(() -> stale.plant(1)).hasMessageContaining("mutant STALE no longer fits");
    }
}
