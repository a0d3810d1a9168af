package dev.multipaxos.testkit.sim;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Something was false that must never be, or a healed cluster did not go on. The message is one line: how to come here again,
 * the event at which it was seen, and what was seen.
 */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Reproduction reproduction;
    private final long event;
    private final String what;
    private final transient Scene scene;

    /**
     * What the run was like when it was seen.
     *
     * @param drew what the seed drew, for people
     * @param nodes how many nodes
     * @param faults what went wrong
     * @param strikes how many times chaos had struck
     * @param asked how many commands and reads clients had asked for
     * @param trace the last steps; null if it was not traced
     */
    record Scene(
            String drew,
            int nodes,
            Set<Fault> faults,
            int strikes,
            long asked,
            @Nullable Trace trace) {}

    Violation(Reproduction reproduction, long event, String what, Scene scene, Throwable cause) {
        super(reproduction + " event=" + event + ": " + what, cause);
        this.reproduction = reproduction;
        this.event = event;
        this.what = what;
        this.scene = scene;
    }

    /** {@return what leads here again} */
    public Reproduction reproduction() {
        return reproduction;
    }

    /** {@return the seed that leads here again} */
    public long seed() {
        return reproduction.seed();
    }

    /** {@return how many events had happened} */
    public long event() {
        return event;
    }

    /** {@return what was seen} */
    public String what() {
        return what;
    }

    /**
     * Names the check, so that two violations can be told to be of one kind.
     *
     * @return how its message begins, the numbers in it left out
     */
    public String check() {
        int colon = what.indexOf(':');
        String head = colon < 0 ? what : what.substring(0, colon);
        boolean exception = head.indexOf('.') > 0; // the name of its class, which says less than its message
        return (exception ? what.split("[0-9]", 2)[0] : head).replaceAll("[0-9]+", "#");
    }

    /** {@return the last steps, oldest first, a line each; empty unless the run was traced} */
    public List<String> trace() {
        Trace trace = scene.trace();
        return trace == null ? List.of() : trace.lines();
    }

    Scene scene() {
        return scene;
    }
}
