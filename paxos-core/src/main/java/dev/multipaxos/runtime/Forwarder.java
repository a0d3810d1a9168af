package dev.multipaxos.runtime;

import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.Edge;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries commands from members that follow to the one that leads: many in a frame, and never further. Who forwards learns
 * the outcome by executing the log. Owned by the event loop.
 */
final class Forwarder {
    private static final Logger LOG = LoggerFactory.getLogger(Forwarder.class);

    private final int frameBytes;
    private final Outbox outbox;
    private final Batcher batcher;
    private final Room room;
    private final List<Command> commands = new ArrayList<>();
    private final List<@Nullable ProposeCall<?>> calls = new ArrayList<>(); // of these commands
    private int bytes;
    private long lastId;

    /** Makes one whose frames are numbered from {@code firstId}: never one as in an earlier life. */
    Forwarder(int frameBytes, Outbox outbox, Batcher batcher, Room room, long firstId) {
        this.frameBytes = frameBytes;
        this.outbox = outbox;
        this.batcher = batcher;
        this.room = room;
        this.lastId = firstId;
    }

    // ---- to the leader

    /** Adds a command; it leaves with {@link #flush}, or before, if the frame is full. */
    void add(Command command, @Nullable ProposeCall<?> call, int leader, long nowNanos) {
        int size = Commands.encodedBytes(command);
        if (bytes > 0 && bytes + size > frameBytes) {
            flush(leader, nowNanos);
        }
        commands.add(command);
        calls.add(call);
        bytes += size;
    }

    /** Sends what was added. A frame that the transport drops at once has never left. */
    void flush(int leader, long nowNanos) {
        if (commands.isEmpty()) {
            return;
        }
        long id = ++lastId;
        boolean left = outbox.send(leader, new Edge.Forward(id, Commands.encode(commands)));
        for (ProposeCall<?> call : calls) {
            if (call != null) {
                call.stage = ProposeCall.Stage.AWAY;
                call.sentNanos = nowNanos;
                call.forward = left ? id : 0;
                call.submissions += left ? 1 : 0;
            }
        }
        commands.clear();
        calls.clear();
        bytes = 0;
    }

    // ---- at the leader

    /** Takes commands from a member, or refuses them before they enter a slot. */
    void onForward(int from, Edge.Forward forward, boolean leading, int leader) {
        if (!leading) {
            outbox.send(from, new Edge.ForwardRefused(forward.id(), false, leader));
            return;
        }
        Pieces pieces;
        try {
            pieces = Pieces.of(forward.commands(), frameBytes, Pieces.LENIENT);
        } catch (WireException e) {
            LOG.warn("node {} forwarded what are no commands: {}", from, e.getMessage());
            return;
        }
        if (!room.enter(pieces.count(), pieces.bytes())) {
            outbox.send(from, new Edge.ForwardRefused(forward.id(), true, leader));
            return;
        }
        Batcher.Origin origin = new Origin(from, forward.id(), pieces.pieces().size() == 1);
        for (Pieces.Piece piece : pieces.pieces()) {
            batcher.add(piece.commands(), piece.count(), origin);
        }
    }

    /** The one who forwarded; told of a refusal only if all of the frame is refused. */
    private final class Origin implements Batcher.Origin {
        private final int from;
        private final long id;
        private final boolean whole;

        Origin(int from, long id, boolean whole) {
            this.from = from;
            this.id = id;
            this.whole = whole;
        }

        @Override
        public void proposed(int proposedBytes) {}

        @Override
        public void dropped(int droppedBytes) {
            if (whole) {
                outbox.send(from, new Edge.ForwardRefused(id, false, 0));
            }
        }
    }
}
