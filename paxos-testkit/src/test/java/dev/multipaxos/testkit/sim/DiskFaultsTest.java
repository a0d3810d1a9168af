package dev.multipaxos.testkit.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.storage.disk.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a simulated disk does wrong, and that a cluster stands it. */
class DiskFaultsTest {
    private static final long EVENTS = 5_000;
    private static final String JOURNAL = "journal-1";

    private final SplittableRandom random = new SplittableRandom(1);
    private final SimulatedDisk disk = new SimulatedDisk("disk");

    // ---- clusters ----

    @ParameterizedTest
    @EnumSource(names = {"ROT", "LOST_WRITE", "MISDIRECTED_WRITE"})
    void a_damaged_disk_is_found_and_the_others_go_on(Fault damage) {
        int found = 0;
        for (long seed = 1; seed <= 40; seed++) {
            Simulation simulation = new Simulation(
                    seed, new SimulationConfig(3, 5, List.of(damage, Fault.POWER_LOSS)).withUnboundedEvery(0));
            simulation.run(EVENTS); // at the end it goes on, or this is a violation
            found += found(simulation).size();
        }
        assertThat(found).as("nodes that stopped, or went on to be repaired").isGreaterThan(5);
    }

    @Test
    void rot_that_nobody_comes_to_is_found_by_the_scrubber_and_goes_with_the_repair() {
        Coverage coverage = new Coverage();
        for (long seed = 1; seed <= 40; seed++) {
            coverage.add(new Simulation(seed, new SimulationConfig(3, 5, List.of(Fault.ROT)).withUnboundedEvery(0))
                    .run(EVENTS)
                    .coverage());
        }
        assertThat(coverage.count(Situation.SCRUB_FOUND_DAMAGE)).isGreaterThan(2);
        assertThat(coverage.count(Situation.DAMAGE_REPAIRED)).isPositive();
    }

    @Test
    void any_disk_may_be_damaged_and_nothing_false_is_said() {
        int lost = 0;
        List<Fault> faults = List.of(Fault.ROT, Fault.LOST_WRITE, Fault.MISDIRECTED_WRITE, Fault.POWER_LOSS);
        for (long seed = 1; seed <= 40; seed++) {
            Simulation simulation = new Simulation(seed, new SimulationConfig(3, 3, faults).withUnboundedEvery(1));
            simulation.run(EVENTS);
            lost += found(simulation).size() > 1 ? 1 : 0;
        }
        assertThat(lost).as("runs that lost more than they can bear").isGreaterThan(5);
    }

    private static List<SimulatedNode> found(Simulation simulation) {
        List<SimulatedNode> found = new ArrayList<>(simulation.nodes());
        found.removeIf(node -> !node.disk().wasFound());
        return found;
    }

    @ParameterizedTest
    @EnumSource(names = {"READ_ERROR", "DISK_FULL", "REORDERED_NAMES"})
    void a_disk_that_fails_and_works_again_costs_nothing(Fault fault) {
        long crashes = 0;
        for (long seed = 1; seed <= 20; seed++) {
            crashes += new Simulation(
                            seed, new SimulationConfig(3, 5, List.of(fault, Fault.POWER_LOSS)).withUnboundedEvery(0))
                    .run(EVENTS)
                    .crashes();
        }
        assertThat(crashes).isGreaterThan(20);
    }

    /** A process that is started again after a failed force reads the tail past the page cache, and relies on nothing else. */
    @Test
    void a_page_cache_that_lies_after_a_failed_force_costs_nothing() {
        long crashes = 0;
        for (long seed = 1; seed <= 100; seed++) {
            crashes += new Simulation(
                            seed,
                            new SimulationConfig(3, 3, List.of(Fault.LYING_PAGE_CACHE, Fault.POWER_LOSS))
                                    .withUnboundedEvery(0))
                    .run(EVENTS)
                    .crashes();
        }
        assertThat(crashes).isGreaterThan(100);
    }

    // ---- the disk ----

    private DiskFile written(String name, int... batches) throws IOException {
        DiskFile file = disk.create(name);
        int at = 0;
        for (int bytes : batches) {
            write(file, at, bytes, 7);
            file.force(false);
            at += bytes;
        }
        disk.syncDirectory();
        return file;
    }

    private static void write(DiskFile file, int position, int bytes, int value) throws IOException {
        byte[] data = new byte[bytes];
        Arrays.fill(data, (byte) value);
        file.write(new ByteBuffer[] {ByteBuffer.wrap(data)}, position);
    }

    private static byte[] contents(DiskFile file) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
        file.read(bytes, 0);
        return bytes.array();
    }

    @Test
    void rot_strikes_a_journal_below_its_last_batch_and_another_file_anywhere() throws Exception {
        DiskFile journal = written(JOURNAL, 1000, 1000);
        DiskFile other = written("MANIFEST", 1000);
        byte[] last = Arrays.copyOfRange(contents(journal), 1000, 2000);
        byte[] first = Arrays.copyOf(contents(journal), 1000);
        byte[] whole = contents(other);
        for (int i = 0; i < 100; i++) {
            disk.rot(random);
        }
        assertThat(Arrays.copyOfRange(contents(journal), 1000, 2000)).isEqualTo(last);
        assertThat(Arrays.copyOf(contents(journal), 1000)).isNotEqualTo(first);
        assertThat(contents(other)).isNotEqualTo(whole);
        assertThat(disk.isDamaged()).isTrue();
    }

    @Test
    void a_lost_write_is_seen_when_the_cache_is_gone_and_a_later_batch_has_marked_it() throws Exception {
        DiskFile journal = written(JOURNAL, 1000);
        disk.loseNextWrite(random, false);
        write(journal, 1000, 1000, 8);
        journal.force(false);
        write(journal, 2000, 1000, 9);
        journal.force(false);
        assertThat(contents(journal)[1500]).isEqualTo((byte) 8);
        disk.losePower(random);
        assertThat(contents(journal)).hasSize(3000);
        assertThat(contents(journal)[500]).isEqualTo((byte) 7);
        assertThat(contents(journal)[1500]).isEqualTo((byte) 0);
        assertThat(contents(journal)[2500]).isEqualTo((byte) 9);
    }

    @Test
    void a_misdirected_write_is_missing_here_and_is_seen_there() throws Exception {
        DiskFile journal = written(JOURNAL, 1024);
        DiskFile other = written("MANIFEST", 1024);
        disk.loseNextWrite(random, true);
        write(journal, 1024, 512, 8);
        journal.force(false);
        write(journal, 1536, 512, 9);
        journal.force(false);
        int before = count(contents(other), 8) + count(contents(journal), 8);
        disk.losePower(random);
        assertThat(before).isEqualTo(512);
        assertThat(contents(journal)[1024 + 100]).isNotEqualTo((byte) 8);
    }

    private static int count(byte[] bytes, int value) {
        int count = 0;
        for (byte each : bytes) {
            count += each == value ? 1 : 0;
        }
        return count;
    }

    @Test
    void a_full_disk_takes_what_needs_no_room_and_everything_once_there_is_some() throws Exception {
        DiskFile file = written(JOURNAL, 1000);
        disk.fill(100);
        write(file, 0, 1000, 1);
        write(file, 1000, 100, 1);
        assertThatThrownBy(() -> write(file, 1100, 1, 1)).hasMessageContaining("no space left");
        assertThat(disk.hasFailed()).isTrue();
        disk.makeRoom();
        write(file, 1100, 1, 1);
        assertThat(file.size()).isEqualTo(1101);
    }

    @Test
    void after_a_failed_force_a_lying_cache_shows_what_is_not_on_the_disk() throws Exception {
        behave(Fault.LYING_PAGE_CACHE);
        DiskFile file = written(JOURNAL, 8192);
        write(file, 0, 8192, 8);
        disk.failIn(0);
        assertThatThrownBy(() -> file.force(false)).isInstanceOf(IOException.class);
        disk.release();
        file.force(false);
        assertThat(contents(file)[0]).isEqualTo((byte) 8);
        write(file, 5000, 1, 9);
        file.force(false);
        disk.losePower(random);
        assertThat(contents(file)[0]).as("a page that no one wrote again").isEqualTo((byte) 7);
        assertThat(contents(file)[4999]).as("a page that was").isEqualTo((byte) 8);
    }

    @Test
    void names_may_reach_the_disk_in_another_order() throws Exception {
        boolean lastWithoutFirst = false;
        for (int i = 0; i < 30; i++) {
            SimulatedDisk copy = disk.copy();
            copy.behave(drawn(Fault.REORDERED_NAMES), random);
            copy.create("first");
            copy.create("last");
            copy.losePower(random);
            lastWithoutFirst |= copy.list().equals(List.of("last"));
        }
        assertThat(lastWithoutFirst).isTrue();
    }

    /** That a last batch is gone which nothing follows no storage can notice. */
    @Test
    void a_segment_that_was_the_reserve_loses_a_write_only_when_another_follows() throws Exception {
        disk.create("RESERVE").close();
        disk.rename("RESERVE", JOURNAL);
        disk.syncDirectory();
        try (DiskFile file = disk.open(JOURNAL, true)) {
            disk.loseNextWrite(random, false);
            file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1, 2, 3})}, 0);
            file.force(false);
            disk.losePower(random);
        }
        try (DiskFile file = disk.open(JOURNAL, true)) {
            assertThat(byteAt(file, 0)).isEqualTo((byte) 1);
            disk.loseNextWrite(random, false);
            file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {4, 5, 6})}, 3);
            file.force(false);
            file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {7, 8, 9})}, 6);
            file.force(false);
            disk.losePower(random);
        }
        try (DiskFile file = disk.open(JOURNAL, true)) {
            assertThat(byteAt(file, 3)).isEqualTo((byte) 0);
            assertThat(byteAt(file, 6)).isEqualTo((byte) 7);
        }
    }

    private static byte byteAt(DiskFile file, long place) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        assertThat(file.read(one, place)).isEqualTo(1);
        return one.get(0);
    }

    private void behave(Fault fault) {
        disk.behave(drawn(fault), random);
    }

    private static Swarm drawn(Fault fault) {
        SplittableRandom seeds = new SplittableRandom(1);
        SimulationConfig config = new SimulationConfig(3, 3, List.of(fault));
        Swarm swarm = Swarm.draw(seeds, config, 1, 18);
        while (!swarm.has(fault)) {
            swarm = Swarm.draw(seeds, config, 1, 18);
        }
        return swarm;
    }
}
