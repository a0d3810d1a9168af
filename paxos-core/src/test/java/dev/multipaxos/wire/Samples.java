package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Valid things that are said, at random: small and large numbers, empty and non-empty values. */
final class Samples {
    private final SplittableRandom random;

    Samples(long seed) {
        random = new SplittableRandom(seed);
    }

    Envelope envelope() {
        return new Envelope(random.nextLong(), id(), id(), id(), random.nextLong(), number(), number());
    }

    Ballot ballot() {
        return new Ballot(1 + number() / 2, id());
    }

    Ballot ballotOrZero() {
        return random.nextInt(3) == 0 ? Ballot.ZERO : ballot();
    }

    Bytes bytes() {
        return bytes(random.nextInt(4) == 0 ? 0 : random.nextInt(60));
    }

    private Bytes bytes(int length) {
        byte[] array = new byte[length];
        random.nextBytes(array);
        return Bytes.wrap(array);
    }

    Value value() {
        return random.nextInt(4) == 0 ? Value.NO_OP : new Value.Batch(random.nextLong() >> random.nextInt(64), bytes());
    }

    Message.PreVote preVote() {
        return new Message.PreVote(ballot(), number());
    }

    Message.PreVoteReply preVoteReply() {
        return new Message.PreVoteReply(ballot(), random.nextBoolean(), ballotOrZero(), number());
    }

    Message.Prepare prepare() {
        long fromSlot = slot();
        return new Message.Prepare(ballot(), fromSlot, Math.max(fromSlot, slot()));
    }

    Message.Promise promise() {
        long coveredFrom = 1 + number() / 4;
        List<Message.Entry> entries = new ArrayList<>();
        long slot = coveredFrom - 1;
        for (int i = random.nextInt(6); i > 0; i--) {
            slot += 1 + random.nextInt(3);
            boolean chosen = random.nextBoolean();
            entries.add(new Message.Entry(slot, chosen ? ballotOrZero() : ballot(), value(), chosen));
        }
        long coveredTo = random.nextBoolean() ? Long.MAX_VALUE : Math.max(slot, coveredFrom) + random.nextInt(3);
        return new Message.Promise(
                ballot(),
                slot(),
                coveredFrom,
                coveredTo,
                entries,
                number(),
                number(),
                unknown(coveredFrom, coveredTo),
                random.nextBoolean());
    }

    /** Ranges before and behind the slots that a chunk covers. */
    private List<Message.Unknown> unknown(long coveredFrom, long coveredTo) {
        List<Message.Unknown> unknown = new ArrayList<>();
        if (coveredFrom > 2 && random.nextInt(4) == 0) {
            unknown.add(new Message.Unknown(1, coveredFrom - 2, ballotOrZero()));
            unknown.add(new Message.Unknown(coveredFrom - 1, coveredFrom - 1, ballot()));
        }
        if (coveredTo < Long.MAX_VALUE - 9 && random.nextInt(4) == 0) {
            unknown.add(new Message.Unknown(coveredTo + 1 + random.nextInt(3), coveredTo + 4, ballot()));
        }
        return unknown;
    }

    Message.Accept accept() {
        return new Message.Accept(ballot(), slot(), value(), number());
    }

    Message.Accepted accepted() {
        SlotRanges slots = SlotRanges.EMPTY;
        long first = slot() / 2 + 1;
        for (int i = random.nextInt(5); i > 0; i--) {
            long last = first + random.nextInt(300);
            slots = slots.with(first, last);
            first = last + 2 + random.nextInt(300);
        }
        if (random.nextInt(8) == 0) {
            slots = slots.with(first, Long.MAX_VALUE);
        }
        return new Message.Accepted(slots.isEmpty() ? ballotOrZero() : ballot(), slots, number());
    }

    Message.Rejected rejected() {
        return new Message.Rejected(ballot());
    }

    Message.Heartbeat heartbeat() {
        return new Message.Heartbeat(ballot(), number(), number(), number(), number(), number());
    }

    Message.HeartbeatAck heartbeatAck() {
        return new Message.HeartbeatAck(ballot(), number(), number(), number(), number());
    }

    Message.Holds holds() {
        return new Message.Holds(number());
    }

    Message.CatchUpRequest catchUpRequest() {
        long from = 1 + number() / 2;
        return new Message.CatchUpRequest(from, from + number() / 2);
    }

    Message.CatchUpReply catchUpReply() {
        List<Value> values = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            values.add(value());
        }
        return new Message.CatchUpReply(1 + number() / 2, values, number());
    }

    Edge.Forward forward() {
        return new Edge.Forward(anyLong(), commands());
    }

    Edge.ForwardRefused forwardRefused() {
        return new Edge.ForwardRefused(anyLong(), random.nextBoolean(), idOrZero());
    }

    Edge.ReadIndex readIndex() {
        return new Edge.ReadIndex(anyLong());
    }

    Edge.ReadIndexReply readIndexReply() {
        return new Edge.ReadIndexReply(anyLong(), random.nextBoolean(), number(), idOrZero());
    }

    private Edge.SnapshotId snapshotId() {
        return new Edge.SnapshotId(slot(), number(), random.nextInt());
    }

    Edge.SnapshotOffer snapshotOffer() {
        return new Edge.SnapshotOffer(snapshotId());
    }

    Edge.SnapshotRequest snapshotRequest() {
        Edge.SnapshotId id = snapshotId();
        return new Edge.SnapshotRequest(id, random.nextBoolean() ? id.bytes() : id.bytes() / 3, idOrZero());
    }

    Edge.SnapshotChunk snapshotChunk() {
        Bytes part = bytes();
        long offset = number() / 2;
        Edge.SnapshotId id = new Edge.SnapshotId(slot(), offset + part.length(), random.nextInt());
        return new Edge.SnapshotChunk(id, offset, part);
    }

    Edge.SnapshotGone snapshotGone() {
        return new Edge.SnapshotGone(snapshotId());
    }

    Record.Promised promised() {
        return new Record.Promised(ballot());
    }

    Record.Accepted acceptedRecord() {
        return new Record.Accepted(slot(), ballot(), value());
    }

    Record.Chosen chosen() {
        return new Record.Chosen(slot(), value());
    }

    Record.ChosenUpTo chosenUpTo() {
        return new Record.ChosenUpTo(number());
    }

    Record.Installed installed() {
        return new Record.Installed(slot());
    }

    Pinned pinned() {
        return new Pinned(id(), random.nextLong() | 1, number(), number());
    }

    LeaseLimit leaseLimit() {
        return new LeaseLimit(number());
    }

    Confirmed confirmed() {
        return new Confirmed(random.nextLong() | 1);
    }

    Edge.PinRequest pinRequest() {
        return new Edge.PinRequest();
    }

    Edge.PinReply pinReply() {
        return new Edge.PinReply(anyLong());
    }

    Hello.Member member() {
        return new Hello.Member(
                id(),
                random.nextLong(),
                id(),
                id(),
                idOrZero(),
                random.nextLong(),
                number(),
                number(),
                FoundingRecordCodec.encode(foundingRecord()),
                anyLong());
    }

    Hello.Client client() {
        return new Hello.Client(id(), anyLong(), id());
    }

    Hello.Refusal refusal() {
        Hello.Cause cause = random.nextBoolean() ? Hello.Cause.ANOTHER_STORAGE : Hello.Cause.OLD_COPY;
        Hello.Exclusion exclusion =
                random.nextBoolean() ? null : new Hello.Exclusion(cause, anyLong(), id(), anyLong(), number());
        return new Hello.Refusal(id(), text() + " ≠ α", exclusion);
    }

    FoundingRecord foundingRecord() {
        List<FoundingRecord.Founder> members = new ArrayList<>();
        int node = 0;
        for (int i = random.nextInt(5); i >= 0; i--) {
            node += 1 + random.nextInt(200);
            members.add(new FoundingRecord.Founder(node, text()));
        }
        int phase1 = 1 + random.nextInt(members.size());
        int phase2 = 1 + random.nextInt(members.size());
        return new FoundingRecord(id(), id(), id(), id(), text(), phase1, phase2, members);
    }

    SnapshotPart.Header snapshotHeader() {
        return new SnapshotPart.Header(number(), anyLong(), anyLong(), id(), random.nextInt(20_000));
    }

    SnapshotPart.Configuration snapshotConfiguration() {
        return new SnapshotPart.Configuration(slot(), foundingRecord());
    }

    SnapshotPart.Session snapshotSession() {
        return new SnapshotPart.Session(anyLong(), anyLong(), slot(), random.nextInt(5_000));
    }

    SnapshotPart.Answer snapshotAnswer() {
        return new SnapshotPart.Answer(slot(), bytes());
    }

    ClientMessage.Submit submit() {
        return new ClientMessage.Submit(anyLong(), commands());
    }

    ClientMessage.Query query() {
        return new ClientMessage.Query(anyLong(), random.nextBoolean(), random.nextBoolean(), bytes());
    }

    ClientMessage.Results results() {
        List<ClientMessage.Result> results = new ArrayList<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            results.add(new ClientMessage.Result(anyLong(), number(), status(), bytes()));
        }
        return new ClientMessage.Results(results);
    }

    ClientMessage.QueryResult queryResult() {
        return new ClientMessage.QueryResult(anyLong(), status(), bytes());
    }

    ClientMessage.NotLeader notLeader() {
        Map<Integer, String> members = new TreeMap<>();
        for (int i = random.nextInt(6); i > 0; i--) {
            members.put(id(), text());
        }
        return new ClientMessage.NotLeader(anyLong(), idOrZero(), members, random.nextBoolean() ? "" : text());
    }

    Command command() {
        Command.Kind kind = oneOf(Command.Kind.values());
        if (kind != Command.Kind.APPLY) {
            return new Command(kind, random.nextLong(), 0, number(), Bytes.EMPTY);
        }
        long sequence = slot();
        return new Command(kind, random.nextLong(), sequence, random.nextLong(sequence + 1), bytes());
    }

    List<Command> commandList() {
        List<Command> commands = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            commands.add(command());
        }
        return commands;
    }

    Bytes commands() {
        return Commands.encode(commandList());
    }

    private ClientMessage.Status status() {
        return oneOf(ClientMessage.Status.values());
    }

    private <T> T oneOf(T[] all) {
        return all[random.nextInt(all.length)];
    }

    private String text() {
        return "host-" + random.nextInt(1000) + ":" + random.nextInt(65536);
    }

    /** Any long, of any magnitude, negative ones too. */
    private long anyLong() {
        return random.nextLong() >> random.nextInt(64);
    }

    /** A number that is not negative, of any magnitude below 2^62. */
    private long number() {
        return random.nextLong() >>> (2 + random.nextInt(62));
    }

    private long slot() {
        return 1 + number();
    }

    private int id() {
        return 1 + random.nextInt(Integer.MAX_VALUE >>> random.nextInt(31));
    }

    private int idOrZero() {
        return random.nextInt(3) == 0 ? 0 : id();
    }
}
