package dev.multipaxos.testkit.history;

import dev.multipaxos.testkit.history.Specification.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Objects to check. */
final class Samples {

    static final KeyValue<String, Integer> MAP = new KeyValue<>();

    /** Adds, and answers the sum; 0 reads. */
    static final Specification<Integer, Integer, Integer> COUNTER =
            Specification.of(0, (sum, delta) -> new Step<>(sum + delta, sum + delta));

    /** A number is put in at the end; 0 takes out at the beginning, and answers 0 if nothing is there. */
    static final Specification<List<Integer>, Integer, Integer> QUEUE = Specification.of(List.of(), Samples::queue);

    static final Optional<Integer> NONE = Optional.empty();

    private Samples() {}

    static Optional<Integer> some(int value) {
        return Optional.of(value);
    }

    private static Step<List<Integer>, Integer> queue(List<Integer> queue, Integer command) {
        if (command != 0) {
            List<Integer> longer = new ArrayList<>(queue);
            longer.add(command);
            return new Step<>(List.copyOf(longer), command);
        }
        return queue.isEmpty()
                ? new Step<>(queue, 0)
                : new Step<>(List.copyOf(queue.subList(1, queue.size())), queue.get(0));
    }

    static KeyValue.Command<String, Integer> put(String key, int value) {
        return new KeyValue.Put<>(key, value);
    }

    static KeyValue.Command<String, Integer> get(String key) {
        return new KeyValue.Get<>(key);
    }

    static KeyValue.Command<String, Integer> remove(String key) {
        return new KeyValue.Remove<>(key);
    }

    static KeyValue.Command<String, Integer> change(String key, Optional<Integer> expected, int value) {
        return new KeyValue.CompareAndSet<>(key, expected, value);
    }
}
