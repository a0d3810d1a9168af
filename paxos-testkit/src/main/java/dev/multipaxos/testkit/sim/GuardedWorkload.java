package dev.multipaxos.testkit.sim;

import dev.multipaxos.Codec;
import dev.multipaxos.Snapshot;
import dev.multipaxos.StateMachine;
import dev.multipaxos.StateMachine.Context;
import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.testkit.history.Specification;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A workload of which anything may be wrong. What its parts throw, and what the checks find, is an {@link AssertionError} that
 * says what was asked of them. The first one is kept: a future or a thread's loop may keep what is thrown to itself.
 */
final class GuardedWorkload<C, R extends @Nullable Object> {

    private final Workload<C, R> workload;
    private final Codec<C> commands;
    private final Codec<R> answers;
    private final boolean canonical;
    private @Nullable AssertionError found;

    GuardedWorkload(Workload<C, R> workload) {
        this.workload = workload;
        this.commands = workload.commands();
        this.answers = workload.answers();
        this.canonical = workload.snapshotsAreCanonical();
    }

    // ---- findings

    /** {@return an error to throw} */
    AssertionError found(String what, @Nullable Throwable cause) {
        AssertionError error = new AssertionError(what, cause);
        found = found == null ? error : found;
        return error;
    }

    void check(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw found(otherwise.get(), null);
        }
    }

    /** Throws what was found, if anything was. */
    void rethrow() {
        if (found != null) {
            throw found;
        }
    }

    /** {@return what was found; else what was thrown} */
    Throwable reason(Throwable thrown) {
        return found == null ? thrown : found;
    }

    /** Lets something of the user's run, which must not throw anything at all. */
    private <T extends @Nullable Object> T guard(Supplier<String> what, Callable<T> work) {
        try {
            return work.call();
        } catch (Throwable thrown) {
            throw found(what.get() + " threw " + thrown, thrown);
        }
    }

    // ---- what clients want

    C command(SplittableRandom random) {
        return guard(() -> "workload: command()", () -> workload.command(random));
    }

    @Nullable
    C query(SplittableRandom random) {
        return this.<@Nullable C>guard(() -> "workload: query()", () -> workload.query(random));
    }

    @Nullable
    Specification<?, C, R> specification() {
        return workload.specification();
    }

    /** Runs a check that asks the specification. */
    <T> T specified(Callable<T> check) {
        return guard(() -> "linearizability: the specification", check);
    }

    // ---- codecs

    /** Encodes what a client is about to ask for, and sees that it can be decoded. */
    Bytes asked(C command) {
        Bytes encoded = encoded(commands, command);
        int max = workload.commandBytesMax();
        check(
                encoded.length() <= max,
                () -> "codec: " + command + " is encoded to " + encoded.length()
                        + " bytes; commandBytesMax() says that no command has more than " + max);
        checkDecodes(commands, command, encoded);
        return encoded;
    }

    C command(Bytes encoded) {
        return decoded(commands, encoded);
    }

    Bytes encoded(R answer) {
        return encoded(answers, answer);
    }

    R answer(Bytes encoded) {
        return decoded(answers, encoded);
    }

    /** Sees that an answer can be decoded. */
    void checkDecodes(R answer, Bytes encoded) {
        checkDecodes(answers, answer, encoded);
    }

    private <T extends @Nullable Object> Bytes encoded(Codec<T> codec, T value) {
        return guard(() -> "codec: encoding " + value, () -> codec.encode(value));
    }

    private <T extends @Nullable Object> T decoded(Codec<T> codec, Bytes encoded) {
        return guard(() -> "codec: decoding " + encoded, () -> codec.decode(encoded));
    }

    private <T extends @Nullable Object> void checkDecodes(Codec<T> codec, T value, Bytes encoded) {
        T decoded = guard(
                () -> "codec: " + value + " is encoded to " + encoded + ", but decoding that",
                () -> codec.decode(encoded));
        Bytes again = encoded(codec, decoded);
        check(
                again.equals(encoded),
                () -> "codec: " + value + " is encoded to " + encoded + ", that is decoded to " + decoded
                        + ", and that is encoded to " + again);
    }

    // ---- state machines

    StateMachine<C, R> machine() {
        return guard(() -> "workload: stateMachine()", workload::stateMachine);
    }

    R apply(StateMachine<C, R> machine, Context at, C command, Supplier<String> who) {
        return guard(
                () -> "apply must not throw: slot " + at.slot() + ", " + command + ": " + who.get(),
                () -> machine.apply(at, command));
    }

    R query(StateMachine<C, R> machine, C query, Supplier<String> who) {
        return guard(() -> "query must not throw: " + query + ": " + who.get(), () -> machine.query(query));
    }

    // ---- snapshots

    /** {@return whether equal states have equal snapshots} */
    boolean isCanonical() {
        return canonical;
    }

    Snapshot capture(StateMachine<C, R> machine, Supplier<String> who) {
        return guard(() -> "snapshot: capturing it: " + who.get(), machine::snapshot);
    }

    Bytes write(Snapshot snapshot, Supplier<String> who) {
        return guard(() -> "snapshot: writing it: " + who.get(), () -> {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            snapshot.writeTo(out);
            return Bytes.wrap(out.toByteArray());
        });
    }

    /** {@return the snapshot, captured and written at once} */
    Bytes state(StateMachine<C, R> machine, Supplier<String> who) {
        return write(capture(machine, who), who);
    }

    void restore(StateMachine<C, R> machine, Bytes snapshot, Supplier<String> who) {
        guard(() -> "snapshot: restoring it: " + who.get(), () -> {
            machine.restore(new ByteArrayInputStream(snapshot.toArray()));
            return true;
        });
    }

    /** {@return where two snapshots that should be equal are not, for people} */
    static String difference(Bytes one, Bytes other) {
        int at = Arrays.mismatch(one.toArray(), other.toArray());
        return one.length() + " bytes and " + other.length() + ", equal up to byte " + at;
    }
}
