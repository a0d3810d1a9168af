package dev.multipaxos.examples.kv.demo;

import dev.multipaxos.examples.kv.KvAnswer;
import dev.multipaxos.examples.kv.KvCommand;
import dev.multipaxos.examples.kv.demo.Ledger.Fate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import org.jspecify.annotations.Nullable;

/**
 * Compares what a server holds with what the clients were told: every acknowledged write is there, none is there twice, and
 * nothing is there that nobody wrote.
 */
public final class Verification {
    private static final int PROBLEMS_TOLD_MAX = 20;

    private final List<String> problems = new ArrayList<>();
    private int problemCount;
    private long applied;

    private Verification() {}

    /**
     * Compares.
     *
     * @param workload the writes
     * @param ledger what became of them
     * @param items what the server holds
     * @return the outcome
     */
    public static Verification of(Workload workload, Ledger ledger, NavigableMap<String, KvAnswer.Item> items) {
        Verification outcome = new Verification();
        Map<String, String> left = new HashMap<>();
        items.forEach((key, item) -> left.put(key, item.value()));
        Map<String, Map<String, Integer>> appended = new HashMap<>();
        for (int index = 0; index < workload.size(); index++) {
            Fate fate = ledger.fate(index);
            KvCommand.Write write = workload.write(index);
            if (write instanceof KvCommand.Put put) {
                outcome.checkPut(put, fate, left.remove(put.key()));
            } else if (write instanceof KvCommand.Append append) {
                Map<String, Integer> words = appended.computeIfAbsent(append.key(), key -> words(left.remove(key)));
                Integer times = words.remove(append.value());
                outcome.checkAppend(append, fate, times == null ? 0 : times);
            }
        }
        appended.forEach((key, words) -> words.keySet()
                .forEach(word -> outcome.problem("'" + key + "' holds '" + word + "', which nobody appended")));
        left.keySet().forEach(key -> outcome.problem("'" + key + "' is there, which nobody wrote"));
        return outcome;
    }

    private void checkPut(KvCommand.Put put, Fate fate, @Nullable String value) {
        if (value == null) {
            if (fate == Fate.ACKNOWLEDGED) {
                problem("'" + put.key() + "' was acknowledged, and is lost");
            }
            return;
        }
        applied++;
        if (fate == Fate.NONE) {
            problem("'" + put.key() + "' is there, though it was said to have had no effect");
        }
        if (!value.equals(put.value())) {
            problem("'" + put.key() + "' is '" + value + "', and '" + put.value() + "' was written");
        }
    }

    private void checkAppend(KvCommand.Append append, Fate fate, int times) {
        applied += times;
        if (times == 0 && fate == Fate.ACKNOWLEDGED) {
            problem("'" + append.value() + "' was acknowledged, and is lost from '" + append.key() + "'");
        }
        if (times > 0 && fate == Fate.NONE) {
            problem("'" + append.value() + "' is in '" + append.key() + "', though it was said to have had no effect");
        }
        if (times > 1) {
            problem("'" + append.value() + "' is " + times + " times in '" + append.key()
                    + "': applied more than once");
        }
    }

    private static Map<String, Integer> words(@Nullable String value) {
        Map<String, Integer> words = new HashMap<>();
        if (value != null) {
            for (int begin = 0; begin < value.length(); ) {
                int blank = value.indexOf(' ', begin);
                int end = blank < 0 ? value.length() : blank + 1;
                words.merge(value.substring(begin, end), 1, Integer::sum);
                begin = end;
            }
        }
        return words;
    }

    private void problem(String text) {
        if (++problemCount <= PROBLEMS_TOLD_MAX) {
            problems.add(text);
        } else if (problemCount == PROBLEMS_TOLD_MAX + 1) {
            problems.add("… and more");
        }
    }

    /** {@return what is wrong, the first of it; empty if all is well} */
    public List<String> problems() {
        return List.copyOf(problems);
    }

    /** {@return how often writes of the workload took effect: the revision, if there were no other writes and none came twice} */
    public long applied() {
        return applied;
    }
}
