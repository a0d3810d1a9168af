package dev.multipaxos.testkit.sim;

/**
 * What a run without a violation came to.
 *
 * @param seed where it came from
 * @param events how many events happened, those after the healing included
 * @param traceHash stands for everything that happened, in order: equal seeds have equal hashes
 * @param choices how many slots were executed somewhere
 * @param elections how many times a node began to lead
 * @param crashes how many times a node went down, for whatever reason
 * @param simulatedMillis how long it took on the simulated clock
 * @param coverage which faults struck, and which situations were reached
 */
public record Result(
        long seed,
        long events,
        long traceHash,
        long choices,
        long elections,
        long crashes,
        long simulatedMillis,
        Coverage coverage) {}
