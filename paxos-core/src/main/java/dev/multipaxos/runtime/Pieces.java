package dev.multipaxos.runtime;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.CommandReader;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.WireException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Commands that others sent, checked, and cut between commands into pieces that fit into a batch; nothing is copied, unless most of
 * what was sent is refused: a few bytes must not keep a large frame.
 *
 * @param pieces the pieces; each no larger than asked for, or a single command
 * @param count how many commands all of them have
 * @param refused the commands that are in no piece
 * @param sessions the sessions that the pieces name, each as often as its commands follow those of another one
 */
record Pieces(List<Piece> pieces, int count, List<Refused> refused, List<Long> sessions) {

    /**
     * Some commands.
     *
     * @param commands in the layout of {@link Commands}
     * @param count how many
     */
    record Piece(Bytes commands, int count) {}

    /**
     * A command that must not enter the log.
     *
     * @param session as in the command
     * @param sequence as in the command
     * @param why the reason, for people
     */
    record Refused(long session, long sequence, String why) {}

    /** Says which commands may enter the log. */
    interface Judge {
        /** {@return why a command must not; null if it may} */
        @Nullable
        String problem(CommandReader command);
    }

    /** Takes every command: members send what they have checked. */
    static final Judge LENIENT = command -> null;

    /**
     * Cuts commands.
     *
     * @param commands anything at all
     * @param pieceBytesMax the largest piece
     * @param judge says which of them are left out
     * @return the pieces
     * @throws WireException if they are no commands
     */
    static Pieces of(Bytes commands, int pieceBytesMax, Judge judge) throws WireException {
        Cutter cutter = new Cutter(commands, pieceBytesMax, judge);
        CommandReader command = new CommandReader(commands);
        while (command.next()) {
            cutter.next(command);
        }
        cutter.cut();
        Pieces pieces = new Pieces(cutter.pieces, cutter.total, cutter.refused, cutter.sessions);
        return 2 * pieces.bytes() < commands.length() ? pieces.copied() : pieces;
    }

    private Pieces copied() {
        List<Piece> own = pieces.stream()
                .map(piece -> new Piece(Bytes.wrap(piece.commands().toArray()), piece.count()))
                .toList();
        return new Pieces(own, count, refused, sessions);
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
        private final Judge judge;
        private final List<Piece> pieces = new ArrayList<>(1); // mostly one, of one session, and nothing is refused
        private final List<Refused> refused = new ArrayList<>(0);
        private final List<Long> sessions = new ArrayList<>(1);
        private int from;
        private int to;
        private int count;
        private int total;
        private long lastSession;

        Cutter(Bytes commands, int pieceBytesMax, Judge judge) {
            this.commands = commands;
            this.pieceBytesMax = pieceBytesMax;
            this.judge = judge;
        }

        void next(CommandReader command) {
            int bytes = command.bytes();
            String problem = judge.problem(command);
            if (problem != null) {
                cut();
                to += bytes;
                from = to;
                refused.add(new Refused(command.session(), command.sequence(), problem));
                return;
            }
            if (to > from && to - from + bytes > pieceBytesMax) {
                cut();
            }
            to += bytes;
            count++;
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
