package dev.multipaxos.testkit.junit;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * Which seeds a test runs, and how: what the annotation says, unless a property says something else.
 *
 * @param seeds these
 * @param events of each
 * @param eventsAreAsked whether a replay must be told how many, the annotation saying something else
 * @param replays whether they have run before, and are wanted in every detail
 * @param failuresMax after how many failures the rest is not run
 */
record ClusterTestPlan(List<Long> seeds, long events, boolean eventsAreAsked, boolean replays, int failuresMax) {

    private static final String PREFIX = "multipaxos.simulation.";
    static final String SEED = PREFIX + "seed";
    static final String SEEDS = PREFIX + "seeds";
    static final String FIRST = PREFIX + "first";
    static final String EVENTS = PREFIX + "events";
    static final String FRESH = "fresh";

    /**
     * Makes a plan.
     *
     * @throws IllegalArgumentException naming all that is wrong
     */
    static ClusterTestPlan of(ClusterTest test, Function<String, Optional<String>> properties) {
        List<String> problems = new ArrayList<>();
        Optional<Long> seed = number(SEED, properties, problems);
        long count = number(SEEDS, properties, problems).orElse((long) test.seeds());
        boolean fresh = properties.apply(FIRST).filter(FRESH::equals).isPresent();
        long first = fresh
                ? new SplittableRandom().nextLong() >>> 16
                : number(FIRST, properties, problems).orElse(test.first());
        Optional<Long> asked = number(EVENTS, properties, problems);
        long events = asked.orElse(test.events());
        mustBePositive("seeds", count, problems);
        mustBePositive("events", events, problems);
        mustBePositive("failuresMax", test.failuresMax(), problems);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("@ClusterTest: " + String.join("; ", problems));
        }
        LongStream named = seed.map(LongStream::of).orElseGet(() -> LongStream.of(test.seed()));
        boolean replays = seed.isPresent() || test.seed().length > 0;
        LongStream seeds = replays ? named : LongStream.range(first, first + count);
        return new ClusterTestPlan(seeds.boxed().toList(), events, asked.isPresent(), replays, test.failuresMax());
    }

    private static Optional<Long> number(
            String name, Function<String, Optional<String>> properties, List<String> problems) {
        return properties.apply(name).map(text -> {
            try {
                return Long.valueOf(text);
            } catch (NumberFormatException e) {
                problems.add(name + " must be a number, not '" + text + "'");
                return 1L;
            }
        });
    }

    private static void mustBePositive(String name, long number, List<String> problems) {
        if (number < 1) {
            problems.add(name + " must be at least 1, not " + number);
        }
    }

    /** {@return how to run one of its seeds again} */
    String replay(Class<?> type, String method, long seed) {
        String name = type.getName().substring(type.getPackageName().length()).replaceFirst("^\\.", "");
        return "-Dtest='" + name + "#" + method + "' -D" + SEED + "=" + seed
                + (eventsAreAsked ? " -D" + EVENTS + "=" + events : "") + ", or @ClusterTest(seed = " + seed
                + (eventsAreAsked ? ", events = " + events : "") + ")";
    }
}
