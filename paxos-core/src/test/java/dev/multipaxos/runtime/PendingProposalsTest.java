package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.Codec;
import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Command;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PendingProposalsTest {

    private static final long RETRY_NANOS = 1_000;
    private static final long SESSION = 77;

    private final Mailbox mailbox = new Mailbox(100);
    private final PendingProposals proposals =
            new PendingProposals(mailbox, () -> 1, RETRY_NANOS, SessionRules.STANDARD, 0);
    private final Room room = new Room(100, 1_000);
    private final Elsewhere leader = new Elsewhere();

    /** Takes everything, and says nothing more. */
    private static final class Elsewhere implements PendingProposals.Target {
        private final List<Command> taken = new ArrayList<>();
        private long nowNanos;

        @Override
        public boolean exists() {
            return true;
        }

        @Override
        public void send(Command command, @Nullable ProposeCall<?> call) {
            taken.add(command);
            if (call != null) {
                call.stage = ProposeCall.Stage.AWAY;
                call.sentNanos = nowNanos;
                call.submissions++;
            }
        }
    }

    private void openSession() {
        proposals.submit(leader, 0);
        proposals.onOpened(1, SESSION);
        leader.taken.clear();
    }

    /** Seed 1000533: the copies of what waited in a slow leader's queue made it slower still, until nothing new came through. */
    @Test
    void a_leader_that_is_slow_is_not_buried_under_copies_of_what_it_has() {
        assertThat(room.enter(1, 1)).isTrue();
        proposals.add(new ProposeCall<>(room, Bytes.utf8("x"), Codec.utf8(), Long.MAX_VALUE));
        openSession();

        wait(0, 100);

        assertThat(leader.taken).hasSizeBetween(3, 8);
    }

    /** Seed 500388: every copy of an OPEN opens a session, and where there are many, another one goes for it. */
    @Test
    void a_leader_that_is_slow_is_not_asked_for_a_session_over_and_over() {
        assertThat(room.enter(1, 1)).isTrue();
        proposals.add(new ProposeCall<>(room, Bytes.utf8("x"), Codec.utf8(), Long.MAX_VALUE));

        wait(0, 100);
        assertThat(leader.taken).hasSizeBetween(3, 8);
        assertThat(leader.taken).allMatch(command -> command.kind() == Command.Kind.OPEN);
        leader.taken.clear();

        proposals.leaderChanged();
        wait(101, 102);
        assertThat(leader.taken).as("another leader is asked at once").isNotEmpty();
    }

    private ProposeCall<String> added() {
        assertThat(room.enter(1, 1)).isTrue();
        ProposeCall<String> call = new ProposeCall<>(room, Bytes.utf8("x"), Codec.utf8(), Long.MAX_VALUE);
        proposals.add(call);
        return call;
    }

    @Test
    void a_call_whose_slot_may_have_been_skipped_is_sent_again_under_its_number() {
        added();
        openSession();
        proposals.submit(leader, 0);
        Command sent = leader.taken.get(0);
        leader.taken.clear();
        proposals.skipped();
        proposals.sendAgain();
        proposals.submit(leader, 1);

        assertThat(leader.taken).containsExactly(sent);
        proposals.ended(CommandAt.of(sent), ClientMessage.Status.OK, Bytes.utf8("found in the snapshot"));
        leader.taken.clear();
        proposals.sendAgain();
        proposals.submit(leader, 2);
        assertThat(leader.taken).isEmpty();
    }

    @Test
    void a_call_may_have_been_executed_if_its_session_ended_in_slots_that_were_skipped() {
        ProposeCall<String> before = added();
        openSession();
        proposals.submit(leader, 0);
        proposals.skipped();
        ProposeCall<String> behind = added();
        proposals.submit(leader, 0);
        leader.taken.forEach(
                command -> proposals.ended(CommandAt.of(command), ClientMessage.Status.SESSION_EXPIRED, Bytes.EMPTY));

        assertThat(mayHaveBeenApplied(before)).isTrue();
        assertThat(mayHaveBeenApplied(behind)).isFalse();
    }

    @Test
    void what_is_refused_for_want_of_room_has_never_left() {
        ProposeCall<String> left = added();
        openSession();
        proposals.submit(leader, 0);
        ProposeCall<String> here = added();
        proposals.refuse(() -> new PaxosException.DiskFull("no room"));

        assertThat(here.future()).isCompletedExceptionally();
        assertThat(left.future()).isNotDone();
    }

    private static boolean mayHaveBeenApplied(ProposeCall<?> call) {
        try {
            call.future().join();
            throw new AssertionError("the call did not fail");
        } catch (CompletionException e) {
            assertThat(e).hasCauseInstanceOf(PaxosException.SessionExpired.class);
            return e.getCause() instanceof PaxosException cause && cause.mayHaveBeenApplied();
        }
    }

    private void wait(int from, int to) {
        for (long now = from * RETRY_NANOS; now <= to * RETRY_NANOS; now += RETRY_NANOS / 10) {
            leader.nowNanos = now;
            proposals.retry(now);
            proposals.submit(leader, now);
        }
    }

    private WeakReference<byte[]> addOne() {
        assertThat(room.enter(1, 10)).isTrue();
        byte[] payload = new byte[10];
        proposals.add(new ProposeCall<>(room, Bytes.wrap(payload), Codec.utf8(), 1_000));
        return new WeakReference<>(payload);
    }

    @Test
    @Timeout(60)
    void calls_that_expire_while_nobody_leads_are_not_kept() {
        PendingProposals.Target nobody = new PendingProposals.Target() {
            @Override
            public boolean exists() {
                return false;
            }

            @Override
            public void send(Command command, @Nullable ProposeCall<?> call) {
                throw new AssertionError("nobody leads");
            }
        };
        WeakReference<byte[]> unnumbered = addOne();
        proposals.sweep(2_000);
        Garbage.await(unnumbered);
        WeakReference<byte[]> unsent = addOne();
        openSession();
        proposals.submit(nobody, 0);
        proposals.sweep(2_000);
        Garbage.await(unsent);
        assertThat(room.bytes()).isZero();
    }

    @Test
    @Timeout(60)
    void a_call_that_was_answered_is_not_kept() {
        WeakReference<byte[]> answered = addOne();
        openSession();
        proposals.submit(leader, 0);
        leader.taken.clear();
        proposals.ended(
                CommandAt.of(new Command(Command.Kind.APPLY, SESSION, 1, 1, Bytes.EMPTY)),
                ClientMessage.Status.OK,
                Bytes.utf8("done"));
        Garbage.await(answered);
        assertThat(room.bytes()).isZero();
    }
}
