package dev.multipaxos.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Command.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CommandsTest {
    private static final Command PUT = new Command(Kind.APPLY, -5, 3, 2, Bytes.utf8("put"));
    private static final Command OPEN = new Command(Kind.OPEN, 99, 0, 0, Bytes.EMPTY);

    @Test
    void a_command_takes_its_payload_and_the_overhead() {
        assertThat(Commands.encodedBytes(PUT)).isEqualTo(Commands.OVERHEAD_BYTES + 3);
        assertThat(Commands.encode(List.of(PUT, OPEN)).length()).isEqualTo(2 * Commands.OVERHEAD_BYTES + 3);
    }

    @Test
    void a_command_is_written_where_it_is_told_and_nowhere_else() throws WireException {
        byte[] into = new byte[100];

        int next = Commands.write(PUT, into, 7);

        assertThat(next).isEqualTo(7 + Commands.encodedBytes(PUT));
        assertThat(into).startsWith(new byte[7]).endsWith(new byte[100 - next]);
        assertThat(read(Bytes.wrap(into, 7, next - 7))).containsExactly(PUT);
    }

    @Test
    void batches_are_joined_by_copying_their_bytes() throws WireException {
        Bytes joined = Format.joined(Commands.encode(List.of(PUT, OPEN)), Commands.encode(List.of(PUT)));

        assertThat(Commands.count(joined)).isEqualTo(3);
        assertThat(read(joined)).containsExactly(PUT, OPEN, PUT);
    }

    @Test
    void an_empty_batch_has_no_command() throws WireException {
        assertThat(Commands.encode(List.of())).isSameAs(Bytes.EMPTY);
        assertThat(Commands.count(Bytes.EMPTY)).isZero();
    }

    @Test
    void a_payload_is_a_part_of_the_batch_and_no_copy() throws WireException {
        Bytes batch = Commands.encode(List.of(OPEN, PUT));

        assertThat(read(batch).get(1).payload().array()).isSameAs(batch.array());
    }

    @Test
    void counting_allocates_nothing() throws WireException {
        Bytes batch = Commands.encode(List.of(OPEN, PUT, PUT));
        Commands.count(batch);
        long before = Allocation.bytes();
        for (int i = 0; i < 100_000; i++) {
            Commands.count(batch);
        }

        // a few bytes a call would be megabytes; the compiler may box a little before it has warmed up
        assertThat(Allocation.bytes() - before).isLessThan(1 << 20);
    }

    @Test
    void nothing_is_visited_of_a_batch_whose_end_is_broken() {
        Bytes batch = Commands.encode(List.of(PUT, PUT));
        List<Command> visited = new ArrayList<>();

        assertThatThrownBy(() -> Commands.forEach(batch.slice(0, batch.length() - 1), visited::add))
                .isInstanceOf(WireException.class)
                .hasMessage("command 1 of a batch, at byte 32 of 63: a payload of 3 bytes where 2 are left");
        assertThat(visited).isEmpty();
    }

    @Test
    void a_batch_cut_inside_the_fixed_fields_is_refused() {
        Bytes batch = Commands.encode(List.of(PUT));

        assertThatThrownBy(() -> Commands.count(batch.slice(0, 28)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("it is cut: 28 bytes are left");
    }

    @Test
    void a_length_beyond_the_batch_is_refused() {
        byte[] batch = Commands.encode(List.of(PUT)).toArray();
        batch[0] = (byte) 0xff;

        assertThatThrownBy(() -> Commands.count(Bytes.wrap(batch)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("a payload of 4278190083 bytes where 3 are left");
    }

    @Test
    void a_kind_that_is_not_known_is_named() {
        byte[] batch = Commands.encode(List.of(PUT)).toArray();
        batch[4] = 9;

        assertThatThrownBy(() -> Commands.count(Bytes.wrap(batch)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("kind 9 is unknown; the sender may be newer");
    }

    @Test
    void a_command_that_breaks_the_rules_of_its_kind_is_not_written() {
        refused(new Command(Kind.APPLY, 1, 0, 0, Bytes.EMPTY), "sequences begin at 1");
        refused(new Command(Kind.APPLY, 1, 3, 4, Bytes.EMPTY), "sequence 3 is below 4, which it acknowledges itself");
        refused(new Command(Kind.APPLY, 1, 3, -1, Bytes.EMPTY), "acknowledgedBelow is -1");
        refused(new Command(Kind.OPEN, 1, 1, 0, Bytes.EMPTY), "only commands of the application have one");
        refused(new Command(Kind.CLOSE, 1, 0, 0, Bytes.utf8("x")), "only commands of the application have one");
    }

    private static void refused(Command command, String why) {
        assertThatThrownBy(() -> Commands.encode(List.of(command)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why);
    }

    private static List<Command> read(Bytes batch) throws WireException {
        List<Command> commands = new ArrayList<>();
        Commands.forEach(batch, commands::add);
        return commands;
    }
}
