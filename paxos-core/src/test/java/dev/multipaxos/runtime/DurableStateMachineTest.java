package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.Codec;
import dev.multipaxos.DurableStateMachine;
import dev.multipaxos.Snapshot;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import dev.multipaxos.spi.SnapshotStore;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** State machines with a store of their own: what a crash leaves, and what is executed again. */
class DurableStateMachineTest {

    private static final SessionRules RULES = new SessionRules(5_000, 64, 12, 1_000);

    /** Counts in a file, which a transaction replaces; there is one only every few slots. */
    private static final class FileCounter implements DurableStateMachine<Bytes, Bytes> {
        private final Path file;
        private final int slotsPerTransaction;
        private final Map<Bytes, Bytes> entries = new HashMap<>();
        private long count;
        private long slot;
        private long stored;

        FileCounter(Path file, int slotsPerTransaction) {
            this.file = file;
            this.slotsPerTransaction = slotsPerTransaction;
        }

        @Override
        public long open(Consumer<Entry> found) throws IOException {
            try (DataInputStream in = new DataInputStream(Files.newInputStream(file))) {
                slot = in.readLong();
                stored = slot;
                count = in.readLong();
                for (int left = in.readInt(); left > 0; left--) {
                    Bytes key = Bytes.wrap(in.readNBytes(in.readInt()));
                    entries.put(key, Bytes.wrap(in.readNBytes(in.readInt())));
                }
                entries.forEach((key, value) -> found.accept(new Entry(key, value)));
            } catch (NoSuchFileException e) {
                return 0;
            }
            return slot;
        }

        @Override
        public Bytes apply(Context at, Bytes command) {
            count++;
            return Bytes.utf8(count + " at " + at.slot());
        }

        @Override
        public void executed(long executed, List<Entry> changed) {
            slot = executed;
            put(changed);
            if (slot % slotsPerTransaction == 0) {
                store();
            }
        }

        private void put(List<Entry> changed) {
            for (Entry entry : changed) {
                Bytes value = entry.value();
                if (value == null) {
                    entries.remove(entry.key());
                } else {
                    entries.put(entry.key(), value);
                }
            }
        }

        private void store() {
            try {
                Path next = file.resolveSibling("next");
                try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(next))) {
                    out.writeLong(slot);
                    out.writeLong(count);
                    out.writeInt(entries.size());
                    for (Map.Entry<Bytes, Bytes> entry : entries.entrySet()) {
                        out.writeInt(entry.getKey().length());
                        out.write(entry.getKey().toArray());
                        out.writeInt(entry.getValue().length());
                        out.write(entry.getValue().toArray());
                    }
                }
                Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
                stored = slot;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public long durableSlot() {
            return stored;
        }

        @Override
        public Snapshot snapshot() {
            long captured = count;
            return out -> new DataOutputStream(out).writeLong(captured);
        }

        @Override
        public void install(long installed, List<Entry> all, InputStream in) throws IOException {
            count = new DataInputStream(in).readLong();
            slot = installed;
            entries.clear();
            put(all);
            store();
        }
    }

    /** A log: opens, uses and closes sessions, repeats commands, lets time pass. */
    private static List<Value> log(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Value> log = new ArrayList<>();
        List<Long> sessions = new ArrayList<>();
        for (long slot = 1; slot <= 120; slot++) {
            if (random.nextInt(8) == 0) {
                log.add(Value.NO_OP);
                continue;
            }
            List<Command> commands = new ArrayList<>();
            int opened = 0;
            for (int i = random.nextInt(4); i >= 0; i--) {
                long session = sessions.isEmpty() ? 7 : sessions.get(random.nextInt(sessions.size()));
                long sequence = 1L + random.nextInt(70);
                switch (random.nextInt(8)) {
                    case 0 -> {
                        commands.add(new Command(Command.Kind.OPEN, -5, 0, 0, Bytes.EMPTY));
                        sessions.add((slot << 20) + opened++);
                    }
                    case 1 -> commands.add(new Command(Command.Kind.KEEP_ALIVE, session, 0, 0, Bytes.EMPTY));
                    case 2 -> commands.add(new Command(Command.Kind.CLOSE, session, 0, 0, Bytes.EMPTY));
                    default ->
                        commands.add(new Command(
                                Command.Kind.APPLY,
                                session,
                                sequence,
                                Math.max(1, sequence - random.nextInt(40)),
                                Bytes.utf8("x")));
                }
            }
            log.add(new Value.Batch(slot * 100 + random.nextInt(400), Commands.encode(commands)));
        }
        return log;
    }

    private static Execution<Bytes, Bytes> execution(FileCounter counter, Sessions sessions) {
        return new Execution<>(counter, Codec.bytes(), Codec.bytes(), sessions);
    }

    private static void execute(Execution<Bytes, Bytes> execution, List<Value> log, long from, long to) {
        for (long slot = from; slot <= to; slot++) {
            execution.execute(slot, log.get((int) slot - 1), Outcomes.NONE);
        }
    }

    private static byte[] written(Sessions sessions) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        sessions.capture().writeTo(out);
        return out.toByteArray();
    }

    @Test
    void every_command_takes_effect_once_wherever_crashes_come(@TempDir Path directory) throws IOException {
        for (long seed = 1; seed <= 40; seed++) {
            List<Value> log = log(seed);
            SplittableRandom random = new SplittableRandom(-seed);
            FileCounter steady = new FileCounter(directory.resolve("steady-" + seed), 1_000);
            Sessions expected = new Sessions(RULES);
            Execution<Bytes, Bytes> withoutCrash = execution(steady, expected);
            assertThat(withoutCrash.open()).isZero();
            execute(withoutCrash, log, 1, log.size());

            Path file = directory.resolve("crashing-" + seed);
            int slotsPerTransaction = 1 + random.nextInt(5);
            long reached = 0;
            while (reached < log.size()) {
                FileCounter counter = new FileCounter(file, slotsPerTransaction);
                Sessions sessions = new Sessions(RULES);
                Execution<Bytes, Bytes> execution = execution(counter, sessions);
                long held = execution.open();
                assertThat(held).isGreaterThan(reached - slotsPerTransaction).isLessThanOrEqualTo(reached);
                reached = Math.min(log.size(), Math.max(reached, held + random.nextInt(30)));
                execute(execution, log, held + 1, reached);
                if (reached == log.size()) {
                    assertThat(counter.count).as("seed %d", seed).isEqualTo(steady.count);
                    assertThat(written(sessions)).as("seed %d", seed).isEqualTo(written(expected));
                    assertThat(counter.entries.keySet()).as("seed %d", seed).isEqualTo(steady.entries.keySet());
                }
            }
        }
    }

    @Test
    void a_snapshot_of_a_member_replaces_everything_at_once(@TempDir Path directory) throws IOException {
        List<Value> log = log(99);
        Sessions there = new Sessions(RULES);
        FileCounter one = new FileCounter(directory.resolve("one"), 1);
        Execution<Bytes, Bytes> ahead = execution(one, there);
        ahead.open();
        execute(ahead, log, 1, 100);
        HeapSnapshots store = new HeapSnapshots();
        SnapshotStore.Id id;
        try (SnapshotStore.Writer writer = store.create(1, 100)) {
            SnapshotOutput out = new SnapshotOutput(writer, () -> false);
            ahead.capture(100).writeTo(out, HeapSnapshots.FOUNDING, 77);
            out.finish();
            id = writer.commit();
        }
        Path file = directory.resolve("other");
        Execution<Bytes, Bytes> behind = execution(new FileCounter(file, 1), new Sessions(RULES));
        behind.open();
        execute(behind, log, 1, 20);
        new SnapshotReader(store, HeapSnapshots.FOUNDING, behind).restore(id);
        execute(behind, log, 101, 110);

        Sessions restored = new Sessions(RULES);
        FileCounter other = new FileCounter(file, 1);
        Execution<Bytes, Bytes> again = execution(other, restored);
        assertThat(again.open()).isEqualTo(110);
        execute(again, log, 111, 120);
        execute(ahead, log, 101, 120);
        assertThat(other.count).isEqualTo(one.count);
        assertThat(written(restored)).isEqualTo(written(there));
    }

    @Test
    void a_store_that_does_not_hold_what_it_was_given_is_refused(@TempDir Path directory) {
        FileCounter counter = new FileCounter(directory.resolve("one"), 1);
        counter.slot = 5;
        counter.put(List.of(new DurableStateMachine.Entry(Bytes.utf8("?"), Bytes.EMPTY)));
        counter.store();

        assertThatThrownBy(() -> execution(new FileCounter(directory.resolve("one"), 1), new Sessions(RULES))
                        .open())
                .hasMessageContaining("an entry that is none");
    }
}
