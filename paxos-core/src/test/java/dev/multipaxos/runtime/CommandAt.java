package dev.multipaxos.runtime;

import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.CommandReader;
import dev.multipaxos.wire.Commands;
import dev.multipaxos.wire.WireException;
import java.util.List;

/** A reader that stands at a command. */
final class CommandAt {

    private CommandAt() {}

    static CommandReader of(Command command) {
        try {
            CommandReader reader = new CommandReader(Commands.encode(List.of(command)));
            reader.next();
            return reader;
        } catch (WireException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
