package dev.multipaxos.testkit.sim;

/**
 * All that a run depends on: who has these three has the run.
 *
 * @param seed what everything is drawn from
 * @param config what may be drawn
 * @param events how many events things may go wrong for
 */
public record Reproduction(long seed, SimulationConfig config, long events) {

    /** {@return the command that runs it again} */
    public String command() {
        return "bin/simulate --seed " + seed + " --events " + events
                + (config.equals(SimulationConfig.DEFAULT) ? "" : " --config " + config);
    }

    @Override
    public String toString() {
        return "seed=" + seed + " config=" + config + " events=" + events;
    }
}
