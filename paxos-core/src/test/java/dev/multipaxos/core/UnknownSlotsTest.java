package dev.multipaxos.core;

import static dev.multipaxos.core.Cluster.value;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Message.Accept;
import dev.multipaxos.core.Message.Entry;
import dev.multipaxos.core.Message.Prepare;
import dev.multipaxos.core.Message.Promise;
import dev.multipaxos.core.Message.Unknown;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.PeerCodec;
import dev.multipaxos.wire.PeerFrames;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** An acceptor that has lost a vote ({@code docs/protocol.md} §12). */
class UnknownSlotsTest {

    private static final Ballot OLD = new Ballot(1, 1);

    private final Cluster cluster = Cluster.of(1, 2, 3);

    /** Nodes 1 and 3 vote for a value in slot 1, so that it is chosen; node 1 is gone, node 3 has lost its vote. */
    private void choose() {
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "chosen");
        cluster.deliverAll(flight -> flight.to() != 2 && !(flight.message() instanceof Message.Heartbeat));
        assertThat(cluster.node(1).executed).containsEntry(1L, value("chosen"));
        cluster.network.clear();
        cluster.crash(1);
        cluster.crash(3);
        cluster.damage(3, record -> record instanceof Record.Accepted);
        cluster.restart(3);
    }

    @Test
    void a_promise_names_what_is_lost_and_no_chunk_covers_it() {
        choose();
        assertThat(cluster.replica(3).isUnknown(1)).isTrue();
        cluster.step(3, new Input.Received(2, new Prepare(new Ballot(9, 2), 1)));
        assertThat(cluster.network).hasSize(1);
        Promise promise = (Promise) cluster.network.get(0).message();
        assertThat(promise.unknown()).containsExactly(new Unknown(1, 1, cluster.node(1).durablePromise));
        assertThat(promise.coveredFrom()).isEqualTo(2);
    }

    @Test
    void what_may_have_been_chosen_is_neither_denied_nor_read_past_and_comes_back_with_its_voter() {
        choose();
        cluster.tickAll(20 * cluster.parameters.electionTicks());
        assertThat(cluster.choices).containsOnlyKeys(1L);
        for (int node = 2; node <= 3; node++) {
            assertThat(cluster.replica(node).chosenUpTo()).isZero();
            cluster.step(node, new Input.Read(node));
        }
        cluster.settle();
        assertThat(cluster.node(2).readyReads).isEmpty();
        assertThat(cluster.node(3).readyReads).isEmpty();
        cluster.restart(1);
        cluster.tickAll(20 * cluster.parameters.electionTicks());
        for (int node = 1; node <= 3; node++) {
            assertThat(cluster.node(node).executed).containsEntry(1L, value("chosen"));
        }
    }

    @Test
    void beside_a_vote_that_nothing_lost_can_outdo_it_counts_and_its_next_vote_is_known() {
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "chosen");
        cluster.deliverAll(flight -> !(flight.message() instanceof Message.Heartbeat));
        cluster.network.clear();
        cluster.crash(1);
        cluster.crash(3);
        cluster.damage(3, record -> record instanceof Record.Accepted);
        cluster.restart(3);
        cluster.tickAll(10 * cluster.parameters.electionTicks());
        assertThat(cluster.node(3).executed).containsEntry(1L, value("chosen"));
        assertThat(cluster.replica(3).isUnknown(1)).isFalse();
        cluster.crash(3);
        cluster.restart(3);
        assertThat(cluster.replica(3).isUnknown(1))
                .as("the newer vote is there")
                .isFalse();
    }

    @Test
    void in_a_slot_that_two_others_know_it_is_not_missed() {
        cluster.elect(1);
        cluster.settle();
        cluster.propose(1, "lost with its leader");
        cluster.deliverAll(flight -> flight.to() == 3 && flight.message() instanceof Accept);
        cluster.network.clear();
        cluster.crash(3);
        cluster.damage(3, record -> record instanceof Record.Accepted);
        cluster.restart(3);
        cluster.tickAll(10 * cluster.parameters.electionTicks());
        assertThat(cluster.choices).isNotEmpty();
        assertThat(cluster.node(3).executed).isEqualTo(cluster.choices);
    }

    @Test
    void who_lost_a_slot_counts_there_only_beside_a_high_enough_vote_or_a_choice() {
        Configuration three = Configuration.majority(1, 2, 3);
        Ballot ballot = new Ballot(9, 2);
        Ballot lost = new Ballot(5, 1);
        Recovery recovery = new Recovery(3, 1);
        recovery.onPromise(
                2, new Promise(ballot, 1, 3, Long.MAX_VALUE, List.of(), 0, 0, List.of(new Unknown(1, 2, lost))));
        assertThat(recovery.complete()).isEqualTo(0b100);
        assertThat(recovery.top()).as("there may have been a vote").isEqualTo(2);
        recovery.onPromise(
                1,
                new Promise(
                        ballot,
                        1,
                        1,
                        Long.MAX_VALUE,
                        List.of(new Entry(1, new Ballot(4, 3), value("old"), false)),
                        0,
                        0));
        assertThat(three.isPhase1Quorum(recovery.complete())).isTrue();
        assertThat(recovery.decides(1, three)).as("an older vote").isFalse();
        assertThat(recovery.decides(2, three)).as("no vote").isFalse();
        assertThat(recovery.decides(3, three)).as("not lost").isTrue();
        Recovery other = new Recovery(recovery.state());
        assertThat(other.state()).isEqualTo(recovery.state());
        recovery.onPromise(
                1, new Promise(ballot, 1, 1, Long.MAX_VALUE, List.of(new Entry(1, lost, value("new"), false)), 0, 0));
        assertThat(recovery.decides(1, three)).as("a vote as high").isTrue();
        other.onPromise(
                1,
                new Promise(ballot, 1, 1, Long.MAX_VALUE, List.of(new Entry(2, Ballot.ZERO, value("x"), true)), 0, 0));
        assertThat(other.decides(2, three)).as("a choice").isTrue();
    }

    /** What a node whose disk says this answers to a prepare, as it comes out of the codec at the other end. */
    private List<Promise> answers(List<Entry> entries, List<Unknown> lost) throws WireException {
        Parameters wide = new Parameters(8_192, 16_384, 1, 5, 0, 1 << 20, 1 << 20, 1 << 20);
        Replica replica = new Replica(
                3, Configuration.majority(1, 2, 3), wide, new Durable(new Ballot(8, 1), 0, 0, 0, entries, lost));
        Sent sent = new Sent();
        replica.step(new Input.Received(2, new Prepare(new Ballot(9, 2), 1)), sent);
        Envelope envelope = new Envelope(1, 1, 3, 2, 4, 1, 0);
        List<Promise> arrived = new ArrayList<>();
        for (Message message : sent.messages) {
            byte[] head = PeerCodec.head(envelope, message).toArray();
            byte[] body = PeerCodec.body(message).toArray();
            byte[] frame = Arrays.copyOf(head, head.length + body.length);
            System.arraycopy(body, 0, frame, head.length, body.length);
            PeerCodec.decode(Bytes.wrap(frame), new PeerFrames() {
                @Override
                public void onMessage(Envelope from, Message decoded) {
                    arrived.add((Promise) decoded);
                }

                @Override
                public void onEdge(Envelope from, Edge edge) {
                    throw new AssertionError(edge);
                }
            });
        }
        return arrived;
    }

    private static final class Sent implements Effects {
        final List<Message> messages = new ArrayList<>();

        @Override
        public void send(int to, Message message) {
            messages.add(message);
        }

        @Override
        public void append(Record record) {}

        @Override
        public void execute(long slot, Value value) {}

        @Override
        public void readReady(long token, long slot) {}

        @Override
        public void readRefused(long token) {}

        @Override
        public void readLog(int to, long fromSlot, long toSlot, int maxBytes) {}
    }

    @Test
    void three_thousand_lost_slots_with_votes_between_them_are_all_told() throws WireException {
        List<Unknown> lost = new ArrayList<>();
        List<Entry> votes = new ArrayList<>();
        for (long slot = 1; slot < 6_000; slot += 2) {
            lost.add(new Unknown(slot, slot, OLD));
            votes.add(new Entry(slot + 1, OLD, value("v" + slot), false));
        }
        List<Promise> chunks = answers(votes, lost);
        assertThat(chunks).allMatch(chunk -> chunk.unknown().size() <= Promise.UNKNOWN_MAX);
        assertThat(chunks.stream().mapToInt(chunk -> chunk.unknown().size()).sum())
                .as("each once: all in each of 3,000 chunks would be a hundred megabytes")
                .isEqualTo(3_000);
        Collections.shuffle(chunks, new Random(5));
        Recovery recovery = new Recovery(3, 1);
        for (Promise chunk : chunks) {
            assertThat(recovery.complete()).as("not before the last chunk").isZero();
            recovery.onPromise(2, chunk);
        }
        assertThat(recovery.complete()).isEqualTo(0b100);
        assertThat(recovery.state().unknown().get(2)).isEqualTo(lost);
        assertThat(recovery.state().merged()).isEqualTo(votes);
        Recovery restored = new Recovery(recovery.state());
        assertThat(restored.complete()).isEqualTo(0b100);
    }

    @Test
    void three_thousand_lost_slots_side_by_side_are_all_claimed_none_too_low() throws WireException {
        List<Unknown> lost = new ArrayList<>();
        for (long slot = 1; slot <= 3_000; slot++) {
            lost.add(new Unknown(slot, slot, new Ballot(1 + slot % 7, 1)));
        }
        List<Promise> chunks = answers(List.of(), lost);
        assertThat(chunks).allMatch(chunk -> chunk.unknown().size() <= Promise.UNKNOWN_MAX);
        Recovery recovery = new Recovery(3, 1);
        chunks.forEach(chunk -> recovery.onPromise(2, chunk));
        assertThat(recovery.complete()).isEqualTo(0b100);
        UnknownSlots told = new UnknownSlots(recovery.state().unknown().get(2));
        assertThat(lost).allMatch(range -> {
            Ballot upTo = told.upTo(range.first());
            return upTo != null && !upTo.isBelow(range.upTo());
        });
        assertThat(told.upTo(3_001)).isNull();
    }

    @Test
    void a_state_with_unknown_slots_is_restored_equal_and_says_the_same() {
        choose();
        ReplicaState state = cluster.replica(3).state();
        assertThat(state.durable().unknown()).hasSize(1);
        Replica restored = Replica.restore(3, cluster.configuration, cluster.parameters, state);
        assertThat(restored.state()).isEqualTo(state);
        cluster.step(3, new Input.Received(2, new Accept(new Ballot(9, 2), 1, value("again"), 0)));
        assertThat(cluster.replica(3).state().durable().unknown()).isEmpty();
    }

    @Test
    void ranges_are_united_cut_and_joined() {
        Ballot high = new Ballot(7, 2);
        UnknownSlots slots = UnknownSlots.NONE
                .with(new Unknown(5, 9, OLD))
                .with(new Unknown(8, 12, high))
                .with(new Unknown(1, 4, OLD));
        assertThat(slots.ranges()).containsExactly(new Unknown(1, 7, OLD), new Unknown(8, 12, high));
        assertThat(slots.with(new Unknown(6, 20, OLD)).ranges())
                .containsExactly(new Unknown(1, 7, OLD), new Unknown(8, 12, high), new Unknown(13, 20, OLD));
        assertThat(slots.without(7).without(1).without(10).ranges())
                .containsExactly(new Unknown(2, 6, OLD), new Unknown(8, 9, high), new Unknown(11, 12, high));
        assertThat(slots.within(7, 8).ranges()).containsExactly(new Unknown(7, 7, OLD), new Unknown(8, 8, high));
        assertThat(slots.upTo(13)).isNull();
        assertThat(slots.upTo(8)).isEqualTo(high);
    }
}
