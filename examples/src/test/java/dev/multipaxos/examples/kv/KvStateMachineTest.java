package dev.multipaxos.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.StateMachine.Context;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.examples.kv.KvCommand.Append;
import dev.multipaxos.examples.kv.KvCommand.CompareAndSet;
import dev.multipaxos.examples.kv.KvCommand.Delete;
import dev.multipaxos.examples.kv.KvCommand.Expected;
import dev.multipaxos.examples.kv.KvCommand.Get;
import dev.multipaxos.examples.kv.KvCommand.GetUnlessSeen;
import dev.multipaxos.examples.kv.KvCommand.Put;
import dev.multipaxos.examples.kv.KvCommand.Scan;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KvStateMachineTest {
    private static final Context AT = new Context() {
        @Override
        public long slot() {
            return 1;
        }

        @Override
        public Instant logTime() {
            return Instant.EPOCH;
        }
    };

    private final KvStateMachine store = empty();

    private static KvStateMachine empty() {
        return new KvStateMachine(() -> new KvAnswer.Member(1, true, 1, 7));
    }

    private KvAnswer apply(KvCommand command) {
        return store.apply(AT, command);
    }

    private static KvAnswer.ServerStatus status(KvStateMachine store) {
        return (KvAnswer.ServerStatus) store.query(new KvCommand.Status());
    }

    @Test
    void a_value_is_found_with_the_revision_of_its_last_change() {
        assertThat(apply(new Put("a", "1"))).isEqualTo(new KvAnswer.Written(1));
        assertThat(apply(new Put("b", "2"))).isEqualTo(new KvAnswer.Written(2));
        assertThat(apply(new Append("a", "0"))).isEqualTo(new KvAnswer.Written(3));
        assertThat(store.query(new Get("a"))).isEqualTo(new KvAnswer.Found("10", 3));
        assertThat(store.query(new Get("b"))).isEqualTo(new KvAnswer.Found("2", 2));
        assertThat(store.query(new Get("c"))).isEqualTo(new KvAnswer.NotFound());
    }

    @Test
    void a_deleted_key_is_absent_and_a_second_delete_changes_nothing() {
        apply(new Put("a", "1"));
        assertThat(apply(new Delete("a"))).isEqualTo(new KvAnswer.Written(2));
        assertThat(apply(new Delete("a"))).isEqualTo(new KvAnswer.NotFound());
        assertThat(store.query(new Get("a"))).isEqualTo(new KvAnswer.NotFound());
        assertThat(status(store).revision()).isEqualTo(2);
        assertThat(status(store).contentHash()).isZero();
    }

    @Test
    void compare_and_set_changes_only_what_is_as_expected() {
        assertThat(apply(new CompareAndSet("a", new Expected.Value("1"), "2"))).isEqualTo(new KvAnswer.Conflict("", 0));
        assertThat(apply(new CompareAndSet("a", new Expected.Absent(), "1"))).isEqualTo(new KvAnswer.Written(1));
        assertThat(apply(new CompareAndSet("a", new Expected.Absent(), "2"))).isEqualTo(new KvAnswer.Conflict("1", 1));
        assertThat(apply(new CompareAndSet("a", new Expected.Value("1"), "2"))).isEqualTo(new KvAnswer.Written(2));
        assertThat(apply(new CompareAndSet("a", new Expected.Revision(1), "3")))
                .isEqualTo(new KvAnswer.Conflict("2", 2));
        assertThat(apply(new CompareAndSet("a", new Expected.Revision(2), "3"))).isEqualTo(new KvAnswer.Written(3));
    }

    @Test
    void a_watcher_is_told_only_what_it_has_not_seen() {
        assertThat(store.query(new GetUnlessSeen("a", 0))).isEqualTo(new KvAnswer.Unchanged());
        assertThat(store.query(new GetUnlessSeen("a", -1))).isEqualTo(new KvAnswer.NotFound());
        apply(new Put("a", "1"));
        assertThat(store.query(new GetUnlessSeen("a", 0))).isEqualTo(new KvAnswer.Found("1", 1));
        assertThat(store.query(new GetUnlessSeen("a", 1))).isEqualTo(new KvAnswer.Unchanged());
        apply(new Delete("a"));
        assertThat(store.query(new GetUnlessSeen("a", 1))).isEqualTo(new KvAnswer.NotFound());
    }

    @Test
    void keys_are_listed_in_order_a_page_at_a_time() {
        for (String key : List.of("b/2", "a", "b", "c", "b/1", "b/3")) {
            apply(new Put(key, key));
        }
        assertThat(keys(new Scan("b", "", 10))).containsExactly("b", "b/1", "b/2", "b/3");
        assertThat(keys(new Scan("b/", "", 2))).containsExactly("b/1", "b/2");
        assertThat(keys(new Scan("b/", "b/2", 2))).containsExactly("b/3");
        assertThat(keys(new Scan("", "", 10))).containsExactly("a", "b", "b/1", "b/2", "b/3", "c");
        assertThat(((KvAnswer.Page) store.query(new Scan("b/", "", 2))).more()).isTrue();
        assertThat(((KvAnswer.Page) store.query(new Scan("b/", "", 3))).more()).isFalse();
        assertThat(store.query(new Scan("", "", 0))).isInstanceOf(KvAnswer.Refused.class);
    }

    private List<String> keys(Scan scan) {
        return ((KvAnswer.Page) store.query(scan))
                .items().stream().map(KvAnswer.Item::key).toList();
    }

    @Test
    void a_page_of_large_values_ends_early_and_says_that_there_is_more() {
        String large = "x".repeat(KvStateMachine.VALUE_CHARS_MAX);
        for (int i = 0; i < 5; i++) {
            apply(new Put("k" + i, large));
        }
        KvAnswer.Page page = (KvAnswer.Page) store.query(new Scan("", "", 100));
        assertThat(page.items()).hasSizeLessThan(5);
        assertThat(page.more()).isTrue();
    }

    @Test
    void what_is_too_large_is_refused_with_the_limit_and_changes_nothing() {
        String large = "x".repeat(KvStateMachine.VALUE_CHARS_MAX);
        apply(new Put("a", large));
        long hash = status(store).contentHash();
        assertThat(refusal(new Append("a", "y"))).contains("at most 262144").contains("262145");
        assertThat(refusal(new Put("b", large + "y"))).contains("at most 262144");
        assertThat(refusal(new Put("", "y"))).contains("1 to 1024");
        assertThat(refusal(new Put("k".repeat(1_025), "y"))).contains("not 1025");
        assertThat(status(store).contentHash()).isEqualTo(hash);
        assertThat(status(store).revision()).isEqualTo(1);
    }

    private String refusal(KvCommand command) {
        return ((KvAnswer.Refused) apply(command)).reason();
    }

    @Test
    void bytes_that_are_no_command_are_refused_and_do_not_throw() {
        SplittableRandom random = new SplittableRandom(7);
        Codec<KvCommand> codec = KvCodec.commands();
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);
            if (bytes.length > 1 && random.nextBoolean()) {
                bytes[0] = 1;
                bytes[1] = (byte) random.nextInt(12);
            }
            KvCommand command = codec.decode(Bytes.wrap(bytes));
            if (command instanceof KvCommand.Unreadable) {
                assertThat(apply(command)).isInstanceOf(KvAnswer.Refused.class);
                assertThat(store.query(command)).isInstanceOf(KvAnswer.Refused.class);
            } else {
                assertThat(apply(command)).isNotNull();
                assertThat(store.query(command)).isNotNull();
            }
        }
    }

    @Test
    void a_query_in_the_log_and_a_write_as_a_read_are_refused() {
        assertThat(apply(new Get("a"))).isInstanceOf(KvAnswer.Refused.class);
        assertThat(store.query(new Put("a", "1"))).isInstanceOf(KvAnswer.Refused.class);
        assertThat(status(store).keys()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void random_commands_do_what_a_map_does_and_survive_a_snapshot(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        TreeMap<String, String> model = new TreeMap<>();
        KvStateMachine machine = empty();
        for (int step = 0; step < 4_000; step++) {
            String key = "k" + random.nextInt(40);
            String value = "v" + random.nextInt(5);
            String old = model.get(key);
            KvCommand command;
            boolean takesEffect = true;
            switch (random.nextInt(5)) {
                case 0 -> {
                    command = new Put(key, value);
                    model.put(key, value);
                }
                case 1 -> {
                    command = new Append(key, value);
                    model.merge(key, value, String::concat);
                }
                case 2 -> {
                    command = new Delete(key);
                    takesEffect = model.remove(key) != null;
                }
                case 3 -> {
                    command = new CompareAndSet(key, new Expected.Value(value), "w");
                    takesEffect = model.replace(key, value, "w");
                }
                default -> {
                    command = new CompareAndSet(key, new Expected.Absent(), value);
                    takesEffect = model.putIfAbsent(key, value) == null;
                }
            }
            KvAnswer answer = machine.apply(
                    AT, KvCodec.commands().decode(KvCodec.commands().encode(command)));
            assertThat(answer instanceof KvAnswer.Written)
                    .as("seed %d, step %d: %s on %s", seed, step, command, old)
                    .isEqualTo(takesEffect);
            if (step % 500 == 0) {
                machine = copy(machine);
            }
        }
        Map<String, String> found = new TreeMap<>();
        ((KvAnswer.Page) machine.query(new Scan("", "", 1_000)))
                .items()
                .forEach(item -> found.put(item.key(), item.value()));
        assertThat(found).isEqualTo(model);
    }

    private static KvStateMachine copy(KvStateMachine machine) throws IOException {
        KvStateMachine copy = empty();
        copy.apply(AT, new Put("gone after the restore", "x"));
        copy.restore(new ByteArrayInputStream(written(machine)));
        assertThat(status(copy)).isEqualTo(status(machine));
        return copy;
    }

    private static byte[] written(KvStateMachine machine) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        machine.snapshot().writeTo(out);
        return out.toByteArray();
    }

    @Test
    void a_snapshot_holds_what_was_there_when_it_was_captured() throws IOException {
        apply(new Put("a", "1"));
        var snapshot = store.snapshot();
        apply(new Put("a", "2"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        snapshot.writeTo(out);
        KvStateMachine restored = empty();
        restored.restore(new ByteArrayInputStream(out.toByteArray()));
        assertThat(restored.query(new Get("a"))).isEqualTo(new KvAnswer.Found("1", 1));
    }

    @Test
    void a_damaged_snapshot_is_refused_and_leaves_the_store_as_it_was() throws IOException {
        apply(new Put("key", "value"));
        apply(new Put("other", "value"));
        byte[] good = written(store);
        KvStateMachine untouched = empty();
        untouched.apply(AT, new Put("mine", "1"));
        KvAnswer.ServerStatus before = status(untouched);
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            byte[] cut = Arrays.copyOf(good, i);
            boolean isStoreRevision = i >= 5 && i < 13; // the only field that the content hash does not cover
            if (!isStoreRevision) {
                assertThatThrownBy(() -> untouched.restore(new ByteArrayInputStream(bad)))
                        .as("byte %d changed", i)
                        .isInstanceOf(IOException.class);
            }
            assertThatThrownBy(() -> untouched.restore(new ByteArrayInputStream(cut)))
                    .as("cut to %d bytes", i)
                    .isInstanceOf(IOException.class);
            if (!isStoreRevision) {
                assertThat(status(untouched)).isEqualTo(before);
            }
        }
    }

    @Test
    void the_content_hash_tells_any_two_contents_apart_and_no_order_of_arrival() {
        List<Long> hashes = new ArrayList<>();
        hashes.add(hashOf(new Put("ab", "c")));
        hashes.add(hashOf(new Put("a", "bc")));
        hashes.add(hashOf(new Put("ab", "c"), new Put("ab", "c")));
        hashes.add(hashOf(new Put("ab", "")));
        hashes.add(hashOf(new Put("x", "1"), new Put("y", "2")));
        hashes.add(hashOf(new Put("y", "2"), new Put("x", "1")));
        assertThat(hashes).doesNotHaveDuplicates();
        assertThat(hashOf(new Put("z", "0"), new Put("a", "1"), new Delete("z")))
                .isEqualTo(hashOf(new Put("q", "7"), new Put("a", "1"), new Delete("q")));
    }

    private static long hashOf(KvCommand... commands) {
        KvStateMachine machine = empty();
        for (KvCommand command : commands) {
            machine.apply(AT, command);
        }
        return status(machine).contentHash();
    }
}
