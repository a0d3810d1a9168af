package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.CommonProto;
import dev.multipaxos.wire.proto.CommonProto.ValueHead;
import dev.multipaxos.wire.proto.CommonProto.ValueKind;
import dev.multipaxos.wire.proto.PeerProto;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import java.util.List;
import org.junit.jupiter.api.Test;

class PeerCodecTest {
    private static final Envelope ENVELOPE = new Envelope(9, 1, 2, 3, 8, 1, 0);
    private static final Ballot BALLOT = new Ballot(3, 2);
    private static final Value.Batch BATCH = new Value.Batch(5, Bytes.utf8("commands"));
    private static final ValueHead NO_OP =
            ValueHead.newBuilder().setKind(ValueKind.VALUE_KIND_NO_OP).build();

    @Test
    void frames_to_different_receivers_share_the_body() {
        Message accept = new Message.Accept(BALLOT, 7, BATCH, 6);

        assertThat(PeerCodec.body(accept)).isSameAs(BATCH.commands());
        assertThat(PeerCodec.head(new Envelope(9, 1, 2, 3, 8, 1, 0), accept))
                .isNotEqualTo(PeerCodec.head(new Envelope(9, 1, 2, 4, 8, 1, 0), accept));
        assertThat(PeerCodec.body(new Edge.Forward(1, BATCH.commands()))).isSameAs(BATCH.commands());
        Bytes part = Bytes.utf8("part");
        assertThat(PeerCodec.body(new Edge.SnapshotChunk(new Edge.SnapshotId(7, 4, 1), 0, part)))
                .isSameAs(part);
    }

    @Test
    void the_journal_shares_the_body_with_the_frames() {
        assertThat(RecordCodec.body(new dev.multipaxos.core.Record.Accepted(7, BALLOT, BATCH)))
                .isSameAs(BATCH.commands());
        assertThat(RecordCodec.body(new dev.multipaxos.core.Record.Chosen(7, BATCH)))
                .isSameAs(BATCH.commands());
    }

    @Test
    void values_are_parts_of_the_frame_and_no_copies() throws WireException {
        Message reply = new Message.CatchUpReply(1, List.of(BATCH, Value.NO_OP, BATCH), 3);
        Bytes frame = Format.joined(PeerCodec.head(ENVELOPE, reply), PeerCodec.body(reply));

        Message.CatchUpReply decoded =
                (Message.CatchUpReply) Format.decodePeer(frame).said();

        for (Value value : List.of(decoded.values().get(0), decoded.values().get(2))) {
            assertThat(((Value.Batch) value).commands().array()).isSameAs(frame.array());
        }
    }

    @Test
    void a_frame_takes_little_besides_its_value_however_large_the_numbers() {
        long max = Long.MAX_VALUE;
        Envelope envelope = new Envelope(-1, Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE, -1, max, max);
        Ballot ballot = new Ballot(max, Integer.MAX_VALUE);
        Value value = new Value.Batch(-1, Bytes.wrap(new byte[1 << 20]));
        Message.Entry entry = new Message.Entry(max, ballot, value, true);

        for (Message message : List.of(
                new Message.Accept(ballot, max, value, max),
                new Message.Promise(ballot, max, max, max, List.of(entry), max, max),
                new Message.CatchUpReply(max, List.of(value), max))) {
            assertThat(PeerCodec.head(envelope, message).length()).isLessThan(256); // as docs/wire.md says
        }
    }

    @Test
    void an_empty_batch_is_no_no_op() throws WireException {
        Message accept = new Message.Accept(BALLOT, 7, new Value.Batch(0, Bytes.EMPTY), 6);

        assertThat(decoded(accept)).isEqualTo(accept);
        assertThat(decoded(accept)).isNotEqualTo(new Message.Accept(BALLOT, 7, Value.NO_OP, 6));
    }

    @Test
    void a_message_of_a_newer_version_is_named() {
        for (int kind : new int[] {16 + 12, 63, 72, 127}) {
            refused(
                    unknown(PeerHead.newBuilder(), kind),
                    "message " + kind + " is of an unknown kind; the sender may be newer");
        }
        refused(
                SchemaTest.envelope()
                        .setAccept(PeerProto.Accept.newBuilder()
                                .setBallot(ballot())
                                .setSlot(1)
                                .setValue(ValueHead.newBuilder().setKindValue(7))),
                "value 7 is of an unknown kind; the sender may be newer");
    }

    @Test
    void news_in_the_envelope_and_in_a_message_are_passed_over() throws WireException {
        PeerHead.Builder head = unknown(unknown(SchemaTest.envelope(), 15), 128)
                .setHolds(PeerProto.Holds.newBuilder().setUpTo(5).setUnknownFields(unknown(77)));

        assertThat(Format.decodePeer(SchemaTest.frame(head, Bytes.EMPTY)).said())
                .isEqualTo(new Message.Holds(5));

        PeerHead.Builder hot = SchemaTest.envelope()
                .setHeartbeat(
                        PeerProto.Heartbeat.newBuilder().setBallot(ballot()).setUnknownFields(unknown(77)));

        assertThat(Format.decodePeer(SchemaTest.frame(hot, Bytes.EMPTY)).said())
                .isEqualTo(new Message.Heartbeat(BALLOT, 0, 0, 0));
    }

    @Test
    void a_frame_says_one_thing_of_which_it_knows_the_sender() {
        refused(SchemaTest.envelope(), "a frame without a message");
        refused(PeerHead.newBuilder().setHolds(PeerProto.Holds.newBuilder()), "group 0, but ids begin at 1");
        refused(
                SchemaTest.envelope().setFrom(0).setHolds(PeerProto.Holds.newBuilder()),
                "the sender is node 0, but ids begin at 1");
        refused(
                SchemaTest.envelope().setTo(-4).setHolds(PeerProto.Holds.newBuilder()),
                "the receiver is node -4, but ids begin at 1");
        refused(
                SchemaTest.envelope().setPosition(-1).setHolds(PeerProto.Holds.newBuilder()),
                "the journal position is -1");

        Bytes twice = Format.joined(
                Bytes.wrap(SchemaTest.envelope()
                        .setHolds(PeerProto.Holds.newBuilder())
                        .build()
                        .toByteArray()),
                Bytes.wrap(PeerHead.newBuilder()
                        .setReadIndex(PeerProto.ReadIndex.newBuilder())
                        .build()
                        .toByteArray()));
        assertThatThrownBy(() -> Format.decodePeer(SchemaTest.frame(twice, Bytes.EMPTY)))
                .isInstanceOf(WireException.class)
                .hasMessage("a frame with two messages");
    }

    @Test
    void the_body_is_as_long_as_the_head_says() {
        Message accept = new Message.Accept(BALLOT, 7, BATCH, 6);
        Bytes head = PeerCodec.head(ENVELOPE, accept);

        refused(Format.joined(head, Bytes.utf8("command")), "the head speaks of 8 more bytes, the body has 7");
        refused(Format.joined(head, Bytes.utf8("commands!")), "the body has 1 bytes that no head speaks of");
        refused(
                Format.joined(PeerCodec.head(ENVELOPE, new Message.Holds(1)), Bytes.utf8("x")),
                "the body has 1 bytes that no head speaks of");
        refused(head.slice(0, head.length() - 1), "it was cut, or is no head");
        refused(
                SchemaTest.envelope().setForward(PeerProto.Forward.newBuilder().setBodyBytes(-1)),
                "the head speaks of -1 more bytes, the body has 0");
    }

    @Test
    void what_no_acceptor_says_is_refused() {
        refused(SchemaTest.envelope().setRejected(PeerProto.Rejected.newBuilder()), "the ballot is missing");
        refused(
                SchemaTest.envelope()
                        .setRejected(PeerProto.Rejected.newBuilder()
                                .setPromised(CommonProto.Ballot.newBuilder()
                                        .setRound(-3)
                                        .setNode(1))),
                "no ballot: round -3, node 1");
        refused(
                SchemaTest.envelope()
                        .setHeartbeat(PeerProto.Heartbeat.newBuilder()
                                .setBallot(CommonProto.Ballot.newBuilder().setRound(3))),
                "no ballot: round 3, node 0");
        refused(
                SchemaTest.envelope()
                        .setAccept(PeerProto.Accept.newBuilder()
                                .setBallot(ballot())
                                .setValue(NO_OP)),
                "slot 0 is below 1");
        refused(
                SchemaTest.envelope()
                        .setAccept(PeerProto.Accept.newBuilder()
                                .setBallot(ballot())
                                .setSlot(4)),
                "slot 4 comes without a value");
        refused(SchemaTest.envelope().setHolds(PeerProto.Holds.newBuilder().setUpTo(-1)), "the end of a prefix is -1");
        refused(
                SchemaTest.envelope()
                        .setCatchUpRequest(PeerProto.CatchUpRequest.newBuilder()
                                .setFromSlot(4)
                                .setToSlot(3)),
                "no range of slots: 4..3");
        refused(
                SchemaTest.envelope()
                        .setCatchUpReply(PeerProto.CatchUpReply.newBuilder()
                                .setFromSlot(Long.MAX_VALUE)
                                .addValues(NO_OP)),
                "1 values from slot " + Long.MAX_VALUE + " on");
    }

    @Test
    void a_part_of_a_snapshot_lies_inside_of_it() {
        PeerProto.SnapshotId.Builder id =
                PeerProto.SnapshotId.newBuilder().setSlot(4).setBytes(10);
        Bytes part = Bytes.utf8("part");
        PeerProto.SnapshotChunk.Builder chunk =
                PeerProto.SnapshotChunk.newBuilder().setId(id).setBodyBytes(part.length());
        refused(
                SchemaTest.frame(SchemaTest.envelope().setSnapshotChunk(chunk.setOffset(7)), part),
                "4 bytes at 7 of a snapshot of 10");
        refused(
                SchemaTest.frame(SchemaTest.envelope().setSnapshotChunk(chunk.setOffset(Long.MAX_VALUE)), part),
                "4 bytes at " + Long.MAX_VALUE + " of a snapshot of 10");
        refused(
                SchemaTest.envelope()
                        .setSnapshotRequest(
                                PeerProto.SnapshotRequest.newBuilder().setId(id).setOffset(-1)),
                "0 bytes at -1 of a snapshot of 10");
        refused(
                SchemaTest.envelope()
                        .setSnapshotRequest(
                                PeerProto.SnapshotRequest.newBuilder().setId(id).setMaxBytes(-1)),
                "the part wanted of a snapshot is -1");
        refused(
                SchemaTest.envelope()
                        .setSnapshotOffer(PeerProto.SnapshotOffer.newBuilder()
                                .setId(id.clone().setBytes(-1))),
                "the size of a snapshot is -1");
        refused(SchemaTest.envelope().setSnapshotGone(PeerProto.SnapshotGone.newBuilder()), "slot 0 is below 1");
    }

    @Test
    void ranges_of_votes_ascend_with_gaps_between_them() {
        refused(votes(0L, 4L), "no range of slots: 0..4");
        refused(votes(5L, 4L), "no range of slots: 5..4");
        refused(votes(5L, 6L, 7L, 8L), "range 7..8 does not come after 6 with a gap");
        refused(votes(5L, 6L, 1L, 2L), "range 1..2 does not come after 6 with a gap");
        refused(votes(5L, Long.MAX_VALUE, 6L, 7L), "range 6..7 does not come after " + Long.MAX_VALUE + " with a gap");
        refused(votes(5L), "no frame between members");
    }

    @Test
    void a_member_may_vote_in_every_other_slot_of_a_ring() throws WireException {
        SlotRanges slots = SlotRanges.EMPTY;
        for (long slot = 1; slot < 2 * MessageReader.RANGES_MAX; slot += 2) {
            slots = slots.with(slot, slot);
        }
        Message most = new Message.Accepted(BALLOT, slots, 0);
        SlotRanges more = slots.with(10_000, 10_000);

        assertThat(decoded(most)).isEqualTo(most);
        refused(
                PeerCodec.head(ENVELOPE, new Message.Accepted(BALLOT, more, 0)),
                "more than " + MessageReader.RANGES_MAX + " ranges of slots");
    }

    @Test
    void entries_of_a_promise_ascend_inside_of_what_it_covers() {
        refused(promise(5, 9, entry(7), entry(7)), "entry of slot 7 after 7");
        refused(promise(5, 9, entry(7), entry(6)), "entry of slot 6 after 7");
        refused(promise(5, 9, entry(4)), "entries 4..4 in a chunk of 5..9");
        refused(promise(5, 9, entry(5), entry(10)), "entries 5..10 in a chunk of 5..9");
        refused(promise(5, 4), "no range of slots: 5..4");
        refused(
                promise(5, 9, PeerProto.Entry.newBuilder().setSlot(5).setValue(NO_OP)),
                "the ballot is missing"); // only what is known to be chosen has none
    }

    @Test
    void what_the_receiver_throws_is_not_taken_for_bad_bytes() {
        Bytes frame = PeerCodec.head(ENVELOPE, new Message.Holds(1));
        PeerFrames broken = new PeerFrames() {
            @Override
            public void onMessage(Envelope envelope, Message message) {
                throw new IllegalStateException("its own");
            }

            @Override
            public void onEdge(Envelope envelope, Edge edge) {
                throw new AssertionError("not an edge");
            }
        };

        assertThatThrownBy(() -> PeerCodec.decode(frame, broken)).hasMessage("its own");
    }

    private static PeerHead.Builder votes(Long... bounds) {
        return SchemaTest.envelope()
                .setAccepted(PeerProto.Accepted.newBuilder().setBallot(ballot()).addAllSlots(List.of(bounds)));
    }

    private static PeerHead.Builder promise(long from, long to, PeerProto.Entry.Builder... entries) {
        PeerProto.Promise.Builder promise = PeerProto.Promise.newBuilder()
                .setBallot(ballot())
                .setFromSlot(from)
                .setCoveredFrom(from)
                .setCoveredTo(to);
        for (PeerProto.Entry.Builder entry : entries) {
            promise.addEntries(entry);
        }
        return SchemaTest.envelope().setPromise(promise);
    }

    private static PeerProto.Entry.Builder entry(long slot) {
        return PeerProto.Entry.newBuilder().setSlot(slot).setBallot(ballot()).setValue(NO_OP);
    }

    private static CommonProto.Ballot ballot() {
        return Values.toProto(BALLOT);
    }

    private static UnknownFieldSet unknown(int field) {
        return UnknownFieldSet.newBuilder()
                .addField(
                        field,
                        UnknownFieldSet.Field.newBuilder()
                                .addLengthDelimited(ByteString.copyFromUtf8("new"))
                                .build())
                .build();
    }

    private static PeerHead.Builder unknown(PeerHead.Builder head, int field) {
        return head.mergeUnknownFields(unknown(field));
    }

    private static Object decoded(Message message) throws WireException {
        return Format.decodePeer(Format.joined(PeerCodec.head(ENVELOPE, message), PeerCodec.body(message)))
                .said();
    }

    private static void refused(PeerHead.Builder head, String why) {
        refused(SchemaTest.frame(head, Bytes.EMPTY), why);
    }

    private static void refused(Bytes frame, String why) {
        assertThatThrownBy(() -> Format.decodePeer(frame))
                .isInstanceOf(WireException.class)
                .hasMessageContaining(why);
    }
}
