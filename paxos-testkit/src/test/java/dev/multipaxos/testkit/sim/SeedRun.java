package dev.multipaxos.testkit.sim;

import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Runs seeds of whatever simulation it was loaded with. The types of its signature belong to the platform, so that it can be
 * called from another class loader.
 */
public final class SeedRun implements LongFunction<@Nullable String> {

    private final long events;

    /**
     * Runs seeds without a bug of its own.
     *
     * @param events how many events each seed gets before it is healed
     */
    public SeedRun(long events) {
        this.events = events;
    }

    @Override
    public @Nullable String apply(long seed) {
        return found(new Simulation(seed, SimulationConfig.DEFAULT), events);
    }

    /** {@return what was found to be false, without the seed and the event in front; or null} */
    static @Nullable String found(Simulation simulation, long events) {
        try {
            simulation.run(events);
            return null;
        } catch (Violation e) {
            return e.what();
        }
    }
}
