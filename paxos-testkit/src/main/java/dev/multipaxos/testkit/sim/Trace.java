package dev.multipaxos.testkit.sim;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** The last steps of a run, and how the nodes were before the first of them. Not thread-safe. */
final class Trace {

    /** What a node was doing. */
    enum Standing {
        DOWN,
        UP,
        LEADING;

        /** {@return what the node does after such a step} */
        Standing after(Step.Kind kind) {
            return switch (kind) {
                case CRASH, STOP -> DOWN;
                case START -> UP;
                case LEAD -> LEADING;
                case STEP_DOWN -> this == LEADING ? UP : this;
                default -> this;
            };
        }
    }

    private final int stepsMax;
    private final Consumer<Step> listener; // sees all of them
    private final ArrayDeque<Step> steps = new ArrayDeque<>();
    private final Standing[] before;

    Trace(int nodes, int stepsMax, Consumer<Step> listener) {
        this.stepsMax = stepsMax;
        this.listener = listener;
        this.before = new Standing[nodes];
        Arrays.fill(before, Standing.DOWN);
    }

    void add(Step step) {
        listener.accept(step);
        if (steps.size() == stepsMax) {
            forget(steps.remove());
        }
        steps.add(step);
    }

    private void forget(Step oldest) {
        if (oldest instanceof Step.AtNode at) {
            before[at.node() - 1] = before[at.node() - 1].after(at.kind());
        }
    }

    int nodes() {
        return before.length;
    }

    /** {@return the steps, oldest first} */
    List<Step> steps() {
        return List.copyOf(steps);
    }

    /**
     * How a node was before a step.
     *
     * @param node which node
     * @param first the number, in {@link #steps}, of the step
     * @return what it was doing
     */
    Standing standing(int node, int first) {
        Standing standing = before[node - 1];
        int at = 0;
        for (Step step : steps) {
            if (at++ == first) {
                break;
            }
            if (step instanceof Step.AtNode that && that.node() == node) {
                standing = standing.after(that.kind());
            }
        }
        return standing;
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        steps.forEach(step -> lines.add(line(step)));
        return lines;
    }

    static String line(Step step) {
        return String.format("%7d %9d µs  %s", step.event(), step.micros(), step.line());
    }
}
