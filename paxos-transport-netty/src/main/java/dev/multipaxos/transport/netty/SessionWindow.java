package dev.multipaxos.transport.netty;

import dev.multipaxos.Limits;
import org.jspecify.annotations.Nullable;

/**
 * The commands of one session that are open: numbered 1, 2, 3 …, at most {@link Limits#SESSION_WINDOW} from the lowest to the
 * highest, because members refuse what is further ahead.
 *
 * @param <R> answers
 */
final class SessionWindow<R> {

    private static final int WINDOW = Limits.SESSION_WINDOW;

    private final long id;
    private final @Nullable ClientCall<R>[] calls;
    /** The lowest number that is open, or {@link #next}: what is below it is acknowledged. */
    private long lowest = 1;

    private long next = 1;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type cannot be made otherwise
    SessionWindow(long id) {
        this.id = id;
        this.calls = new ClientCall[WINDOW];
    }

    long id() {
        return id;
    }

    long lowest() {
        return lowest;
    }

    long next() {
        return next;
    }

    boolean isEmpty() {
        return lowest == next;
    }

    boolean hasRoom() {
        return next - lowest < WINDOW;
    }

    /** Gives a call the next number. */
    void number(ClientCall<R> call) {
        call.sequence = next;
        calls[index(next)] = call;
        next++;
    }

    /** {@return the open call with a number, or null} */
    @Nullable
    ClientCall<R> get(long sequence) {
        return sequence >= lowest && sequence < next ? calls[index(sequence)] : null;
    }

    /** A call has ended. */
    void remove(ClientCall<R> call) {
        calls[index(call.sequence)] = null;
        while (lowest < next && calls[index(lowest)] == null) {
            lowest++;
        }
    }

    private static int index(long sequence) {
        return (int) (sequence & (WINDOW - 1));
    }
}
