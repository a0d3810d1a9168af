package dev.multipaxos.testkit.junit;

import dev.multipaxos.testkit.sim.Fault;
import dev.multipaxos.testkit.sim.Result;
import dev.multipaxos.testkit.sim.Simulation;
import dev.multipaxos.testkit.sim.SimulationConfig;
import dev.multipaxos.testkit.sim.Violation;
import dev.multipaxos.testkit.sim.Workload;
import java.io.PrintStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The cluster of one seed, a parameter of a {@link ClusterTest}. Unless it is told otherwise, the seed draws one to five nodes,
 * and a few of all that may go wrong.
 *
 * <p>Not thread-safe.
 */
public final class ClusterSimulation {

    private final long seed;
    private final long events;
    private final @Nullable PrintStream replay; // where a replay is told; null: it is none
    private SimulationConfig config = SimulationConfig.DEFAULT;
    private boolean hasRun;

    ClusterSimulation(long seed, long events, @Nullable PrintStream replay) {
        this.seed = seed;
        this.events = events;
        this.replay = replay;
    }

    /** {@return what decides everything} */
    public long seed() {
        return seed;
    }

    /**
     * Says how large clusters are.
     *
     * @param fewest the fewest nodes, at least 1
     * @param most the most nodes, at most 9
     * @return this
     * @throws IllegalArgumentException if there is no such cluster
     */
    public ClusterSimulation nodes(int fewest, int most) {
        config = new SimulationConfig(fewest, most, config.faults());
        return this;
    }

    /**
     * Says what may go wrong: a seed draws none to five of these.
     *
     * @param faults these and nothing else; if none are given, nothing goes wrong before the end
     * @return this
     */
    public ClusterSimulation faults(Fault... faults) {
        config = new SimulationConfig(config.sizeMin(), config.sizeMax(), Set.of(faults));
        return this;
    }

    /**
     * Says what does not go wrong.
     *
     * @param faults of those that might
     * @return this
     */
    public ClusterSimulation without(Fault... faults) {
        Set<Fault> left = EnumSet.noneOf(Fault.class);
        left.addAll(config.faults());
        List.of(faults).forEach(left::remove);
        config = new SimulationConfig(config.sizeMin(), config.sizeMax(), left);
        return this;
    }

    /**
     * Says everything at once, for instance what the message of a failure says: {@link SimulationConfig#parse}.
     *
     * @param wanted what a seed may draw
     * @return this
     */
    public ClusterSimulation config(SimulationConfig wanted) {
        config = wanted;
        return this;
    }

    /**
     * Simulates.
     *
     * @param workload what is replicated, and what clients ask for; a fresh one for each run, if it has a state of its own
     * @return what it came to
     * @throws Violation if something was false that must never be; the test shall let it pass, so that the report says how to
     *     replay it
     */
    public Result run(Workload<?, ?> workload) {
        hasRun = true;
        Simulation simulation = new Simulation(seed, config, workload);
        if (replay == null) {
            return simulation.run(events);
        }
        replay.println("seed=" + seed + " drew " + simulation.describe());
        try {
            return simulation.traced().run(events);
        } catch (Violation e) {
            e.trace().forEach(replay::println);
            throw e;
        }
    }

    boolean hasRun() {
        return hasRun;
    }
}
