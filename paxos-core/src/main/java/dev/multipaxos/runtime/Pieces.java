package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Commands that others sent, checked, and cut between commands into pieces that fit into a batch; nothing is copied.
 *
 * @param pieces the pieces; each no larger than asked for, or a single command
 * @param count how many commands all of them have
 * @param largestPayload the size of the largest payload, in bytes
 * @param sessions the sessions that they name
 */
record Pieces(List<Piece> pieces, int count, int largestPayload, Set<Long> sessions) {

    /**
     * Some commands.
     *
     * @param commands in the layout of {@link Commands}
     * @param count how many
     */
    record Piece(Bytes commands, int count) {}

    /**
     * Cuts commands.
     *
     * @param commands anything at all
     * @param pieceBytesMax the largest piece
     * @return the pieces
     * @throws WireException if they are no commands
     */
    static Pieces of(Bytes commands, int pieceBytesMax) throws WireException {
        Cutter cutter = new Cutter(commands, pieceBytesMax);
        Commands.forEach(commands, cutter::next);
        cutter.cut();
        return new Pieces(cutter.pieces, cutter.total, cutter.largestPayload, cutter.sessions);
    }

    /** How many bytes all of them have. */
    int bytes() {
        int bytes = 0;
        for (Piece piece : pieces) {
            bytes += piece.commands().length();
        }
        return bytes;
    }

    private static final class Cutter {
        private final Bytes commands;
        private final int pieceBytesMax;
        private final List<Piece> pieces = new ArrayList<>();
        private final Set<Long> sessions = new LinkedHashSet<>();
        private int from;
        private int to;
        private int count;
        private int total;
        private int largestPayload;
        private long lastSession;

        Cutter(Bytes commands, int pieceBytesMax) {
            this.commands = commands;
            this.pieceBytesMax = pieceBytesMax;
        }

        void next(Command command) {
            int bytes = Commands.encodedBytes(command);
            if (to > from && to - from + bytes > pieceBytesMax) {
                cut();
            }
            to += bytes;
            count++;
            largestPayload = Math.max(largestPayload, command.payload().length());
            if (command.session() != lastSession || sessions.isEmpty()) {
                lastSession = command.session();
                sessions.add(lastSession);
            }
        }

        void cut() {
            if (to > from) {
                pieces.add(new Piece(commands.slice(from, to - from), count));
                total += count;
                from = to;
                count = 0;
            }
        }
    }
}
