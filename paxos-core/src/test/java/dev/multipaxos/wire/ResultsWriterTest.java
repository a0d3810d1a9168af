package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Result;
import dev.multipaxos.wire.ClientMessage.Results;
import dev.multipaxos.wire.ClientMessage.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsWriterTest {

    private final ResultsWriter writer = new ResultsWriter();

    private Results written(List<Result> results) throws WireException {
        results.forEach(result -> writer.add(result.session(), result.sequence(), result.status(), result.payload()));
        Results read = (Results) ClientCodec.decode(Format.joined(writer.head(), writer.body()));
        writer.clear();
        return read;
    }

    private static List<Result> results(int count) {
        List<Result> results = new ArrayList<>();
        List<Status> statuses = List.of(Status.values());
        for (int i = 0; i < count; i++) {
            Status status = statuses.get(i % statuses.size());
            results.add(new Result(
                    -i, 1L << i % 60, status, Bytes.utf8("answer " + i).slice(0, i % 8)));
        }
        return results;
    }

    @Test
    void frame_after_frame_says_what_was_added_since_the_last_one() throws WireException {
        for (int count : new int[] {1, 0, 3, 5_000, 2}) {
            assertThat(written(results(count)).results()).isEqualTo(results(count));
        }
    }

    @Test
    void what_was_added_and_not_written_is_gone_when_it_is_cleared() throws WireException {
        writer.add(7, 7, Status.OK, Bytes.utf8("nobody waits for it"));
        writer.clear();
        assertThat(written(results(2)).results()).isEqualTo(results(2));
    }

    @Test
    void the_only_payload_is_not_copied() {
        Bytes payload = Bytes.utf8("large");
        writer.add(1, 1, Status.OK, payload);
        assertThat(writer.body()).isSameAs(payload);
    }
}
