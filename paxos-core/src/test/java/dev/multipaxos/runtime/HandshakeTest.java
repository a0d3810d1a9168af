package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.spi.Transport.Verdict;
import dev.multipaxos.wire.Envelope;
import dev.multipaxos.wire.FoundingRecord;
import dev.multipaxos.wire.FoundingRecord.Founder;
import dev.multipaxos.wire.FoundingRecordCodec;
import dev.multipaxos.wire.Hello;
import dev.multipaxos.wire.Hello.Cause;
import dev.multipaxos.wire.HelloCodec;
import dev.multipaxos.wire.Pinned;
import java.util.List;
import org.junit.jupiter.api.Test;

class HandshakeTest {

    private static final List<Founder> MEMBERS =
            List.of(new Founder(1, "a:1"), new Founder(2, "b:2"), new Founder(3, "c:3"));
    private static final FoundingRecord FOUNDING =
            new FoundingRecord(1, 1_024, 1 << 20, 4 << 20, "majority", 2, 2, MEMBERS);

    private final Handshake handshake = new Handshake(identity(1, FOUNDING, 0xa1));

    private static NodeIdentity identity(int node, FoundingRecord founding, long storageId) {
        return NodeIdentity.of(node, founding, FoundingRecordCodec.encode(founding), storageId, 1, 1);
    }

    private Verdict judge(int dialled, Hello hello) {
        return handshake.judge(dialled, "10.0.0.7:5000", HelloCodec.encode(hello));
    }

    private static Hello.Member hello(int from, FoundingRecord founding, long storageId) {
        return identity(from, founding, storageId).hello(1, 0);
    }

    private void assertRefused(Verdict verdict, String... parts) {
        assertThat(verdict.refusal()).contains("node 1 refuses 10.0.0.7:5000: ").contains(parts);
    }

    @Test
    void a_member_is_let_in_and_its_frames_count_once_its_storage_is_on_the_disk() {
        assertThat(judge(2, hello(2, FOUNDING, 0xb2))).isEqualTo(Verdict.peer(2));
        Envelope envelope = identity(2, FOUNDING, 0xb2).envelope(1, 0);
        assertThat(handshake.awaitsDisk(2)).isTrue();
        assertThat(handshake.problem(2, envelope)).contains("not on this node's disk yet");
        handshake.pinned(new Pinned(2, 0xb2, 1, 0));
        assertThat(handshake.awaitsDisk(2)).isFalse();
        assertThat(handshake.problem(2, envelope)).isNull();
    }

    @Test
    void a_frame_must_be_what_its_connection_says() {
        handshake.pinned(new Pinned(2, 0xb2, 1, 0));
        NodeIdentity two = identity(2, FOUNDING, 0xb2);
        assertThat(handshake.problem(3, two.envelope(1, 0))).isEqualTo("it says that node 2 sent it");
        assertThat(handshake.problem(2, two.envelope(3, 0))).isEqualTo("it is for node 3");
        assertThat(handshake.problem(2, identity(2, FOUNDING, 0xff).envelope(1, 0)))
                .contains("it comes from storage ff");
        assertThat(handshake.problem(2, new Envelope(99, 1, 2, 1, 0xb2, 1, 0))).contains("of cluster 63");
    }

    @Test
    void a_member_that_lost_its_memory_is_refused_naming_both_storages() {
        handshake.pinned(new Pinned(2, 0xb2, 1, 0));
        assertRefused(
                judge(0, hello(2, FOUNDING, 0xff)),
                "storage ff",
                "known here by b2",
                "it has lost its memory",
                "add a new node");
        assertThat(judge(0, hello(2, FOUNDING, 0xb2))).isEqualTo(Verdict.peer(2));
    }

    /** What another life of node 2's storage says of itself. */
    private Verdict judgeLife(long bootCount, long position) {
        return judgeLife(bootCount, bootCount, position);
    }

    private Verdict judgeLife(long bootCount, long lifeId, long position) {
        NodeIdentity two = NodeIdentity.of(2, FOUNDING, FoundingRecordCodec.encode(FOUNDING), 0xb2, bootCount, lifeId);
        return judge(0, two.hello(1, position));
    }

    private void seen(long position) {
        assertThat(handshake.problem(2, identity(2, FOUNDING, 0xb2).envelope(1, position)))
                .isNull();
    }

    @Test
    void a_life_that_begins_below_what_an_earlier_one_was_seen_at_is_an_old_copy() {
        handshake.pinned(new Pinned(2, 0xb2, 1, 0));
        seen(5_000);
        assertRefused(judgeLife(2, 4_999), "old copy of storage b2", "position 5000", "now ends at 4999");
        assertThat(judgeLife(2, 5_000)).isEqualTo(Verdict.peer(2));
        assertRefused(judgeLife(1, 9_000), "its life 2, and this is life 1");
        assertRefused(judgeLife(2, 4_000), "position 5000"); // every connection of the life begins there
    }

    @Test
    void two_lives_that_are_counted_alike_are_those_of_a_storage_and_its_copy() {
        assertThat(judgeLife(2, 77, 5_000)).isEqualTo(Verdict.peer(2));
        assertThat(judgeLife(2, 77, 6_000)).isEqualTo(Verdict.peer(2));
        assertRefused(judgeLife(2, 78, 6_000), "old copy", "another life 2");
        assertThat(judgeLife(2, 0, 6_000)).as("who does not say").isEqualTo(Verdict.peer(2));
    }

    @Test
    void a_greeting_that_was_made_before_the_latest_frames_of_its_life_is_no_old_copy() {
        handshake.pinned(new Pinned(2, 0xb2, 1, 100));
        seen(5_000);
        assertThat(judgeLife(1, 200)).isEqualTo(Verdict.peer(2));
        assertThat(judgeLife(3, 5_000)).isEqualTo(Verdict.peer(2));
        seen(8_000); // a late frame of an earlier life is compared with nothing
        assertThat(judgeLife(3, 5_000)).isEqualTo(Verdict.peer(2));
    }

    @Test
    void what_was_written_down_of_a_storage_counts_after_a_restart() {
        handshake.pinned(new Pinned(2, 0xb2, 7, 6_000));
        handshake.pinned(new Pinned(2, 0xb2, 6, 5_000));
        assertRefused(judgeLife(6, 9_000), "its life 7");
        assertRefused(judgeLife(8, 5_999), "position 6000");
        assertThat(judgeLife(7, 10)).isEqualTo(Verdict.peer(2)); // what that life began with is not known any more
    }

    @Test
    void a_new_life_and_much_news_of_one_are_worth_a_record_once() {
        judge(0, hello(2, FOUNDING, 0xb2));
        assertThat(handshake.news(2)).isEqualTo(new Pinned(2, 0xb2, 1, 0));
        assertThat(handshake.news(2)).isNull();
        handshake.pinned(new Pinned(2, 0xb2, 1, 0));
        seen(KnownStorage.NOTED_EVERY_BYTES - 1);
        assertThat(handshake.news(2)).isNull();
        seen(KnownStorage.NOTED_EVERY_BYTES);
        assertThat(handshake.news(2)).isEqualTo(new Pinned(2, 0xb2, 1, KnownStorage.NOTED_EVERY_BYTES));
        assertThat(handshake.news(2)).isNull();
        judgeLife(2, KnownStorage.NOTED_EVERY_BYTES);
        assertThat(handshake.news(2)).isEqualTo(new Pinned(2, 0xb2, 2, KnownStorage.NOTED_EVERY_BYTES));
        assertThat(handshake.news(3)).isNull();
    }

    @Test
    void a_final_refusal_is_heard_by_the_storage_that_it_is_meant_for_and_by_no_other() {
        handshake.pinned(new Pinned(2, 0xb2, 1, 0));
        Verdict verdict = judge(0, hello(2, FOUNDING, 0xff));
        Hello.Refusal heard = new Handshake(identity(2, FOUNDING, 0xff)).exclusion(verdict.answer());
        assertThat(heard)
                .isEqualTo(new Hello.Refusal(
                        1,
                        String.valueOf(verdict.refusal()),
                        new Hello.Exclusion(
                                Cause.ANOTHER_STORAGE,
                                identity(1, FOUNDING, 0xa1).cluster(),
                                2,
                                0xff,
                                1)));
        assertThat(new Handshake(identity(2, FOUNDING, 0xb2)).exclusion(verdict.answer()))
                .isNull();
        assertThat(new Handshake(identity(3, FOUNDING, 0xff)).exclusion(verdict.answer()))
                .isNull();
        assertThat(handshake.exclusion(HelloCodec.encode(new Hello.Refusal(1, "another time"))))
                .isNull();
        assertThat(handshake.exclusion(HelloCodec.encode(hello(2, FOUNDING, 0xb2))))
                .isNull();
        assertThat(handshake.exclusion(Bytes.utf8("GET / HTTP/1.1"))).isNull();
        assertThat(judge(0, hello(9, FOUNDING, 0xb2)).answer()).isEqualTo(Bytes.EMPTY);
    }

    @Test
    void another_foundation_is_refused_naming_what_differs() {
        FoundingRecord other = new FoundingRecord(1, 512, 1 << 20, 4 << 20, "majority", 2, 2, MEMBERS);
        assertRefused(judge(0, hello(2, other, 0xb2)), "founded differently", "alpha 512 there, 1024 here");
    }

    @Test
    void our_own_id_is_refused_as_a_duplicate() {
        assertRefused(judge(0, hello(1, FOUNDING, 0xb2)), "duplicate node id", "storage b2", "storage a1");
    }

    @Test
    void a_stranger_is_refused() {
        assertRefused(judge(0, hello(9, FOUNDING, 0xb2)), "node 9 is no member of this cluster");
    }

    @Test
    void whoever_answers_for_another_or_means_another_is_refused() {
        assertRefused(judge(3, hello(2, FOUNDING, 0xb2)), "node 3 was dialled, but node 2 answers at its address");
        assertRefused(judge(0, identity(2, FOUNDING, 0xb2).hello(3, 0)), "it means to greet node 3", "this is node 1");
    }

    @Test
    void an_unknown_version_is_refused_naming_both() {
        Hello.Member known = hello(2, FOUNDING, 0xb2);
        Hello unknown = new Hello.Member(
                7,
                known.cluster(),
                known.group(),
                known.from(),
                known.to(),
                known.storageId(),
                known.bootCount(),
                known.position(),
                known.foundingRecord(),
                known.lifeId());
        assertRefused(judge(0, unknown), "version 7", "this node speaks 1");
        assertRefused(judge(0, new Hello.Client(7, 0, 1)), "version 7", "this node speaks 1");
    }

    @Test
    void a_client_is_let_in_unless_it_looks_for_another_cluster_or_group() {
        long cluster = identity(1, FOUNDING, 0xa1).cluster();
        assertThat(judge(0, new Hello.Client(1, 0, 1))).isEqualTo(Verdict.client());
        assertThat(judge(0, new Hello.Client(1, cluster, 1))).isEqualTo(Verdict.client());
        assertRefused(judge(0, new Hello.Client(1, cluster + 1, 1)), "the client looks for cluster");
        assertRefused(judge(0, new Hello.Client(1, 0, 2)), "group 2", "group 1");
        assertRefused(judge(2, new Hello.Client(1, 0, 1)), "node 2 was dialled, a client answered");
    }

    @Test
    void another_group_and_garbage_are_refused() {
        FoundingRecord other = new FoundingRecord(2, 1_024, 1 << 20, 4 << 20, "majority", 2, 2, MEMBERS);
        assertRefused(judge(0, hello(2, other, 0xb2)), "group 2", "group 1");
        assertRefused(handshake.judge(0, "10.0.0.7:5000", Bytes.utf8("GET / HTTP/1.1")), "cannot be read");
    }
}
