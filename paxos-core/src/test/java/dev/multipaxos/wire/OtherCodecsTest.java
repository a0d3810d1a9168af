package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.ClientProto;
import dev.multipaxos.wire.proto.ClientProto.ClientHead;
import dev.multipaxos.wire.proto.HandshakeProto.ClientGreeting;
import dev.multipaxos.wire.proto.HandshakeProto.Greeting;
import dev.multipaxos.wire.proto.JournalProto.PinnedHead;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The journal, the handshake and the clients. */
class OtherCodecsTest {
    private static final Bytes COMMANDS = Bytes.utf8("commands");
    private static final Value BATCH = new Value.Batch(1, COMMANDS);

    @Test
    void a_record_says_its_kind_and_the_slots_that_it_touches() {
        check(new Record.Promised(new Ballot(1, 1)), 1, 0);
        check(new Record.Accepted(7, new Ballot(1, 1), BATCH), 2, 7);
        check(new Record.Chosen(7, BATCH), 3, 7);
        check(new Record.ChosenUpTo(7), 4, 0);
        assertThat(RecordCodec.PINNED).isEqualTo(16);
        assertThat(RecordCodec.CONFIRMED).isEqualTo(17);
    }

    private static void check(Record record, int kind, long slot) {
        assertThat(RecordCodec.kind(record)).isEqualTo(kind);
        assertThat(RecordCodec.slotFrom(record)).isEqualTo(slot);
        assertThat(RecordCodec.slotTo(record)).isEqualTo(slot);
    }

    @Test
    void a_record_that_is_not_the_protocols_is_named() {
        Bytes bytes = RecordCodec.encode(new Pinned(1, 2, 3, 4));

        refused(() -> RecordCodec.decode(16, bytes), "record kind 16 belongs to the runtime, not to the protocol");
        refused(() -> RecordCodec.decode(9, bytes.slice(0, 0)), "no record of kind 9");
        refused(
                () -> RecordCodec.decode(9, RecordCodec.head(new Record.ChosenUpTo(1))),
                "record kind 9 is unknown; a newer version may have written it");
    }

    @Test
    void a_record_that_makes_no_sense_is_refused() {
        Bytes chosenUpTo = RecordCodec.head(new Record.ChosenUpTo(7));

        refused(() -> RecordCodec.decode(1, chosenUpTo), "the ballot is missing");
        refused(() -> RecordCodec.decode(2, chosenUpTo), "the ballot is missing");
        refused(() -> RecordCodec.decode(3, chosenUpTo), "slot 7 comes without a value");
        refused(
                () -> RecordCodec.decode(4, Format.joined(chosenUpTo, COMMANDS)),
                "the body has 8 bytes that no head speaks of");
        refused(
                () -> RecordCodec.decodeRuntimes(16, RecordCodec.encode(new Pinned(0, 5, 1, 1))),
                "the pinned is node 0");
        refused(() -> RecordCodec.decodeRuntimes(16, pinned(1, 0)), "node 1 is pinned to no storage");
        refused(() -> RecordCodec.decodeRuntimes(18, RecordCodec.encode(new LeaseLimit(-1))), "the length of leases");
        refused(() -> RecordCodec.decodeRuntimes(17, RecordCodec.encode(new Confirmed(0))), "no storage is confirmed");
        refused(() -> RecordCodec.decodeRuntimes(4, chosenUpTo), "record kind 4 is none of the runtime's");
    }

    private static Bytes pinned(int node, long storageId) {
        return Format.behindItsLength(Bytes.wrap(PinnedHead.newBuilder()
                .setNode(node)
                .setStorageId(storageId)
                .build()
                .toByteArray()));
    }

    @Test
    void a_greeting_of_a_newer_version_is_read_so_that_it_can_be_refused_politely() throws WireException {
        assertThat(HelloCodec.decode(HelloCodec.encode(new Hello.Client(9, 5, 1))))
                .isEqualTo(new Hello.Client(9, 5, 1));
        refused(
                () -> HelloCodec.decode(wrap(Greeting.newBuilder().setVersion(9))),
                "a greeting of version 9 is of an unknown kind; this side speaks version 1");
    }

    @Test
    void a_greeting_that_makes_no_sense_is_refused() {
        refused(() -> HelloCodec.decode(Bytes.utf8("GET / HTTP/1.1\r\n\r\n")), "greeting");
        refused(() -> HelloCodec.decode(Bytes.EMPTY), "a greeting without a version");
        refused(
                () -> HelloCodec.decode(
                        wrap(Greeting.newBuilder().setVersion(1).setClient(ClientGreeting.newBuilder()))),
                "group 0, but ids begin at 1");
    }

    private static Bytes wrap(Greeting.Builder greeting) {
        return Bytes.wrap(greeting.build().toByteArray());
    }

    @Test
    void a_founding_record_that_founds_nothing_is_not_encoded() {
        FoundingRecord.Founder one = new FoundingRecord.Founder(1, "a:1");
        FoundingRecord.Founder two = new FoundingRecord.Founder(2, "b:1");

        notFounded(foundation(1024, 1), "a founding record with 0 founders; there must be 1 to 64");
        notFounded(
                foundation(1024, 1, two, one), "founder 1 after 2; founders have positive ids, each once, ascending");
        notFounded(foundation(1024, 1, one, one), "founder 1 after 1");
        notFounded(foundation(1024, 1, new FoundingRecord.Founder(1, "")), "founder 1 has no address");
        notFounded(foundation(0, 1, one), "alpha is 0 but must be positive");
        notFounded(foundation(1024, 3, one, two), "a quorum of 3 for phase 1 among 2 founders");
    }

    private static void notFounded(FoundingRecord record, String why) {
        assertThatThrownBy(() -> FoundingRecordCodec.encode(record))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    @Test
    void the_id_of_a_cluster_follows_from_its_founding_record() {
        FoundingRecord.Founder one = new FoundingRecord.Founder(1, "a:1");
        Bytes encoded = FoundingRecordCodec.encode(foundation(1024, 1, one));

        assertThat(FoundingRecordCodec.clusterId(encoded))
                .isNotZero()
                .isEqualTo(FoundingRecordCodec.clusterId(RoundTripTest.inTheMiddleOfAnArray(encoded)))
                .isNotEqualTo(FoundingRecordCodec.clusterId(FoundingRecordCodec.encode(foundation(1023, 1, one))));
    }

    private static FoundingRecord foundation(int alpha, int phase1, FoundingRecord.Founder... founders) {
        return new FoundingRecord(1, alpha, 1 << 20, 4 << 20, "majority", phase1, 1, List.of(founders));
    }

    @Test
    void one_answer_is_not_copied() {
        ClientMessage.Result result = new ClientMessage.Result(1, 2, ClientMessage.Status.OK, COMMANDS);

        assertThat(ClientCodec.body(new ClientMessage.Results(List.of(result)))).isSameAs(COMMANDS);
        assertThat(ClientCodec.body(new ClientMessage.Submit(1, COMMANDS))).isSameAs(COMMANDS);
        assertThat(ClientCodec.body(new ClientMessage.Query(1, true, false, COMMANDS)))
                .isSameAs(COMMANDS);
    }

    @Test
    void what_a_newer_server_says_is_named() {
        ClientHead.Builder unknown = ClientHead.newBuilder()
                .setQueryResult(ClientProto.QueryResult.newBuilder().setStatusValue(40));

        refused(() -> ClientCodec.decode(frame(unknown)), "status 40 is of an unknown kind; the sender may be newer");
        refused(() -> ClientCodec.decode(frame(ClientHead.newBuilder())), "a frame without a message");
    }

    private static Bytes frame(ClientHead.Builder head) {
        return Format.behindItsLength(Bytes.wrap(head.build().toByteArray()));
    }

    private static void refused(ThrowingCallable decode, String why) {
        assertThatThrownBy(decode).isInstanceOf(WireException.class).hasMessageContaining(why);
    }
}
