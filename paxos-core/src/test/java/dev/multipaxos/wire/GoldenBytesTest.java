package dev.multipaxos.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import dev.multipaxos.core.Message;
import dev.multipaxos.core.Record;
import dev.multipaxos.core.SlotRanges;
import dev.multipaxos.core.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The bytes of one of each, so that a change of format is seen in review. What is there is read for ever: a line is added, and
 * none is changed without a new {@link Hello#PROTOCOL_VERSION}. {@code -Dgolden.update=true} writes the file anew.
 */
class GoldenBytesTest {
    private static final Path FILE = Path.of("src", "test", "resources", "dev", "multipaxos", "wire", "golden.txt");

    private static final Ballot BALLOT = new Ballot(7, 2);
    private static final Command COMMAND =
            new Command(Command.Kind.APPLY, 0x0102030405060708L, 300, 299, Bytes.utf8("put"));
    private static final Value.Batch BATCH = new Value.Batch(1_790_000_000_000L, Commands.encode(List.of(COMMAND)));

    @Test
    void the_bytes_on_wire_and_disk_are_what_they_were() throws IOException {
        Map<String, String> now = new LinkedHashMap<>();
        for (Map.Entry<String, Object> example : examples().entrySet()) {
            Format format = Format.named(formatOf(example.getKey()));
            Bytes encoded = format.encode().apply(example.getValue());
            now.put(example.getKey(), HexFormat.of().formatHex(encoded.toArray()));
        }
        assertThat(now.keySet().stream().map(GoldenBytesTest::formatOf))
                .as("what the examples cover")
                .containsAll(Format.all().stream().map(Format::name).toList());

        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(FILE.getParent());
            Files.writeString(
                    FILE,
                    now.entrySet().stream()
                            .map(line -> line.getKey() + " = " + line.getValue() + "\n")
                            .collect(Collectors.joining()));
        }
        Map<String, String> golden = golden();
        assertThat(now)
                .as("if the change is meant: -Dgolden.update=true, and docs/wire.md")
                .isEqualTo(golden);

        Map<String, Object> examples = examples();
        for (Map.Entry<String, String> line : golden.entrySet()) {
            Format format = Format.named(formatOf(line.getKey()));
            assertThat(format.decode().decode(Bytes.wrap(HexFormat.of().parseHex(line.getValue()))))
                    .as(line.getKey())
                    .isEqualTo(examples.get(line.getKey()));
        }
    }

    @Test
    void the_id_of_a_cluster_is_what_it_was() {
        Bytes encoded = FoundingRecordCodec.encode(foundation());

        assertThat(FoundingRecordCodec.clusterId(encoded)).isEqualTo(5162005580712845148L);
    }

    private static Map<String, String> golden() throws IOException {
        Map<String, String> golden = new LinkedHashMap<>();
        for (String line : Files.readAllLines(FILE, UTF_8)) {
            int separator = line.indexOf(" = ");
            golden.put(line.substring(0, separator), line.substring(separator + 3));
        }
        return golden;
    }

    /** What stands before a blank names the format, what stands behind it the case. */
    private static String formatOf(String example) {
        int blank = example.indexOf(' ');
        return blank < 0 ? example : example.substring(0, blank);
    }

    private static Map<String, Object> examples() {
        Map<String, Object> all = new LinkedHashMap<>();
        peer(all, "PreVote", new Message.PreVote(BALLOT, 41));
        peer(all, "PreVoteReply", new Message.PreVoteReply(BALLOT, true, Ballot.ZERO, 41));
        peer(all, "PreVoteReply refused", new Message.PreVoteReply(BALLOT, false, new Ballot(9, 3), 41));
        peer(all, "Prepare", new Message.Prepare(BALLOT, 42));
        peer(all, "Prepare resumed", new Message.Prepare(BALLOT, 42, 300));
        peer(
                all,
                "Promise",
                new Message.Promise(
                        BALLOT,
                        42,
                        42,
                        Long.MAX_VALUE,
                        List.of(
                                new Message.Entry(42, new Ballot(6, 1), BATCH, false),
                                new Message.Entry(44, Ballot.ZERO, Value.NO_OP, true)),
                        41,
                        40));
        peer(
                all,
                "Promise unknown",
                new Message.Promise(
                        BALLOT,
                        42,
                        42,
                        43,
                        List.of(),
                        41,
                        40,
                        List.of(
                                new Message.Unknown(44, 300, new Ballot(6, 1)),
                                new Message.Unknown(301, 301, Ballot.ZERO))));
        peer(all, "Promise with-more", new Message.Promise(BALLOT, 42, 42, 43, List.of(), 41, 40, List.of(), true));
        peer(all, "Accept", new Message.Accept(BALLOT, 43, BATCH, 42));
        peer(all, "Accept of-no-op", new Message.Accept(BALLOT, 43, Value.NO_OP, 42));
        peer(
                all,
                "Accept of-empty-batch",
                new Message.Accept(BALLOT, 43, new Value.Batch(1_790_000_000_000L, Bytes.EMPTY), 42));
        peer(all, "Accepted", new Message.Accepted(BALLOT, SlotRanges.of(43, 43).with(50, 300), 42));
        peer(all, "Accepted no-slot", new Message.Accepted(BALLOT, SlotRanges.EMPTY, 42));
        peer(all, "Rejected", new Message.Rejected(BALLOT));
        peer(all, "Heartbeat", new Message.Heartbeat(BALLOT, 43, 40, 5));
        peer(all, "Heartbeat that asks for a lease", new Message.Heartbeat(BALLOT, 43, 40, 5, 250_000_000, 7));
        peer(all, "HeartbeatAck", new Message.HeartbeatAck(BALLOT, 43, 5));
        peer(all, "HeartbeatAck that grants a lease", new Message.HeartbeatAck(BALLOT, 43, 5, 250_000_000, 7));
        peer(all, "Holds", new Message.Holds(40));
        peer(all, "CatchUpRequest", new Message.CatchUpRequest(1, 40));
        peer(all, "CatchUpReply", new Message.CatchUpReply(1, List.of(BATCH, Value.NO_OP, BATCH), 43));
        peer(all, "Forward", new Edge.Forward(11, BATCH.commands()));
        peer(all, "ForwardRefused", new Edge.ForwardRefused(11, true, 3));
        peer(all, "ReadIndex", new Edge.ReadIndex(12));
        peer(all, "ReadIndexReply", new Edge.ReadIndexReply(12, true, 43, 3));
        Edge.SnapshotId snapshot = new Edge.SnapshotId(43, 1 << 20, 0xdeadbeef);
        peer(all, "SnapshotOffer", new Edge.SnapshotOffer(snapshot));
        peer(all, "SnapshotRequest", new Edge.SnapshotRequest(snapshot, 1 << 18, 1 << 17));
        peer(all, "SnapshotChunk", new Edge.SnapshotChunk(snapshot, 1 << 18, Bytes.utf8("part")));
        peer(all, "SnapshotGone", new Edge.SnapshotGone(snapshot));
        peer(all, "PinRequest", new Edge.PinRequest());
        peer(all, "PinReply", new Edge.PinReply(0x1122334455667788L));
        all.put("record.Promised", new Record.Promised(BALLOT));
        all.put("record.Accepted", new Record.Accepted(43, BALLOT, BATCH));
        all.put("record.Accepted no-op", new Record.Accepted(43, BALLOT, Value.NO_OP));
        all.put("record.Chosen", new Record.Chosen(43, BATCH));
        all.put("record.ChosenUpTo", new Record.ChosenUpTo(43));
        all.put("record.Installed", new Record.Installed(43));
        all.put("record.Pinned", new Pinned(3, 0x1122334455667788L, 0, 0));
        all.put("record.Pinned seen", new Pinned(3, 0x1122334455667788L, 4, 1 << 20));
        all.put("record.Confirmed", new Confirmed(0x1122334455667788L));
        all.put("record.LeaseLimit", new LeaseLimit(250_000_000));
        all.put(
                "hello.Member",
                new Hello.Member(
                        1, 0x5566778899aabbccL, 1, 2, 3, 77, 4, 1 << 20, FoundingRecordCodec.encode(foundation()), 0));
        all.put(
                "hello.Member with-life",
                new Hello.Member(
                        1,
                        0x5566778899aabbccL,
                        1,
                        2,
                        3,
                        77,
                        4,
                        1 << 20,
                        FoundingRecordCodec.encode(foundation()),
                        0x0102030405060708L));
        all.put("hello.Client", new Hello.Client(1, 0x5566778899aabbccL, 1));
        all.put("hello.Refusal", new Hello.Refusal(1, "another cluster: look at the addresses"));
        for (Hello.Cause cause : Hello.Cause.values()) {
            all.put(
                    "hello.Refusal " + cause,
                    new Hello.Refusal(1, "gone", new Hello.Exclusion(cause, 0x5566778899aabbccL, 2, 77, 4)));
        }
        all.put("FoundingRecord", foundation());
        all.put("client.Submit", new ClientMessage.Submit(9, BATCH.commands()));
        all.put("client.Query by lease", new ClientMessage.Query(10, true, true, Bytes.utf8("get")));
        all.put("client.Query", new ClientMessage.Query(10, true, false, Bytes.utf8("get")));
        for (ClientMessage.Status status : ClientMessage.Status.values()) {
            all.put(
                    "client.Results " + status,
                    new ClientMessage.Results(List.of(
                            new ClientMessage.Result(77, 300, status, Bytes.utf8("answer")),
                            new ClientMessage.Result(77, 301, ClientMessage.Status.OK, Bytes.EMPTY))));
        }
        all.put("client.QueryResult", new ClientMessage.QueryResult(10, ClientMessage.Status.OK, Bytes.utf8("it")));
        all.put(
                "client.NotLeader",
                new ClientMessage.NotLeader(9, 2, new TreeMap<>(Map.of(1, "a.example:7001", 2, "b.example:7001"))));
        all.put(
                "client.NotLeader diskFull",
                new ClientMessage.NotLeader(9, 0, Map.of(1, "a.example:7001"), "the disk of node 1 is nearly full"));
        all.put("snapshot.Header", new SnapshotPart.Header(43, 1_790_000_000_000L, 1_790_000_000_007L, 1, 2));
        all.put("snapshot.Configuration", new SnapshotPart.Configuration(1, foundation()));
        all.put("snapshot.Session", new SnapshotPart.Session(0x0102030405060708L, 1_790_000_000_000L, 299, 1));
        all.put("snapshot.Answer", new SnapshotPart.Answer(300, Bytes.utf8("answer")));
        for (Command.Kind kind : Command.Kind.values()) {
            Command other = new Command(kind, 77, 0, 5, Bytes.EMPTY);
            all.put("Commands " + kind, List.of(kind == Command.Kind.APPLY ? COMMAND : other));
        }
        return all;
    }

    private static void peer(Map<String, Object> all, String name, Object said) {
        Envelope envelope = new Envelope(0x5566778899aabbccL, 1, 2, 3, 77, 4, 1 << 20);
        all.put(name, new Format.Framed(envelope, said));
    }

    private static FoundingRecord foundation() {
        return new FoundingRecord(
                1,
                1024,
                1 << 20,
                4 << 20,
                "majority",
                2,
                2,
                List.of(
                        new FoundingRecord.Founder(1, "a.example:7001"),
                        new FoundingRecord.Founder(2, "b.example:7001"),
                        new FoundingRecord.Founder(3, "c.example:7001")));
    }
}
