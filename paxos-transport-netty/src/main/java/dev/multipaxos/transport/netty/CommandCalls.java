package dev.multipaxos.transport.netty;

import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Command;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's open commands, and the session in which they are numbered. A command waits until it gets a number; from then on it
 * may be sent any number of times under this number, and is executed at most once. A number is never given to two commands, and
 * a command gets a second one only if it never took its first into a slot.
 *
 * <p>Owned by one event loop.
 *
 * @param <R> answers
 */
final class CommandCalls<R> {

    private static final Logger LOG = LoggerFactory.getLogger(CommandCalls.class);

    private final ServerLink link;
    private final SubmitFrames frames;
    private final ArrayDeque<ClientCall<R>> waiting = new ArrayDeque<>();

    private @Nullable SessionWindow<R> session;
    /** Something in the window is not away: it has to be sent again. */
    private boolean resend;

    /** Names the opening of a session that was asked for; 0 if none was. The same for every try. */
    private long openingNonce;

    private boolean openingAway;
    private long openingFrame;
    private long openingSentNanos;

    /** Whose disk is full, if that was why the last frame was refused; empty if not. */
    private String diskFull = "";

    private long lastSentNanos;
    private @Nullable Runnable onSessionClosed;

    CommandCalls(ServerLink link, SubmitFrames frames) {
        this.link = link;
        this.frames = frames;
    }

    boolean isEmpty() {
        return waiting.isEmpty() && (session == null || session.isEmpty());
    }

    void add(ClientCall<R> call) {
        waiting.add(call);
    }

    /** Sends all that can be sent. {@return false if there is no room for all of it} */
    boolean send(long now) {
        SessionWindow<R> open = session;
        if (open == null) {
            return waiting.isEmpty() || openingAway || sendOpening(now);
        }
        if (resend) {
            resend = false;
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null && !call.away && !send(open, call, now)) {
                    return false;
                }
            }
        }
        while (!waiting.isEmpty() && open.hasRoom()) {
            ClientCall<R> call = waiting.remove();
            open.number(call);
            if (!send(open, call, now)) {
                return false;
            }
        }
        return endFrame(open);
    }

    private boolean send(SessionWindow<R> open, ClientCall<R> call, long now) {
        if (frames.isFullFor(call.payload.length()) && !endFrame(open)) {
            resend = true;
            return false;
        }
        frames.add(new Command(Command.Kind.APPLY, open.id(), call.sequence, open.lowest(), call.payload));
        call.left(frames.id(), now);
        lastSentNanos = now;
        return true;
    }

    private boolean endFrame(SessionWindow<R> open) {
        long frame = frames.id();
        if (frames.send()) {
            return true;
        }
        refused(open, frame); // it did not leave: there was no room, so again later
        return false;
    }

    private boolean sendOpening(long now) {
        if (openingNonce == 0) {
            // negative: the ids of sessions are positive, so that nobody's id is taken for it
            openingNonce = ThreadLocalRandom.current().nextLong() | Long.MIN_VALUE;
        }
        openingFrame = frames.id();
        openingSentNanos = now;
        lastSentNanos = now;
        frames.add(new Command(Command.Kind.OPEN, openingNonce, 0, 0, Bytes.EMPTY));
        openingAway = frames.send();
        return openingAway;
    }

    /** Keeps the session alive if it was idle for a while. */
    void keepAlive(long now, long idleNanos) {
        SessionWindow<R> open = session;
        if (open != null && now - lastSentNanos >= idleNanos) {
            lastSentNanos = now;
            frames.add(new Command(Command.Kind.KEEP_ALIVE, open.id(), 0, open.lowest(), Bytes.EMPTY));
            frames.send();
        }
    }

    void onResults(ClientMessage.Results results) {
        boolean expired = false;
        diskFull = "";
        for (ClientMessage.Result result : results.results()) {
            SessionWindow<R> open = session;
            if (result.sequence() == 0) {
                expired |= onSessionResult(result);
            } else if (open != null && open.id() == result.session()) {
                ClientCall<R> call = open.get(result.sequence());
                if (call != null) {
                    expired |= result.status() == ClientMessage.Status.SESSION_EXPIRED;
                    onResult(open, call, result);
                }
            }
        }
        if (expired) {
            endSession();
        }
    }

    private void onResult(SessionWindow<R> open, ClientCall<R> call, ClientMessage.Result result) {
        boolean onlyTry = call.submissions <= 1;
        switch (result.status()) {
            case OK -> {
                link.servers().progress();
                open.remove(call);
                call.succeed(result.payload());
            }
            case OVERLOADED -> {
                if (onlyTry) {
                    fail(open, call, new PaxosException.Overloaded("the leader's queues are full; slow down"));
                } else {
                    call.refused(); // an earlier one may still be executed: only its answer can end the call
                    resend = true;
                    link.pause();
                }
            }
            case OUTSIDE_WINDOW -> {
                String tooFar = "number " + call.sequence + " of its session is too far ahead of the oldest open one";
                fail(
                        open,
                        call,
                        onlyTry
                                ? new PaxosException.NotExecuted("the command was void: " + tooFar)
                                : new PaxosException.OutcomeUnknown(
                                        "a copy of the command was void, another may be executed: " + tooFar));
            }
            case REFUSED -> {
                String why = result.payload().toUtf8();
                fail(
                        open,
                        call,
                        onlyTry
                                ? new PaxosException.NotExecuted("the command was refused: " + why)
                                : new PaxosException.OutcomeUnknown(
                                        "a copy of the command was refused, another may be executed: " + why));
            }
            case SESSION_EXPIRED ->
                fail(
                        open,
                        call,
                        new PaxosException.SessionExpired(
                                "session " + open.id() + " had expired when command " + call.sequence
                                        + " of it came up in the log",
                                !onlyTry));
            case ALREADY_ACKNOWLEDGED ->
                fail(open, call, new PaxosException.OutcomeUnknown("the command was executed, but its answer is gone"));
            case QUERY_FAILED ->
                fail(
                        open,
                        call,
                        new PaxosException.OutcomeUnknown(result.payload().toUtf8()));
            case UNKNOWN -> {
                call.away = false;
                resend = true;
                link.pause();
            }
            case STOPPED -> {
                call.away = false;
                resend = true;
                link.leave("it has stopped");
            }
        }
    }

    private void fail(SessionWindow<R> open, ClientCall<R> call, PaxosException why) {
        open.remove(call);
        call.fail(why);
    }

    /** {@return true if it says that the session has expired} */
    private boolean onSessionResult(ClientMessage.Result result) {
        SessionWindow<R> open = session;
        if (open != null && open.id() == result.session()) {
            if (onSessionClosed != null) {
                onSessionClosed.run();
                return false;
            }
            return result.status() == ClientMessage.Status.SESSION_EXPIRED;
        }
        if (openingNonce != 0 && openingNonce == result.session()) {
            openingAway = false;
            if (result.status() == ClientMessage.Status.OK && result.payload().length() == Long.BYTES) {
                link.servers().progress();
                session = new SessionWindow<>(result.payload().toByteBuffer().getLong());
                openingNonce = 0;
            } else if (result.status() == ClientMessage.Status.STOPPED) {
                link.leave("it has stopped");
            } else {
                link.pause();
            }
        }
        return false;
    }

    /** The session is gone: what was sent in it ends, and what never reached a slot goes into the next one. */
    private void endSession() {
        SessionWindow<R> ended = session;
        session = null;
        resend = false;
        if (ended == null) {
            return;
        }
        LOG.info("session {} has expired; the next command opens another", ended.id());
        List<ClientCall<R>> neverTaken = new ArrayList<>();
        for (long sequence = ended.lowest(); sequence < ended.next(); sequence++) {
            ClientCall<R> call = ended.get(sequence);
            if (call != null && call.submissions == 0) {
                neverTaken.add(call);
            } else if (call != null) {
                call.fail(new PaxosException.SessionExpired(
                        "session " + ended.id() + " has expired, and with it the answer to command " + sequence, true));
            }
        }
        for (int i = neverTaken.size() - 1; i >= 0; i--) {
            waiting.addFirst(neverTaken.get(i));
        }
    }

    /**
     * A frame was refused: nothing in it took effect.
     *
     * @param full whose disk is full, if that is why; else empty
     */
    void onRefused(long frame, String full) {
        if (session != null && refused(session, frame)) {
            diskFull = full;
        }
        if (openingAway && openingFrame == frame) {
            openingAway = false;
            diskFull = full;
        }
    }

    /** {@return why commands that are not away have not been taken, if that is a full disk; else null} */
    @Nullable
    PaxosException refusal() {
        return diskFull.isEmpty()
                ? null
                : new PaxosException.DiskFull(diskFull
                        + ": the command was not taken, there or elsewhere. Free space there, or make another member reachable"
                        + " that has some");
    }

    /** Fails what never left, or was refused whenever it did, with {@link #refusal}. */
    void failRefused() {
        removeIf(call -> {
            PaxosException why = call.submissions == 0 ? refusal() : null;
            if (why != null) {
                call.fail(why);
            }
            return why != null;
        });
    }

    /** {@return whether anything was in that frame} */
    private boolean refused(SessionWindow<R> open, long frame) {
        boolean any = false;
        for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
            ClientCall<R> call = open.get(sequence);
            if (call != null && call.frame == frame) {
                call.refused();
                resend = true;
                any = true;
            }
        }
        return any;
    }

    /** All that are away may be lost: they are sent again. */
    void onLost() {
        openingAway = false;
        SessionWindow<R> open = session;
        if (open != null) {
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null) {
                    call.away = false;
                }
            }
            resend = true;
        }
    }

    /** Nobody answers any more to whom the session's end could be told. */
    void onDisconnected() {
        onLost();
        if (onSessionClosed != null) {
            onSessionClosed.run();
        }
    }

    /** What was sent long ago may be lost, though others were answered: it is sent again. */
    void onTime(long now, long retryNanos) {
        if (openingAway && now - openingSentNanos > 2 * retryNanos) {
            openingAway = false;
        }
        SessionWindow<R> open = session;
        if (open != null) {
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null && call.away && now - call.sentNanos > retryNanos << Math.min(call.submissions, 4)) {
                    call.away = false;
                    resend = true;
                }
            }
        }
    }

    /** Forgets the calls that a test ends. */
    void removeIf(Predicate<ClientCall<R>> ends) {
        waiting.removeIf(ends);
        SessionWindow<R> open = session;
        if (open != null) {
            for (long sequence = open.lowest(); sequence < open.next(); sequence++) {
                ClientCall<R> call = open.get(sequence);
                if (call != null && ends.test(call)) {
                    open.remove(call);
                }
            }
        }
    }

    /** Ends the session. {@return false if there is none; else {@code done} runs when that was answered, or cannot be} */
    boolean closeSession(Runnable done) {
        SessionWindow<R> open = session;
        if (open == null || !link.isConnected()) {
            return false;
        }
        onSessionClosed = done;
        frames.add(new Command(Command.Kind.CLOSE, open.id(), 0, open.lowest(), Bytes.EMPTY));
        return frames.send();
    }
}
