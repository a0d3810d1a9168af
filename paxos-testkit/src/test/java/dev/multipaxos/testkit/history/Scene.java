package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.List;

/** A history that is written down: operations get the ids 1, 2, 3 …. */
final class Scene<C, R> {

    private final List<Operation<C, R>> operations = new ArrayList<>();

    Scene<C, R> answered(int client, long invokedAt, long returnedAt, C command, R answer) {
        return add(client, invokedAt, returnedAt, command, new Outcome.Answered<>(answer));
    }

    Scene<C, R> notExecuted(int client, long invokedAt, long returnedAt, C command) {
        return add(client, invokedAt, returnedAt, command, new Outcome.NotExecuted<>());
    }

    Scene<C, R> unknown(int client, long invokedAt, long returnedAt, C command) {
        return add(client, invokedAt, returnedAt, command, new Outcome.Unknown<>());
    }

    private Scene<C, R> add(int client, long invokedAt, long returnedAt, C command, Outcome<R> outcome) {
        operations.add(new Operation<>(operations.size() + 1, client, command, invokedAt, returnedAt, outcome));
        return this;
    }

    History<C, R> history() {
        return History.of(operations);
    }
}
