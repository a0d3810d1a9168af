package dev.multipaxos.wire;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Parser;
import com.google.protobuf.WireFormat;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.proto.PeerProto;
import dev.multipaxos.wire.proto.PeerProto.PeerHead;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads what the heads of frames between members say of a {@link Message}, and refuses what no member says. Messages that
 * flow while nothing goes wrong are read by hand, for speed; messages with lists too, so that an element is checked before
 * the next one is allocated. The others go through the generated classes.
 */
final class MessageReader {
    /**
     * More ranges than this are refused, because a set of ranges is built one by one, which takes the square of their number.
     * A member that votes in every other slot of a ring of the default size names as many.
     */
    static final int RANGES_MAX = 1024;

    private static final int VARINT = WireFormat.WIRETYPE_VARINT;
    private static final int DELIMITED = WireFormat.WIRETYPE_LENGTH_DELIMITED;

    private static final Parser<PeerProto.PreVote> PRE_VOTE = Head.parser(PeerProto.PreVote.parser());
    private static final Parser<PeerProto.PreVoteReply> PRE_VOTE_REPLY = Head.parser(PeerProto.PreVoteReply.parser());
    private static final Parser<PeerProto.Prepare> PREPARE = Head.parser(PeerProto.Prepare.parser());
    private static final Parser<PeerProto.Rejected> REJECTED = Head.parser(PeerProto.Rejected.parser());
    private static final Parser<PeerProto.Holds> HOLDS = Head.parser(PeerProto.Holds.parser());
    private static final Parser<PeerProto.CatchUpRequest> CATCH_UP_REQUEST =
            Head.parser(PeerProto.CatchUpRequest.parser());

    private MessageReader() {}

    static Message read(int kind, CodedInputStream in, Body body) throws IOException {
        switch (kind) {
            case PeerHead.ACCEPT_FIELD_NUMBER -> {
                return accept(in, body);
            }
            case PeerHead.ACCEPTED_FIELD_NUMBER -> {
                return accepted(in);
            }
            case PeerHead.HEARTBEAT_FIELD_NUMBER, PeerHead.HEARTBEAT_ACK_FIELD_NUMBER -> {
                return beat(kind, in);
            }
            case PeerHead.PROMISE_FIELD_NUMBER -> {
                return promise(in, body);
            }
            case PeerHead.CATCH_UP_REPLY_FIELD_NUMBER -> {
                return catchUpReply(in, body);
            }
            case PeerHead.PRE_VOTE_FIELD_NUMBER -> {
                PeerProto.PreVote question = Head.readMessage(in, PRE_VOTE);
                return new Message.PreVote(
                        Values.used(Values.fromProto(question.getBallot())), prefix(question.getChosenUpTo()));
            }
            case PeerHead.PRE_VOTE_REPLY_FIELD_NUMBER -> {
                PeerProto.PreVoteReply reply = Head.readMessage(in, PRE_VOTE_REPLY);
                return new Message.PreVoteReply(
                        Values.used(Values.fromProto(reply.getBallot())),
                        reply.getGranted(),
                        Values.fromProto(reply.getPromised()),
                        prefix(reply.getChosenUpTo()));
            }
            case PeerHead.PREPARE_FIELD_NUMBER -> {
                PeerProto.Prepare prepare = Head.readMessage(in, PREPARE);
                long fromSlot = Head.slot(prepare.getFromSlot());
                long resumeAt = prepare.getResumeAt() == 0 ? fromSlot : Head.slot(prepare.getResumeAt());
                if (resumeAt < fromSlot) {
                    throw Head.bad("a question about slots from " + fromSlot + " on resumes at " + resumeAt);
                }
                return new Message.Prepare(Values.used(Values.fromProto(prepare.getBallot())), fromSlot, resumeAt);
            }
            case PeerHead.REJECTED_FIELD_NUMBER -> {
                PeerProto.Rejected rejected = Head.readMessage(in, REJECTED);
                return new Message.Rejected(Values.used(Values.fromProto(rejected.getPromised())));
            }
            case PeerHead.HOLDS_FIELD_NUMBER -> {
                return new Message.Holds(prefix(Head.readMessage(in, HOLDS).getUpTo()));
            }
            case PeerHead.CATCH_UP_REQUEST_FIELD_NUMBER -> {
                PeerProto.CatchUpRequest request = Head.readMessage(in, CATCH_UP_REQUEST);
                checkRange(request.getFromSlot(), request.getToSlot());
                return new Message.CatchUpRequest(request.getFromSlot(), request.getToSlot());
            }
            default -> throw Head.unknownKind("message", kind);
        }
    }

    private static Message accept(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        Ballot ballot = Ballot.ZERO;
        long chosenUpTo = 0;
        long slot = 0;
        Value value = null;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.Accept.BALLOT_FIELD_NUMBER << 3 | DELIMITED -> ballot = Values.readBallot(in);
                case PeerProto.Accept.CHOSEN_UP_TO_FIELD_NUMBER << 3 | VARINT -> chosenUpTo = in.readInt64();
                case PeerProto.Accept.SLOT_FIELD_NUMBER << 3 | VARINT -> slot = in.readInt64();
                case PeerProto.Accept.VALUE_FIELD_NUMBER << 3 | DELIMITED -> value = Values.readValue(in, body);
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return new Message.Accept(
                Values.used(ballot), Head.slot(slot), Values.present(slot, value), prefix(chosenUpTo));
    }

    private static Message accepted(CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        Ballot ballot = Ballot.ZERO;
        long chosenUpTo = 0;
        SlotRanges slots = SlotRanges.EMPTY;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.Accepted.BALLOT_FIELD_NUMBER << 3 | DELIMITED -> ballot = Values.readBallot(in);
                case PeerProto.Accepted.CHOSEN_UP_TO_FIELD_NUMBER << 3 | VARINT -> chosenUpTo = in.readInt64();
                case PeerProto.Accepted.SLOTS_FIELD_NUMBER << 3 | DELIMITED -> slots = ranges(in);
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return new Message.Accepted(slots.isEmpty() ? ballot : Values.used(ballot), slots, prefix(chosenUpTo));
    }

    private static SlotRanges ranges(CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        SlotRanges slots = SlotRanges.EMPTY;
        while (in.getBytesUntilLimit() > 0) {
            long first = in.readInt64();
            long last = in.readInt64();
            checkRange(first, last);
            if (slots.isEmpty()) {
                slots = SlotRanges.of(first, last);
            } else {
                long before = slots.last(slots.count() - 1);
                if (before == Long.MAX_VALUE || first <= before + 1) {
                    throw Head.bad("range " + first + ".." + last + " does not come after " + before + " with a gap");
                }
                if (slots.count() == RANGES_MAX) {
                    throw Head.bad("more than " + RANGES_MAX + " ranges of slots");
                }
                slots = slots.with(first, last);
            }
        }
        in.popLimit(outer);
        return slots;
    }

    /** Reads a heartbeat or the answer to one: their fields have the same numbers. */
    private static Message beat(int kind, CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        Ballot ballot = Ballot.ZERO;
        long chosenUpTo = 0;
        long clearedUpTo = 0;
        long readRound = 0;
        long leaseNanos = 0;
        long leaseAskedNanos = 0;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.Heartbeat.BALLOT_FIELD_NUMBER << 3 | DELIMITED -> ballot = Values.readBallot(in);
                case PeerProto.Heartbeat.CHOSEN_UP_TO_FIELD_NUMBER << 3 | VARINT -> chosenUpTo = in.readInt64();
                case PeerProto.Heartbeat.CLEARED_UP_TO_FIELD_NUMBER << 3 | VARINT -> clearedUpTo = in.readInt64();
                case PeerProto.Heartbeat.READ_ROUND_FIELD_NUMBER << 3 | VARINT -> readRound = in.readInt64();
                case PeerProto.Heartbeat.LEASE_NANOS_FIELD_NUMBER << 3 | VARINT -> leaseNanos = in.readInt64();
                case PeerProto.Heartbeat.LEASE_ASKED_NANOS_FIELD_NUMBER << 3 | VARINT ->
                    leaseAskedNanos = in.readInt64();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        Values.used(ballot);
        prefix(chosenUpTo);
        prefix(clearedUpTo);
        Head.notNegative("the read round", readRound);
        Head.notNegative("the length of the lease", leaseNanos);
        Head.notNegative("the time of the lease", leaseAskedNanos);
        return kind == PeerHead.HEARTBEAT_FIELD_NUMBER
                ? new Message.Heartbeat(ballot, chosenUpTo, clearedUpTo, readRound, leaseNanos, leaseAskedNanos)
                : new Message.HeartbeatAck(ballot, chosenUpTo, readRound, leaseNanos, leaseAskedNanos);
    }

    private static Message promise(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        Ballot ballot = Ballot.ZERO;
        long chosenUpTo = 0;
        long clearedUpTo = 0;
        long fromSlot = 0;
        long coveredFrom = 0;
        long coveredTo = 0;
        List<Message.Entry> entries = new ArrayList<>();
        List<Message.Unknown> unknown = new ArrayList<>();
        boolean more = false;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.Promise.BALLOT_FIELD_NUMBER << 3 | DELIMITED -> ballot = Values.readBallot(in);
                case PeerProto.Promise.CHOSEN_UP_TO_FIELD_NUMBER << 3 | VARINT -> chosenUpTo = in.readInt64();
                case PeerProto.Promise.CLEARED_UP_TO_FIELD_NUMBER << 3 | VARINT -> clearedUpTo = in.readInt64();
                case PeerProto.Promise.FROM_SLOT_FIELD_NUMBER << 3 | VARINT -> fromSlot = in.readInt64();
                case PeerProto.Promise.COVERED_FROM_FIELD_NUMBER << 3 | VARINT -> coveredFrom = in.readInt64();
                case PeerProto.Promise.COVERED_TO_FIELD_NUMBER << 3 | VARINT -> coveredTo = in.readInt64();
                case PeerProto.Promise.ENTRIES_FIELD_NUMBER << 3 | DELIMITED -> {
                    Message.Entry entry = entry(in, body);
                    long before = entries.isEmpty()
                            ? 0
                            : entries.get(entries.size() - 1).slot();
                    if (entry.slot() <= before) {
                        throw Head.bad("entry of slot " + entry.slot() + " after " + before);
                    }
                    entries.add(entry);
                }
                case PeerProto.Promise.UNKNOWN_FIELD_NUMBER << 3 | DELIMITED -> {
                    Message.Unknown lost = unknown(in);
                    long before = unknown.isEmpty()
                            ? 0
                            : unknown.get(unknown.size() - 1).last();
                    if (lost.first() <= before) {
                        throw Head.bad("unknown slots from " + lost.first() + " on, after " + before);
                    }
                    if (unknown.size() == Message.Promise.UNKNOWN_MAX) {
                        throw Head.bad("more than " + Message.Promise.UNKNOWN_MAX + " ranges of unknown slots");
                    }
                    unknown.add(lost);
                }
                case PeerProto.Promise.MORE_FIELD_NUMBER << 3 | VARINT -> more = in.readBool();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        checkRange(coveredFrom, coveredTo);
        if (!entries.isEmpty()) {
            long first = entries.get(0).slot();
            long last = entries.get(entries.size() - 1).slot();
            if (first < coveredFrom || last > coveredTo) {
                throw Head.bad("entries " + first + ".." + last + " in a chunk of " + coveredFrom + ".." + coveredTo);
            }
        }
        for (Message.Unknown lost : unknown) {
            if (lost.first() <= coveredTo && lost.last() >= coveredFrom) {
                throw Head.bad("slots " + lost.first() + ".." + lost.last() + " are unknown, in a chunk of "
                        + coveredFrom + ".." + coveredTo);
            }
        }
        return new Message.Promise(
                Values.used(ballot),
                Head.slot(fromSlot),
                coveredFrom,
                coveredTo,
                entries,
                prefix(chosenUpTo),
                prefix(clearedUpTo),
                unknown,
                more);
    }

    private static Message.Unknown unknown(CodedInputStream in) throws IOException {
        int outer = Head.enterMessage(in);
        long first = 0;
        long last = 0;
        Ballot upTo = Ballot.ZERO;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.Unknown.FIRST_FIELD_NUMBER << 3 | VARINT -> first = in.readInt64();
                case PeerProto.Unknown.LAST_FIELD_NUMBER << 3 | VARINT -> last = in.readInt64();
                case PeerProto.Unknown.UP_TO_FIELD_NUMBER << 3 | DELIMITED -> upTo = Values.readBallot(in);
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        checkRange(first, last);
        if (last == Long.MAX_VALUE) {
            throw Head.bad("unknown slots without an end");
        }
        return new Message.Unknown(first, last, upTo);
    }

    private static Message.Entry entry(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        long slot = 0;
        Ballot ballot = Ballot.ZERO;
        Value value = null;
        boolean chosen = false;
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.Entry.SLOT_FIELD_NUMBER << 3 | VARINT -> slot = in.readInt64();
                case PeerProto.Entry.BALLOT_FIELD_NUMBER << 3 | DELIMITED -> ballot = Values.readBallot(in);
                case PeerProto.Entry.VALUE_FIELD_NUMBER << 3 | DELIMITED -> value = Values.readValue(in, body);
                case PeerProto.Entry.CHOSEN_FIELD_NUMBER << 3 | VARINT -> chosen = in.readBool();
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        return new Message.Entry(
                Head.slot(slot), chosen ? ballot : Values.used(ballot), Values.present(slot, value), chosen);
    }

    private static Message catchUpReply(CodedInputStream in, Body body) throws IOException {
        int outer = Head.enterMessage(in);
        long fromSlot = 0;
        long chosenUpTo = 0;
        List<Value> values = new ArrayList<>();
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            switch (tag) {
                case PeerProto.CatchUpReply.FROM_SLOT_FIELD_NUMBER << 3 | VARINT -> fromSlot = in.readInt64();
                case PeerProto.CatchUpReply.CHOSEN_UP_TO_FIELD_NUMBER << 3 | VARINT -> chosenUpTo = in.readInt64();
                case PeerProto.CatchUpReply.VALUES_FIELD_NUMBER << 3 | DELIMITED ->
                    values.add(Values.readValue(in, body));
                default -> Head.skip(in, tag);
            }
        }
        Head.endMessage(in, outer);
        if (Head.slot(fromSlot) > Long.MAX_VALUE - values.size()) {
            throw Head.bad(values.size() + " values from slot " + fromSlot + " on");
        }
        return new Message.CatchUpReply(fromSlot, values, prefix(chosenUpTo));
    }

    private static void checkRange(long first, long last) throws WireException {
        if (first < 1 || first > last) {
            throw Head.bad("no range of slots: " + first + ".." + last);
        }
    }

    private static long prefix(long upTo) throws WireException {
        return Head.notNegative("the end of a prefix", upTo);
    }
}
