package dev.multipaxos.runtime;

import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.CommandReader;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls of this node's application: gives each a number in the node's session, sends it to whoever leads, again if it must,
 * and ends it when the log has it executed here.
 *
 * <p>Owned by the event loop, but for {@link #ended}, which the apply thread calls. The two meet in {@link #open}: the loop puts a
 * call in before its command leaves, and whoever takes it out ends it.
 */
final class PendingProposals {

    /** The session was opened. */
    private record Opened(long nonce, long session) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.proposals().onOpened(nonce, session);
        }
    }

    /** The session is gone. */
    private record Lost(long session) implements Mail {
        @Override
        public void deliverTo(EventLoop loop) {
            loop.proposals().onLost(session);
        }
    }

    /** Who takes commands now. */
    interface Target {
        /** {@return whether there is a leader} */
        boolean exists();

        /**
         * Sends a command to it.
         *
         * @param command the command
         * @param call the call that waits for it; null if none does
         */
        void send(Command command, @Nullable ProposeCall<?> call);
    }

    /** The time between two submissions is doubled so often at most. */
    private static final int BACK_OFF_MAX = 5;

    private final Mailbox mailbox;
    private final LongSupplier nonces;
    private final long retryNanos;
    private final int window;
    private final long keepAliveNanos;

    private final ArrayDeque<ProposeCall<?>> unnumbered = new ArrayDeque<>();
    private final ArrayDeque<ProposeCall<?>> unsent = new ArrayDeque<>(); // numbered, Stage.HERE
    private final AtomicReferenceArray<@Nullable ProposeCall<?>> open;
    private volatile long session; // 0: none
    private volatile long nonce; // of the OPEN that is on its way; 0: none
    private long nextSequence = 1;
    private long floor = 1; // no call below it is open
    private int openings; // how often the present leader was asked for a session
    private long saidNanos; // when something was last said in the session, or to open it
    private long earliestDeadline = Long.MAX_VALUE; // no call's is earlier; relative to begun
    private final long begun;

    /**
     * Begins without a session.
     *
     * @param mailbox where the apply thread tells the loop about the session
     * @param nonces draws numbers by which the answer to an {@code OPEN} is known
     * @param retryNanos how long to wait before something is sent again
     * @param rules of the session table
     * @param nowNanos when it begins
     */
    PendingProposals(Mailbox mailbox, LongSupplier nonces, long retryNanos, SessionRules rules, long nowNanos) {
        this.mailbox = mailbox;
        this.nonces = nonces;
        this.retryNanos = retryNanos;
        this.window = rules.window();
        this.keepAliveNanos = rules.timeoutMillis() * 1_000_000 / 3;
        this.open = new AtomicReferenceArray<>(window);
        this.begun = nowNanos;
    }

    // ---- the loop's

    void add(ProposeCall<?> call) {
        unnumbered.add(call);
        earliestDeadline = Math.min(earliestDeadline, call.deadlineNanos() - begun);
    }

    /** Numbers what waits and sends what is not under way. Once a turn. */
    void submit(Target target, long nowNanos) {
        while (floor < nextSequence && open.get(index(floor)) == null) {
            floor++;
        }
        if (session == 0) {
            openSession(target, nowNanos);
        }
        number();
        if (!target.exists()) {
            return;
        }
        for (int left = unsent.size(); left > 0; left--) {
            ProposeCall<?> call = unsent.remove();
            if (call.isOver()) {
                continue;
            }
            if (call.held && call.notBeforeNanos - nowNanos > 0) {
                unsent.add(call);
                continue;
            }
            saidNanos = nowNanos;
            target.send(
                    new Command(
                            Command.Kind.APPLY, session, call.sequence, Math.min(floor, call.sequence), call.payload()),
                    call);
        }
        if (session != 0 && nowNanos - saidNanos > keepAliveNanos) {
            saidNanos = nowNanos;
            target.send(new Command(Command.Kind.KEEP_ALIVE, session, 0, 0, Bytes.EMPTY), null);
        }
    }

    private void openSession(Target target, long nowNanos) {
        if (!unnumbered.isEmpty()
                && target.exists()
                && (openings == 0 || nowNanos - saidNanos > retryNanos << backOff(openings))) {
            if (nonce == 0) {
                nonce = nonces.getAsLong();
            }
            openings++;
            saidNanos = nowNanos;
            target.send(new Command(Command.Kind.OPEN, nonce, 0, 0, Bytes.EMPTY), null);
        }
    }

    private void number() {
        while (session != 0 && nextSequence - floor < window && !unnumbered.isEmpty()) {
            ProposeCall<?> call = unnumbered.remove();
            if (!call.isOver()) {
                call.session = session;
                call.sequence = nextSequence++;
                open.set(index(call.sequence), call);
                unsent.add(call);
            }
        }
    }

    void onOpened(long asked, long opened) {
        if (session == 0 && asked == nonce) {
            nonce = 0;
            openings = 0;
            nextSequence = 1;
            floor = 1;
            session = opened;
        }
    }

    /** The session is gone: its open calls end, later ones get a new one. */
    private void onLost(long lost) {
        if (lost != session) {
            return;
        }
        session = 0;
        for (; floor < nextSequence; floor++) {
            ProposeCall<?> call = open.getAndSet(index(floor), null);
            if (call != null) {
                call.expireSession();
            }
        }
        unsent.clear();
    }

    /** Another leader, or this node in a new term: what is away may be lost. The batcher was cleared before. */
    void leaderChanged() {
        unsent.clear();
        openings = 0;
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.get(index(sequence));
            if (call != null) {
                sendAgain(call, false, 0);
            }
        }
    }

    /** Slots were skipped here, and with them perhaps answers: what is away is sent again, and the table answers it. */
    void sendAgain() {
        openings = 0;
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.get(index(sequence));
            if (call != null && call.stage == ProposeCall.Stage.AWAY) {
                sendAgain(call, false, 0);
            }
        }
    }

    /**
     * Sends again what a leader elsewhere has not dealt with in time; each time after twice as long, for it may well have it in
     * its queue, and copies would make that longer. Once a tick, not while this node leads.
     */
    void retry(long nowNanos) {
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.get(index(sequence));
            if (call != null
                    && call.stage == ProposeCall.Stage.AWAY
                    && nowNanos - call.sentNanos > retryNanos << backOff(call.submissions)) {
                sendAgain(call, false, 0);
            }
        }
    }

    private static int backOff(int submissions) {
        return Math.max(0, Math.min(submissions - 1, BACK_OFF_MAX));
    }

    /** A forward was refused before it entered a slot: if it was the only one, the call has never left. */
    void forwardRefused(long id, long againNanos) {
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.get(index(sequence));
            if (call != null && call.stage == ProposeCall.Stage.AWAY && call.forward == id) {
                call.submissions--;
                sendAgain(call, true, againNanos);
            }
        }
    }

    private void sendAgain(ProposeCall<?> call, boolean held, long notBeforeNanos) {
        call.stage = ProposeCall.Stage.HERE;
        call.forward = 0;
        call.held = held;
        call.notBeforeNanos = notBeforeNanos;
        unsent.add(call);
    }

    /**
     * Fails the calls whose deadline has passed; free while none has.
     *
     * @return whether there may have been some
     */
    boolean sweep(long nowNanos) {
        long now = nowNanos - begun;
        if (now < earliestDeadline) {
            return false;
        }
        earliestDeadline = Long.MAX_VALUE;
        unnumbered.removeIf(call -> expired(call, now));
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.get(index(sequence));
            if (call != null && expired(call, now)) {
                open.compareAndSet(index(sequence), call, null);
            }
        }
        unsent.removeIf(Call::isOver); // there may be no leader for long
        return true;
    }

    private boolean expired(ProposeCall<?> call, long now) {
        long deadline = call.deadlineNanos() - begun;
        if (deadline <= now) {
            call.expire();
        } else {
            earliestDeadline = Math.min(earliestDeadline, deadline);
        }
        return call.isOver();
    }

    /** Fails what has never left, though it may wait in the batcher. What has left goes on to wait for its end. */
    void refuse(Supplier<PaxosException> why) {
        unnumbered.forEach(call -> call.fail(why.get()));
        unnumbered.clear();
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.get(index(sequence));
            if (call != null && call.submissions == 0 && open.compareAndSet(index(sequence), call, null)) {
                call.fail(why.get());
            }
        }
    }

    /** Fails everything: the node stops. */
    void failAll(Ending ending) {
        for (ProposeCall<?> call : unnumbered) {
            call.fail(ending.exception(false));
        }
        unnumbered.clear();
        for (long sequence = floor; sequence < nextSequence; sequence++) {
            ProposeCall<?> call = open.getAndSet(index(sequence), null);
            if (call != null) {
                call.fail(ending.exception(call.submissions > 0));
            }
        }
    }

    // ---- the apply thread's

    /**
     * Slots are skipped, as a snapshot stands for them: a call that is open now may have been executed in one of them, and not
     * be remembered. One that is opened later cannot: the snapshot is older than its command.
     */
    void skipped() {
        for (int index = 0; index < window; index++) {
            ProposeCall<?> call = open.get(index);
            if (call != null) {
                call.skipped = true;
            }
        }
    }

    /**
     * A command was executed.
     *
     * @return whether it is of this node's session
     */
    boolean ended(CommandReader command, Status status, Bytes answer) {
        if (command.kind() == Command.Kind.OPEN) {
            long asked = nonce;
            if (asked == 0 || command.session() != asked) { // a client may have called its own nonce 0
                return false;
            }
            mailbox.add(new Opened(asked, answer.toByteBuffer().getLong()));
            return true;
        }
        long own = session;
        if (own == 0 || command.session() != own) {
            return false;
        }
        if (command.kind() == Command.Kind.APPLY) {
            int index = index(command.sequence());
            ProposeCall<?> call = open.get(index);
            if (call != null
                    && call.session == own
                    && call.sequence == command.sequence()
                    && open.compareAndSet(index, call, null)) {
                call.end(status, answer);
            }
        }
        if (status == Status.SESSION_EXPIRED) {
            mailbox.add(new Lost(own));
        }
        return true;
    }

    private int index(long sequence) {
        return (int) (sequence & (window - 1));
    }
}
