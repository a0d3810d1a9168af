package dev.multipaxos.runtime;

import dev.multipaxos.Codec;
import dev.multipaxos.DurableStateMachine;
import dev.multipaxos.StateMachine;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Value;
import dev.multipaxos.wire.ClientMessage.Status;
import dev.multipaxos.wire.Command;
import dev.multipaxos.wire.CommandReader;
import dev.multipaxos.wire.SnapshotPart;
import dev.multipaxos.wire.WireException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Executes chosen values: log time, sessions, the state machine, in this order ({@code docs/protocol.md} §10). Used by the
 * replay of a journal and then by the apply thread, never at the same time.
 *
 * @param <C> commands
 * @param <R> their answers
 */
final class Execution<C, R> implements SlotExecution {

    private static final Codec<Long> SESSION_ID = Codec.int64();

    private final StateMachine<C, R> stateMachine;
    private final Codec<C> commandCodec;
    private final Codec<R> answerCodec;
    private final Sessions sessions;
    private final @Nullable DurableStateMachine<C, R> durable; // the state machine, if it has a store of its own
    private volatile int sessionCount;
    private volatile long answerBytes;

    Execution(StateMachine<C, R> stateMachine, Codec<C> commands, Codec<R> answers, Sessions sessions) {
        this.stateMachine = stateMachine;
        this.commandCodec = commands;
        this.answerCodec = answers;
        this.sessions = sessions;
        this.durable = stateMachine instanceof DurableStateMachine<C, R> own ? own : null;
        if (durable != null) {
            sessions.track();
        }
    }

    /**
     * Opens the state machine's own store, if it has one. First of all.
     *
     * @return the last slot that it holds; 0 if it is new, or if there is none
     * @throws IOException if it cannot be read, or does not hold what it was given
     */
    long open() throws IOException {
        if (durable == null) {
            return 0;
        }
        List<DurableStateMachine.Entry> entries = new ArrayList<>();
        long slot = durable.open(entries::add);
        if (slot < 0 || (slot == 0 && !entries.isEmpty())) {
            throw new IOException("the state machine's store says that it holds slot " + slot + ", with "
                    + entries.size() + " entries of the library's");
        }
        sessions.restore(entries);
        publish();
        return slot;
    }

    /** {@return whether the state machine has a store of its own, and needs no snapshot for this node's sake} */
    boolean isDurable() {
        return durable != null;
    }

    /** {@return the last slot that the state machine's own store cannot lose; 0 if it has none} */
    long durableSlot() {
        return durable == null ? 0 : durable.durableSlot();
    }

    @Override
    public void execute(long slot, Value value, Outcomes outcomes) {
        if (value instanceof Value.Batch chosen) {
            execute(slot, chosen, outcomes);
        }
        if (durable != null) {
            durable.executed(slot, sessions.takeChanges());
        }
    }

    private void execute(long slot, Value.Batch chosen, Outcomes outcomes) {
        CommandReader command = read(slot, chosen);
        sessions.beginBatch(slot, chosen.stampMillis());
        while (command.next()) {
            if (command.kind() != Command.Kind.OPEN) {
                sessions.touch(command.session());
            }
        }
        sessions.expire();
        At at = new At(slot, Instant.ofEpochMilli(sessions.logTimeMillis()));
        command.rewind();
        while (command.next()) {
            execute(at, command, outcomes);
        }
        publish();
    }

    private static CommandReader read(long slot, Value.Batch chosen) {
        try {
            return new CommandReader(chosen.commands());
        } catch (WireException e) {
            throw new IllegalStateException("slot " + slot + " is chosen, but its commands cannot be read", e);
        }
    }

    private void execute(At at, CommandReader command, Outcomes outcomes) {
        switch (command.kind()) {
            case OPEN -> outcomes.ended(command, Status.OK, SESSION_ID.encode(sessions.open()));
            case KEEP_ALIVE ->
                outcomes.ended(
                        command,
                        sessions.keepAlive(command.session()) ? Status.OK : Status.SESSION_EXPIRED,
                        Bytes.EMPTY);
            case CLOSE ->
                outcomes.ended(
                        command, sessions.close(command.session()) ? Status.OK : Status.SESSION_EXPIRED, Bytes.EMPTY);
            case APPLY -> {
                switch (sessions.judge(command.session(), command.sequence(), command.acknowledgedBelow())) {
                    case EXECUTE -> {
                        Bytes answer = apply(at, command);
                        sessions.answer(command.session(), command.sequence(), answer);
                        outcomes.ended(command, Status.OK, answer);
                    }
                    case REPEATED ->
                        outcomes.ended(command, Status.OK, sessions.remembered(command.session(), command.sequence()));
                    case ACKNOWLEDGED -> outcomes.ended(command, Status.ALREADY_ACKNOWLEDGED, Bytes.EMPTY);
                    case OUTSIDE_WINDOW -> outcomes.ended(command, Status.OUTSIDE_WINDOW, Bytes.EMPTY);
                    case EXPIRED -> outcomes.ended(command, Status.SESSION_EXPIRED, Bytes.EMPTY);
                }
            }
        }
    }

    private Bytes apply(At at, CommandReader command) {
        try {
            return answerCodec.encode(stateMachine.apply(at, commandCodec.decode(command.payload())));
        } catch (RuntimeException e) {
            throw new IllegalStateException(
                    "the state machine or its codec threw at slot " + at.slot() + ", session " + command.session()
                            + ", command " + command.sequence() + " (" + command.payload()
                            + "); it will on every member, so mend it before the node is started again",
                    e);
        }
    }

    /**
     * Captures what is replicated, between two slots; lets through what the state machine throws.
     *
     * @param slot the last slot that was executed
     * @return what later slots do not change
     */
    CapturedState capture(long slot) {
        return new CapturedState(slot, sessions.capture(), stateMachine.snapshot());
    }

    /**
     * Becomes what was captured, perhaps on another member.
     *
     * @param header what the snapshot began with
     * @param in stands before the sessions
     * @throws WireException if the sessions make no sense; nothing was changed
     * @throws IOException if {@code in} fails before the state machine has seen any of it; nothing was changed
     * @throws IllegalStateException if the state machine failed over it: it is neither what it was nor what the snapshot says
     */
    void restore(SnapshotPart.Header header, InputStream in) throws IOException {
        sessions.restore(header, in);
        try {
            if (durable == null) {
                stateMachine.restore(in);
            } else {
                durable.install(header.slot(), sessions.takeAll(), in);
            }
        } catch (IOException | RuntimeException e) {
            throw new IllegalStateException(
                    "the state machine could not be set to the snapshot of slot " + header.slot()
                            + ", and is neither that nor what it was before: " + e.getMessage()
                            + "; if its code is right, start the node again",
                    e);
        }
        publish();
    }

    /**
     * Tries to decode a client's command. Whoever is not a member can send anything at all, and what is chosen but cannot be
     * decoded would stop every member. Any thread, as a codec.
     *
     * @return why it cannot be decoded; null if it can
     */
    @Nullable
    String problem(Bytes payload) {
        try {
            commandCodec.decode(payload);
            return null;
        } catch (Throwable thrown) { // of deep nesting, a stack that overflows, for instance: the fault of the bytes
            return "the command's " + payload.length() + " bytes cannot be decoded: " + thrown;
        }
    }

    /** Answers a client's query; lets through what the state machine or a codec throws. Apply thread. */
    Bytes query(Bytes query) {
        return answerCodec.encode(stateMachine.query(commandCodec.decode(query)));
    }

    private void publish() {
        sessionCount = sessions.count();
        answerBytes = sessions.answerBytes();
    }

    /** {@return how many bytes the answers that are remembered count; any thread} */
    long answerBytes() {
        return answerBytes;
    }

    /** {@return how many sessions are open; any thread} */
    int sessionCount() {
        return sessionCount;
    }

    private record At(long slot, Instant logTime) implements StateMachine.Context {}
}
