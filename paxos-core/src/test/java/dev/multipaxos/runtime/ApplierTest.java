package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ApplierTest {

    private static final class Echo implements StateMachine<Bytes, Bytes> {
        @Override
        public Bytes apply(Context at, Bytes command) {
            return command;
        }

        @Override
        public Snapshot snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) {}
    }

    private final Mailbox mailbox = new Mailbox(100);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Applier apply = new Applier(
            new Execution<>(new Echo(), Codec.bytes(), Codec.bytes(), new Sessions(SessionRules.STANDARD)),
            0,
            new PendingProposals(mailbox, () -> 1, 1, SessionRules.STANDARD, 0),
            new ClientOutcomes(1_000, mailbox),
            mailbox);
    private final Thread thread = new NodeThread("apply", apply, failure::set);
    private final Room room = new Room(1 << 20, 0);

    private ReadCall<Integer> read() {
        assertThat(room.enter(1, 0)).isTrue();
        return new ReadCall<>(room, Consistency.LINEARIZABLE, () -> 7, Long.MAX_VALUE);
    }

    @Test
    void reads_that_are_given_up_while_their_slot_does_not_come_are_forgotten() throws Exception {
        thread.start();
        for (int i = 0; i < 100_000; i++) {
            ReadCall<Integer> given = read();
            given.expire();
            apply.read(99, given);
        }
        ReadCall<Integer> last = read();
        apply.read(0, last);
        apply.handOver();
        CompletableFuture<Integer> found = last.future();
        assertThat(found.get()).isEqualTo(7);
        apply.finish();
        thread.join();
        assertThat(apply.waitingReads()).isLessThan(3_000);
        assertThat(failure.get()).isNull();
    }
}
