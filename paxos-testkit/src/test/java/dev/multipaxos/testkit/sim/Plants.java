package dev.multipaxos.testkit.sim;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** All bugs that are planted: those between the parts of a node, and those inside them. */
final class Plants {

    private static final List<Plant> ALL = Stream.of(
                    List.of(PlantedBug.values()),
                    CoreMutants.promisesAndVotes(),
                    CoreMutants.proposing(),
                    CoreMutants.learning(),
                    CoreMutants.standingStill(),
                    CoreMutants.rarelyNeeded(),
                    OuterMutants.gate(),
                    OuterMutants.codecs(),
                    OuterMutants.journal(),
                    OuterMutants.damage(),
                    RuntimeMutants.loop(),
                    RuntimeMutants.sessions(),
                    RuntimeMutants.calls(),
                    SnapshotMutants.taking(),
                    SnapshotMutants.trimming(),
                    SnapshotMutants.installing(),
                    DamageMutants.unknown(),
                    DamageMutants.rebuilding(),
                    DamageMutants.room(),
                    DamageMutants.identity(),
                    LeaseMutants.all(),
                    PendingMutants.all())
            .<Plant>flatMap(List::stream)
            .toList();

    private Plants() {}

    /** {@return those that the simulation must find} */
    static List<Plant> caught() {
        return ALL.stream().filter(plant -> plant.pending().isEmpty()).toList();
    }

    /** {@return those that it cannot find yet} */
    static List<Plant> pending() {
        return ALL.stream().filter(plant -> !plant.pending().isEmpty()).toList();
    }

    /**
     * Finds a bug.
     *
     * @param name its name, in whatever case
     * @return the bug
     */
    static Plant named(String name) {
        return ALL.stream()
                .filter(plant -> plant.name().equals(name.toUpperCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no planted bug is called " + name));
    }
}
