package dev.multipaxos.testkit.sim;

import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a failing run smaller while the same check fails: fewer events, fewer faults, fewer nodes, fewer strikes of chaos, fewer
 * commands, over and over until nothing more can go. The ideas are those of delta debugging (Zeller and Hildebrandt, 2002).
 *
 * <p>It has no clock, so it comes to the same end on every machine: what bounds it is a number of runs and a number of events.
 */
final class Shrinker {

    private static final int RUNS_MAX = 600;
    private static final long EVENTS_MAX = 10_000_000; // a minute or so
    private static final int ROUNDS_MAX = 4;

    private final Function<Reproduction, @Nullable Violation> runner;
    private final Consumer<String> progress;
    private final String check;
    private Violation best;
    private int runs;
    private long events;

    /**
     * Prepares to shrink.
     *
     * @param runner runs once, and says what was violated; null if nothing was
     * @param found what is to be made smaller
     * @param progress is told, in a line, of each step forward
     */
    Shrinker(Function<Reproduction, @Nullable Violation> runner, Violation found, Consumer<String> progress) {
        this.runner = runner;
        this.progress = progress;
        this.check = found.check();
        this.best = found;
    }

    /** {@return the smallest run that was found in which the same check fails} */
    Violation shrink() {
        Reproduction before;
        int round = 0;
        do {
            before = best.reproduction();
            fewerEvents();
            fewerFaults();
            fewerNodes();
            fewerStrikes();
            fewerCommands();
            fewerEvents();
        } while (++round < ROUNDS_MAX && !best.reproduction().equals(before));
        tidy();
        return best;
    }

    int runs() {
        return runs;
    }

    /** {@return whether the same check fails there, and no later: it is then the best} */
    private boolean fails(Reproduction smaller) {
        if (runs == RUNS_MAX || events >= EVENTS_MAX || smaller.equals(best.reproduction())) {
            return false;
        }
        runs++;
        Violation found = runner.apply(smaller);
        events += found == null ? smaller.events() : found.event();
        if (found == null || !found.check().equals(check) || found.event() > best.event()) {
            return false;
        }
        best = found;
        progress.accept("run " + runs + ": " + found.reproduction() + " event=" + found.event());
        return true;
    }

    private boolean failsWith(SimulationConfig config) {
        Reproduction now = best.reproduction();
        return fails(new Reproduction(now.seed(), config, now.events()));
    }

    private boolean failsWithin(long fewer) {
        Reproduction now = best.reproduction();
        return fails(new Reproduction(now.seed(), now.config(), fewer));
    }

    private SimulationConfig config() {
        return best.reproduction().config();
    }

    // ---- what may go ----

    /** What follows the failing event did not make it fail; what is seen only after the healing may be seen sooner. */
    private void fewerEvents() {
        if (best.event() <= best.reproduction().events()) {
            failsWithin(best.event());
            return;
        }
        for (long step = best.reproduction().events() / 2; step > 0; step /= 2) {
            while (best.event() > best.reproduction().events()
                    && best.reproduction().events() > step
                    && failsWithin(best.reproduction().events() - step)) {
                // as often as it goes
            }
        }
    }

    private void fewerFaults() {
        Set<Fault> all = EnumSet.noneOf(Fault.class);
        all.addAll(best.scene().faults());
        if (all.isEmpty() || failsWith(config().withWithout(plus(all)))) {
            return;
        }
        for (Fault fault : all) {
            failsWith(config().withWithout(plus(EnumSet.of(fault))));
        }
    }

    private Set<Fault> plus(Set<Fault> more) {
        Set<Fault> without = EnumSet.copyOf(more);
        without.addAll(config().without());
        return without;
    }

    private void fewerNodes() {
        for (int nodes = 1; nodes < best.scene().nodes(); nodes++) {
            if (failsWith(config().withSize(nodes, nodes))) {
                return;
            }
        }
    }

    /** All, then halves, then quarters, down to each. */
    private void fewerStrikes() {
        for (int size = best.scene().strikes(); size > 0; size /= 2) {
            for (int from = 1; from <= best.scene().strikes(); from += size) {
                TreeSet<Integer> skipped = new TreeSet<>(config().skipped());
                for (int strike = from;
                        strike < from + size && strike <= best.scene().strikes();
                        strike++) {
                    skipped.add(strike);
                }
                if (skipped.size() > config().skipped().size()) {
                    failsWith(config().withSkipped(skipped));
                }
            }
        }
    }

    /** Strikes that the smaller run does not come to need not be named. */
    private void tidy() {
        failsWith(config().withSkipped(config().skipped().headSet(best.scene().strikes() + 1)));
    }

    private void fewerCommands() {
        long most = Math.min(best.scene().asked(), config().commandsMax());
        for (long step = most; step > 0; step /= 2) {
            while (most >= step && failsWith(config().withCommandsMax(most - step))) {
                most -= step;
            }
        }
    }
}
