package dev.multipaxos.runtime;

import dev.multipaxos.Consistency;
import dev.multipaxos.PaxosException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * A read of the application's.
 *
 * @param <T> what it finds
 */
final class ReadCall<T> extends Call<T> implements ReadTask {

    private final Consistency consistency;
    private final Supplier<T> query;

    ReadCall(Room room, Consistency consistency, Supplier<T> query, long deadlineNanos) {
        super(room, 0, deadlineNanos);
        this.consistency = consistency;
        this.query = query;
    }

    Consistency consistency() {
        return consistency;
    }

    @Override
    public void deliverTo(EventLoop loop) {
        loop.onRead(this);
    }

    @Override
    public boolean run(
            BooleanSupplier mayAnswer) { // whatever the query throws is its caller's, and does not stop the node
        if (isOver()) {
            return true;
        }
        T found;
        try {
            found = query.get();
        } catch (Throwable thrown) {
            if (mayAnswer.getAsBoolean()) {
                fail(thrown);
            }
            return isOver();
        }
        if (mayAnswer.getAsBoolean()) {
            succeed(found);
        }
        return isOver();
    }

    @Override
    public void expire() {
        fail(new PaxosException.Unavailable(
                "the deadline passed before the read could run: no leader confirmed it, or this "
                        + "node has not executed far enough"));
    }
}
