package dev.multipaxos.testkit.history;

import java.util.function.BiFunction;
import java.util.function.Function;

/** A specification that was given as functions. */
record FunctionSpecification<S, C, R>(
        S initial, BiFunction<? super S, ? super C, Specification.Step<S, R>> function, Function<? super C, ?> key)
        implements Specification<S, C, R> {

    @Override
    public Step<S, R> step(S state, C command) {
        return function.apply(state, command);
    }

    @Override
    public Object partition(C command) {
        return key.apply(command);
    }
}
