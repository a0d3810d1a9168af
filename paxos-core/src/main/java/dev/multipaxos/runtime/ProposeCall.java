package dev.multipaxos.runtime;

import dev.multipaxos.Codec;
import dev.multipaxos.PaxosException;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientMessage.Status;

/**
 * A proposed command. Everything but its end is the event loop's.
 *
 * @param <R> answers
 */
final class ProposeCall<R> extends Call<R> {

    /** Where a command is on its way into the log. */
    enum Stage {
        /** It has no number yet, or has to be sent (again). */
        HERE,
        /** It waits in this node's batcher: not in a slot. */
        IN_BATCHER,
        /** It went to a leader, another or this one. */
        AWAY
    }

    private final Bytes payload;
    private final Codec<R> answers;
    long session;
    long sequence;
    Stage stage = Stage.HERE;
    /** How often it left for a slot and was not refused before it entered one. */
    int submissions;
    /** The last {@code Forward} that carried it; 0 if none did. */
    long forward;

    long sentNanos;
    /** Whether it is held back until {@link #notBeforeNanos}. */
    boolean held;

    long notBeforeNanos;
    /** Whether this node did not execute some slots while the call was open, but took a snapshot for them. */
    volatile boolean skipped;

    ProposeCall(Room room, Bytes payload, Codec<R> answers, long deadlineNanos) {
        super(room, payload.length(), deadlineNanos);
        this.payload = payload;
        this.answers = answers;
    }

    Bytes payload() {
        return payload;
    }

    @Override
    public void deliverTo(EventLoop loop) {
        loop.onPropose(this);
    }

    /** Ends as the log says. Apply thread. */
    void end(Status status, Bytes answer) {
        switch (status) {
            case OK -> {
                R decoded;
                try {
                    decoded = answers.decode(answer);
                } catch (RuntimeException e) {
                    fail(e);
                    return;
                }
                succeed(decoded);
            }
            case OUTSIDE_WINDOW ->
                fail(new PaxosException.NotExecuted("the command was void: number " + sequence
                        + " of its session is too far ahead of the oldest open one; propose it again"));
            case SESSION_EXPIRED -> expireSession();
            default ->
                fail(new PaxosException.OutcomeUnknown("command " + sequence + " of session " + session
                        + " was executed, but its answer is gone: " + status));
        }
    }

    /**
     * Fails because its session is gone. This node executes every slot in order, and so knows that none up to now held the
     * command; those that come find no session. If it has skipped some, it does not know.
     */
    void expireSession() {
        if (skipped) {
            fail(new PaxosException.SessionExpired(
                    "session " + session
                            + " of this node expired while the node was so far behind that it took a snapshot; "
                            + "command " + sequence + " of it may have been executed, and will not be any more",
                    true));
            return;
        }
        fail(new PaxosException.SessionExpired(
                "session " + session + " of this node expired before command " + sequence
                        + " of it was executed; it was not executed and will not be: propose it again",
                false));
    }

    @Override
    public void expire() {
        if (submissions > 0) {
            fail(new PaxosException.OutcomeUnknown(
                    "no answer before the deadline: the command was sent to a leader and may "
                            + "be executed, now or later"));
        } else {
            fail(new PaxosException.Unavailable(
                    "the deadline passed while the command waited for a leader that takes it; it "
                            + "was not executed and will not be"));
        }
    }
}
