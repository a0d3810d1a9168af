package dev.multipaxos.testkit.sim;

import dev.multipaxos.Retention;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** What some seeds are about: it takes several things at once, which are hardly ever drawn together. */
enum Theme {
    /** Nothing in particular. */
    NONE(List.of(), List.of()),
    /** Who was away finds the log gone, and a snapshot takes long to come, from whoever is still there. */
    TRANSFERS(
            List.of(Fault.KILL, Fault.POWER_LOSS, Fault.PAUSE, Fault.PARTITION, Fault.LEADER_CUT_OFF),
            List.of(Fault.LOSS, Fault.CLOG, Fault.ONE_WAY_CUT, Fault.READ_ERROR)),
    /** Disks are damaged, and soon have to show it. */
    DAMAGE(
            List.of(Fault.ROT, Fault.LOST_WRITE, Fault.MISDIRECTED_WRITE),
            List.of(Fault.POWER_LOSS, Fault.PARTITION, Fault.LEADER_CUT_OFF)),
    /** Somebody comes under a node's id. */
    STRANGERS(List.of(Fault.WIPED_DISK, Fault.OLD_DISK, Fault.TWIN), List.of(Fault.KILL, Fault.PARTITION));

    private static final int DRAWS = 8;

    @SuppressWarnings("ImmutableEnumChecker") // made by List.of
    private final List<Fault> first; // one of these

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<Fault> second; // and one of these

    Theme(List<Fault> first, List<Fault> second) {
        this.first = first;
        this.second = second;
    }

    /** Draws one: three in four where so many nodes may be missing that it can be about something. */
    static Theme draw(SplittableRandom random, boolean mayMiss) {
        int drawn = random.nextInt(DRAWS);
        return mayMiss && drawn < 2 * (values().length - 1) ? values()[1 + drawn / 2] : NONE;
    }

    /** {@return what goes wrong in it, as far as that may be drawn} */
    Set<Fault> faults(SplittableRandom random, List<Fault> drawable) {
        Set<Fault> faults = EnumSet.noneOf(Fault.class);
        for (List<Fault> some : List.of(first, second)) {
            if (!some.isEmpty()) {
                faults.add(some.get(random.nextInt(some.size())));
            }
        }
        faults.retainAll(drawable);
        return faults;
    }

    /** {@return whether nobody keeps much of the log, in memory or on the disk} */
    boolean isScarce() {
        return this == TRANSFERS || this == DAMAGE;
    }

    /** {@return how often leaders are cut off again and again: in one seed of so many} */
    int duelsEvery() {
        return this == TRANSFERS ? 2 : 4;
    }

    /**
     * Snapshots are taken several times in a run, now and then only when an operator asks, and little is kept behind them; now and
     * then all of it, so that what is damaged goes only if somebody sees to it.
     */
    Retention retention(SplittableRandom random) {
        if (isScarce()) {
            return new Retention(1_000 + random.nextInt(3_000), 0, 1_024L << random.nextInt(3));
        }
        return new Retention(
                random.nextInt(8) == 0 ? 0 : 1_000 + random.nextInt(30_000),
                random.nextBoolean() ? 0 : random.nextInt(random.nextInt(4) == 0 ? 2_000_000 : 20_000),
                1_024L << random.nextInt(12));
    }

    /** {@return by how much a snapshot is longer than the workload makes it} */
    int snapshotPaddingBytes(SplittableRandom random) {
        return random.nextInt(this == TRANSFERS || random.nextInt(4) == 0 ? 30_000 : 2_000);
    }

    /** {@return how much faster than a node's clock that runs by which snapshots are carried: elections take milliseconds here} */
    int transferHaste() {
        return this == TRANSFERS ? 500 : 50;
    }
}
