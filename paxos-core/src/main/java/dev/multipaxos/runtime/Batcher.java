package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Input;
import dev.multipaxos.core.Replica;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gathers commands while slots are in flight, and closes a batch as soon as the pipeline has room: the busier the disk, the
 * larger the batches, without a timer ({@code docs/protocol.md} §11). Owned by the event loop.
 */
final class Batcher {

    /** Where commands that others sent came from; is told when they leave the batcher. */
    interface Origin {
        /**
         * Some of its commands are in a slot.
         *
         * @param bytes how many bytes of them
         */
        void proposed(int bytes);

        /**
         * Some of its commands were thrown away and never entered a slot: this node leads no more, or its disk is full.
         *
         * @param bytes how many bytes of them
         */
        void dropped(int bytes);
    }

    /** What waits: one command of this node's own, or a piece of what others sent. */
    private record Chunk(
            @Nullable Command command,
            @Nullable ProposeCall<?> call,
            Bytes commands,
            @Nullable Origin origin,
            int count,
            int bytes) {

        boolean isOver() {
            return call != null && call.isOver();
        }
    }

    /** While so many slots are in flight a batch that is not full waits for one of them. */
    static final int SLOTS_IN_FLIGHT = 4;

    private final int batchBytes;
    private final Room room;
    private final StampClock clock;
    private final ArrayDeque<Chunk> waiting = new ArrayDeque<>();
    private final List<Chunk> closing = new ArrayList<>();
    private long waitingBytes;

    Batcher(int batchBytes, Room room, StampClock clock) {
        this.batchBytes = batchBytes;
        this.room = room;
        this.clock = clock;
    }

    /** Adds a command of this node; the call, if it is one, keeps its room. */
    void add(Command command, @Nullable ProposeCall<?> call) {
        if (call != null) {
            call.stage = ProposeCall.Stage.IN_BATCHER;
        }
        add(new Chunk(command, call, Bytes.EMPTY, null, 0, Commands.encodedBytes(command)));
    }

    /** Adds a piece of what others sent, no larger than a batch or a single command, for which room was taken. */
    void add(Bytes commands, int count, Origin origin) {
        add(new Chunk(null, null, commands, origin, count, commands.length()));
    }

    private void add(Chunk chunk) {
        waiting.add(chunk);
        waitingBytes += chunk.bytes();
    }

    /**
     * Proposes what the pipeline has room for.
     *
     * @return whether anything was proposed
     */
    boolean propose(Driver driver, long nowNanos) {
        Replica replica = driver.replica();
        boolean proposed = false;
        while (!waiting.isEmpty()
                && replica.openSlots() > 0
                && (replica.slotsInFlight() < SLOTS_IN_FLIGHT || waitingBytes >= batchBytes)) {
            Bytes batch = close(nowNanos);
            if (batch.length() > 0) {
                driver.handle(new Input.Propose(new Value.Batch(clock.stamp(), batch)));
                proposed = true;
            }
        }
        return proposed;
    }

    /** Takes one batch out; empty if nobody waits for any of it any more. */
    private Bytes close(long nowNanos) {
        int size = 0;
        for (Chunk next = waiting.peek(); next != null; next = waiting.peek()) {
            if (!next.isOver()) {
                if (size > 0 && size + next.bytes() > batchBytes) {
                    break;
                }
                size += next.bytes();
                closing.add(next);
            }
            waiting.remove();
            waitingBytes -= next.bytes();
        }
        Bytes batch = closing.size() == 1 && closing.get(0).command() == null
                ? closing.get(0).commands()
                : joined(size);
        for (Chunk chunk : closing) {
            leave(chunk, nowNanos);
        }
        closing.clear();
        return batch;
    }

    private Bytes joined(int size) {
        byte[] bytes = new byte[size];
        int at = 0;
        for (Chunk chunk : closing) {
            Command command = chunk.command();
            if (command != null) {
                at = Commands.write(command, bytes, at);
            } else {
                Bytes commands = chunk.commands();
                System.arraycopy(commands.array(), commands.offset(), bytes, at, commands.length());
                at += commands.length();
            }
        }
        return Bytes.wrap(bytes);
    }

    private void leave(Chunk chunk, long nowNanos) {
        ProposeCall<?> call = chunk.call();
        if (call != null) {
            call.stage = ProposeCall.Stage.AWAY;
            call.submissions++;
            call.sentNanos = nowNanos;
        }
        Origin origin = chunk.origin();
        if (origin != null) {
            room.leave(chunk.count(), chunk.bytes());
            origin.proposed(chunk.bytes());
        }
    }

    /** Lets go of this node's own calls that ended meanwhile: what has room no more must not wait on. */
    void forgetEnded() {
        waiting.removeIf(chunk -> {
            boolean over = chunk.isOver(); // asked once: the apply thread may end it meanwhile
            waitingBytes -= over ? chunk.bytes() : 0;
            return over;
        });
    }

    /** Throws everything away, because this node leads no more; its own calls are here again. */
    void clear() {
        for (Chunk chunk : waiting) {
            ProposeCall<?> call = chunk.call();
            if (call != null) {
                call.stage = ProposeCall.Stage.HERE;
            }
            drop(chunk);
        }
        waiting.clear();
        waitingBytes = 0;
    }

    /** Throws away what others sent, because nothing can be taken for a while. */
    void shed() {
        for (Chunk chunk : waiting) {
            if (chunk.origin() != null) {
                waitingBytes -= chunk.bytes();
                drop(chunk);
            }
        }
        waiting.removeIf(chunk -> chunk.origin() != null);
    }

    private void drop(Chunk chunk) {
        Origin origin = chunk.origin();
        if (origin != null) {
            room.leave(chunk.count(), chunk.bytes());
            origin.dropped(chunk.bytes());
        }
    }
}
