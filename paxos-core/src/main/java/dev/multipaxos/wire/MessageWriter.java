package dev.multipaxos.wire;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.wire.Content.Said;
import dev.multipaxos.wire.proto.PeerProto;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import java.io.IOException;

/**
 * What the heads of frames between members say of a {@link Message}. The three that flow while nothing goes wrong are written
 * by hand, into an array of their size: no builders, no copies. The others go through the generated classes.
 */
final class MessageWriter {

    private MessageWriter() {}

    static Said of(Message message) {
        if (message instanceof Message.Accept accept) {
            return new Said(PeerHead.ACCEPT_FIELD_NUMBER, new AcceptContent(accept));
        } else if (message instanceof Message.Accepted accepted) {
            return new Said(PeerHead.ACCEPTED_FIELD_NUMBER, new AcceptedContent(accepted));
        } else if (message instanceof Message.Heartbeat beat) {
            return new Said(
                    PeerHead.HEARTBEAT_FIELD_NUMBER,
                    new BeatContent(
                            beat.ballot(),
                            beat.chosenUpTo(),
                            beat.clearedUpTo(),
                            beat.readRound(),
                            beat.leaseNanos(),
                            beat.leaseAskedNanos()));
        } else if (message instanceof Message.HeartbeatAck ack) {
            return new Said(
                    PeerHead.HEARTBEAT_ACK_FIELD_NUMBER,
                    new BeatContent(
                            ack.ballot(),
                            ack.chosenUpTo(),
                            0,
                            ack.readRound(),
                            ack.leaseNanos(),
                            ack.leaseAskedNanos()));
        }
        return rare(message);
    }

    private static Said rare(Message message) {
        if (message instanceof Message.Holds holds) {
            return Said.generated(
                    PeerHead.HOLDS_FIELD_NUMBER,
                    PeerProto.Holds.newBuilder().setUpTo(holds.upTo()).build());
        } else if (message instanceof Message.PreVote question) {
            return Said.generated(
                    PeerHead.PRE_VOTE_FIELD_NUMBER,
                    PeerProto.PreVote.newBuilder()
                            .setBallot(Values.toProto(question.ballot()))
                            .setChosenUpTo(question.chosenUpTo())
                            .build());
        } else if (message instanceof Message.PreVoteReply reply) {
            return Said.generated(
                    PeerHead.PRE_VOTE_REPLY_FIELD_NUMBER,
                    PeerProto.PreVoteReply.newBuilder()
                            .setBallot(Values.toProto(reply.ballot()))
                            .setGranted(reply.granted())
                            .setPromised(Values.toProto(reply.promised()))
                            .setChosenUpTo(reply.chosenUpTo())
                            .build());
        } else if (message instanceof Message.Prepare prepare) {
            return Said.generated(
                    PeerHead.PREPARE_FIELD_NUMBER,
                    PeerProto.Prepare.newBuilder()
                            .setBallot(Values.toProto(prepare.ballot()))
                            .setFromSlot(prepare.fromSlot())
                            .setResumeAt(prepare.isResumed() ? prepare.resumeAt() : 0)
                            .build());
        } else if (message instanceof Message.Promise promise) {
            return Said.generated(PeerHead.PROMISE_FIELD_NUMBER, toProto(promise));
        } else if (message instanceof Message.Rejected rejected) {
            return Said.generated(
                    PeerHead.REJECTED_FIELD_NUMBER,
                    PeerProto.Rejected.newBuilder()
                            .setPromised(Values.toProto(rejected.promised()))
                            .build());
        } else if (message instanceof Message.CatchUpRequest request) {
            return Said.generated(
                    PeerHead.CATCH_UP_REQUEST_FIELD_NUMBER,
                    PeerProto.CatchUpRequest.newBuilder()
                            .setFromSlot(request.fromSlot())
                            .setToSlot(request.toSlot())
                            .build());
        } else if (message instanceof Message.CatchUpReply reply) {
            return Said.generated(PeerHead.CATCH_UP_REPLY_FIELD_NUMBER, toProto(reply));
        }
        throw new IllegalStateException("no encoding for " + message.getClass());
    }

    private static PeerProto.Promise toProto(Message.Promise promise) {
        PeerProto.Promise.Builder proto = PeerProto.Promise.newBuilder()
                .setBallot(Values.toProto(promise.ballot()))
                .setChosenUpTo(promise.chosenUpTo())
                .setClearedUpTo(promise.clearedUpTo())
                .setFromSlot(promise.fromSlot())
                .setCoveredFrom(promise.coveredFrom())
                .setCoveredTo(promise.coveredTo());
        for (Message.Entry entry : promise.entries()) {
            proto.addEntries(PeerProto.Entry.newBuilder()
                    .setSlot(entry.slot())
                    .setBallot(Values.toProto(entry.ballot()))
                    .setValue(Values.toProto(entry.value()))
                    .setChosen(entry.chosen()));
        }
        for (Message.Unknown lost : promise.unknown()) {
            proto.addUnknown(PeerProto.Unknown.newBuilder()
                    .setFirst(lost.first())
                    .setLast(lost.last())
                    .setUpTo(Values.toProto(lost.upTo())));
        }
        proto.setMore(promise.more());
        return proto.build();
    }

    private static PeerProto.CatchUpReply toProto(Message.CatchUpReply reply) {
        PeerProto.CatchUpReply.Builder proto = PeerProto.CatchUpReply.newBuilder()
                .setFromSlot(reply.fromSlot())
                .setChosenUpTo(reply.chosenUpTo());
        reply.values().forEach(value -> proto.addValues(Values.toProto(value)));
        return proto.build();
    }

    private record AcceptContent(Message.Accept accept) implements Content {
        @Override
        public int size() {
            return Values.sizeOfBallot(PeerProto.Accept.BALLOT_FIELD_NUMBER, accept.ballot())
                    + Head.sizeOfInt64(PeerProto.Accept.CHOSEN_UP_TO_FIELD_NUMBER, accept.chosenUpTo())
                    + Head.sizeOfInt64(PeerProto.Accept.SLOT_FIELD_NUMBER, accept.slot())
                    + Values.sizeOfValue(PeerProto.Accept.VALUE_FIELD_NUMBER, accept.value());
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            Values.writeBallot(out, PeerProto.Accept.BALLOT_FIELD_NUMBER, accept.ballot());
            Head.writeInt64(out, PeerProto.Accept.CHOSEN_UP_TO_FIELD_NUMBER, accept.chosenUpTo());
            Head.writeInt64(out, PeerProto.Accept.SLOT_FIELD_NUMBER, accept.slot());
            Values.writeValue(out, PeerProto.Accept.VALUE_FIELD_NUMBER, accept.value());
        }
    }

    private record AcceptedContent(Message.Accepted accepted) implements Content {
        @Override
        public int size() {
            int bounds = sizeOfBounds(accepted.slots());
            return Values.sizeOfBallot(PeerProto.Accepted.BALLOT_FIELD_NUMBER, accepted.ballot())
                    + Head.sizeOfInt64(PeerProto.Accepted.CHOSEN_UP_TO_FIELD_NUMBER, accepted.chosenUpTo())
                    + (bounds == 0 ? 0 : Head.sizeOfMessage(PeerProto.Accepted.SLOTS_FIELD_NUMBER, bounds));
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            Values.writeBallot(out, PeerProto.Accepted.BALLOT_FIELD_NUMBER, accepted.ballot());
            Head.writeInt64(out, PeerProto.Accepted.CHOSEN_UP_TO_FIELD_NUMBER, accepted.chosenUpTo());
            SlotRanges slots = accepted.slots();
            if (!slots.isEmpty()) {
                out.writeTag(PeerProto.Accepted.SLOTS_FIELD_NUMBER, WireFormat.WIRETYPE_LENGTH_DELIMITED);
                out.writeUInt32NoTag(sizeOfBounds(slots));
                for (int i = 0; i < slots.count(); i++) {
                    out.writeInt64NoTag(slots.first(i));
                    out.writeInt64NoTag(slots.last(i));
                }
            }
        }

        private static int sizeOfBounds(SlotRanges slots) {
            int size = 0;
            for (int i = 0; i < slots.count(); i++) {
                size += CodedOutputStream.computeInt64SizeNoTag(slots.first(i))
                        + CodedOutputStream.computeInt64SizeNoTag(slots.last(i));
            }
            return size;
        }
    }

    /** A heartbeat or the answer to one: their fields have the same numbers. */
    private record BeatContent(
            Ballot ballot, long chosenUpTo, long clearedUpTo, long readRound, long leaseNanos, long leaseAskedNanos)
            implements Content {
        @Override
        public int size() {
            return Values.sizeOfBallot(PeerProto.Heartbeat.BALLOT_FIELD_NUMBER, ballot)
                    + Head.sizeOfInt64(PeerProto.Heartbeat.CHOSEN_UP_TO_FIELD_NUMBER, chosenUpTo)
                    + Head.sizeOfInt64(PeerProto.Heartbeat.CLEARED_UP_TO_FIELD_NUMBER, clearedUpTo)
                    + Head.sizeOfInt64(PeerProto.Heartbeat.READ_ROUND_FIELD_NUMBER, readRound)
                    + Head.sizeOfInt64(PeerProto.Heartbeat.LEASE_NANOS_FIELD_NUMBER, leaseNanos)
                    + Head.sizeOfInt64(PeerProto.Heartbeat.LEASE_ASKED_NANOS_FIELD_NUMBER, leaseAskedNanos);
        }

        @Override
        public void writeTo(CodedOutputStream out) throws IOException {
            Values.writeBallot(out, PeerProto.Heartbeat.BALLOT_FIELD_NUMBER, ballot);
            Head.writeInt64(out, PeerProto.Heartbeat.CHOSEN_UP_TO_FIELD_NUMBER, chosenUpTo);
            Head.writeInt64(out, PeerProto.Heartbeat.CLEARED_UP_TO_FIELD_NUMBER, clearedUpTo);
            Head.writeInt64(out, PeerProto.Heartbeat.READ_ROUND_FIELD_NUMBER, readRound);
            Head.writeInt64(out, PeerProto.Heartbeat.LEASE_NANOS_FIELD_NUMBER, leaseNanos);
            Head.writeInt64(out, PeerProto.Heartbeat.LEASE_ASKED_NANOS_FIELD_NUMBER, leaseAskedNanos);
        }
    }
}
