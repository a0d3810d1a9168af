package dev.multipaxos.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.WireException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PiecesTest {

    private static Command command(long sequence, int bytes) {
        return new Command(Command.Kind.APPLY, 5, sequence, 1, Bytes.wrap(new byte[bytes]));
    }

    private static Bytes onlyPiece(Bytes frame) throws WireException {
        Pieces pieces = Pieces.of(frame, 1_000, command -> command.payload().length() > 500 ? "it is too large" : null);
        assertThat(pieces.pieces()).hasSize(1);
        return pieces.pieces().get(0).commands();
    }

    @Test
    void a_piece_is_a_part_of_what_was_sent() throws WireException {
        Bytes frame = Commands.encode(List.of(command(1, 100), command(2, 100)));
        assertThat(onlyPiece(frame).array()).isSameAs(frame.array());
    }

    @Test
    void a_few_bytes_that_may_enter_do_not_keep_all_that_was_sent() throws WireException {
        Bytes frame = Commands.encode(List.of(command(1, 10), command(2, 5_000)));
        Bytes piece = onlyPiece(frame);
        assertThat(piece.array()).hasSize(piece.length());
        assertThat(piece).isEqualTo(Commands.encode(List.of(command(1, 10))));
    }
}
