package dev.multipaxos.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.multipaxos.PaxosException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RecorderTest {

    private final Recorder<Integer, Integer> recorder = new Recorder<>();

    private List<String> recorded() {
        return recorder.history().operations().stream().map(Operation::toString).toList();
    }

    @Test
    void events_are_numbered_and_calls_that_are_open_have_an_unknown_outcome() {
        long first = recorder.invoked(1, 7);
        long second = recorder.invoked(2, 8);
        recorder.answered(second, 80);
        recorder.invoked(2, 9);
        recorder.notExecuted(first);
        recorder.unknown(recorder.invoked(1, 10));
        assertThat(recorded())
                .containsExactly(
                        "#0 client 1 [0, 4] 7 not executed",
                        "#1 client 2 [1, 2] 8 -> 80",
                        "#2 client 2 [3, ] 9 unknown",
                        "#3 client 1 [5, 6] 10 unknown");
    }

    @Test
    void a_clock_that_stands_still_does_not_hide_who_preceded_whom() {
        AtomicInteger clock = new AtomicInteger(100);
        Recorder<Integer, Integer> timed = new Recorder<>(clock::get);
        timed.answered(timed.invoked(1, 1), 1);
        assertThat(timed.time()).isEqualTo(102);
        clock.set(200);
        timed.answered(timed.invoked(1, 1), 2);
        assertThat(timed.history().operations().stream()
                        .map(operation -> operation.invokedAt() + "-" + operation.returnedAt()))
                .containsExactly("100-101", "200-201");
    }

    @Test
    void a_call_says_itself_what_became_of_it() {
        CompletableFuture<Integer> open = new CompletableFuture<>();
        CompletableFuture<Integer> call = recorder.record(1, 1, () -> open);
        fail(2, new PaxosException.NotExecuted("void"));
        fail(3, new PaxosException.OutcomeUnknown("deadline"));
        fail(4, new IllegalStateException("surprise"));
        assertThat(call).isNotCompleted();
        open.complete(5);
        assertThat(call).isCompletedWithValue(5);
        assertThat(recorded())
                .containsExactly(
                        "#0 client 1 [0, 7] 1 -> 5",
                        "#1 client 2 [1, 2] 2 not executed",
                        "#2 client 3 [3, 4] 3 unknown",
                        "#3 client 4 [5, 6] 4 unknown");
    }

    private void fail(int client, Exception failure) {
        assertThat(recorder.record(client, client, () -> CompletableFuture.failedFuture(failure)))
                .isCompletedExceptionally();
    }

    @Test
    void many_threads_may_record() throws InterruptedException {
        AtomicInteger object = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int client = 0; client < 4; client++) {
            int name = client;
            threads.add(new Thread(() -> {
                for (int i = 0; i < 500; i++) {
                    recorder.answered(recorder.invoked(name, 1), object.incrementAndGet());
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(recorder.history().operations()).hasSize(2_000);
        new LinearizabilityChecker<>(Samples.COUNTER).check(recorder.history()).orThrow();
    }

    @Test
    void nonsense_is_refused() {
        long id = recorder.invoked(1, 1);
        recorder.answered(id, 1);
        assertThatIllegalStateException()
                .isThrownBy(() -> recorder.unknown(id))
                .withMessage("it has returned already: #0 client 1 [0, 1] 1 -> 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Operation<>(3, 1, 1, 5, 4, new Outcome.Answered<>(1)))
                .withMessage("operation 3 was invoked at 5 and cannot have returned at 4: -> 1");
        Operation<Integer, Integer> one = new Operation<>(3, 1, 1, 5, 6, new Outcome.Answered<>(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> History.of(List.of(one, one)))
                .withMessage("two operations have the id 3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LinearizabilityChecker<>(Samples.COUNTER, 0))
                .withMessage("stepsMax 0 must be at least 1");
    }
}
