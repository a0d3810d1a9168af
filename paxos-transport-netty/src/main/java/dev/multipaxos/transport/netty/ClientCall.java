package dev.multipaxos.transport.netty;

import dev.multipaxos.Codec;
import dev.multipaxos.Consistency;
import dev.multipaxos.bytes.Bytes;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A call of a client, and its future in one: it ends once, whatever arrives later. Everything but the future belongs to the
 * client's event loop.
 *
 * @param <R> answers
 */
final class ClientCall<R> extends CompletableFuture<R> {

    /** How fresh a query must be; null: it is a command. */
    final @Nullable Consistency consistency;

    final Bytes payload;
    final long deadlineNanos;
    private final Codec<R> answers;
    private final CallRoom room;

    /** Its number in the session, a command's; 0 while it has none. */
    long sequence;
    /** The frame that carried it last, unless that was refused. */
    long frame;
    /** Whether it is on its way; else it has to be sent, for the first time or again. */
    boolean away;
    /** How often it left and was not refused before it could take effect. */
    int submissions;

    long sentNanos;
    private boolean ended;

    ClientCall(@Nullable Consistency consistency, Bytes payload, long deadlineNanos, Codec<R> answers, CallRoom room) {
        this.consistency = consistency;
        this.payload = payload;
        this.deadlineNanos = deadlineNanos;
        this.answers = answers;
        this.room = room;
    }

    boolean isCommand() {
        return consistency == null;
    }

    void left(long inFrame, long nowNanos) {
        frame = inFrame;
        away = true;
        submissions++;
        sentNanos = nowNanos;
    }

    /** It did not take effect, and will not through this submission. */
    void refused() {
        away = false;
        frame = 0;
        submissions--;
    }

    void succeed(Bytes answer) {
        R decoded;
        try {
            decoded = answers.decode(answer);
        } catch (RuntimeException e) { // the caller's codec: the caller is told
            fail(e);
            return;
        }
        if (end()) {
            complete(decoded);
        }
    }

    void fail(Throwable why) {
        if (end()) {
            completeExceptionally(why);
        }
    }

    private boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        room.leave(payload.length());
        return true;
    }

    @Override
    public <U> CompletableFuture<U> newIncompleteFuture() {
        return new CompletableFuture<>();
    }
}
