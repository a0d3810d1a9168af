package dev.multipaxos.testkit.sim;

import java.util.List;

/** Something was false that must never be, or a healed cluster did not go on. The message names the seed and what was seen. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final long seed;
    private final long event;
    private final transient List<String> trace;

    Violation(long seed, long event, String what, List<String> trace, Throwable cause) {
        super("seed=" + seed + " event=" + event + ": " + what, cause);
        this.seed = seed;
        this.event = event;
        this.trace = List.copyOf(trace);
    }

    /** {@return the seed that leads here again} */
    public long seed() {
        return seed;
    }

    /** {@return how many events had happened} */
    public long event() {
        return event;
    }

    /** {@return the last events, oldest first; empty unless the run was traced} */
    public List<String> trace() {
        return trace;
    }
}
