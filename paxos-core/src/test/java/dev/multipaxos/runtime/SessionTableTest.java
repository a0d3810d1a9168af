package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SessionTableTest {

    private static final SessionRules RULES = new SessionRules(5_000, 64, 12, 2_000);

    private static byte[] written(SessionTable table) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        table.writeTo(out);
        return out.toByteArray();
    }

    private static Sessions restored(SessionTable table, byte[] written) throws IOException {
        Sessions sessions = new Sessions(RULES);
        sessions.restore(header(table), new ByteArrayInputStream(written));
        return sessions;
    }

    private static SnapshotPart.Header header(SessionTable table) {
        return new SnapshotPart.Header(
                1, table.logTimeMillis(), 0, 1, table.sessions().size());
    }

    /** A batch of commands that depends on the random numbers alone, and everything that can be seen of it. */
    private static List<Object> batch(Sessions sessions, long slot, List<Long> ids, SplittableRandom random) {
        List<Object> seen = new ArrayList<>();
        sessions.beginBatch(slot, slot * 100 + random.nextInt(400));
        long session = ids.isEmpty() ? 7 : ids.get(random.nextInt(ids.size()));
        sessions.touch(session);
        sessions.expire();
        switch (random.nextInt(8)) {
            case 0, 1 -> seen.add(sessions.open());
            case 2 -> seen.add(sessions.keepAlive(session));
            case 3 -> seen.add(random.nextInt(4) == 0 && sessions.close(session));
            default -> {
                long sequence = 1L + random.nextInt(70);
                Sessions.Verdict verdict =
                        sessions.judge(session, sequence, Math.max(1, sequence - random.nextInt(40)));
                seen.add(verdict);
                if (verdict == Sessions.Verdict.EXECUTE) {
                    Bytes answer = Bytes.wrap(new byte[random.nextInt(200)]);
                    sessions.answer(session, sequence, answer);
                } else if (verdict == Sessions.Verdict.REPEATED) {
                    seen.add(sessions.remembered(session, sequence));
                }
            }
        }
        seen.add(sessions.count());
        seen.add(sessions.answerBytes());
        seen.add(sessions.logTimeMillis());
        return seen;
    }

    private static void noteOpened(List<Object> seen, List<Long> ids) {
        if (seen.get(0) instanceof Long opened) {
            ids.add(opened);
        }
    }

    @Test
    void a_restored_table_behaves_as_the_one_that_was_captured() throws IOException {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            Sessions original = new Sessions(RULES);
            List<Long> ids = new ArrayList<>();
            long before = random.nextInt(200);
            for (long slot = 1; slot <= before; slot++) {
                noteOpened(batch(original, slot, ids, random), ids);
            }
            SessionTable table = original.capture();
            Sessions restored = restored(table, written(table));
            SplittableRandom same = random.split();
            long state = same.nextLong();
            SplittableRandom one = new SplittableRandom(state);
            SplittableRandom other = new SplittableRandom(state);
            for (long slot = before + 1L; slot <= before + 200; slot++) {
                List<Object> seen = batch(original, slot, ids, one);
                assertThat(batch(restored, slot, ids, other))
                        .as("seed %d, slot %d", seed, slot)
                        .isEqualTo(seen);
                noteOpened(seen, ids);
            }
            assertThat(written(restored.capture())).as("seed %d", seed).isEqualTo(written(original.capture()));
        }
    }

    @Test
    void what_was_captured_is_not_changed_by_what_is_executed_later() throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        Sessions sessions = new Sessions(RULES);
        List<Long> ids = new ArrayList<>();
        for (long slot = 1; slot <= 100; slot++) {
            noteOpened(batch(sessions, slot, ids, random), ids);
        }
        SessionTable captured = sessions.capture();
        byte[] then = written(captured);
        assertThat(captured.sessions()).isNotEmpty();
        for (long slot = 101; slot <= 300; slot++) {
            noteOpened(batch(sessions, slot, ids, random), ids);
        }

        assertThat(written(captured)).isEqualTo(then);
        assertThat(written(sessions.capture())).isNotEqualTo(then);
    }

    @Test
    void a_table_that_cannot_be_changes_nothing() throws IOException {
        Sessions sessions = new Sessions(RULES);
        sessions.beginBatch(1, 100);
        long first = sessions.open();
        sessions.beginBatch(2, 200);
        sessions.open();
        SessionTable table = sessions.capture();
        byte[] good = written(table);
        SessionTable swapped = new SessionTable(
                table.logTimeMillis(),
                List.of(table.sessions().get(1), table.sessions().get(0)));
        SessionTable twice = new SessionTable(
                table.logTimeMillis(),
                List.of(table.sessions().get(0), table.sessions().get(0)));

        for (SessionTable bad : List.of(swapped, twice)) {
            byte[] bytes = written(bad);
            assertThatThrownBy(() -> sessions.restore(header(bad), new ByteArrayInputStream(bytes)))
                    .isInstanceOf(WireException.class)
                    .hasMessageContaining("session " + first);
        }
        for (int length = 0; length < good.length; length++) {
            ByteArrayInputStream cut = new ByteArrayInputStream(good, 0, length);
            assertThatThrownBy(() -> sessions.restore(header(table), cut)).isInstanceOf(WireException.class);
        }
        assertThat(written(sessions.capture())).isEqualTo(good);
    }
}
