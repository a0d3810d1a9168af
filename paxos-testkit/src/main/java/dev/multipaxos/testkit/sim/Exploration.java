package dev.multipaxos.testkit.sim;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs seed after seed, each in one thread, until enough ran clean or one did not. Which one it ends with does not depend on
 * the number of threads: seeds are handed out in order, and the first that fails is the one with the lowest place.
 */
final class Exploration {

    private static final long PROGRESS_MILLIS = 5_000;

    private final Function<Reproduction, Simulation> simulations;
    private final long first;
    private final long seeds;
    private final long nanos; // negative: no end
    private final SimulationConfig config;
    private final long events;
    private final PrintStream out;

    private final long begun = System.nanoTime();
    private final Coverage coverage = new Coverage();
    private long handedOut; // this and what follows: guarded by this
    private long done;
    private long happened;
    private long choices;
    private long elections;
    private long crashes;
    private long traceHashes; // of all seeds, in whatever order they ended
    private long failedAt = Long.MAX_VALUE; // the lowest place
    private @Nullable Violation violation;
    private @Nullable Throwable broken;

    Exploration(
            Function<Reproduction, Simulation> simulations,
            long first,
            long seeds,
            long nanos,
            SimulationConfig config,
            long events,
            PrintStream out) {
        this.simulations = simulations;
        this.first = first;
        this.seeds = seeds;
        this.nanos = nanos;
        this.config = config;
        this.events = events;
        this.out = out;
    }

    /**
     * Runs them, and says every few seconds how far it is.
     *
     * @param threads how many at once
     * @return the first violation, or null
     */
    @Nullable
    Violation run(int threads) throws InterruptedException {
        List<Thread> workers = new ArrayList<>();
        for (int i = 1; i <= threads; i++) {
            Thread worker = new Thread(this::work, "simulate-" + i);
            worker.setDaemon(true); // an interrupted command ends
            worker.start();
            workers.add(worker);
        }
        long sayAt = begun + TimeUnit.MILLISECONDS.toNanos(PROGRESS_MILLIS);
        for (Thread worker : workers) {
            while (worker.isAlive()) {
                worker.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(sayAt - System.nanoTime())));
                if (System.nanoTime() - sayAt >= 0) {
                    out.println(summary());
                    sayAt += TimeUnit.MILLISECONDS.toNanos(PROGRESS_MILLIS);
                }
            }
        }
        if (broken != null) {
            throw new IllegalStateException("the simulator itself failed", broken);
        }
        return violation;
    }

    private void work() {
        for (long place = next(); place >= 0; place = next()) {
            try {
                Reproduction next = new Reproduction(first + place, config, events);
                ran(simulations.apply(next).run(events));
            } catch (Violation e) {
                failed(place, e);
            } catch (Throwable e) { // what is no violation either: memory, a class that is missing
                broke(e);
            }
        }
    }

    private synchronized long next() {
        boolean over = handedOut == seeds
                || failedAt != Long.MAX_VALUE
                || broken != null
                || (nanos >= 0 && System.nanoTime() - begun >= nanos);
        return over ? -1 : handedOut++;
    }

    private synchronized void ran(Result result) {
        done++;
        happened += result.events();
        choices += result.choices();
        elections += result.elections();
        crashes += result.crashes();
        traceHashes += Simulation.mix(result.traceHash(), result.seed(), result.events());
        coverage.add(result.coverage());
    }

    private synchronized void failed(long place, Violation found) {
        if (place < failedAt) {
            failedAt = place;
            violation = found;
        }
    }

    private synchronized void broke(Throwable cause) {
        broken = cause;
    }

    /** {@return how far it is, in one line} */
    synchronized String summary() {
        long elapsed = System.nanoTime() - begun;
        return String.format(
                Locale.ROOT,
                "%,d seeds, %,d events, %,d events/s, %,d slots executed, %,d elections, %,d crashes, %s",
                done,
                happened,
                (long) (happened * 1e9 / Math.max(1, elapsed)),
                choices,
                elections,
                crashes,
                coverage);
    }

    /** {@return stands for everything that happened in all seeds: equal seeds have equal ones, on any machine} */
    synchronized long traceHashes() {
        return traceHashes;
    }

    synchronized Coverage coverage() {
        return coverage;
    }
}
