package dev.multipaxos.transport.netty;

import dev.multipaxos.Consistency;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.ClientCodec;
import dev.multipaxos.wire.ClientMessage;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import java.util.Arrays;

/**
 * Puts a client's frames together, in one array that is used again and again: the outbox copies it. Owned by the client's event
 * loop.
 */
final class SubmitFrames {

    /** A frame is closed at this size; more in one frame would delay the first of them. */
    private static final int COMMANDS_BYTES_MAX = 256 * 1024;
    /** What a frame needs beside its commands, generously. */
    private static final int HEAD_BYTES_MAX = 1_024;

    private final Outbox outbox;
    private final int commandsBytesMax;
    private byte[] commands = new byte[8 * 1024];
    private int bytes;
    private long lastId;

    SubmitFrames(Outbox outbox, int frameBytesMax) {
        this.outbox = outbox;
        this.commandsBytesMax = Math.min(COMMANDS_BYTES_MAX, frameBytesMax - HEAD_BYTES_MAX);
    }

    /** {@return the largest command that fits into a frame} */
    static int payloadBytesMax(int frameBytesMax) {
        return frameBytesMax - HEAD_BYTES_MAX - Commands.OVERHEAD_BYTES;
    }

    /** {@return the id of the frame that is being put together} */
    long id() {
        return lastId + 1;
    }

    /** {@return whether a command should go into the next frame} */
    boolean isFullFor(int payloadBytes) {
        return bytes > 0 && bytes + Commands.OVERHEAD_BYTES + payloadBytes > commandsBytesMax;
    }

    void add(Command command) {
        int needed = bytes + Commands.encodedBytes(command);
        if (needed > commands.length) {
            commands = Arrays.copyOf(commands, Math.max(needed, 2 * commands.length));
        }
        bytes = Commands.write(command, commands, bytes);
    }

    /** Queues the commands that were added, if any. {@return false if there is no room for them} */
    boolean send() {
        if (bytes == 0) {
            return true;
        }
        Bytes body = Bytes.wrap(commands, 0, bytes);
        bytes = 0;
        lastId++;
        return offer(new ClientMessage.Submit(lastId, body));
    }

    /** Queues a query under the next id. {@return false if there is no room for it} */
    boolean send(Consistency consistency, Bytes query) {
        lastId++;
        return offer(new ClientMessage.Query(
                lastId, consistency != Consistency.LOCAL, consistency == Consistency.LEASE, query));
    }

    private boolean offer(ClientMessage message) {
        return outbox.offer(ClientCodec.head(message), ClientCodec.body(message)) == Outbox.Offer.QUEUED;
    }
}
