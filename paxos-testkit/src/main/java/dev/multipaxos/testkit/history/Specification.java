package dev.multipaxos.testkit.history;

import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * What an object does when there is one copy of it, used by one caller at a time. A read is a command that leaves the state as it
 * is. The checkers call it very often and in any order: it must be deterministic, must not throw, and must not change anything.
 *
 * @param <S> states: immutable, compared by value; small ones are checked faster
 * @param <C> commands, reads among them
 * @param <R> answers, compared by value
 */
public interface Specification<S, C, R> {

    /** The only partition of an object that has no others. */
    Object WHOLE = "the whole object";

    /**
     * What one command does.
     *
     * @param state the state after it
     * @param answer what its caller gets
     * @param <S> states
     * @param <R> answers
     */
    record Step<S, R>(S state, R answer) {}

    /** {@return the state before the first command, of every partition} */
    S initial();

    /**
     * Executes a command.
     *
     * @param state the state before it
     * @param command the command
     * @return the state after it, and the answer
     */
    Step<S, R> step(S state, C command);

    /**
     * Says which part of the object a command is about, for instance its key. Commands of different partitions must know nothing
     * of each other: each partition has its own state, beginning with {@link #initial}. Then a history is linearizable if and
     * only if each partition's is (Herlihy and Wing, 1990, §3.3: locality), and it is checked piece by piece, which is faster by
     * orders of magnitude (Horn and Kroening, 2015).
     *
     * @param command the command
     * @return a key, compared by value
     */
    default Object partition(C command) {
        return WHOLE;
    }

    /**
     * Makes a specification from a function.
     *
     * @param initial the state before the first command
     * @param step what a command does
     * @param <S> states
     * @param <C> commands
     * @param <R> answers
     * @return the specification of an object of one partition
     */
    static <S, C, R> Specification<S, C, R> of(S initial, BiFunction<? super S, ? super C, Step<S, R>> step) {
        return new FunctionSpecification<>(initial, step, command -> WHOLE);
    }

    /**
     * Divides the object.
     *
     * @param key what {@link #partition} shall answer
     * @return a specification that is else like this one
     */
    default Specification<S, C, R> partitionedBy(Function<? super C, ?> key) {
        return new FunctionSpecification<>(initial(), this::step, key);
    }
}
