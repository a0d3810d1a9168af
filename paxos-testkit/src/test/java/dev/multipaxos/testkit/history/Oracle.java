package dev.multipaxos.testkit.history;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The definition of linearizability, word by word: every order of every choice of operations is tried. For very small histories. */
final class Oracle {

    private Oracle() {}

    static <S, C, R> boolean isLinearizable(Specification<S, C, R> specification, History<C, R> history) {
        List<Operation<C, R>> candidates = history.operations().stream()
                .filter(operation -> !operation.isNotExecuted())
                .toList();
        for (int choice = 0; choice < 1 << candidates.size(); choice++) {
            List<Operation<C, R>> chosen = new ArrayList<>();
            boolean whole = true;
            for (int i = 0; i < candidates.size(); i++) {
                if ((choice & 1 << i) != 0) {
                    chosen.add(candidates.get(i));
                } else {
                    whole &= !candidates.get(i).isAnswered();
                }
            }
            if (whole && anyOrder(specification, chosen, 0)) {
                return true;
            }
        }
        return false;
    }

    private static <S, C, R> boolean anyOrder(
            Specification<S, C, R> specification, List<Operation<C, R>> order, int fixed) {
        if (fixed == order.size()) {
            return explains(specification, order);
        }
        for (int i = fixed; i < order.size(); i++) {
            Collections.swap(order, fixed, i);
            boolean found = anyOrder(specification, order, fixed + 1);
            Collections.swap(order, fixed, i);
            if (found) {
                return true;
            }
        }
        return false;
    }

    /** Whether this order keeps who preceded whom and gives the answers. */
    static <S, C, R> boolean explains(Specification<S, C, R> specification, List<Operation<C, R>> order) {
        Map<Object, S> states = new HashMap<>();
        long latestCall = Long.MIN_VALUE;
        for (Operation<C, R> operation : order) {
            if (operation.isAnswered() && operation.returnedAt() < latestCall) {
                return false;
            }
            latestCall = Math.max(latestCall, operation.invokedAt());
            Object partition = specification.partition(operation.command());
            S state = states.getOrDefault(partition, specification.initial());
            Specification.Step<S, R> step = specification.step(state, operation.command());
            if (operation.outcome() instanceof Outcome.Answered<R> answered
                    && !step.answer().equals(answered.answer())) {
                return false;
            }
            states.put(partition, step.state());
        }
        return true;
    }
}
