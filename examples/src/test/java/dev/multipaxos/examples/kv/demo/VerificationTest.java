package dev.multipaxos.examples.kv.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.examples.kv.KvAnswer;
import dev.multipaxos.examples.kv.KvCommand;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The check is checked: it must find each kind of anomaly. */
class VerificationTest {
    private static final List<KvCommand.Write> WRITES = List.of(
            new KvCommand.Put("p0", "zero"),
            new KvCommand.Put("p1", "one"),
            new KvCommand.Append("list", "w2 "),
            new KvCommand.Append("list", "w3 "),
            new KvCommand.Append("list", "w4 "));

    private final Ledger ledger = new Ledger(WRITES.size());
    private final NavigableMap<String, KvAnswer.Item> items = new TreeMap<>();

    private Verification verify() {
        Workload workload = new Workload() {
            @Override
            public int size() {
                return WRITES.size();
            }

            @Override
            public KvCommand.Write write(int index) {
                return WRITES.get(index);
            }
        };
        return Verification.of(workload, ledger, items);
    }

    private void holds(String key, String value) {
        items.put(key, new KvAnswer.Item(key, value, 1));
    }

    @Test
    void acknowledged_once_and_unknown_once_or_never_is_well() {
        ledger.note(0, Ledger.Fate.ACKNOWLEDGED);
        ledger.note(1, Ledger.Fate.UNKNOWN);
        ledger.note(2, Ledger.Fate.ACKNOWLEDGED);
        ledger.note(3, Ledger.Fate.UNKNOWN);
        holds("p0", "zero");
        holds("list", "w3 w2 ");
        assertThat(verify().problems()).isEmpty();
        assertThat(verify().applied()).isEqualTo(3);
    }

    @Test
    void a_lost_write_is_found() {
        ledger.note(0, Ledger.Fate.ACKNOWLEDGED);
        ledger.note(2, Ledger.Fate.ACKNOWLEDGED);
        assertThat(verify().problems()).hasSize(2).allMatch(problem -> problem.contains("lost"));
    }

    @Test
    void a_write_that_came_twice_is_found_even_if_its_outcome_was_unknown() {
        ledger.note(2, Ledger.Fate.ACKNOWLEDGED);
        ledger.note(3, Ledger.Fate.UNKNOWN);
        holds("list", "w2 w3 w2 w3 ");
        assertThat(verify().problems()).hasSize(2).allMatch(problem -> problem.contains("more than once"));
        assertThat(verify().applied()).isEqualTo(4);
    }

    @Test
    void a_phantom_of_a_write_that_failed_is_found() {
        holds("p1", "one");
        holds("list", "w4 ");
        assertThat(verify().problems()).hasSize(2).allMatch(problem -> problem.contains("no effect"));
    }

    @Test
    void what_nobody_wrote_is_found() {
        ledger.note(0, Ledger.Fate.ACKNOWLEDGED);
        holds("p0", "zer0");
        holds("list", "w9 ");
        holds("q", "");
        assertThat(verify().problems()).hasSize(3);
    }
}
