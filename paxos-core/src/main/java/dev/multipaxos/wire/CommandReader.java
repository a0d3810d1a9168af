package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Command.Kind;

/**
 * Reads the commands of a batch, one after the other, where they lie. For the places that every command passes: a {@link Command}
 * for each was 48 bytes of garbage on every member. What it says is of the present command; whoever keeps one takes {@link #command}.
 *
 * <p>Not thread-safe.
 */
public final class CommandReader {
    private final Bytes commands;
    private int at; // the present command, counted from the first byte of the batch
    private int next; // the one behind it

    /**
     * Stands before the first command.
     *
     * @param commands a batch in the layout of {@link Commands}; anything at all may be in it
     * @throws WireException if the batch is not valid
     */
    public CommandReader(Bytes commands) throws WireException {
        Commands.count(commands);
        this.commands = commands;
    }

    /**
     * Goes to the next command. Before the first call there is none to ask about.
     *
     * @return false if there is none
     */
    public boolean next() {
        if (next == commands.length()) {
            return false;
        }
        at = next;
        next += bytes();
        return true;
    }

    /** Goes back to where it began. */
    public void rewind() {
        next = 0;
    }

    /** {@return what the command is} */
    public Kind kind() {
        return Commands.kindAt(commands, at);
    }

    /** {@return its session} */
    public long session() {
        return Commands.sessionAt(commands, at);
    }

    /** {@return its number in the session} */
    public long sequence() {
        return Commands.sequenceAt(commands, at);
    }

    /** {@return the lowest sequence whose answer the client still waits for} */
    public long acknowledgedBelow() {
        return Commands.acknowledgedBelowAt(commands, at);
    }

    /** {@return how many bytes its payload has} */
    public int payloadBytes() {
        return Commands.payloadBytesAt(commands, at);
    }

    /** {@return the application's bytes, a part of the batch, not copied} */
    public Bytes payload() {
        return commands.slice(at + Commands.OVERHEAD_BYTES, payloadBytes());
    }

    /** {@return how many bytes the whole command has} */
    public int bytes() {
        return Commands.OVERHEAD_BYTES + payloadBytes();
    }

    /** {@return the command as a value} */
    public Command command() {
        return new Command(kind(), session(), sequence(), acknowledgedBelow(), payload());
    }
}
