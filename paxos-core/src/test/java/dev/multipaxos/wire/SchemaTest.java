package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.ClientProto.ClientHead;
import dev.multipaxos.wire.proto.CommonProto;
import dev.multipaxos.wire.proto.CommonProto.ValueHead;
import dev.multipaxos.wire.proto.CommonProto.ValueKind;
import dev.multipaxos.wire.proto.HandshakeProto.Foundation;
import dev.multipaxos.wire.proto.JournalProto.AcceptedHead;
import dev.multipaxos.wire.proto.JournalProto.ChosenHead;
import dev.multipaxos.wire.proto.JournalProto.ChosenUpToHead;
import dev.multipaxos.wire.proto.JournalProto.ConfirmedHead;
import dev.multipaxos.wire.proto.JournalProto.InstalledHead;
import dev.multipaxos.wire.proto.JournalProto.LeaseLimitHead;
import dev.multipaxos.wire.proto.JournalProto.PinnedHead;
import dev.multipaxos.wire.proto.JournalProto.PromisedHead;
import dev.multipaxos.wire.proto.PeerProto;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotAnswer;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotConfiguration;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotHeader;
import dev.multipaxos.wire.proto.SnapshotProto.SnapshotSession;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written and read by hand is what the schema says: the generated classes take it and give it. */
class SchemaTest {
    private static final Envelope ENVELOPE = new Envelope(-3, 1, 2, 3, 0x1122334455667788L, 4, 1L << 40);
    private static final Ballot BALLOT = new Ballot(1L << 50, 300);
    private static final Bytes COMMANDS = Bytes.utf8("commands");

    private static final Map<String, Parser<? extends Message>> HEADS = Map.ofEntries(
            Map.entry("snapshot.Header", SnapshotHeader.parser()),
            Map.entry("snapshot.Configuration", SnapshotConfiguration.parser()),
            Map.entry("snapshot.Session", SnapshotSession.parser()),
            Map.entry("snapshot.Answer", SnapshotAnswer.parser()),
            Map.entry("record.Promised", PromisedHead.parser()),
            Map.entry("record.Accepted", AcceptedHead.parser()),
            Map.entry("record.Chosen", ChosenHead.parser()),
            Map.entry("record.ChosenUpTo", ChosenUpToHead.parser()),
            Map.entry("record.Installed", InstalledHead.parser()),
            Map.entry("record.Pinned", PinnedHead.parser()),
            Map.entry("record.Confirmed", ConfirmedHead.parser()),
            Map.entry("record.LeaseLimit", LeaseLimitHead.parser()));

    static List<Format> formats() {
        return Format.all().stream()
                .filter(format -> !format.name().equals("Commands")) // no protobuf
                .filter(format -> !format.name().startsWith("hello.")) // generated classes only
                .toList();
    }

    @ParameterizedTest
    @MethodSource("formats")
    void generated_classes_write_the_same_bytes_after_they_read_them(Format format) throws IOException {
        for (long seed = 1; seed <= 500; seed++) {
            Bytes encoded = format.encode().apply(format.sample().apply(new Samples(seed)));
            Bytes head = format.name().equals("FoundingRecord") ? encoded : withoutLength(encoded);
            Message parsed = parser(format.name()).parseFrom(head.array(), head.offset(), head.length());

            assertThat(Bytes.wrap(parsed.toByteArray()))
                    .as("%s, seed %d", format.name(), seed)
                    .isEqualTo(head);
            assertThat(parsed.getUnknownFields().asMap())
                    .as("%s, seed %d", format.name(), seed)
                    .isEmpty();
        }
    }

    private static Parser<? extends Message> parser(String format) {
        if (format.equals("FoundingRecord")) {
            return Foundation.parser();
        } else if (format.startsWith("client.")) {
            return ClientHead.parser();
        }
        return HEADS.getOrDefault(format, PeerHead.parser());
    }

    private static Bytes withoutLength(Bytes encoded) throws IOException {
        CodedInputStream in = CodedInputStream.newInstance(encoded.array(), encoded.offset(), encoded.length());
        int length = in.readRawVarint32();
        return encoded.slice(in.getTotalBytesRead(), length);
    }

    @Test
    void generated_classes_read_an_accept_written_by_hand() throws IOException {
        Bytes head = PeerCodec.head(
                ENVELOPE, new dev.multipaxos.core.Message.Accept(BALLOT, 9, new Value.Batch(-1, COMMANDS), 8));

        assertThat(PeerHead.parseFrom(withoutLength(head).toByteBuffer()))
                .isEqualTo(envelope()
                        .setAccept(PeerProto.Accept.newBuilder()
                                .setBallot(ballot())
                                .setSlot(9)
                                .setChosenUpTo(8)
                                .setValue(ValueHead.newBuilder()
                                        .setKind(ValueKind.VALUE_KIND_BATCH)
                                        .setStampMillis(-1)
                                        .setBodyBytes(COMMANDS.length())))
                        .build());
    }

    @Test
    void generated_classes_read_votes_and_heartbeats_written_by_hand() throws IOException {
        SlotRanges slots = SlotRanges.of(5, 5).with(7, Long.MAX_VALUE);
        Bytes accepted = PeerCodec.head(ENVELOPE, new dev.multipaxos.core.Message.Accepted(BALLOT, slots, 4));
        Bytes heartbeat = PeerCodec.head(ENVELOPE, new dev.multipaxos.core.Message.Heartbeat(BALLOT, 4, 3, 2));

        assertThat(PeerHead.parseFrom(withoutLength(accepted).toByteBuffer()))
                .isEqualTo(envelope()
                        .setAccepted(PeerProto.Accepted.newBuilder()
                                .setBallot(ballot())
                                .setChosenUpTo(4)
                                .addAllSlots(List.of(5L, 5L, 7L, Long.MAX_VALUE)))
                        .build());
        assertThat(PeerHead.parseFrom(withoutLength(heartbeat).toByteBuffer()))
                .isEqualTo(envelope()
                        .setHeartbeat(PeerProto.Heartbeat.newBuilder()
                                .setBallot(ballot())
                                .setChosenUpTo(4)
                                .setClearedUpTo(3)
                                .setReadRound(2))
                        .build());
    }

    @Test
    void a_promise_written_by_generated_classes_is_read_by_hand() throws IOException {
        PeerHead.Builder head = envelope()
                .setPromise(PeerProto.Promise.newBuilder()
                        .setBallot(ballot())
                        .setFromSlot(5)
                        .setCoveredFrom(5)
                        .setCoveredTo(Long.MAX_VALUE)
                        .setChosenUpTo(4)
                        .setClearedUpTo(3)
                        .addEntries(PeerProto.Entry.newBuilder()
                                .setSlot(6)
                                .setBallot(ballot())
                                .setValue(ValueHead.newBuilder().setKind(ValueKind.VALUE_KIND_NO_OP)))
                        .addEntries(PeerProto.Entry.newBuilder()
                                .setSlot(7)
                                .setChosen(true)
                                .setValue(ValueHead.newBuilder()
                                        .setKind(ValueKind.VALUE_KIND_BATCH)
                                        .setBodyBytes(COMMANDS.length()))));

        assertThat(Format.decodePeer(frame(head, COMMANDS)))
                .isEqualTo(new Format.Framed(
                        ENVELOPE,
                        new dev.multipaxos.core.Message.Promise(
                                BALLOT,
                                5,
                                5,
                                Long.MAX_VALUE,
                                List.of(
                                        new dev.multipaxos.core.Message.Entry(6, BALLOT, Value.NO_OP, false),
                                        new dev.multipaxos.core.Message.Entry(
                                                7, Ballot.ZERO, new Value.Batch(0, COMMANDS), true)),
                                4,
                                3)));
    }

    @Test
    void the_order_of_fields_does_not_matter() throws IOException {
        PeerHead heartbeat = PeerHead.newBuilder()
                .setHeartbeat(PeerProto.Heartbeat.newBuilder().setBallot(ballot()))
                .build();
        Bytes joined = Format.joined(
                Bytes.wrap(heartbeat.toByteArray()),
                Bytes.wrap(envelope().build().toByteArray()));

        assertThat(Format.decodePeer(frame(joined, Bytes.EMPTY)))
                .isEqualTo(new Format.Framed(ENVELOPE, new dev.multipaxos.core.Message.Heartbeat(BALLOT, 0, 0, 0)));
    }

    static PeerHead.Builder envelope() {
        return PeerHead.newBuilder()
                .setCluster(ENVELOPE.cluster())
                .setGroup(ENVELOPE.group())
                .setFrom(ENVELOPE.from())
                .setTo(ENVELOPE.to())
                .setStorageId(ENVELOPE.storageId())
                .setBootCount(ENVELOPE.bootCount())
                .setPosition(ENVELOPE.position());
    }

    static CommonProto.Ballot ballot() {
        return CommonProto.Ballot.newBuilder()
                .setRound(BALLOT.round())
                .setNode(BALLOT.node())
                .build();
    }

    static Bytes frame(PeerHead.Builder head, Bytes body) {
        return frame(Bytes.wrap(head.build().toByteArray()), body);
    }

    static Bytes frame(Bytes head, Bytes body) {
        return Format.joined(Format.behindItsLength(head), body);
    }
}
