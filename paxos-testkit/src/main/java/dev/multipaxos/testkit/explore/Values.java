package dev.multipaxos.testkit.explore;

import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Every value that was ever voted for, with a number; 0 is none. */
final class Values {

    private final List<@Nullable Value> byNumber = new ArrayList<>();
    private final Map<Value, Integer> numbers = new HashMap<>();

    Values() {
        byNumber.add(null);
    }

    int number(@Nullable Value value) {
        return value == null
                ? 0
                : numbers.computeIfAbsent(value, fresh -> {
                    byNumber.add(fresh);
                    return byNumber.size() - 1;
                });
    }

    @Nullable
    Value value(int number) {
        return byNumber.get(number);
    }
}
