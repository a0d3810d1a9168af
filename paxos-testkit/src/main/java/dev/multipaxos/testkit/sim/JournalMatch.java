package dev.multipaxos.testkit.sim;

import dev.multipaxos.bytes.Bytes;
import dev.multipaxos.core.Ballot;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Looks for what a start has found in what was appended. It is a stretch of that, in order; in front only what was obsolete may
 * be missing, and in between only what the storage itself says to be lost.
 */
final class JournalMatch {

    /** What a start is shown. */
    sealed interface Found {}

    /** A record, as the storage was given it. */
    record Appended(int kind, long slotFrom, long slotTo, Bytes bytes) implements Found {}

    /** A place where records are lost, that touched no other slots than these, if any, and no higher ballot. */
    record Gap(long slotFrom, long slotTo, Ballot promised) implements Found {
        boolean covers(Appended record) {
            return record.slotTo == 0 || (slotFrom <= record.slotFrom && record.slotTo <= slotTo);
        }
    }

    private final List<Appended> appended;
    private final IntPredicate obsolete; // by the record's index
    private final List<Found> found;
    private int first; // of what was appended, what was found first
    private int end; // behind the last one

    JournalMatch(List<Appended> appended, IntPredicate obsolete, List<Found> found) {
        this.appended = appended;
        this.obsolete = obsolete;
        this.found = found;
    }

    /**
     * Looks for it.
     *
     * @param durable so many of what was appended were forced
     * @return whether all is as it may be
     */
    boolean holds(int durable) {
        for (first = 0; first <= appended.size(); first++) {
            if (matches(0, first, durable)) {
                return true;
            }
            if (first == appended.size() || !obsolete.test(first)) {
                return false;
            }
        }
        return false;
    }

    private boolean matches(int from, int to, int durable) {
        int next = from;
        int at = to;
        while (next < found.size() && found.get(next) instanceof Appended record) {
            if (at == appended.size() || !record.equals(appended.get(at))) {
                return false;
            }
            next++;
            at++;
        }
        if (next == found.size()) {
            end = at;
            return at >= durable;
        }
        return resumes(next, at, durable);
    }

    /** Over a gap, or several, as long as what is passed over is what they may have swallowed. */
    private boolean resumes(int gaps, int from, int durable) {
        int behind = gaps;
        while (behind < found.size() && found.get(behind) instanceof Gap) {
            behind++;
        }
        for (int at = from; ; at++) {
            if (matches(behind, at, durable)) {
                return true;
            }
            if (at == appended.size() || !(isSwallowed(appended.get(at), gaps, behind) || obsolete.test(at))) {
                return false;
            }
        }
    }

    private boolean isSwallowed(Appended record, int gaps, int behind) {
        return found.subList(gaps, behind).stream().anyMatch(gap -> ((Gap) gap).covers(record));
    }

    /** {@return what is there and what was expected, for people} */
    static String difference(List<Found> found, List<Appended> appended) {
        int at = 0;
        int gaps = 0;
        for (Found each : found) {
            gaps += each instanceof Gap ? 1 : 0;
        }
        while (at < Math.min(found.size(), appended.size()) && found.get(at).equals(appended.get(at))) {
            at++;
        }
        return gaps + " gaps; record " + at + " is " + (at < found.size() ? found.get(at) : "not there")
                + ", appended was " + (at < appended.size() ? appended.get(at) : "nothing");
    }

    /** {@return the index of the first record that is still there; those before were obsolete} */
    int first() {
        return first;
    }

    /** {@return the index behind the last record that was found} */
    int end() {
        return end;
    }
}
