package dev.multipaxos.wire;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.wire.Command.Kind;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The layout of commands in a batch, one after the other, all numbers big-endian:
 *
 * <pre>{@code
 * u32 payload length | u8 kind | u64 session | u64 sequence | u64 acknowledgedBelow | payload
 * }</pre>
 *
 * <p>Not Protocol Buffers: a command is never read on its way through the log. Its fields have fixed places, so that a batch is
 * cut by its lengths, batches are joined by copying bytes, and no object is made of a command. What may be
 * said later gets a new kind. Stateless; any thread.
 */
public final class Commands {
    /** What a command takes beside its payload, in bytes. */
    public static final int OVERHEAD_BYTES = 29;

    private static final int KIND_AT = 4;
    private static final int SESSION_AT = 5;
    private static final int SEQUENCE_AT = 13;
    private static final int ACKNOWLEDGED_BELOW_AT = 21;

    // Kinds on the wire; never reused.
    private static final int APPLY = 1;
    private static final int OPEN = 2;
    private static final int KEEP_ALIVE = 3;
    private static final int CLOSE = 4;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private Commands() {}

    /**
     * Computes how much room a command takes.
     *
     * @param command the command
     * @return its size in bytes
     */
    public static int encodedBytes(Command command) {
        return Math.addExact(OVERHEAD_BYTES, command.payload().length());
    }

    /**
     * Writes a command.
     *
     * @param command the command
     * @param into where to; {@link #encodedBytes} are needed
     * @param offset the index of the first byte
     * @return the index behind the last byte
     * @throws IllegalArgumentException if the command breaks the rules of its kind: {@link #count} would refuse it
     * @throws IndexOutOfBoundsException if there is not enough room
     */
    public static int write(Command command, byte[] into, int offset) {
        Bytes payload = command.payload();
        int kind = toNumber(command.kind());
        String broken = brokenRule(kind, command.sequence(), command.acknowledgedBelow(), payload.length());
        if (broken != null) {
            throw new IllegalArgumentException(broken);
        }
        int payloadAt = offset + OVERHEAD_BYTES;
        INT.set(into, offset, payload.length());
        into[offset + KIND_AT] = (byte) kind;
        LONG.set(into, offset + SESSION_AT, command.session());
        LONG.set(into, offset + SEQUENCE_AT, command.sequence());
        LONG.set(into, offset + ACKNOWLEDGED_BELOW_AT, command.acknowledgedBelow());
        System.arraycopy(payload.array(), payload.offset(), into, payloadAt, payload.length());
        return payloadAt + payload.length();
    }

    /**
     * Encodes commands.
     *
     * @param commands the commands
     * @return a batch of them
     * @throws IllegalArgumentException if one breaks the rules of its kind
     */
    public static Bytes encode(List<Command> commands) {
        int size = 0;
        for (Command command : commands) {
            size = Math.addExact(size, encodedBytes(command));
        }
        byte[] bytes = new byte[size];
        int at = 0;
        for (Command command : commands) {
            at = write(command, bytes, at);
        }
        return Bytes.wrap(bytes);
    }

    /**
     * Checks a batch and counts its commands: every length, every kind, and the rules of each kind. Allocates nothing.
     *
     * @param commands the batch; anything at all may be in it
     * @return the number of commands
     * @throws WireException if it is not valid; the message says which command is wrong and where
     */
    public static int count(Bytes commands) throws WireException {
        byte[] array = commands.array();
        int end = commands.offset() + commands.length();
        int count = 0;
        for (int at = commands.offset(); at < end; count++) {
            int room = end - at - OVERHEAD_BYTES;
            if (room < 0) {
                throw invalid(commands, count, at, "it is cut: " + (end - at) + " bytes are left");
            }
            int payload = (int) INT.get(array, at);
            if (payload < 0 || payload > room) {
                throw invalid(
                        commands,
                        count,
                        at,
                        "a payload of " + Integer.toUnsignedString(payload) + " bytes where " + room + " are left");
            }
            String broken = brokenRule(
                    array[at + KIND_AT],
                    (long) LONG.get(array, at + SEQUENCE_AT),
                    (long) LONG.get(array, at + ACKNOWLEDGED_BELOW_AT),
                    payload);
            if (broken != null) {
                throw invalid(commands, count, at, broken);
            }
            at += OVERHEAD_BYTES + payload;
        }
        return count;
    }

    /**
     * Takes a batch apart. {@link CommandReader} does so without an object for each command.
     *
     * @param commands the batch; anything at all may be in it
     * @param visitor gets the commands in their order; their payloads are parts of the batch, not copied
     * @throws WireException if the batch is not valid; then nothing was visited
     */
    public static void forEach(Bytes commands, Consumer<Command> visitor) throws WireException {
        CommandReader reader = new CommandReader(commands);
        while (reader.next()) {
            visitor.accept(reader.command());
        }
    }

    // The fields of the command at an index of a batch that was checked.

    static int payloadBytesAt(Bytes commands, int index) {
        return (int) INT.get(commands.array(), commands.offset() + index);
    }

    static Kind kindAt(Bytes commands, int index) {
        return fromNumber(commands.get(index + KIND_AT));
    }

    static long sessionAt(Bytes commands, int index) {
        return (long) LONG.get(commands.array(), commands.offset() + index + SESSION_AT);
    }

    static long sequenceAt(Bytes commands, int index) {
        return (long) LONG.get(commands.array(), commands.offset() + index + SEQUENCE_AT);
    }

    static long acknowledgedBelowAt(Bytes commands, int index) {
        return (long) LONG.get(commands.array(), commands.offset() + index + ACKNOWLEDGED_BELOW_AT);
    }

    /** Says what is wrong with a command; null if nothing is. */
    private static @Nullable String brokenRule(int kind, long sequence, long acknowledgedBelow, int payload) {
        if (kind < APPLY || kind > CLOSE) {
            return "kind " + kind + " is unknown; the sender may be newer";
        } else if (acknowledgedBelow < 0) {
            return "acknowledgedBelow is " + acknowledgedBelow;
        } else if (kind == APPLY) {
            if (sequence < 1) {
                return "sequence " + sequence + "; sequences begin at 1";
            } else if (acknowledgedBelow > sequence) {
                return "sequence " + sequence + " is below " + acknowledgedBelow + ", which it acknowledges itself";
            }
        } else if (sequence != 0) {
            return "sequence " + sequence + "; only commands of the application have one";
        } else if (payload != 0) {
            return "a payload of " + payload + " bytes; only commands of the application have one";
        }
        return null;
    }

    private static WireException invalid(Bytes commands, int index, int at, String why) {
        return new WireException(
                "command " + index + " of a batch, at byte " + (at - commands.offset()) + " of " + commands.length()
                        + ": " + why,
                null);
    }

    private static int toNumber(Kind kind) {
        return switch (kind) {
            case APPLY -> APPLY;
            case OPEN -> OPEN;
            case KEEP_ALIVE -> KEEP_ALIVE;
            case CLOSE -> CLOSE;
        };
    }

    private static Kind fromNumber(int number) {
        return switch (number) {
            case APPLY -> Kind.APPLY;
            case OPEN -> Kind.OPEN;
            case KEEP_ALIVE -> Kind.KEEP_ALIVE;
            case CLOSE -> Kind.CLOSE;
            default -> throw new IllegalStateException("kind " + number + " was checked before");
        };
    }
}
