package dev.multipaxos.testkit.history;

import static dev.multipaxos.testkit.history.Samples.COUNTER;
import static dev.multipaxos.testkit.history.Samples.MAP;
import static dev.multipaxos.testkit.history.Samples.QUEUE;
import static dev.multipaxos.testkit.history.Samples.change;
import static dev.multipaxos.testkit.history.Samples.get;
import static dev.multipaxos.testkit.history.Samples.put;
import static dev.multipaxos.testkit.history.Samples.remove;
import static dev.multipaxos.testkit.history.Samples.some;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.testkit.history.KeyValue.Command;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Both checkers on histories that a seed made, against what is known of them and against the {@link Oracle}. */
class RandomHistoriesTest {

    private static final int SMALL_HISTORIES = 4_000;

    private static Function<SplittableRandom, Command<String, Integer>> mapCommands(int keys, int values) {
        return random -> {
            String key = "k" + random.nextInt(keys);
            int value = random.nextInt(values);
            return switch (random.nextInt(8)) {
                case 0 -> remove(key);
                case 1, 2 -> change(key, some(random.nextInt(values)), value);
                case 3, 4, 5 -> get(key);
                default -> put(key, value);
            };
        };
    }

    private static <C, R> History<C, R> withAnswer(History<C, R> history, int position, R answer) {
        List<Operation<C, R>> operations = new ArrayList<>(history.operations());
        Operation<C, R> old = operations.get(position);
        operations.set(
                position,
                new Operation<>(
                        old.id(),
                        old.client(),
                        old.command(),
                        old.invokedAt(),
                        old.returnedAt(),
                        new Outcome.Answered<>(answer)));
        return History.of(operations);
    }

    private static int anyAnswered(History<?, ?> history, SplittableRandom random) {
        int[] answered = IntStream.range(0, history.operations().size())
                .filter(i -> history.operations().get(i).isAnswered())
                .toArray();
        return answered.length == 0 ? -1 : answered[random.nextInt(answered.length)];
    }

    // ---- histories of an object that is linearizable ----

    @Test
    void what_an_atomic_object_did_is_linearizable_and_its_log_explains_it() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            AtomicRun<?, Command<String, Integer>, Optional<Integer>> run = AtomicRun.run(
                    MAP, random, 1 + random.nextInt(8), 200, random.nextInt(6), mapCommands(1 + random.nextInt(5), 5));

            Verdict<Command<String, Integer>, Optional<Integer>> verdict =
                    new LinearizabilityChecker<>(MAP).check(run.history());
            assertThat(verdict.isLinearizable())
                    .as("seed %d: %s", seed, verdict)
                    .isTrue();
            assertThat(Oracle.explains(MAP, verdict.operations()))
                    .as("seed %d: the order explains the answers", seed)
                    .isTrue();
            assertThat(verdict.operations())
                    .as("seed %d: every answered operation is in the order once", seed)
                    .doesNotHaveDuplicates()
                    .containsAll(run.history().operations().stream()
                            .filter(Operation::isAnswered)
                            .toList());
            assertThat(new WitnessChecker<>(MAP).violations(run.history(), run.log()))
                    .as("seed %d", seed)
                    .isEmpty();
        }
    }

    @Test
    void one_impossible_answer_is_found_by_both_and_blamed_by_the_search() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            AtomicRun<?, Command<String, Integer>, Optional<Integer>> run =
                    AtomicRun.run(MAP, random, 4, 200, 2, mapCommands(3, 5));
            int position = anyAnswered(run.history(), random);
            History<Command<String, Integer>, Optional<Integer>> history =
                    withAnswer(run.history(), position, some(99));
            Operation<Command<String, Integer>, Optional<Integer>> liar =
                    history.operations().get(position);

            Verdict<Command<String, Integer>, Optional<Integer>> verdict =
                    new LinearizabilityChecker<>(MAP).check(history);
            assertThat(verdict.kind()).as("seed %d: %s", seed, verdict).isEqualTo(Verdict.Kind.NOT_LINEARIZABLE);
            assertThat(verdict.operations())
                    .as("seed %d: %s", seed, verdict)
                    .contains(liar)
                    .hasSizeLessThanOrEqualTo(20);
            assertThat(new WitnessChecker<>(MAP).violations(history, run.log()))
                    .as("seed %d", seed)
                    .singleElement()
                    .asString()
                    .startsWith("answers: #" + liar.id() + " ");
        }
    }

    @Test
    void ten_thousand_operations_of_ten_clients_are_decided_in_few_steps() {
        AtomicRun<?, Command<String, Integer>, Optional<Integer>> run =
                AtomicRun.run(MAP, new SplittableRandom(1), 10, 10_000, 0, mapCommands(20, 100));
        Verdict<?, ?> verdict = new LinearizabilityChecker<>(MAP).check(run.history());
        assertThat(verdict.isLinearizable()).as(verdict.message()).isTrue();
        assertThat(verdict.operations()).hasSize(10_000 - openCalls(run));
        assertThat(verdict.steps()).isLessThan(30_000);

        int last = anyAnswered(run.history(), new SplittableRandom(2));
        Verdict<?, ?> wrong = new LinearizabilityChecker<>(MAP).check(withAnswer(run.history(), last, some(-1)));
        assertThat(wrong.kind()).isEqualTo(Verdict.Kind.NOT_LINEARIZABLE);
        assertThat(wrong.operations()).as(wrong.message()).hasSize(1);
        assertThat(wrong.message().lines()).hasSizeLessThan(30);
        assertThat(wrong.steps()).isLessThan(300_000);
    }

    private static int openCalls(AtomicRun<?, ?, ?> run) {
        return (int) run.history().operations().stream()
                .filter(operation -> !operation.isAnswered())
                .count();
    }

    // ---- histories of which nothing is known ----

    @Test
    void registers_are_judged_as_by_the_definition() {
        compareWithOracle(
                MAP, mapCommands(2, 2), random -> random.nextInt(3) == 0 ? Optional.empty() : some(random.nextInt(2)));
    }

    @Test
    void counters_are_judged_as_by_the_definition() {
        compareWithOracle(COUNTER, random -> random.nextInt(3), random -> random.nextInt(4));
    }

    @Test
    void queues_are_judged_as_by_the_definition() {
        compareWithOracle(QUEUE, random -> random.nextInt(3), random -> random.nextInt(3));
    }

    private static <S, C, R> void compareWithOracle(
            Specification<S, C, R> specification,
            Function<SplittableRandom, C> command,
            Function<SplittableRandom, R> answer) {
        int linearizable = 0;
        for (long seed = 1; seed <= SMALL_HISTORIES; seed++) {
            History<C, R> history = small(specification, new SplittableRandom(seed), command, answer);
            boolean expected = Oracle.isLinearizable(specification, history);
            Verdict<C, R> verdict = new LinearizabilityChecker<>(specification).check(history);
            String said = "seed " + seed + System.lineSeparator() + history + verdict;

            assertThat(verdict.kind())
                    .as(said)
                    .isEqualTo(expected ? Verdict.Kind.LINEARIZABLE : Verdict.Kind.NOT_LINEARIZABLE);
            if (expected) {
                linearizable++;
                assertThat(Oracle.explains(specification, verdict.operations()))
                        .as(said)
                        .isTrue();
            } else {
                assertBlamesTheFewest(specification, history, verdict, said);
            }
        }
        assertThat(linearizable)
                .as("both verdicts must be common")
                .isBetween(SMALL_HISTORIES / 5, SMALL_HISTORIES * 4 / 5);
    }

    /** Up to six operations of an atomic object or of chaos, with some answers changed. */
    private static <S, C, R> History<C, R> small(
            Specification<S, C, R> specification,
            SplittableRandom random,
            Function<SplittableRandom, C> command,
            Function<SplittableRandom, R> answer) {
        History<C, R> history = AtomicRun.run(
                        specification,
                        random,
                        1 + random.nextInt(4),
                        1 + random.nextInt(6),
                        random.nextInt(20),
                        command)
                .history();
        for (int changes = random.nextInt(3); changes > 0; changes--) {
            int position = anyAnswered(history, random);
            if (position >= 0) {
                history = withAnswer(history, position, answer.apply(random));
            }
        }
        return history;
    }

    /** No order explains those that are blamed, were all others excused; without any one of them, some order does. */
    private static <S, C, R> void assertBlamesTheFewest(
            Specification<S, C, R> specification, History<C, R> history, Verdict<C, R> verdict, String said) {
        List<Operation<C, R>> blamed = verdict.operations();
        assertThat(blamed).as(said).isNotEmpty();
        assertThat(Oracle.isLinearizable(specification, excuseAllBut(history, blamed)))
                .as(said)
                .isFalse();
        for (Operation<C, R> one : blamed) {
            List<Operation<C, R>> others = new ArrayList<>(blamed);
            others.remove(one);
            assertThat(Oracle.isLinearizable(specification, excuseAllBut(history, others)))
                    .as(said)
                    .isTrue();
        }
    }

    private static <C, R> History<C, R> excuseAllBut(History<C, R> history, List<Operation<C, R>> blamed) {
        return History.of(history.operations().stream()
                .map(operation -> blamed.contains(operation) || operation.isNotExecuted()
                        ? operation
                        : new Operation<>(
                                operation.id(),
                                operation.client(),
                                operation.command(),
                                operation.invokedAt(),
                                operation.returnedAt(),
                                new Outcome.Unknown<R>()))
                .toList());
    }
}
