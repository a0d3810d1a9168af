package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.NodeListener;
import dev.multipaxos.SnapshotTransfer;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.Edge;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Two members that have a snapshot, and one that needs it, with a clock and a network of the test's own. */
class SnapshotTransferTest {
    private static final long SECOND = 1_000_000_000;
    private static final int RECEIVER = 3;
    private static final int PART = 1_000;
    private static final long RATE = 1L << 30;

    private record Letter(int from, int to, Edge edge) {}

    /** One member's side: what it asks of its node goes to the test. */
    private final class Host implements TransferHost {
        final int node;
        final List<Boolean> wanted = new ArrayList<>();
        final List<SnapshotStore.Id> toInstall = new ArrayList<>();
        final List<String> news = new ArrayList<>();

        Host(int node) {
            this.node = node;
        }

        @Override
        public void say(int to, Edge edge) {
            post(new Letter(node, to, edge));
        }

        @Override
        public boolean sendBulk(int to, Edge.SnapshotChunk chunk) {
            if (bulkIsFull) {
                return false;
            }
            post(new Letter(node, to, chunk));
            return true;
        }

        @Override
        public void takeSnapshot(boolean again) {
            wanted.add(again);
        }

        @Override
        public void install(SnapshotStore.Id id) {
            toInstall.add(id);
        }

        @Override
        public void tell(Consumer<NodeListener> event) {
            event.accept(new NodeListener() {
                @Override
                public void snapshotTransferStarted(SnapshotTransfer transfer) {
                    news.add("started " + transfer.from());
                }

                @Override
                public void snapshotTransferProgress(SnapshotTransfer transfer) {
                    news.add(transfer.tenths() + " tenths");
                }

                @Override
                public void snapshotTransferEnded(SnapshotTransfer transfer, boolean whole) {
                    news.add("ended " + transfer.from() + (whole ? " whole" : ""));
                }
            });
        }
    }

    private final ArrayDeque<Letter> post = new ArrayDeque<>();
    private final List<Letter> delivered = new ArrayList<>();
    private Predicate<Letter> lost = letter -> false;
    private boolean bulkIsFull;
    private long now = 100 * SECOND;
    private long executed;

    private final SnapshotsInMemory[] stores = {
        new SnapshotsInMemory(), new SnapshotsInMemory(), new SnapshotsInMemory(), new SnapshotsInMemory()
    };
    private final Host[] hosts = {new Host(0), new Host(1), new Host(2), new Host(3)};
    private final @Nullable SnapshotSender[] senders = {null, sender(1, RATE), sender(2, RATE), sender(3, RATE)};
    private final SnapshotReceiver receiver =
            new SnapshotReceiver(RECEIVER, 1, stores[RECEIVER], PART, () -> executed, hosts[RECEIVER], now);

    private SnapshotSender sender(int node, long rate) {
        return new SnapshotSender(node, 1, stores[node], rate, PART, hosts[node], now);
    }

    private void post(Letter letter) {
        if (!lost.test(letter)) {
            post.add(letter);
        }
    }

    private static byte[] content(long seed, int bytes) {
        byte[] content = new byte[bytes];
        new SplittableRandom(seed).nextBytes(content);
        return content;
    }

    /** The core asks a member for values that its journal does not have. */
    private void askForLog(int member) {
        SnapshotSender sender = senders[member];
        if (sender != null) {
            sender.onMissing(RECEIVER, executed + 1);
        }
        settle();
    }

    /** Delivers and steps until nothing moves. */
    private void settle() {
        do {
            for (Letter letter = post.poll(); letter != null; letter = post.poll()) {
                delivered.add(letter);
                deliver(letter);
            }
            for (SnapshotSender sender : senders) {
                if (sender != null) {
                    sender.step(now);
                }
            }
            receiver.step(now);
        } while (!post.isEmpty());
    }

    private void deliver(Letter letter) {
        SnapshotSender sender = senders[letter.to()];
        if (letter.edge() instanceof Edge.SnapshotOffer offer) {
            receiver.onOffer(letter.from(), offer, executed + 1, now);
        } else if (letter.edge() instanceof Edge.SnapshotChunk chunk) {
            receiver.onChunk(letter.from(), chunk, now);
        } else if (letter.edge() instanceof Edge.SnapshotGone gone) {
            receiver.onGone(letter.from(), gone, now);
        } else if (letter.edge() instanceof Edge.SnapshotRequest request && sender != null) {
            sender.onRequest(letter.from(), request, now);
        }
    }

    private void pass(long nanos) {
        now += nanos;
        settle();
    }

    /** Time goes on, and the core asks both members again and again. */
    private void passAsking(int seconds) {
        for (int i = 0; i < seconds; i++) {
            pass(SECOND);
            askForLog(1);
            askForLog(2);
        }
    }

    private List<SnapshotStore.Id> installed() {
        return hosts[RECEIVER].toInstall;
    }

    private long bytesFrom(int member) {
        return delivered.stream()
                .filter(letter -> letter.from() == member)
                .mapToLong(letter -> letter.edge() instanceof Edge.SnapshotChunk chunk
                        ? chunk.bytes().length()
                        : 0)
                .sum();
    }

    @Test
    void a_snapshot_arrives_as_it_was_written() {
        for (int bytes : new int[] {0, 1, PART - 1, PART, PART + 1, 25_400}) {
            SnapshotStore.Id id = stores[1].put(executed + 50, content(bytes, bytes));
            pass(0); // it is noticed that something was executed
            pass(2 * SECOND);
            askForLog(1);

            assertThat(installed()).endsWith(id);
            assertThat(stores[RECEIVER].contents.get(id)).isEqualTo(stores[1].contents.get(id));
            executed = id.slot();
            receiver.installed(id.slot());
        }
        assertThat(hosts[RECEIVER].news)
                .containsSubsequence("started 1", "1 tenths", "5 tenths", "9 tenths", "ended 1 whole");
        assertThat(hosts[1].news).containsSubsequence("started 1", "1 tenths", "9 tenths", "ended 1 whole");
        assertThat(bytesFrom(1)).as("each byte once").isEqualTo(3 * PART + 1 + 25_400);
    }

    @Test
    void a_transfer_that_is_interrupted_anywhere_goes_on_where_it_was() {
        SnapshotStore.Id id = stores[1].put(50, content(1, 12_345));
        int[] parts = {0};
        lost = letter -> letter.edge() instanceof Edge.SnapshotChunk && ++parts[0] % 2 == 0; // every other one
        pass(2 * SECOND);
        askForLog(1);
        for (int i = 0; i < 60 && installed().isEmpty(); i++) {
            senders[1] = sender(1, RATE); // and the provider starts again each time
            pass(SECOND);
        }
        assertThat(installed()).containsExactly(id);
        assertThat(stores[RECEIVER].contents.get(id)).isEqualTo(stores[1].contents.get(id));
        assertThat(hosts[RECEIVER].news).containsOnlyOnce("started 1");
    }

    @Test
    void when_the_provider_dies_another_one_with_the_same_snapshot_goes_on() {
        SnapshotStore.Id id = stores[1].put(50, content(1, 20_000));
        stores[2].put(50, content(1, 20_000));
        int[] parts = {0};
        lost = letter -> letter.from() == 1 && letter.edge() instanceof Edge.SnapshotChunk && ++parts[0] > 5;
        pass(2 * SECOND);
        askForLog(1);
        assertThat(bytesFrom(1)).isEqualTo(5 * PART);
        askForLog(2);
        for (int i = 0; i < 12; i++) {
            pass(SECOND);
        }
        assertThat(installed()).containsExactly(id);
        assertThat(bytesFrom(2)).as("only the rest").isEqualTo(15 * PART);
    }

    @Test
    void another_snapshot_is_begun_anew() {
        stores[1].put(50, content(1, 20_000));
        SnapshotStore.Id other = stores[2].put(50, content(2, 20_000));
        int[] parts = {0};
        lost = letter -> letter.from() == 1 && letter.edge() instanceof Edge.SnapshotChunk && ++parts[0] > 5;
        pass(2 * SECOND);
        askForLog(1);
        passAsking(15);
        assertThat(installed()).containsExactly(other);
        assertThat(bytesFrom(2)).isEqualTo(20_000);
        assertThat(stores[RECEIVER].openWriters).isZero();
    }

    @Test
    void a_damaged_snapshot_is_told_of_and_had_from_another_member() {
        stores[1].put(50, content(1, 20_000));
        stores[1].damaged = true;
        SnapshotStore.Id sound = stores[2].put(50, content(1, 20_000));
        pass(2 * SECOND);
        askForLog(1);
        assertThat(hosts[1].wanted).as("it takes another").containsExactly(true);
        askForLog(1);
        assertThat(hosts[1].wanted).as("and offers none before").isNotEmpty().doesNotContain(false);
        passAsking(3);
        assertThat(installed()).containsExactly(sound);
        assertThat(stores[1].openReaders).isZero();
    }

    @Test
    void what_is_not_what_was_offered_is_dropped_and_not_taken_again() {
        stores[1].put(50, content(1, 20_000));
        SnapshotStore.Id sound = stores[2].put(60, content(1, 20_000));
        pass(2 * SECOND);
        byte[] rotten = stores[1].contents.values().iterator().next();
        rotten[10_000]++;
        askForLog(1);
        assertThat(installed()).isEmpty();
        assertThat(stores[RECEIVER].contents).isEmpty();
        passAsking(3);
        assertThat(installed()).containsExactly(sound);
        assertThat(bytesFrom(1)).isEqualTo(20_000);
    }

    @Test
    void what_was_damaged_on_the_way_is_tried_again_when_nobody_else_has_anything() {
        SnapshotStore.Id only = stores[1].put(50, content(1, 20_000));
        pass(2 * SECOND);
        byte[] bytes = stores[1].contents.values().iterator().next();
        bytes[10_000]++;
        askForLog(1);
        bytes[10_000]--;
        passAsking(30);
        assertThat(installed()).isEmpty();
        passAsking((int) (SnapshotReceiver.AVOIDED_NANOS / SECOND));
        assertThat(installed()).containsExactly(only);
    }

    @Test
    void a_snapshot_that_is_gone_is_begun_anew_from_what_is_there() {
        SnapshotStore.Id old = stores[1].put(50, content(1, 20_000));
        bulkIsFull = true;
        pass(2 * SECOND);
        askForLog(1);
        stores[1].forget(old);
        SnapshotStore.Id next = stores[1].put(70, content(2, 5_000));
        senders[1] = sender(1, RATE);
        bulkIsFull = false;
        passAsking(5);
        assertThat(installed()).containsExactly(next);
    }

    @Test
    void a_receiver_is_offered_the_snapshot_that_it_is_getting_however_new_others_are() {
        SnapshotStore.Id id = stores[1].put(50, content(1, 20_000));
        bulkIsFull = true;
        pass(2 * SECOND);
        askForLog(1);
        stores[1].put(70, content(2, 20_000));
        passAsking(3);
        bulkIsFull = false;
        passAsking(1);
        assertThat(installed()).containsExactly(id);
    }

    @Test
    void nothing_is_fetched_while_the_log_goes_on_or_when_it_has_caught_up() {
        stores[1].put(50, content(1, 20_000));
        for (int i = 0; i < 20; i++) {
            executed++; // another member has the log
            pass(SECOND / 2);
            askForLog(1);
        }
        assertThat(bytesFrom(1)).isZero();

        bulkIsFull = true;
        pass(2 * SECOND);
        askForLog(1);
        assertThat(receiver.view()).hasSize(1);
        executed = 50;
        pass(SECOND);
        assertThat(receiver.view()).isEmpty();
        assertThat(stores[RECEIVER].openWriters).isZero();
        askForLog(1);
        assertThat(receiver.view()).as("it does not help").isEmpty();
    }

    @Test
    void a_full_disk_is_tried_again_later() {
        SnapshotStore.Id id = stores[1].put(50, content(1, 20_000));
        stores[RECEIVER].full = true;
        passAsking(4);
        assertThat(receiver.view()).isEmpty();
        assertThat(bytesFrom(1)).isZero();
        stores[RECEIVER].full = false;
        askForLog(1);
        assertThat(receiver.view()).as("not at once").isEmpty();
        passAsking(20);
        assertThat(installed()).containsExactly(id);
    }

    @Test
    void all_receivers_share_one_rate() {
        long rate = 100_000;
        stores[1].put(50, content(1, 10_000_000));
        senders[1] = sender(1, rate);
        long begun = now;
        pass(2 * SECOND);
        askForLog(1);
        Edge.SnapshotId name = receiverName();
        for (int i = 0; i < 1_000; i++) {
            SnapshotSender sender = senders[1];
            if (sender != null) {
                for (int ahead = 0; ahead < 4; ahead++) { // a second receiver, who is never satisfied
                    sender.onRequest(2, new Edge.SnapshotRequest(name, (i * 4L + ahead) * PART, PART), now);
                }
            }
            pass(SECOND / 100);
        }
        double seconds = (now - begun) / (double) SECOND;
        assertThat(bytesFrom(1)).isBetween((long) (rate * (seconds - 3)), (long) (rate * (seconds + 1)));
        long toFirst = delivered.stream()
                .filter(letter -> letter.to() == RECEIVER && letter.edge() instanceof Edge.SnapshotChunk)
                .count();
        long toSecond = delivered.stream()
                .filter(letter -> letter.to() == 2 && letter.edge() instanceof Edge.SnapshotChunk)
                .count();
        assertThat(toFirst).isBetween(toSecond * 9 / 10, toSecond * 11 / 10);
    }

    private Edge.SnapshotId receiverName() {
        return delivered.stream()
                .map(Letter::edge)
                .filter(Edge.SnapshotOffer.class::isInstance)
                .map(offer -> ((Edge.SnapshotOffer) offer).id())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void what_a_receiver_will_need_is_kept_until_it_has_it_or_is_silent() {
        SnapshotSender sender = sender(1, RATE);
        senders[1] = sender;
        SnapshotStore.Id id = stores[1].put(50, content(1, 20_000));
        assertThat(sender.lowestNeeded(0)).isEqualTo(Long.MAX_VALUE);
        pass(2 * SECOND);
        askForLog(1);
        assertThat(installed()).containsExactly(id);
        assertThat(sender.lowestNeeded(0)).isEqualTo(51);

        for (int i = 0; i < 20; i++) { // the state machine takes its time
            pass(5 * SECOND);
        }
        assertThat(sender.lowestNeeded(0)).isEqualTo(51);
        executed = 50;
        receiver.installed(50);
        sender.onServed(RECEIVER, 51, now);
        assertThat(sender.lowestNeeded(0)).isEqualTo(51);
        sender.onServed(RECEIVER, 80, now);
        assertThat(sender.lowestNeeded(0)).isEqualTo(80);
        assertThat(sender.lowestNeeded(80)).isEqualTo(80);
        assertThat(sender.lowestNeeded(81)).as("it is let go of").isEqualTo(Long.MAX_VALUE);
        assertThat(stores[1].openReaders).isZero();

        pass(SnapshotSender.SILENT_NANOS_MAX - 1);
        assertThat(sender.lowestNeeded(0)).isEqualTo(80);
        pass(1);
        assertThat(sender.lowestNeeded(0)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void a_member_without_a_snapshot_that_helps_has_one_taken() {
        askForLog(1);
        assertThat(hosts[1].wanted).containsExactly(false);
        stores[1].put(50, content(1, 10));
        executed = 60;
        askForLog(1);
        assertThat(hosts[1].wanted).containsExactly(false, false);
        assertThat(delivered).isEmpty();
    }

    @Test
    void parts_of_another_snapshot_or_of_nobody_who_was_asked_are_ignored() {
        SnapshotStore.Id id = stores[1].put(50, content(1, 5_000));
        bulkIsFull = true;
        pass(2 * SECOND);
        askForLog(1);
        Edge.SnapshotId name = receiverName();
        Bytes part = Bytes.wrap(new byte[PART]);
        receiver.onChunk(2, new Edge.SnapshotChunk(name, 0, part), now);
        receiver.onChunk(1, new Edge.SnapshotChunk(name, PART, part), now);
        receiver.onChunk(1, new Edge.SnapshotChunk(new Edge.SnapshotId(50, 5_000, 1), 0, part), now);
        assertThat(receiver.view().get(0).bytes()).isZero();
        bulkIsFull = false;
        pass(SECOND);
        assertThat(installed()).containsExactly(id);
    }
}
